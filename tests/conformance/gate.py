"""A server that answers nobody until as many requests wait as it was told.

Calls made one after another would wait there in vain. So whoever is answered was not alone, however
slow the machine is.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from tests.support import as_json

if TYPE_CHECKING:
    from collections.abc import Iterator

_PATIENCE = 60.0
_PAGE = as_json({"total": 0, "limit": 10, "skip": 0, "data": []})


@contextmanager
def gate(count: int) -> Iterator[str]:
    """Answer with an empty page, so many requests at once; give the URL."""
    together = threading.Barrier(count, timeout=_PATIENCE)

    class Waiter(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            together.wait()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(_PAGE)))
            self.end_headers()
            self.wfile.write(_PAGE)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        request_queue_size = count

    with Server(("127.0.0.1", 0), Waiter) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
