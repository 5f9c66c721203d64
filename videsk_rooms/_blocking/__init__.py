"""The blocking client: an event loop in a thread."""
