"""The table of a model's fields, and what follows from it: reading and writing JSON."""
