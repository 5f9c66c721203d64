"""gunicorn with a few processes of a few threads each."""

preload_app = (
    True  # the application is loaded once; each worker has a thread and connections of its own
)
workers = 2
worker_class = "gthread"
threads = 4
timeout = 30  # seconds; more than the client's own bound, so that its error reaches the visitor
