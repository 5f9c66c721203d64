"""Runs the suite on every CPython that can be had: `python -m tests.pythons`."""
