"""Many calls over a bad network, and an exact account of them: `python -m tests.chaos`."""
