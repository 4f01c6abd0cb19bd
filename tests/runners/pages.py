"""Sites for the accessibility gate, and what it says of them in a real browser."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from gates.api import Facts, Kind
from gates.runners.accessibility import GATE
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parents[1] / "examples" / "accessibility"
FAULTY = ["/", "/frames.html", "/private.html", "/review.html", "/spoofed.html"]
PUBLIC = {"serve": {"directory": "public"}}
BROKEN = {"serve": {"command": ["{python}", "site.py", "{port}"]}, "page_timeout": 20}
#: An image without a text: the fault that the pages of these tests hide.
FAULT = '<img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=">'

#: What a site answers: the text of a page, or its status, headers and text; or something to do when it is asked.
Answer = str | tuple[int, Mapping[str, str], str] | Callable[[BaseHTTPRequestHandler], None]


def page(body: str, *, head: str = "") -> str:
    """A page without faults around a body of its own."""
    return f'<!doctype html><html lang="en"><head><title>Page</title>{head}</head><body>{body}</body></html>'


def good(body: str = "", *, head: str = "") -> str:
    return page(f"<main><h1>Page</h1>{body}</main>", head=head)


@contextlib.contextmanager
def web(answers: Mapping[str, Answer]) -> Iterator[str]:
    """The address of a real server with these answers, by path; any other path is answered with 404."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = answers.get(self.path.partition("?")[0], (404, {}, good()))
            if callable(answer):
                answer(self)
                return
            status, headers, text = (200, {}, answer) if isinstance(answer, str) else answer
            self.send_response(status)
            for name, value in {"Content-Type": "text/html", **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the browser may have gone by then
                self.wfile.write(text.encode())

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def copied(example: str, folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / example, folder / "project"))


def look(root: Path, work: Path, pages: list[str], **options: Any) -> Facts:
    work.mkdir(exist_ok=True)
    served = {} if {"serve", "url"} & set(options) else PUBLIC
    return observe_and_parse(GATE, root=root, work=work, options={"pages": pages, **served, **options})


def look_at(answers: Mapping[str, Answer], folder: Path, pages: list[str] | None = None, **options: Any) -> Facts:
    """Facts of pages of a site with these answers; of all of them, where none is named."""
    root = folder / "root"
    root.mkdir(exist_ok=True)
    with web(answers) as address:
        return look(root, folder / "work", pages or list(answers), url=address, **options)


def not_examined(facts: Facts) -> dict[str, str]:
    """The pages that were not examined, and why."""
    told = [finding.message.partition(" was not examined: ") for finding in facts.findings if finding.rule.endswith("/not-examined")]
    return {item: reason for item, _, reason in told}


def rules(facts: Facts, route: str, kind: Kind = Kind.FINDING) -> list[tuple[str, str]]:
    """The rules and selectors of the findings of one kind on one page."""
    here = [finding for finding in facts.findings if finding.kind is kind and finding.location.url == route]
    return sorted((finding.rule, finding.location.selector or "") for finding in here)


def left_behind(work: Path) -> list[int]:
    """Processes that were started for a work folder and do not end."""
    stubborn = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(work).encode() not in (entry / "cmdline").read_bytes():
                continue
            handle = os.pidfd_open(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not select.select([handle], [], [], 10)[0]:
            stubborn.append(int(entry.name))
        os.close(handle)
    return stubborn
