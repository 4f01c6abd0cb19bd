"""A small service that breaks its small contract in every way that a check of schemathesis knows: what must be found in each run.

`/crashes` answers 500, `/refuses` refuses what is valid with the wrong type of content, `/accepts` accepts everything, without its
credentials, by any method, and answers what its contract does not say. `/kept` and `/lost` are for the checks that follow a
resource: what was deleted is still there, and what was made is not.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

#: To each path its status, type of content and body; all else is accepted.
ANSWERS = {"/crashes": (500, "application/json", b"{}"), "/refuses": (400, "text/plain", b"no")}
ACCEPTED = (200, "application/json", b"[]")


def contract(*, follows_resources: bool) -> dict[str, Any]:
    """The canary's contract. What follows resources is slow to try, and is left out where nobody asks for it."""
    paths = {
        "/crashes": {"get": _operation({"200": {"description": "Fine"}})},
        "/refuses": {"get": _refuses()},
        "/accepts": {"post": _accepts()},
    }
    if follows_resources:
        paths |= _resource("kept", ("read", "delete")) | _resource("lost", ("read",))
    return {
        "openapi": "3.0.3",
        "info": {"title": "Canary", "version": "1"},
        "paths": paths,
        "components": {"securitySchemes": {"pass": {"type": "apiKey", "in": "header", "name": "Authorization"}}},
    }


def _operation(responses: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"responses": responses, **more}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _refuses() -> dict[str, Any]:
    number = {"name": "n", "in": "query", "schema": {"type": "integer"}, "example": 1}
    refused = {"description": "Refused", "content": _json({"type": "object"})}
    return _operation({"200": {"description": "Fine"}, "400": refused}, parameters=[number])


def _accepts() -> dict[str, Any]:
    whole = {"type": "integer", "example": 1}
    answer = {
        "description": "Fine",
        "headers": {"X-Canary-Song": {"required": True, "schema": {"type": "integer"}}},
        "content": _json({"type": "object", "required": ["song"]}),
    }
    return _operation(
        {"200": answer},
        security=[{"pass": []}],
        parameters=[{"name": "X-Canary-Number", "in": "header", "required": True, "schema": whole}],
        requestBody={"required": True, "content": _json({"type": "object", "required": ["n"], "properties": {"n": whole}})},
    )


def _resource(name: str, verbs: tuple[str, ...]) -> dict[str, Any]:
    """A resource that can be made and then read or deleted, with links that say so."""
    links = {verb: {"operationId": f"{verb}-{name}", "parameters": {"id": "$response.body#/id"}} for verb in verbs}
    made = {"description": "Made", "content": _json({"type": "object", "properties": {"id": {"type": "integer"}}}), "links": links}
    identity = [{"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "minimum": 1}}]
    fine = {"200": {"description": "Fine"}, "204": {"description": "Done"}, "404": {"description": "Not here"}}
    methods = {"read": "get", "delete": "delete"}
    return {
        f"/{name}": {"post": _operation({"201": made}, operationId=f"make-{name}")},
        f"/{name}/{{id}}": {methods[verb]: _operation(fine, operationId=f"{verb}-{name}", parameters=identity) for verb in verbs},
    }


class _Canary(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: Head and body leave together: sent one by one, each answer would wait for the client's acknowledgement.
    wbufsize = -1

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, content_type, body = self._answer_of(self.path.partition("?")[0])
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.command == "OPTIONS":
            self.send_header("Allow", "TRACE")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _answer_of(self, path: str) -> tuple[int, str, bytes]:
        if path.startswith(("/kept", "/lost")):
            if self.command == "POST":
                return 201, "application/json", json.dumps({"id": 1}).encode()
            if self.command == "DELETE":
                return 204, "application/json", b""
            return (200 if path.startswith("/kept") else 404), "application/json", b"{}"
        return ANSWERS.get(path, ACCEPTED)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass


for _method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "QUERY"):
    setattr(_Canary, f"do_{_method}", _Canary.answer)


@contextlib.contextmanager
def singing() -> Iterator[str]:
    """The canary's address, on a port of its own, while the block runs."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Canary) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
