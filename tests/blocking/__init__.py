"""Tests of the blocking face: threads, interruptions, the end."""
