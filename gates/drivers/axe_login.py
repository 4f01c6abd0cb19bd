"""Pages as somebody who is signed in sees them, and the proof of it: each is opened without the login as well.

Only what stands on a page for the one and not for the other shows that the login was taken. A login that did nothing leaves the pages
as they were, and a form at the address that was asked for looks like any page.
"""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

from selenium.common.exceptions import TimeoutException, UnexpectedAlertPresentException, WebDriverException
from selenium.webdriver.chrome.webdriver import WebDriver

from gates.drivers import axe_visit
from gates.drivers.axe_visit import NotExaminedError, check_selector
from gates.drivers.axe_world import ScriptError, World

#: Runs before any script of the page, in a world of its own. Frames of the page's own site share its storage, which it may have changed.
_STORE = """(() => {{
  const inner = self !== top && (() => {{ try {{ return Boolean(top.document); }} catch {{ return false; }} }})();
  const items = inner ? {{}} : ({origins})[self.origin] || {{}};
  for (const [name, value] of Object.entries(items)) localStorage.setItem(name, value);
}})()"""
_SHOWN = "[...document.querySelectorAll({selector})].some(element => element.checkVisibility())"
_POLL_SECONDS = 0.05
_POLL_SECONDS_WITHOUT = 0.1
#: Without the login, the proof is waited for so many times as long as it took with it, and so much longer.
_TIMES, _MORE_SECONDS = 2, 0.5
#: How long it is waited for once it was missing, and nobody was seen to be signed in.
_SECONDS_AFTER_A_MISS = 2
_SAME_PAGE = "the page is there, without the proof"


class Account:
    """What a login brought, in one browser. `tried` holds the pages that were opened without it, and what came of that."""

    def __init__(self, browser: WebDriver, login: dict[str, Any], seconds: float) -> None:
        self._browser = browser
        self._login = login
        self._seconds = seconds
        self._proof: str = login["proof"]
        self._script = ""
        self._entered = self._took = 0.0
        self._missed = self._seen = False
        self.tried: dict[tuple[str, int, int], str] = {}

    @property
    def remedy(self) -> str:
        """What to do where a page is shown as to somebody who is not signed in."""
        return str(self._login["remedy"])

    def enter(self, task: dict[str, Any]) -> None:
        """Sign in, for the page that is opened next. Raises `NotExaminedError` for a cookie that the browser does not take."""
        self.leave(task)
        for cookie in self._login["cookies"]:
            self._set(cookie)
        script = _STORE.format(origins=json.dumps(self._login["origins"]))
        added = self._command("Page.addScriptToEvaluateOnNewDocument", source=script, worldName="quality-gates-login")
        self._script = added["identifier"]
        self._entered = time.monotonic()

    def leave(self, task: dict[str, Any]) -> None:
        """Take away all that the login brought, and what sites have made of it; the page's own storage is cleared as it is opened."""
        if self._script:
            self._command("Page.removeScriptToEvaluateOnNewDocument", identifier=self._script)
            self._script = ""
        self._command("Network.clearBrowserCookies")
        for origin in self._login["origins"].keys() - {axe_visit.origin_of(task)}:
            self._command("Storage.clearDataForOrigin", origin=origin, storageTypes="all")

    def _set(self, cookie: dict[str, Any]) -> None:
        try:
            taken = self._command("Network.setCookie", **cookie)["success"]
        except TimeoutException:
            raise
        except WebDriverException:
            taken = False
        if not taken:
            raise NotExaminedError(
                f"the browser does not take the cookie {cookie['name']!r} that `login` gave",
                "see its domain, its path and its prefix; one with sameSite None has to be secure",
            )

    def wait_for_proof(self, task: dict[str, Any]) -> None:
        """Return once somebody is seen to be signed in. Raises `NotExaminedError` where that does not come."""
        check_selector(self._browser, "login.proof", self._proof)
        seconds = min(self._seconds, _SECONDS_AFTER_A_MISS) if self._missed and not self._seen else self._seconds
        end = time.monotonic() + seconds
        while not self._shows():
            if time.monotonic() > end:
                self._missed = True
                axe_visit.check_arrival(axe_visit.read_state(self._browser), task, self.remedy)  # it may have gone to a login by itself
                raise self._not_signed_in(f"appeared in {seconds} s")
            time.sleep(_POLL_SECONDS)
        self._seen = True
        self._took = time.monotonic() - self._entered

    def check_proof(self) -> None:
        """Raise `NotExaminedError` where the page no longer shows it: what was examined may be what comes after a session."""
        if not self._shows():
            raise self._not_signed_in("was left when the page was examined")

    def try_without(self, task: dict[str, Any]) -> str:
        """What the page is to somebody who is not signed in, in words; once for each address and size: another may show other elements.

        Raises `NotExaminedError` where that can't be told from what it is with the login.
        """
        place = (task["address"], task["width"], task["height"])
        if place not in self.tried:
            self.leave(task)
            self._command("Network.clearBrowserCache")  # it may hold the page as it was
            begun = time.monotonic()
            try:
                axe_visit.open_page(self._browser, task)
                self.tried[place] = self._without(task, begun + _TIMES * self._took + _MORE_SECONDS)
            finally:
                self._command("Network.clearBrowserCache")
        return self.tried[place]

    def _without(self, task: dict[str, Any], end: float) -> str:
        """It is looked at until the page leads elsewhere or until `end`: one that draws itself may show the proof late."""
        while True:
            last = time.monotonic() > end
            try:
                elsewhere, shown = self._led_elsewhere(task), self._shows()
            except UnexpectedAlertPresentException:
                raise
            except (ScriptError, WebDriverException):
                if last:
                    raise
            else:
                if shown:
                    raise NotExaminedError(
                        f"what `login.proof` ({self._proof}) names is visible without the login too, so it shows nothing",
                        "name what only somebody who is signed in sees, such as a link to sign out; "
                        "leave pages that are the same for all to a gate without `login`",
                    )
                if elsewhere or last:
                    return elsewhere or _SAME_PAGE
            time.sleep(_POLL_SECONDS_WITHOUT)

    def _led_elsewhere(self, task: dict[str, Any]) -> str:
        """Where the page leads who is not signed in, or how it is refused; empty where it is there."""
        state = axe_visit.read_state(self._browser)
        if state["status"] >= 400:  # also where there is no page with it
            return f"it answered {state['status']}"
        if urlsplit(state["href"]).scheme == "chrome-error":
            raise NotExaminedError("it could not be opened without the login, so nothing shows that it was seen with it", "run again")
        try:
            axe_visit.check_arrival(state, task)
        except NotExaminedError as error:
            return error.reason
        return ""

    def _shows(self) -> bool:
        return bool(World.of_page(self._browser).read(_SHOWN.format(selector=json.dumps(self._proof))))

    def _not_signed_in(self, what: str) -> NotExaminedError:
        return NotExaminedError(f"nothing that fits `login.proof` ({self._proof}) {what}: nobody is signed in there", self.remedy)

    def _command(self, command: str, /, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._browser.execute_cdp_cmd(command, parameters)
        return answer
