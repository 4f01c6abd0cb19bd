"""What the accessibility driver makes of a session that the browser does not take, or that no page shows."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, cast

import pytest
from selenium.common.exceptions import InvalidArgumentException
from selenium.webdriver.chrome.webdriver import WebDriver

from gates.drivers import axe_login, axe_visit
from gates.drivers.axe_login import Account
from gates.drivers.axe_visit import NotExaminedError

PAGE = "http://127.0.0.1:8000/account"
LOGIN = {
    "proof": "#out",
    "cookies": [{"name": "session", "value": "c00kie"}],
    "origins": {"http://127.0.0.1:8000": {}},
    "remedy": "sign in",
}


class Browser:
    """Answers what it is asked through DevTools: where it is, and whether the proof is there."""

    def __init__(self, *, takes: Callable[[], bool] = lambda: True, shows: bool = False, href: str = PAGE) -> None:
        self._takes, self._shows, self._href = takes, shows, href
        self.asked: list[str] = []

    def execute_cdp_cmd(self, command: str, parameters: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(command)
        if command == "Network.setCookie":
            return {"success": self._takes()}
        if command == "Runtime.evaluate":
            return {"result": {"value": self._value(parameters["expression"])}}
        return {"frameTree": {"frame": {"id": "page"}}, "executionContextId": 1, "identifier": "7"}

    def _value(self, expression: str) -> Any:
        if "querySelectorAll" in expression and json.dumps(LOGIN["proof"]) in expression:
            return self._shows
        if "location.href" in expression:
            return {"href": self._href, "arrived": "", "status": 200, "type": "text/html"}
        return True


def an_account(browser: Browser, *, seconds: float = 0) -> Account:
    return Account(cast("WebDriver", browser), LOGIN, seconds)


def refuses() -> bool:
    raise InvalidArgumentException("Invalid cookie fields")


@pytest.mark.parametrize("takes", [lambda: False, refuses], ids=["says no", "raises"])
def test_a_cookie_that_the_browser_does_not_take_is_named_without_its_value(takes: Callable[[], bool]) -> None:
    with pytest.raises(NotExaminedError, match="does not take the cookie 'session'") as error:
        an_account(Browser(takes=takes)).enter({"address": PAGE})
    assert "c00kie" not in error.value.reason + error.value.remedy


def test_a_login_is_taken_away_before_the_next_page_is_given_it_anew() -> None:
    browser = Browser()
    account = an_account(browser)
    account.enter({"address": "https://sign-in.example/"})
    account.enter({"address": "https://sign-in.example/"})
    once = ["Network.clearBrowserCookies", "Storage.clearDataForOrigin", "Network.setCookie", "Page.addScriptToEvaluateOnNewDocument"]
    assert browser.asked == [*once, "Page.removeScriptToEvaluateOnNewDocument", *once]


def test_once_a_proof_was_missing_it_is_waited_for_less_until_somebody_was_seen_to_be_signed_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(axe_login, "_SECONDS_AFTER_A_MISS", 0)
    account = an_account(Browser(), seconds=0.01)
    with pytest.raises(NotExaminedError, match=r"appeared in 0\.01 s"):
        account.wait_for_proof({"address": PAGE})
    with pytest.raises(NotExaminedError, match="appeared in 0 s"):
        account.wait_for_proof({"address": PAGE})
    account._browser = cast("WebDriver", Browser(shows=True))
    account.wait_for_proof({"address": PAGE})
    account._browser = cast("WebDriver", Browser())
    with pytest.raises(NotExaminedError, match=r"appeared in 0\.01 s"):
        account.wait_for_proof({"address": PAGE})


def test_a_page_that_goes_to_a_login_by_itself_is_said_to_lead_there() -> None:
    account = an_account(Browser(href="http://127.0.0.1:8000/login"))
    with pytest.raises(NotExaminedError, match="it leads to /login") as error:
        account.wait_for_proof({"address": PAGE})
    assert error.value.remedy == "sign in"


def test_a_session_that_ended_while_the_page_was_examined_is_noticed() -> None:
    with pytest.raises(NotExaminedError, match="was left when the page was examined"):
        an_account(Browser()).check_proof()


def test_a_page_is_opened_without_the_login_once_at_each_size(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[int] = []
    monkeypatch.setattr(axe_visit, "open_page", lambda _browser, task: opened.append(task["width"]))
    account = an_account(Browser(href="http://127.0.0.1:8000/login"))
    said = [account.try_without({"address": PAGE, "width": width, "height": 800}) for width in (1280, 1280, 390)]
    assert (said, opened) == (["it leads to /login"] * 3, [1280, 390])


def test_what_could_not_be_opened_without_the_login_proves_nothing() -> None:
    account = an_account(Lost(href="chrome-error://chromewebdata/"))
    with pytest.raises(NotExaminedError, match="could not be opened without the login"):
        account._led_elsewhere({"address": PAGE})


class Lost(Browser):
    """One that shows a page of its own, since nothing answered."""

    def _value(self, expression: str) -> Any:
        return super()._value(expression) | {"status": 0} if "location.href" in expression else False
