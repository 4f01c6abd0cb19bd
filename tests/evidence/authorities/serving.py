"""A service on 127.0.0.1 that answers each question by a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from tests.serving import listening

#: Path and body to status, media type and body.
Answer = Callable[[str, bytes], tuple[int, str, bytes]]


@contextmanager
def served(answer: Answer) -> Iterator[str]:
    """The address of a service that lives as long as the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            status, kind, body = answer(self.path, self.rfile.read(int(self.headers.get("Content-Length", "0"))))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Handler) as address:
        yield address
