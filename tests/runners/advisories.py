"""Advisory services of our own on the loopback address, and what they answer."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any

from gates.drivers.audit.engine import NETWORK_CANARIES
from tests.serving import listening

Answer = Callable[[str, Any], tuple[int, str]]
CANARIES = dict(NETWORK_CANARIES)
NOT_FOUND = '{"message": "Not Found"}'
PAGE = "<html><body>Please sign in to the guest network</body></html>"


@contextlib.contextmanager
def serving(answer: Answer) -> Iterator[str]:
    """A service on the loopback address: `answer` gets the path and the posted JSON, and gives a status and a text."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(None)

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, question: Any) -> None:
            status, text = answer(self.path, question)
            self.send_response(status)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None: ...

    with listening(Handler) as address:
        yield address


def osv(question: Any, **known: list[dict[str, Any]]) -> tuple[int, str]:
    """What an OSV service answers about a package; it knows all canaries."""
    name, version = question["package"]["name"], question["version"]
    if CANARIES.get(name) == version:
        known[name] = [{"id": "DEMO-CANARY", "modified": "2026-01-01T00:00:00Z", "affected": [{"package": question["package"]}]}]
    return 200, json.dumps({"vulns": known[name]} if name in known else {})


def pypi(path: str, known: dict[str, list[dict[str, Any]]]) -> tuple[int, str]:
    """What PyPI's JSON interface answers; it knows all canaries and what `known` says."""
    old = {"id": "DEMO-CANARY", "aliases": [], "fixed_in": ["99"], "details": "old"}
    known = {**{f"{name}/{version}": [old] for name, version in CANARIES.items()}, **known}
    package = path.removeprefix("/pypi/").removesuffix("/json")
    return (200, json.dumps({"info": {}, "vulnerabilities": known[package]})) if package in known else (404, NOT_FOUND)
