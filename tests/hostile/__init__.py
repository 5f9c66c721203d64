"""Servers that mean harm, and what they can do to a client."""
