"""A service made from a table of answers with its contract, what the contracts gate says of it, and what schemathesis says by itself."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gates.adapters.service import free_port, serving
from gates.errors import GateError
from gates.model import Facts
from gates.runners.contracts import GATE
from gates.testing import observe_and_parse

#: Answers from `answers.json`: `{"GET /a": [status, headers, body]}`, `GET` for every method that has no line of its own.
#: LIFE is the number of answers after which it ends by itself; TOKEN what X-Pass must hold where an answer's header says X-Needs-Pass.
SERVICE = """\
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
ANSWERS = json.loads(Path(__file__).with_name("answers.json").read_text())
LIFE, TOKEN = int(os.environ.get("LIFE", "0")), os.environ.get("TOKEN", "")
class Service(BaseHTTPRequestHandler):
    answers = 0
    wbufsize = -1
    def answer(self):
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = self.path.partition("?")[0]
        known = f"{self.command} {path}" in ANSWERS
        status, headers, body = ANSWERS.get(f"{self.command} {path}", [405 if f"GET {path}" in ANSWERS else 404, {"Allow": "GET"}, ""])
        if "X-Needs-Pass" in headers and self.headers.get("X-Pass") != TOKEN:
            status, headers, body = 401, {}, ""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body.encode())
        Service.answers += known
        if Service.answers == LIFE:
            self.wfile.flush()
            os._exit(3)
    def log_message(self, *arguments):
        pass
for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "HEAD", "QUERY"):
    setattr(Service, f"do_{method}", Service.answer)
if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
"""
Answers = Mapping[str, tuple[int, Mapping[str, str], str]]


def contract(*operations: str, statuses: tuple[str, ...] = ("200",), **more: Any) -> dict[str, Any]:
    """A contract of operations (`GET /a`) that all document the same statuses."""
    paths: dict[str, Any] = {}
    for operation in operations:
        method, _, path = operation.partition(" ")
        paths.setdefault(path, {})[method.lower()] = {"responses": {status: {"description": "-"} for status in statuses}}
    return {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": paths, **more}


class Contracts:
    """A project: `openapi.yaml`, `service.py` and its `answers.json`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "project"
        self.root.mkdir()
        self.runs = 0

    def write(self, document: Mapping[str, Any], answers: Answers, **files: str) -> Contracts:
        texts = {
            "openapi.yaml": json.dumps(document, indent=1),
            "service.py": SERVICE,
            "answers.json": json.dumps({"GET /up": [200, {}, ""]} | dict(answers)),
        }
        for name, text in (texts | {name.replace("__", "."): text for name, text in files.items()}).items():
            (self.root / name).write_text(text, "utf-8")
        return self

    def observe(self, environment: Mapping[str, str] | None = None, serve: Mapping[str, Any] | None = None, **options: Any) -> Facts:
        self.runs += 1
        work = self.folder / f"work-{self.runs}"
        work.mkdir()
        served = {"command": ["{python}", "service.py", "{port}"], "ready": "/up", "timeout": 60, "environment": dict(environment or {})}
        address = {} if "url" in options else {"serve": {**served, **(serve or {})}}
        settings = {"schema": "openapi.yaml", "phases": ["coverage"], **address, **options}
        return observe_and_parse(GATE, root=self.root, work=work, options=settings, environment=dict(os.environ))

    @contextmanager
    def running(self, **environment: str) -> Iterator[str]:
        """The service's address while the block runs."""
        port = free_port()
        argv = [sys.executable, str(self.root / "service.py"), str(port)]
        with serving(
            argv, port=port, ready="/up", timeout=60, cwd=self.root, env={**os.environ, **environment}, log=self.folder / "log"
        ) as service:
            yield service.url

    def alone(self, path: str = "", phase: str = "coverage", **environment: str) -> str:
        """What `schemathesis run` says by hand, in the project's folder, of the service at a base path."""
        said = ""
        # That it died is what such a test is about.
        with contextlib.suppress(GateError), self.running(**environment) as address:
            said = by_hand(self.root, address + path, phase)
        return said


def by_hand(root: Path, address: str, phase: str = "coverage", python: str = sys.executable) -> str:
    """Its exit code, the number of operations that it says it tested, and whether its report says that the run was complete."""
    report = root.parent / "by-hand.json"
    argv = [python, "-m", "schemathesis.cli", "run", "openapi.yaml", "--url", address, "--phases", phase]
    argv += ["--seed", "1", "--max-examples", "3", "--report", "json", "--report-json-path", str(report)]
    done = subprocess.run(argv, cwd=root, capture_output=True, text=True, check=False, timeout=120)
    tested = re.search(r"Tested: (\d+)", done.stdout)
    complete = ", complete" if json.loads(report.read_text("utf-8"))["complete"] else ""
    return f"exit code {done.returncode}" + (f", {tested[1]} tested" if tested else "") + complete
