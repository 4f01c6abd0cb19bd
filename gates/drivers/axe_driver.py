"""Audits pages with axe-core in a headless Chromium, and proves in each session that axe-core sees.

Usage: axe_driver.py JOB RESULT, both paths of JSON files. What goes wrong with a page is said in its record;
what goes wrong with the browser itself is `{"error", "remedy"}` in RESULT. Nothing is judged here.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar
from urllib.parse import quote

from selenium import webdriver
from selenium.common.exceptions import TimeoutException, UnexpectedAlertPresentException, WebDriverException
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.chrome.webdriver import WebDriver
from urllib3.exceptions import HTTPError

from gates.drivers.axe_audit import Audit
from gates.drivers.axe_login import Account
from gates.drivers.axe_visit import NotExaminedError, examine, open_page
from gates.drivers.axe_world import World

#: An image without a text, one more in a frame, a button without a name in a shadow root: whoever does not find all three is blind.
CANARY = """<!doctype html><html lang="en"><head><title>Canary</title></head><body><h1>Canary</h1><img src="data:,">
<iframe title="frame" srcdoc="<html lang='en'><title>Frame</title><body><img src='data:,'></body></html>"></iframe>
<div><template shadowrootmode="open"><button></button></template></div></body></html>"""
#: Rules of every standard, so that the canary can be examined just as the pages are.
_CANARY_RULES = ("image-alt", "button-name")
#: Frames of other sites stay in the page's process, so that axe-core can be brought into them.
_SWITCHES = (
    "--headless=new",
    "--disable-gpu",
    "--disable-blink-features=AutomationControlled",  # a page shows what it shows to people
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-site-isolation-trials",
    "--disable-features=IsolateOrigins,site-per-process",
    "--force-device-scale-factor=1",
    "--lang=en-US",
)
_OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost"
#: Beyond what the steps of a visit may take by themselves, before the browser is given up.
_MARGIN_SECONDS = 3
#: For a browser to start and the canary to be examined, on a machine that has much else to do.
_START_SECONDS = 60
#: How many dialogs a page may put in the way, one after another.
_DIALOGS = 5
_T = TypeVar("_T")
_NO_START = "check that the browser and its driver are of the same version: `gates doctor` says which are used"


class DeadlineError(Exception):
    """The browser did not answer in time."""


@contextlib.contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise `DeadlineError` in the block after so many seconds, whatever it waits for."""

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise DeadlineError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001))
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


class Sessions:
    """One browser after another: a new one is started, and tried with the canary, only where the last was lost."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.end: float = time.monotonic() + job["seconds_in_all"]
        self.canaries: list[int] = []
        self.about: dict[str, str] = {}
        self.account: Account | None = None
        self._browser: WebDriver | None = None
        self._service: Service | None = None

    def browser(self) -> WebDriver:
        if self._browser is None:
            # One that is started again may not take the time in which what was found is written.
            with deadline(min(_START_SECONDS, self.seconds_left()) if self.canaries else _START_SECONDS):
                self._browser = self._start()
        return self._browser

    def seconds_left(self) -> float:
        """What is left of the gate's time, 0 where it is up."""
        return max(0.0, float(self.end - time.monotonic()))

    def _start(self) -> WebDriver:
        self._service = Service(executable_path=self.job["driver"])
        browser = webdriver.Chrome(options=self._options(), service=self._service)
        name, version = (str(browser.capabilities[key]) for key in ("browserName", "browserVersion"))
        self.about = {"name": name, "version": version}
        self.canaries.append(self._canary(browser))
        browser.set_page_load_timeout(self.job["seconds"])
        self.account = Account(browser, self.job["login"], self.job["seconds"]) if self.job["login"] else None
        return browser

    def _options(self) -> Options:
        options = Options()
        options.binary_location = self.job["browser"]
        options.unhandled_prompt_behavior = "dismiss"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        more = [f"--user-data-dir={self.job['profile']}-{len(self.canaries)}"]
        more += ["--no-sandbox"] if self.job["root_user"] else []
        more += [_OFFLINE] if self.job["offline"] else []
        for switch in (*_SWITCHES, *more):
            options.add_argument(switch)
        return options

    def _canary(self, browser: WebDriver) -> int:
        """How many faults of the canary axe-core finds, with the options that it has for the pages."""
        browser.get(f"data:text/html;charset=utf-8,{quote(CANARY)}")
        audit = Audit(script=self.job["axe"], options=self.job["options"], origin="null")
        world = World.of_page(browser)
        found = audit.run(world)["violations"]
        self.about |= {"axe": world.evaluate("axe.version"), "rules": world.evaluate("axe.getRules().map(rule => rule.ruleId).join(' ')")}
        return sum(len(violation["nodes"]) for violation in found if violation["id"] in _CANARY_RULES)

    def lose(self) -> None:
        """Give up a browser that no longer answers: asking it to quit could take for ever."""
        if self._browser is not None:
            with contextlib.suppress(KeyError, ProcessLookupError):
                os.kill(self._browser.capabilities["goog:processID"], signal.SIGKILL)
        self._browser = None
        if self._service is not None and self._service.process is not None:
            self._service.process.kill()

    def quit(self) -> None:
        with contextlib.suppress(WebDriverException, HTTPError, DeadlineError), deadline(_MARGIN_SECONDS):
            if self._browser is not None:
                self._browser.quit()


def visit(sessions: Sessions, task: dict[str, Any]) -> dict[str, Any]:
    """The record of one page: what axe-core says of it, or why it could not be examined."""
    job = sessions.job
    if not sessions.seconds_left():
        reason = "the time of the gate was up before the browser came to it"
        return {"item": task["item"], "examined": False, "reason": reason, "remedy": "give the gate a longer `timeout`, or it fewer pages"}
    browser = sessions.browser()
    account = sessions.account
    steps = 1 + bool(job["wait_for"]) + bool(account)
    try:
        with deadline(min(job["seconds"] + _MARGIN_SECONDS, sessions.seconds_left())):
            _past_dialogs(lambda: open_page(browser, task, account))
        with deadline(min(job["seconds"] * steps + _MARGIN_SECONDS, sessions.seconds_left())):
            record = {"item": task["item"], "examined": True, **_past_dialogs(lambda: examine(browser, job, task, account))}
        return record | _without_login(sessions, account, task) if account else record
    except NotExaminedError as error:
        return {"item": task["item"], "examined": False, "reason": error.reason, "remedy": error.remedy}
    except TimeoutException:
        reason = f"it did not finish loading in {job['seconds']} s"
    except DeadlineError:
        reason = "the browser did not answer: a script of the page may never end"
    except UnexpectedAlertPresentException:
        reason = "it opens one dialog after another"
    except (WebDriverException, HTTPError):
        reason = "the browser ended or lost the page while it was examined"
    sessions.lose()
    return {"item": task["item"], "examined": False, "reason": reason, "remedy": "open the page in a browser and see what it waits for"}


def _without_login(sessions: Sessions, account: Account, task: dict[str, Any]) -> dict[str, str]:
    """What the same page is to somebody who is not signed in: for the record of one that was examined."""
    with deadline(min(3 * sessions.job["seconds"] + _MARGIN_SECONDS, sessions.seconds_left())):
        return {"without_login": _past_dialogs(lambda: account.try_without(task))}


def _past_dialogs(work: Callable[[], _T]) -> _T:
    """Do something again where a dialog of the page has stopped it: the driver has dismissed that one by then."""
    for _ in range(_DIALOGS - 1):
        with contextlib.suppress(UnexpectedAlertPresentException):
            return work()
    return work()


def run(job: dict[str, Any]) -> dict[str, Any]:
    """The records of all pages. A browser that can't be started again leaves those that were examined before."""
    sessions = Sessions(job)
    visits: list[dict[str, Any]] = []
    try:
        sessions.browser()
        for task in job["visits"]:
            visits.append(visit(sessions, task))  # noqa: PERF401  # those before one that raises are kept
    except (WebDriverException, HTTPError, DeadlineError) as error:
        words = str(getattr(error, "msg", "") or "it did not answer").splitlines()[0][:300]
        broken = {"reason": f"the browser could not be started: {words}", "remedy": _NO_START}
        if not sessions.about:
            return {"error": broken["reason"], "remedy": broken["remedy"]}
        visits += [{"item": task["item"], "examined": False, **broken} for task in job["visits"][len(visits) :]]
    finally:
        sessions.quit()
    return {"about": sessions.about, "canaries": sessions.canaries, "visits": visits}


def main() -> None:
    job_path, result_path = map(Path, sys.argv[1:3])
    result = run(json.loads(job_path.read_text("utf-8")))
    result_path.write_text(json.dumps(result), "utf-8")


if __name__ == "__main__":
    main()
