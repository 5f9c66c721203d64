"""Video rooms in web applications: each framework has a module of its own, loaded by nobody else.

- `http`: what a visitor is told of an error; without a framework, shared by all.
- `fastapi`, `starlette`: a lifespan, a dependency, error handlers.
- `django`: a setting with its checks, the clients of a process, a middleware, a management command.
- `flask`: an extension.

They come with this package and need nothing but the framework itself.
"""
