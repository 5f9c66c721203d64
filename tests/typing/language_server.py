"""A client of a language server, as an editor is one: as much of the protocol as hovering needs."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Self


class LanguageServer:
    """Pyright's language server, which Pylance is built on, with one file open."""

    def __init__(self, folder: Path, text: str) -> None:
        file = folder / "typed.py"
        file.write_text(text, encoding="utf-8")
        self._document = {"uri": file.as_uri()}
        self._lines = text.splitlines()
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, "-m", "pyright.langserver", "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        capabilities = {
            "textDocument": {"hover": {"contentFormat": ["plaintext"]}},
            "workspace": {"configuration": True},
        }
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        self._ask(
            "initialize",
            {"processId": None, "capabilities": capabilities, "workspaceFolders": folders},
        )
        self._send({"method": "initialized", "params": {}})
        opened = {**self._document, "languageId": "python", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ask("shutdown", None)
        self._send({"method": "exit"})
        self._process.communicate(timeout=60)

    def hover(self, word: str) -> str:
        """Return what is shown beside the end of a text that occurs once."""
        answer = self._ask("textDocument/hover", self._at(word, before_end=1))
        return str(answer["contents"]["value"])

    def signature(self, call: str) -> str:
        """Return what is shown after the parenthesis of a call."""
        answer = self._ask("textDocument/signatureHelp", self._at(call))
        return str(answer["signatures"][0]["label"])

    def _at(self, word: str, before_end: int = 0) -> dict[str, Any]:
        (number,) = (n for n, line in enumerate(self._lines) if word in line)
        column = self._lines[number].index(word) + len(word) - before_end
        position = {"line": number, "character": column}
        return {"textDocument": self._document, "position": position}

    def _ask(self, method: str, parameters: object) -> Any:
        self._number += 1
        self._send({"id": self._number, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if "method" not in message and message.get("id") == self._number:
                return message["result"]
            if "id" in message and "method" in message:  # the server asks, too
                settings = [
                    {"pythonPath": sys.executable}
                    for _ in (message["params"] or {}).get("items", ())
                ]
                self._send({"id": message["id"], "result": settings or None})

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        message: dict[str, Any] = json.loads(self._process.stdout.read(length))
        return message
