"""gunicorn with a few processes of a few threads each."""

preload_app = True  # loaded once, before the fork; each worker has a thread of its own
workers = 2
worker_class = "gthread"
threads = 4
timeout = 30  # seconds; more than the client's own bound, so that its error reaches the visitor
