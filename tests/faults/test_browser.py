"""What breaks under the accessibility gate: the browser, its driver, its tabs, and pages that hold them up."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from gates.adapters.browser import find_browser, find_driver
from gates.api import Facts
from tests.guarantees import Seen, errored, failed, fault, judged
from tests.runners.behind_login import LOGIN, a_project
from tests.runners.pages import FAULT, Answer, good, left_behind, look, look_at, not_examined, rules

#: Small, so that a page that fills the memory of its tab does so at once.
SMALL_HEAP = "--js-flags=--max-old-space-size=96"
#: A browser of another version, as far as its driver asks: it answers what DevTools would.
STRANGER = """
import http.server, json, pathlib, sys
folder = next(word.partition("=")[2] for word in sys.argv if word.startswith("--user-data-dir="))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        version = {"Browser": "Chrome/90.0.1.2", "Protocol-Version": "1.3", "WebKit-Version": "537.36 (@0)"}
        self.wfile.write(json.dumps(version if "version" in self.path else []).encode())
    def log_message(self, *words):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
pathlib.Path(folder, "DevToolsActivePort").write_text(f"{server.server_port}\\n/devtools/browser/1")
server.serve_forever()
"""


class Machine:
    """A browser and a driver that note their process ids, so that a page that is asked for can break them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)

    def wrapped(self, name: str, program: str | None, *, before: str = "", more: str = "") -> str:
        """A program in the place of another, which says its id and does something before it becomes the other."""
        path = self.folder / name
        path.write_text(f'#!/bin/sh\necho $$ >> {path}.ids\n{before}\nexec {program} {more} "$@"\n')
        path.chmod(0o755)
        return str(path)

    def id(self, name: str) -> int:
        return int((self.folder / f"{name}.ids").read_text().split()[-1])

    def tabs(self) -> list[int]:
        """The processes that draw pages for the browser that was started last."""
        family = {self.id("browser")}
        parents = {int(entry.name): _parent(entry) for entry in Path("/proc").glob("[0-9]*")}
        while grown := {pid for pid, parent in parents.items() if parent in family} - family:
            family |= grown
        return [pid for pid in family if b"--type=renderer" in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _parent(entry: Path) -> int:
    try:
        return int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError):
        return 0


def sends(number: signal.Signals, targets: Callable[[], list[int]]) -> Answer:
    """Instead of an answer, a signal to processes, once: a browser that outlives its driver asks again, and by then there are new ones."""
    sent = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        request.close_connection = True
        if not sent.is_set():
            sent.set()
            for pid in targets():
                os.kill(pid, number)

    return answer


def pages_that_break(machine: Machine) -> Mapping[str, Answer]:
    return {
        "/alerts": good("<script>for (;;) alert('Hello')</script>"),
        "/browser-killed": sends(signal.SIGKILL, lambda: [machine.id("browser")]),
        "/browser-stopped": sends(signal.SIGSTOP, lambda: [machine.id("browser")]),
        "/driver-killed": sends(signal.SIGKILL, lambda: [machine.id("driver")]),
        "/hungry": good("<script>const all = []; for (;;) all.push(new Array(1e6).fill(Math.random()))</script>"),
        "/huge": good("<p>" + "<b>x</b>" * 6_000_000),
        "/refreshed": good().replace("<head>", '<head><meta http-equiv="refresh" content="0">'),
        "/tab-killed": good("<img alt='' src='/kill-tab'>"),
        "/kill-tab": sends(signal.SIGKILL, machine.tabs),
        "/wandering": good("<script>setTimeout(() => { location = '/elsewhere' }, 0)</script>"),
        "/elsewhere": good(),
        "/z": good(),
    }


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "machine")


@pytest.fixture(scope="module")
def breaking(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """Each page breaks something; the last is good."""
    folder = tmp_path_factory.mktemp("breaking")
    machine = Machine(folder / "machine")
    answers = pages_that_break(machine)
    pages = [route for route in answers if route not in ("/kill-tab", "/elsewhere")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CHROME_BIN", machine.wrapped("browser", find_browser({}), more=SMALL_HEAP))
        patch.setenv("CHROMEDRIVER", machine.wrapped("driver", find_driver({})))
        facts = look_at(answers, folder, pages, page_timeout=2)
    assert left_behind(folder) == []
    return facts


LOST = "the browser ended or lost the page while it was examined"


@fault("the browser is killed", here=errored(f"/browser-killed was not examined: {LOST}"))
def test_the_browser_is_killed(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("the browser hangs", here=errored("/browser-stopped was not examined: the browser did not answer"))
def test_the_browser_hangs(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("the browser's driver is killed", here=errored(f"/driver-killed was not examined: {LOST}"))
def test_the_driver_is_killed(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("the process that draws a page is killed", here=errored(f"/tab-killed was not examined: {LOST}"))
def test_the_tab_is_killed(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("a page fills the memory of its tab", here=errored(f"/hungry was not examined: {LOST}"))
def test_a_page_fills_the_memory(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("a page of 50 MB", here=errored("/huge was not examined: it did not finish loading in 2 s"))
def test_a_huge_page(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("a page says `alert` without end", here=errored("/alerts was not examined: it opens one dialog after another"))
def test_alerts_without_end(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("a page goes elsewhere while it is examined", here=errored("/wandering was not examined: "))
def test_a_page_goes_elsewhere(breaking: Facts) -> Seen:
    return judged(breaking)


@fault("a page loads itself again and again", here=errored("/refreshed was not examined: "))
def test_a_page_loads_itself_again(breaking: Facts) -> Seen:
    return judged(breaking)


def test_after_each_of_them_the_next_page_is_examined(breaking: Facts) -> None:
    assert "/z" not in not_examined(breaking)
    assert breaking.examined is not None
    assert breaking.examined.done == 1


# -- a browser that does not start


@fault("there is too little memory for the browser", here=errored("the browser could not be started: "))
def test_no_memory_for_the_browser(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    monkeypatch.setenv("CHROME_BIN", machine.wrapped("browser", find_browser({}), before="ulimit -v 300000"))
    facts = look_at({"/": good()}, tmp_path)
    assert left_behind(tmp_path) == []
    return judged(facts)


@fault("browser and driver are of different versions", here=errored("only supports Chrome version"))
def test_a_browser_of_another_version(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    program = tmp_path / "stranger.py"
    program.write_text(STRANGER, "utf-8")
    monkeypatch.setenv("CHROME_BIN", machine.wrapped("browser", f"python3 {program}"))
    facts = look_at({"/": good()}, tmp_path)
    assert "of the same version" in facts.remedy
    assert left_behind(tmp_path) == []
    return judged(facts)


@fault("the browser is killed and can't be started again", here=failed("/then was not examined: the browser could not be started: "))
def test_a_browser_that_does_not_start_again(machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    once = f"[ $(wc -l < {machine.folder / 'browser'}.ids) -gt 1 ] && exit 1"
    monkeypatch.setenv("CHROME_BIN", machine.wrapped("browser", find_browser({}), before=once))
    answers: dict[str, Answer] = {"/a": good(FAULT), "/killed": sends(signal.SIGKILL, lambda: [machine.id("browser")]), "/then": good()}
    facts = look_at(answers, tmp_path)
    assert rules(facts, "/a") == [("accessibility/image-alt", "img")]
    assert left_behind(tmp_path) == []
    return judged(facts)


# -- a login that breaks


@fault("a program that signs in ends with an error", here=errored("the program of `login` ended with 1: error: 403 Forbidden"))
def test_a_login_that_fails(tmp_path: Path) -> Seen:
    root = a_project(tmp_path, "import sys; sys.exit('error: 403 Forbidden')")
    return judged(look(root, tmp_path / "work", ["/"], url="http://127.0.0.1:9", login=LOGIN))


@fault("a program that signs in never ends", here=errored("the program of `login` did not end in time and was stopped"))
def test_a_login_that_never_ends(tmp_path: Path) -> Seen:
    root = a_project(tmp_path, "import signal; signal.pause()")
    facts = look(root, tmp_path / "work", ["/"], url="http://127.0.0.1:9", login={**LOGIN, "timeout": 1})
    assert "`login.timeout`" in facts.remedy
    assert left_behind(tmp_path) == []
    return judged(facts)


# -- pages that disturb and can be examined all the same

#: What a window that was left behind could do to the page that comes after.
TAKE_AWAY = "if (opener.location.pathname === '/z') opener.document.querySelector('img')?.remove()"
DISTURBING: dict[str, Answer] = {
    "/alert": good(f"{FAULT}<script>alert('Hello'); onload = () => confirm('Really?')</script>"),
    "/printed": good(f"{FAULT}<script>print()</script>"),
    "/stay": good(f"{FAULT}<script>onbeforeunload = event => {{ event.preventDefault(); return 'Stay' }}</script>"),
    "/windows": good(f"{FAULT}<script>for (let i = 0; i < 3; i++) open('/windows-2?' + i)</script>"),
    "/windows-2": good(f"<script>setInterval(() => {{ {TAKE_AWAY} }}, 1)</script>"),
    "/z": good(FAULT),
}


@pytest.fixture(scope="module")
def disturbing(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return look_at(DISTURBING, tmp_path_factory.mktemp("disturbing"), [route for route in DISTURBING if route != "/windows-2"])


@fault("a page opens dialogs", here=failed("image-alt at /alert img"))
def test_a_page_opens_dialogs(disturbing: Facts) -> Seen:
    return judged(disturbing)


@fault("a page prints itself", here=failed("image-alt at /printed img"))
def test_a_page_prints_itself(disturbing: Facts) -> Seen:
    return judged(disturbing)


@fault("a page asks whether one really wants to leave it", here=failed("image-alt at /windows img"))
def test_a_page_that_one_may_not_leave(disturbing: Facts) -> Seen:
    assert ("accessibility/image-alt", "img") in rules(disturbing, "/stay")
    return judged(disturbing)


@fault("a page opens windows that change the page after it", here=failed("image-alt at /z img"))
def test_a_page_opens_windows(disturbing: Facts) -> Seen:
    assert not_examined(disturbing) == {}
    return judged(disturbing)
