"""The Rooms API itself: rooms, tokens, the rate limit, faults, and the server that answers.

It is written from `docs/api.md` and shares no code with the client, so that a mistake
in one of them does not hide in the other.
"""
