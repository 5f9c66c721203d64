"""Event loops, threads and forked processes."""
