"""A web server on the loopback address, for tests of downloads."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Site(ThreadingHTTPServer):
    """Serves ``files`` by their names, half of those whose name starts with "broken"; counts how often it was asked."""

    files: Mapping[str, bytes]
    n_requests = 0

    def address(self, name: str) -> str:
        """Where a file of that name is, or would be."""
        return f"http://127.0.0.1:{self.server_address[1]}/{name}"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Site)
        self.server.n_requests += 1
        name = self.path.removeprefix("/")
        content = self.server.files.get(name)
        self.send_response(404 if content is None else 200)
        content = content or b""
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if name.startswith("broken") else content)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[Site]:
    """Serve these files meanwhile."""
    with Site(("127.0.0.1", 0), Handler) as server:
        server.files = files
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
