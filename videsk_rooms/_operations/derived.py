"""Makes a function that has the name, the parameters and the docstring of another.

`functools.wraps` would leave a `__wrapped__`, by which `inspect`, `unittest.mock` and frameworks
take a blocking function for the coroutine function that it was derived from. The function made
here has its own parameters, so nothing needs to look behind it. It has the other's globals, so
`typing.get_type_hints` and `inspect.signature(eval_str=True)` resolve its hints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Protocol, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FunctionType

__all__ = ["SOURCE", "DerivedMethod", "derived", "hint_of"]

P = ParamSpec("P")
R_co = TypeVar("R_co", covariant=True)

SOURCE = "<derived method>"
"""The file that tracebacks name for a derived function."""


class DerivedMethod(Protocol[R_co, P]):
    """The type of a derived method: a function on the class, a method on an instance.

    A descriptor, because not every type checker binds a bare `Callable` to its instance. Its result
    comes first, because jedi, which editors and notebooks complete by, counts no `ParamSpec`.
    """

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[Any, P], R_co]: ...

    @overload
    def __get__(self, instance: object, owner: type) -> Callable[P, R_co]: ...


def derived(
    call: Callable[..., Any],
    method: Callable[..., Any],
    *,
    returns: object = None,
    awaited: bool = False,
) -> Any:
    """Return a function that passes its arguments to `call` and looks like `method`.

    Args:
        call: What is called with the arguments.
        method: A function written in Python, without `*args` and `**kwargs`.
        returns: The type of what is returned, if it is not that of `method`.
        awaited: Whether `call` and the function are coroutine functions.
    """
    original: FunctionType = method  # type: ignore[assignment]  # any callable for callers' sake
    code = original.__code__
    names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
    positional, keywords = names[: code.co_argcount], names[code.co_argcount :]
    star = ["*"] if keywords else []
    declared = ", ".join([*positional, *star, *keywords])
    passed = ", ".join([*positional, *(f"{name}={name}" for name in keywords)])
    definition, result = ("async def", "await call") if awaited else ("def", "call")
    source = (
        f"def make(call):\n {definition} {original.__name__}({declared}):\n"
        f"  return {result}({passed})\n return {original.__name__}"
    )
    scope: dict[str, Any] = {}
    # The source contains only our own parameters' names, and nothing from the network.
    exec(compile(source, SOURCE, "exec"), original.__globals__, scope)  # noqa: S102
    made: FunctionType = scope["make"](call)
    made.__defaults__, made.__kwdefaults__ = original.__defaults__, original.__kwdefaults__
    made.__doc__, made.__module__ = original.__doc__, original.__module__
    made.__qualname__ = original.__qualname__
    changed = {} if returns is None else {"return": returns}
    made.__annotations__ = {**original.__annotations__, **changed}
    return made


def hint_of(method: Callable[..., Any], name: str = "return") -> Any:
    """Return a type hint of a function, evaluated."""
    original: FunctionType = method  # type: ignore[assignment]  # as above
    return eval(original.__annotations__[name], original.__globals__)  # noqa: S307 - our own text
