"""Many rooms by many worker processes, some of which are killed, and what came of it.

The workers are Celery's, with the example `docs/examples/celery_many_rooms.py`; by hand:
`python -m tests.scale --rooms 100000`.
"""
