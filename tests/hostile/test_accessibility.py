"""Pages that are made to be called clean, to confuse those who read of them, or to get out of the browser."""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gates.api import Facts
from gates.facts import read_facts
from gates.observe import Observation, redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE
from gates.testing import observe_raw
from tests.guarantees import Seen, errored, failed, hostile, judged
from tests.runners.pages import FAULT, Answer, good, look, not_examined, web
from tests.runners.samples import SECRETS, write

TOKEN = next(iter(SECRETS.values()))
TAMPERED = """<script>
for (const name of ["map", "filter", "forEach", "some", "push", "reduce", "find"]) Array.prototype[name] = () => [];
JSON.stringify = () => "{}"; JSON.parse = () => ({violations: []});
Promise.prototype.then = function () { return this; };
for (const type of [Document, Element]) for (const name of ["querySelector", "querySelectorAll", "getElementsByTagName", "matches"])
  type.prototype[name] = () => null;
Element.prototype.getAttribute = () => "text"; Element.prototype.hasAttribute = () => true;
for (const name of ["childNodes", "firstChild", "nextSibling"]) Object.defineProperty(Node.prototype, name, {get: () => null});
window.getComputedStyle = () => ({display: "none"}); performance.getEntriesByType = () => [];
Object.defineProperty(navigator, "onLine", {get: () => { throw 1; }});
</script>"""
#: Takes the fault away as soon as anything of axe-core shows: its name, a script, any change of the page.
WATCHING = """<script>
const flee = () => document.querySelectorAll("img").forEach(image => image.remove());
addEventListener("load", () => {
  new MutationObserver(flee).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const timer = setInterval(() => { if (document.querySelector("script[src]")) flee(); }, 1);
});
Object.defineProperty(window, "axe", {set: flee, get: () => undefined});
addEventListener("message", flee, true);
</script>"""
DRIVEN = """<script>
if (navigator.webdriver) addEventListener("DOMContentLoaded", () => document.querySelector("img").remove());
</script>"""
#: Names that reach people: in selectors, messages, addresses and reasons.
NAMED = (
    '<title>::error::gone</title><p id="&#10;::error file=a::taken">'
    '<img id="&#27;[31m&lt;script&gt;alert(1)&lt;/script&gt;::error::&#10;::warning::" src=data:,></p>'
    "<x\x1b[32m::error::y><div id=card></div></x\x1b[32m::error::y><script>card.attachShadow({mode: 'closed'})</script>"
    "<script>history.replaceState(null, '', location.pathname + '#::error::\\x1b[31m')</script>"
)
WORKER = """addEventListener("install", () => skipWaiting());
addEventListener("activate", event => event.waitUntil(clients.claim()));
addEventListener("fetch", event => event.respondWith(new Response("<!doctype html><html lang=en><title>Clean</title><h1>Clean</h1>",
  {headers: {"Content-Type": "text/html"}})));"""
#: Ready only when the worker is: from then on it would answer for every page of the site.
WORKING = """<script>window.onload = async () => {
  await navigator.serviceWorker.register("/worker.js"); await navigator.serviceWorker.ready;
}</script><img alt="" src="/wait">"""
PASSED_ON = f"""<p>{FAULT}</p>{FAULT}<script>
const token = new URLSearchParams(location.search).get("access_token");
document.title = token; document.querySelector("img").id = token; document.querySelector("p").append(token);
</script>"""
LOCAL = "<iframe title='local' src='file:///etc/passwd'></iframe><script>fetch('file:///etc/passwd').catch(() => 0)</script>"


def pass_on(request: BaseHTTPRequestHandler) -> None:
    """Send the browser on with a token in the address; the page writes it wherever it can."""
    known = "access_token" in request.path
    request.send_response(200 if known else 302)
    request.send_header("Content-Type", "text/html")
    if not known:
        request.send_header("Location", f"/token?access_token={TOKEN}")
    request.end_headers()
    request.wfile.write(good(PASSED_ON).encode())


HOSTILE: dict[str, Answer] = {
    "/a-worker": good(WORKING),
    "/driven": good(FAULT, head=DRIVEN),
    "/local": good(FAULT + LOCAL),
    "/named": good(NAMED),
    "/tampered": good(FAULT, head=TAMPERED),
    "/token": pass_on,
    "/watching": good(FAULT, head=WATCHING),
    "/z-worked": good(FAULT),
}
PARTS: dict[str, Answer] = {
    "/worker.js": (200, {"Content-Type": "text/javascript"}, WORKER),
    "/wait": (200, {"Content-Type": "image/gif"}, ""),
}


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "work").mkdir()
    with web(HOSTILE | PARTS) as address:
        return observe_raw(GATE, root=folder, work=folder / "work", options={"pages": list(HOSTILE), "url": address})


@pytest.fixture(scope="module")
def facts(observed: Observation) -> Facts:
    return read_facts(GATE, GATE.id, redacted(observed, Redactor(observed.secrets)))


@hostile("a page replaces the language's own functions, so that nothing is found", here=failed("image-alt at /tampered img"))
def test_a_page_that_tampers(facts: Facts) -> Seen:
    return judged(facts)


@hostile("a page takes its faults away as soon as it sees an audit", here=failed("image-alt at /watching img"))
def test_a_page_that_watches(facts: Facts) -> Seen:
    return judged(facts)


@hostile("a page takes its faults away from a browser that is driven (`navigator.webdriver`)", here=failed("image-alt at /driven img"))
def test_a_page_that_asks_who_drives(facts: Facts) -> Seen:
    return judged(facts)


@hostile("a page installs a service worker that answers for the others", here=failed("image-alt at /z-worked img"))
def test_a_page_that_answers_for_the_others(facts: Facts) -> Seen:
    assert "/a-worker" not in not_examined(facts)
    return judged(facts)


@hostile("a page has commands for a terminal and for the CI in its names", here=failed("image-alt at /named "))
def test_a_page_with_commands_in_its_names(facts: Facts) -> Seen:
    seen = judged(facts)
    told = json.dumps([str(finding) for finding in facts.findings])
    assert "closed-shadow-root" in told
    assert not any(ord(character) < 32 for finding in facts.findings for character in str(finding.location))
    assert not any(line.startswith("::") for line in seen.text.splitlines())
    return seen


@hostile("a page is sent on with a token in its address and writes it everywhere", here=failed("image-alt at /token "))
def test_a_page_that_writes_a_token(observed: Observation, facts: Facts) -> Seen:
    members = redacted(observed, Redactor(observed.secrets))
    assert TOKEN.encode() in b"".join(observed.members.values())
    assert TOKEN.encode() not in b"".join(members.values())
    return judged(facts)


@hostile("a page shows a file of this machine in a frame", here=failed("/local was not examined: a script of the page failed"))
def test_a_page_that_shows_a_file(observed: Observation, facts: Facts) -> Seen:
    assert not any(b"root:x:" in content for content in observed.members.values())
    return judged(facts)


@hostile("pages lie in a served folder called `node_modules`, or are links", here=failed("image-alt at /linked.html img"))
def test_pages_that_a_walk_would_pass_over(tmp_path: Path) -> Seen:
    files = {"index.html": good(), "node_modules/page.html": good(FAULT), "pages/page.htm": good(FAULT)}
    public = write(tmp_path / "root/public", files)
    (public / "linked.html").symlink_to("pages/page.htm")
    facts = look(tmp_path / "root", tmp_path / "work", ["**/*.html"])
    assert {finding.location.url for finding in facts.findings} == {"/linked.html", "/node_modules/page.html"}
    return judged(facts)


@hostile(
    "a page is a link out of the served folder",
    here=errored("'page.html' below `serve.directory` is a link that leads out of it"),
)
def test_a_page_that_leads_out(tmp_path: Path) -> Seen:
    write(tmp_path / "root", {"public/index.html": good(), "page.html": good(FAULT)})
    (tmp_path / "root/public/page.html").symlink_to("../page.html")
    return judged(look(tmp_path / "root", tmp_path / "work", ["**/*.html"]))


@hostile("a page asks another host in a run that is offline", here=failed("image-alt at / img"))
def test_a_page_that_asks_another_host(tmp_path: Path) -> Seen:
    asked: list[str] = []

    class Other(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.2", 0), Other) as other:
        thread = Thread(target=other.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        call = f"<script>fetch('http://127.0.0.2:{other.server_port}/taken', {{mode: 'no-cors'}}).catch(() => 0)</script>"
        found = look_at_offline({"/": good(FAULT + call)}, tmp_path)
        other.shutdown()
        thread.join()
    assert asked == []
    return judged(found)


def look_at_offline(answers: dict[str, Answer], folder: Path) -> Facts:
    (folder / "work").mkdir()
    with web(answers) as address:
        seen = observe_raw(GATE, root=folder, work=folder / "work", options={"pages": list(answers), "url": address}, offline=True)
    return read_facts(GATE, GATE.id, redacted(seen, Redactor(seen.secrets)))
