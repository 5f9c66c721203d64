"""A server that misbehaves in every way that the table knows, and what each call makes of it."""
