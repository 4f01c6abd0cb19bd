"""One page, opened and examined. Whatever makes its audit worthless raises `NotExaminedError` with the reason."""

from __future__ import annotations

import json
import re
import time
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, urlsplit

from selenium.webdriver.chrome.webdriver import WebDriver
from selenium.webdriver.remote.command import Command

from gates.drivers import axe_inventory
from gates.drivers.axe_audit import Audit
from gates.drivers.axe_world import ScriptError, World

_PAGE_TYPES = ("text/html", "application/xhtml+xml", "image/svg+xml")
_STATE = """(() => {
  const named = /csrf|xsrf|token|secret|auth|session|nonce|key/i;
  const arrival = performance.getEntriesByType('navigation')[0] || {};
  return {
    href: location.href,
    type: document.contentType,
    arrived: arrival.name || '',
    status: arrival.responseStatus || 0,
    scripts: [...document.scripts].map(script => script.src).filter(Boolean),
    passed: [...new URLSearchParams(location.search), ...new URLSearchParams(location.hash.slice(1))]
      .filter(([name]) => named.test(name)).map(([, value]) => value).filter(Boolean),
    secrets: [...document.querySelectorAll('input')].filter(input => input.type === 'password' || named.test(input.name))
      .map(input => input.value).filter(Boolean),
  };
})()"""
#: Frames that load late, fonts, and animations that end: a page in the middle of its fade-in has contrast faults that nobody sees.
_SETTLE = """(() => {
  const late = [...document.querySelectorAll('iframe[loading=lazy]')].map(frame => new Promise(done => {
    frame.addEventListener('load', done); frame.loading = 'eager';
  }));
  const moving = document.getAnimations().filter(each => Number.isFinite(each.effect.getComputedTiming().endTime))
    .map(each => each.finished.catch(() => 0));
  const enough = new Promise(done => setTimeout(done, 3000));
  return Promise.race([Promise.all([document.fonts.ready, ...late, ...moving]), enough]).then(() => 0);
})()"""
_VISIBLE = "(element => Boolean(element && element.checkVisibility()))(document.querySelector({selector}))"
_IS_SELECTOR = """(selector => {{
  try {{ document.createDocumentFragment().querySelector(selector); return true; }} catch {{ return false; }}
}})({selector})"""
_POLL_SECONDS = 0.05
_NO_LOGIN = "name the page that it leads to; where it asks for a login, sign in with `login`"
_WAIT_FOR = "name with `wait-for` an element that stands on the page once it is ready"


class NotExaminedError(Exception):
    """The page could not be examined. `reason` does not vary from run to run."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class Session(Protocol):
    """Somebody who is signed in, and whose pages are visited."""

    @property
    def remedy(self) -> str: ...

    def enter(self, task: dict[str, Any]) -> None: ...

    def wait_for_proof(self, task: dict[str, Any]) -> None: ...

    def check_proof(self) -> None: ...


def examine(browser: WebDriver, job: dict[str, Any], task: dict[str, Any], session: Session | None = None) -> dict[str, Any]:
    """What axe-core says of the page that was opened, and what the browser says about it. Raises `NotExaminedError`."""
    remedy = session.remedy if session else _NO_LOGIN
    try:
        check_arrival(read_state(browser), task, remedy)
        world = World.of_page(browser)
        if not world.runs_scripts():
            raise NotExaminedError("its own policy allows no scripts", "allow scripts where it is tested: `sandbox allow-scripts`")
        if session:
            session.wait_for_proof(task)
            world = World.of_page(browser)
        if job["wait_for"]:
            _wait_for(browser, job["wait_for"], job["seconds"])
            world = World.of_page(browser)
        world.evaluate(_SETTLE)
        audit = Audit(script=job["axe"], options=job["options"], origin=origin_of(task))
        results = audit.run(world)
        inventory = axe_inventory.take(browser)
        state = read_state(browser)
        if session:
            session.check_proof()
    except ScriptError as error:
        raise NotExaminedError(f"axe-core could not examine it: {error}", "see whether the page goes elsewhere by itself") from error
    check_arrival(state, task, remedy)
    audit.compare(inventory)
    _check_shown(browser, audit, results, job)
    if not job["wait_for"]:
        _check_scripts(browser, state)
    own = [frame for frame in audit.unseen if frame["own"]]
    if own:
        raise NotExaminedError(f"its frame {own[0]['selector']} could not be examined: {own[0]['reason']}", "mend the frame's address")
    return {
        "status": state["status"],
        "rules": {kind: len(results[kind]) for kind in ("violations", "incomplete", "passes", "inapplicable")},
        "violations": [_cleaned(result) for result in results["violations"]],
        "incomplete": [_cleaned(result) for result in results["incomplete"]],
        "unseen": [{"selector": frame["selector"], "reason": frame["reason"]} for frame in audit.unseen],
        "closed": inventory.closed,
        "frames": len(audit.entered) - 1,
        # What the page was sent on with; what stands in its address in the policy is no secret.
        "secrets": state["secrets"] + [value for value in state["passed"] if value not in task["address"]],
    }


def open_page(browser: WebDriver, task: dict[str, Any], session: Session | None = None) -> None:
    """Load a page as on a first visit, at its size and in its colour scheme; returns when it is loaded, whatever it turned out to be.

    Raises `NotExaminedError` where the browser does not take the session.
    """
    _close_others(browser)
    browser.get("about:blank")  # so that a page that is not reached can't be taken for the one before
    _log(browser)
    # No page leaves anything behind for the next: no session, no service worker that answers in its place.
    browser.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": origin_of(task), "storageTypes": "all"})
    size = {"width": task["width"], "height": task["height"], "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": task["scheme"]}]})
    if session:
        session.enter(task)
    browser.get(task["address"])


def _close_others(browser: WebDriver) -> None:
    """Close the windows that the page before has opened."""
    own = browser.current_window_handle
    others = [handle for handle in browser.window_handles if handle != own]
    for handle in others:
        browser.switch_to.window(handle)
        browser.close()
    if others:
        browser.switch_to.window(own)


def _log(browser: WebDriver) -> list[dict[str, Any]]:
    """What the browser's console was told since the last time: each entry has `level`, `source` and `message`."""
    entries: list[dict[str, Any]] = browser.execute(Command.GET_LOG, {"type": "browser"})["value"]
    return entries


def read_state(browser: WebDriver) -> dict[str, Any]:
    """Where the browser is and how it got there: `href`, `arrived`, `status`, `type` and what else is asked of a page."""
    state: dict[str, Any] = World.of_page(browser).read(_STATE)
    return state


def check_arrival(state: dict[str, Any], task: dict[str, Any], remedy: str = _NO_LOGIN) -> None:
    """The page that was asked for is the one that the browser shows, and it was answered as a page. `remedy`: where it leads to another."""
    wanted, shown = urlsplit(task["address"]), urlsplit(state["href"])
    final = shown
    if final.scheme == "chrome-error":
        raise NotExaminedError("the browser could not load it", "see that the service answers at this address")
    if state["href"] == "about:blank":
        raise NotExaminedError("the browser shows nothing: its answer may be a download", "name pages, not files to download")
    if state["status"] >= 400:
        raise NotExaminedError(f"it answered {state['status']}", "mend the page, or take it out of `pages`")
    arrived = urlsplit(state["arrived"])
    if arrived.scheme in ("http", "https") and _place(arrived)[:2] != _place(wanted)[:2]:
        final = arrived  # a script may have put the address back that was asked for
    if _place(wanted) != _place(final):
        where = final.path if wanted.netloc == final.netloc else f"{_origin(final)}{final.path}"
        fragment = f"#{final.fragment}" if _is_route(final.fragment) else ""
        raise NotExaminedError(
            f"it leads to {where}{fragment}",
            remedy,
        )
    places = (arrived, shown) if arrived.scheme in ("http", "https") else (shown,)
    for name in (name for place in places for name in changed_values(wanted.query, place.query)):
        raise NotExaminedError(
            f"it leads to {shown.path} where {name!r} in the query is gone or another",
            remedy,
        )
    if state["type"] not in _PAGE_TYPES:
        raise NotExaminedError(f"it is not a page but {state['type']}", "take it out of `pages`")


def changed_values(wanted: str, final: str) -> list[str]:
    """The names in a query that was asked for whose values are gone or others where the browser arrived; names that came in are none."""
    asked, found = parse_qs(wanted, keep_blank_values=True), parse_qs(final, keep_blank_values=True)
    return [name for name in asked if found.get(name) != asked[name]]


def _place(address: SplitResult) -> tuple[str, str, str]:
    """What makes two addresses the same page, but for their queries: not the scheme, a final slash or an anchor."""
    path = address.path.removesuffix("index.html").rstrip("/")
    return address.netloc, path, address.fragment if _is_route(address.fragment) else ""


def _is_route(fragment: str) -> bool:
    """Whether a fragment names a page of an application rather than a place on a page."""
    return fragment.startswith(("/", "!"))


def origin_of(task: dict[str, Any]) -> str:
    """The origin of the page that is to be visited."""
    return _origin(urlsplit(task["address"]))


def _origin(address: SplitResult) -> str:
    return f"{address.scheme}://{address.netloc}"


def _check_shown(browser: WebDriver, audit: Audit, results: dict[str, Any], job: dict[str, Any]) -> None:
    """There was something to examine, for someone who does not see the page either. Lists the frames in which there was not."""
    shown = axe_inventory.that_show(browser, audit.entered, though_busy=bool(job["wait_for"]))
    audit.list_empty(shown)
    faults = [node["target"] for result in results["violations"] for node in result["nodes"]]
    if not shown and all(target in (["html"], ["body"]) for target in faults):
        raise NotExaminedError("it shows nothing: no text, no image, no control", _WAIT_FOR)


def _check_scripts(browser: WebDriver, state: dict[str, Any]) -> None:
    """Nothing that draws the page failed."""
    own = tuple(source for source in state["scripts"] if _origin(urlsplit(source)) == _origin(urlsplit(state["href"])))
    for entry in _log(browser):
        if entry["level"] != "SEVERE":
            continue
        if entry["source"] == "javascript":
            raise NotExaminedError("a script of the page failed, so it may not be whole", f"mend the script, or {_WAIT_FOR}")
        if entry["source"] == "network" and entry["message"].split(" ", 1)[0] in own:
            path = urlsplit(entry["message"].split(" ", 1)[0]).path
            raise NotExaminedError(f"its script {path} could not be loaded, so it may not be whole", f"mend the address, or {_WAIT_FOR}")


def check_selector(browser: WebDriver, option: str, selector: str) -> None:
    """Raise `NotExaminedError` for an option of the policy's that is no CSS selector."""
    if not World.of_page(browser).read(_IS_SELECTOR.format(selector=json.dumps(selector))):
        raise NotExaminedError(f"`{option}` ({selector}) is no CSS selector", "write it as in a style sheet, such as `#cart .price`")


def _wait_for(browser: WebDriver, selector: str, seconds: int) -> None:
    check_selector(browser, "wait-for", selector)
    question = _VISIBLE.format(selector=json.dumps(selector))
    end = time.monotonic() + seconds
    while not World.of_page(browser).read(question):
        if time.monotonic() > end:
            raise NotExaminedError(f"nothing that fits `wait-for` ({selector}) appeared in {seconds} s", "correct the selector or the page")
        time.sleep(_POLL_SECONDS)


def _cleaned(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what may hold private data: other elements, data of checks, values in selectors and addresses."""
    nodes = [
        {
            "target": [_masked_target(step) for step in node["target"]],
            "impact": node.get("impact"),
            "summary": _masked(node.get("failureSummary") or ""),
            "html": node.get("html") or "",
        }
        for node in result["nodes"]
    ]
    return {key: result.get(key) for key in ("id", "impact", "help", "helpUrl")} | {"nodes": nodes}


def _masked_target(step: str | list[str]) -> str | list[str]:
    return _masked(step) if isinstance(step, str) else [_masked(inner) for inner in step]


def _masked(text: str) -> str:
    text = re.sub(r"\[value([$^*~|]?)=\"(?:[^\"\\]|\\.)*\"\]", "[value]", text)
    return re.sub(r"([?&][\w.\[\]-]+=)[^&\s\"'\]]+", r"\1…", text)
