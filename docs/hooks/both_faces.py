"""Shows the awaited and the blocking call side by side in the reference: an extension of Griffe.

The methods of the blocking classes are derived, and written as attributes: `get = blocking(…)`. In
the reference they are functions, with the signature of the awaited method; its example is shown as
it is awaited, and as it is without.
"""

from __future__ import annotations

import re
from typing import Any

import griffe

_DERIVED = re.compile(r"(?:blocking|to_blocking)\w*\((Async\w+)\.(\w+)[,)]")
_CLASSES = {"AsyncRooms": "rooms", "AsyncVidesk": "client"}
_EXAMPLE = re.compile(r"(?ms)^Example:\n(?P<code>    ```python\n.*?^    ```)$")


def without_await(code: str) -> str:
    """Return an example of the awaited client as one of the blocking client."""
    code = re.sub(r"\bawait |\basync (?=for |with |def )", "", code)
    return re.sub(r"\bAsync(?=Videsk|Rooms)", "", code)


def with_both(docstring: str) -> str:
    """Return a docstring whose example is shown for both clients."""

    def tabs(match: re.Match[str]) -> str:
        code = match["code"]
        return f'=== "Async"\n\n{code}\n\n=== "Blocking"\n\n{without_await(code)}'

    return _EXAMPLE.sub(tabs, docstring)


class BothFaces(griffe.Extension):
    """Makes functions of derived methods, and examples for both clients."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Change what was read of the package."""
        for member in list(pkg["sync"].members.values()):
            if not member.is_alias and member.is_class:
                _make_functions(member, pkg)
        for name, module in _CLASSES.items():
            for method in pkg[module][name].members.values():
                if not method.is_alias and method.docstring is not None:
                    method.docstring.value = with_both(method.docstring.value)


def _make_functions(blocking: griffe.Class, pkg: griffe.Module) -> None:
    for name, attribute in list(blocking.members.items()):
        match = _DERIVED.match(str(getattr(attribute, "value", "")))
        if match is None or match[1] not in _CLASSES:
            continue
        awaited = pkg[_CLASSES[match[1]]][match[1]][match[2]]
        function = griffe.Function(
            name,
            lineno=attribute.lineno,
            endlineno=attribute.endlineno,
            parameters=awaited.parameters,
            returns=_blocking_type(str(awaited.returns)),
            docstring=griffe.Docstring(
                f"As [`{match[1]}.{match[2]}`][videsk_rooms.{match[1]}.{match[2]}], "
                "without `await`."
            ),
        )
        blocking.set_member(name, function)


def _blocking_type(text: str) -> str:
    """Return a type of the awaited client as that of the blocking client."""
    text = re.sub(r"\bAsyncGenerator\[(\w+), None\]", r"Generator[\1, None, None]", text)
    return re.sub(r"\bAsync(?=[A-Z])", "", text)
