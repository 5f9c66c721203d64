"""Integrations with web frameworks and task queues: one module each, to import directly.

- `http`: the response to a visitor when a call failed; independent of frameworks, shared by all.
- `fastapi`, `starlette`: a lifespan, a dependency, error handlers.
- `django`: a setting with checks, a client for each process, a middleware, a management command.
- `flask`: an extension.
- `queues`: whether and when a task is retried; independent of queues, shared by all.
- `celery`: a base class for tasks.
- `arq`: a decorator for jobs.

They are part of this package and need only the framework itself.
"""
