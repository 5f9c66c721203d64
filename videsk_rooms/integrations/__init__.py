"""Frameworks and queues that the client is used in: a module for each, which needs its package."""
