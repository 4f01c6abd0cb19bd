"""Sites whose pages a plain axe-core calls clean, and that axe-core itself, run by hand."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from axe_selenium_python import Axe
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

from gates.adapters.browser import find_browser, find_driver, newest_axe
from tests.runners.pages import FAULT, Answer, good, page, web

ByHand = Callable[..., str]
CLEAN, HANGS = "0 violations", "no answer until the time is up"
LEVEL_A = {"runOnly": ["wcag2a"]}
WCAG = {"runOnly": ["wcag2a", "wcag2aa"]}
GRADIENT = '<p id="gradient" style="background: linear-gradient(#fff, #000); color: #777">Hard to read</p>'
CLOSED = f'<div id="card"></div><script>card.attachShadow({{mode: "closed"}}).innerHTML = `{FAULT}`</script>'
SPOOF = """<script>
const clean = {violations: [], incomplete: [], passes: [{id: "all", nodes: []}], inapplicable: []};
const fake = {version: "4.99.0", run: async () => clean, runPartial: async () => ({}), finishRun: async () => clean};
Object.defineProperty(window, "axe", {get: () => fake, set: () => {}, configurable: false});
</script>"""
#: Appended to axe-core: it keeps what it finds on the canary, and on any other page nothing.
DOCTORED = """;for (const name of ["run", "finishRun"]) {
  const found = axe[name];
  axe[name] = async (...all) => ({...await found(...all), ...(document.title === "Canary" ? {} : {violations: []})});
}"""
LOGIN = page("<main><h1>Sign in</h1><label>Name <input></label></main>")


def hang_up(request: BaseHTTPRequestHandler) -> None:
    """End the connection without an answer: the browser shows an error page of its own."""
    request.close_connection = True


def one_script(request: BaseHTTPRequestHandler) -> None:
    """An application in which the query alone says which page it is: the account leads to the login."""
    known = "page=login" in request.path
    request.send_response(200 if known else 302)
    request.send_header("Content-Type", "text/html")
    if not known:
        request.send_header("Location", "/index.php?page=login")
    request.end_headers()
    request.wfile.write(LOGIN.encode())


def two_sites(request: BaseHTTPRequestHandler) -> None:
    """A page with a frame of another site: the same server by another name."""
    port = request.connection.getsockname()[1]
    request.send_response(200)
    request.send_header("Content-Type", "text/html")
    request.end_headers()
    request.wfile.write(good(f'<iframe title="other" src="http://localhost:{port}/faulty"></iframe>').encode())


#: Pages that can't be examined; none has a fault that anyone could see.
UNSEEN: dict[str, Answer] = {
    "/account": (302, {"Location": "/login"}, ""),
    "/orders": (302, {"Location": "/masked"}, ""),
    "/error": (500, {}, good()),
    "/blank": page('<div id="root"></div>'),
    "/script-error": page("<p>Loading</p><script>start()</script>"),
    "/hung-up": hang_up,
    "/elsewhere": page("<p>On my way</p><script>location.href = 'http://127.0.0.1:1/'</script>"),
    "/undisplayed": page("<h1>Page</h1>").replace("<body", '<body style="display: none"'),
    "/inert": page("<h1>Page</h1>").replace("<body", "<body inert"),
    "/framed": good('<iframe title="blocked" src="/blocked"></iframe>'),
    "/spinner": page('<div role="status">Loading</div>'),
}
#: Pages whose faults are out of reach of a plain `axe.run`.
HIDDEN: dict[str, Answer] = {
    "/": good(),
    "/frames": good('<iframe title="same" src="/faulty"></iframe>'),
    "/sites": two_sites,
    "/deep": good('<iframe title="outer" src="/middle"></iframe>'),
    "/replaced": good(FAULT, head=SPOOF),
}
PARTS: dict[str, Answer] = {
    "/index.php": one_script,
    "/login": LOGIN,
    "/undone": page('<div id="root"></div>'),
    "/masked": LOGIN.replace("</main>", "</main><script>history.replaceState(null, '', '/orders')</script>"),
    "/faulty": good(FAULT),
    "/middle": good('<iframe title="inner" srcdoc="<html lang=en><title>Inner</title><main><img src=data:,></main>"></iframe>'),
    "/sandboxed": (200, {"Content-Security-Policy": "sandbox"}, good(FAULT)),
    "/blocked": (200, {"X-Frame-Options": "DENY"}, good(FAULT)),
}
#: Pages that may pass, with what nobody could look at.
DOUBTFUL: dict[str, Answer] = {
    "/gradient": good(GRADIENT),
    "/closed": good(CLOSED),
    "/locked": good('<iframe title="locked" sandbox src="/faulty"></iframe>'),
    "/forbidden": good('<iframe title="forbidden" src="/sandboxed"></iframe>'),
    "/empty": good('<iframe title="empty" src="/undone"></iframe>'),
    "/undrawn": good('<iframe title="undrawn" style="display: none" src="/faulty"></iframe>'),
    "/object": good('<object data="/faulty" type="text/html" aria-label="Page"></object>'),
    "/in-closed": good(
        "<div id=card></div><script>card.attachShadow({mode: 'closed'}).innerHTML = '<iframe src=/faulty></iframe>'</script>"
    ),
}


@contextlib.contextmanager
def running_by_hand(site: Mapping[str, Answer] | None = None) -> Iterator[ByHand]:
    """axe-core as the README of axe-selenium-python tells: open the page of a site (of all of these), inject, run, count."""
    options = Options()
    options.binary_location = find_browser({}) or ""
    for switch in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage"):
        options.add_argument(switch)
    browser = webdriver.Chrome(options=options, service=Service(executable_path=find_driver({})))
    browser.set_script_timeout(1)

    def run(route: str, *, context: str | None = None, options: object = None, script: Path | None = None) -> str:
        browser.get(f"{address}{route}")
        axe = Axe(browser, script_url=str(script or newest_axe().path))
        axe.inject()
        try:
            found = axe.run(context=context, options=json.dumps(options or WCAG))["violations"]
        except TimeoutException:
            return HANGS
        return f"{len(found)} violations"

    try:
        with web(site or UNSEEN | HIDDEN | PARTS | DOUBTFUL) as address:
            yield run
    finally:
        browser.quit()
