"""The frameworks and queues that the client is used in: a module for each, loaded by nobody else.

- `http`: what a visitor is told of an error; without a framework, shared by all.
- `fastapi`, `starlette`: a lifespan, a dependency, error handlers.
- `django`: a setting with its checks, the clients of a process, a middleware, a management command.
- `flask`: an extension.
- `queues`: whether a task is done again, and after how long; without a queue, shared by all.
- `celery`: a base for tasks.
- `arq`: a decorator for jobs.

They come with this package and need nothing but the framework itself.
"""
