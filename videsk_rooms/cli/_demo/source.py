"""The lines that a step shows: cut out of the very function that runs them.

Rejected: lines of Python kept in a string and run with `exec`. No type checker, linter or debugger
looks into a string.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType


def code_of_steps(story: ModuleType) -> dict[str, str]:
    """Read the body of each `with demo.step("title")` of a module, by title.

    Args:
        story: The module.

    Returns:
        Title to code; empty when the source is not at hand, as in a frozen program.

    Raises:
        ValueError: Two steps have one title.
    """
    try:
        source = inspect.getsource(story)
    except (OSError, TypeError):
        return {}
    lines = source.splitlines()
    code: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.With):
            continue
        body = lines[node.body[0].lineno - 1 : node.body[-1].end_lineno]
        for title in _titles(node):
            if title in code:
                raise ValueError(f"two steps are called {title!r}; give each a title of its own")
            code[title] = textwrap.dedent("\n".join(body))
    return code


def _titles(node: ast.With) -> Iterator[str]:
    """Yield the title of a `with demo.step("title")` or `with demo.refusal("title", …)`."""
    for item in node.items:
        match item.context_expr:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="demo"), attr="step" | "refusal"),
                args=[ast.Constant(value=str(title)), *_],
            ):
                yield title
