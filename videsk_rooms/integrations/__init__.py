"""Integrations with web frameworks and task queues: a module for each, imported on its own.

- `http`: the answer to a visitor when a call failed; without a framework, shared by all.
- `fastapi`, `starlette`: a lifespan, a dependency, error handlers.
- `django`: a setting with its checks, the clients of a process, a middleware, a management command.
- `flask`: an extension.
- `queues`: whether a task runs again, and after how long; without a queue, shared by all.
- `celery`: a base for tasks.
- `arq`: a decorator for jobs.

They come with this package and need nothing but the framework itself.
"""
