"""Emulates the Rooms API: rooms, tokens, the rate limit, faults, and an HTTP server.

It follows `docs/api.md` and shares no code with the client, so a mistake in one of them does not
hide in the other.
"""
