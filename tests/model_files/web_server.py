"""A web server on loopback that serves given pages, knows ranges, and can break off."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class WebServer:
    """What it serves, how it misbehaves, and what it was asked."""

    url: str = ""
    pages: dict[str, bytes] = field(default_factory=dict)
    knows_range: bool = True
    break_after: int | None = None
    """Close the connection after so many bytes of a page."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Path and Range header of each request."""

    @contextlib.contextmanager
    def running(self) -> Iterator[WebServer]:
        """Serve on a free port of loopback."""
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, self)) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            self.url = f"http://127.0.0.1:{server.server_port}"
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, web: WebServer, *args: Any) -> None:
        self.web = web
        super().__init__(*args)

    def do_GET(self) -> None:
        wanted = self.headers["Range"]
        self.web.asked.append((self.path, wanted))
        page = self.web.pages.get(self.path)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.web.knows_range else 0
        if page is None or start >= len(page):
            self.send_error(404 if page is None else 416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(page) - start))
        self.end_headers()
        self.wfile.write(page[start : self.web.break_after])

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""
