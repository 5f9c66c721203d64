"""gunicorn with two processes of four threads."""

preload_app = True  # load once, before the fork; the client starts a thread in each worker
workers = 2
worker_class = "gthread"
threads = 4
timeout = 30  # seconds; above the client's timeout, so that its error reaches the user
