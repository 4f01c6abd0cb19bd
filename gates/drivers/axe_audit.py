"""One document and all its frames, audited by axe-core. Each frame is examined in its own isolated world, without messages between them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_selenium_python import Axe
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.webdriver import WebDriver

from gates.drivers.axe_world import ScriptError, World

_FRAME_STATE = "({href: location.href, status: (performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0})"


@dataclass(kw_only=True)
class Audit:
    """An audit in progress. `unseen` lists frames that could not be examined: their selector, why, and whether they are the page's own."""

    script: str
    options: str
    origin: str
    partials: list[str] = field(default_factory=list)
    unseen: list[dict[str, Any]] = field(default_factory=list)

    def run(self, world: World) -> dict[str, Any]:
        """The results of axe-core for the document of a world and the frames in it. Raises `ScriptError` where axe-core gives up."""
        self._examine(world, "document", "")
        results = world.evaluate(f"axe.finishRun([{','.join(self.partials)}], {self.options}).then(JSON.stringify)")
        answer: dict[str, Any] = json.loads(results)
        return answer

    def _examine(self, world: World, scope: str, path: str) -> None:
        Axe(world, script_url=self.script).inject()
        frames = json.loads(world.evaluate(f"JSON.stringify(axe.utils.getFrameContexts({scope}, {self.options}))"))
        self.partials.append(world.evaluate(f"axe.runPartial({scope}, {self.options}).then(JSON.stringify)"))
        for frame in frames:
            selector = json.dumps(frame["frameSelector"])
            inner_path = f"{path}{_words(frame['frameSelector'])}"
            identity, owner = world.owner(f"axe.utils.shadowSelect({selector})")
            try:
                reason, inner = self._enter(world, identity, owner)
            except (ScriptError, WebDriverException, KeyError):
                reason, inner = "the browser gives no access to it", None
            if inner is None:
                self.unseen.append({"selector": inner_path, "reason": reason, "own": self._is_own(owner)})
                self.partials.append("null")
            else:
                self._examine(inner, json.dumps(frame["frameContext"]), f"{inner_path} > ")

    def _enter(self, world: World, identity: str, owner: dict[str, Any]) -> tuple[str, World | None]:
        """The world of a frame, or why there is nothing in it to examine."""
        if not owner["runs"]:
            return "its sandbox allows no scripts", None
        inner = world.frame(identity)
        state = inner.evaluate(_FRAME_STATE)
        if state["href"].startswith("chrome-error:"):
            return "it could not be loaded", None
        if state["status"] >= 400:
            return f"it answered {state['status']}", None
        if state["href"] == "about:blank" and owner["src"] not in ("", "about:blank"):
            return "it was not loaded", None
        return "", inner

    def _is_own(self, owner: dict[str, Any]) -> bool:
        parts = urlsplit(owner["src"])
        return bool(owner["runs"]) and f"{parts.scheme}://{parts.netloc}" == self.origin


def _words(selector: str | list[str]) -> str:
    return selector if isinstance(selector, str) else " >>> ".join(selector)


def closed_shadow_hosts(browser: WebDriver) -> list[str]:
    """Selectors of the elements whose content is in a closed shadow root: no script can look into it."""
    document = browser.execute_cdp_cmd("DOM.getDocument", {"depth": -1, "pierce": True})["root"]
    found: list[str] = []
    _walk(document, "", found)
    return found


def _walk(node: dict[str, Any], path: str, found: list[str]) -> None:
    if any(root.get("shadowRootType") == "closed" for root in node.get("shadowRoots", ())):
        found.append(path)
    for inner in (*node.get("shadowRoots", ()), *filter(None, [node.get("contentDocument")])):
        _walk(inner, path, found)
    seen: dict[str, int] = {}
    for child in node.get("children", ()):
        name = child.get("localName", "")
        seen[name] = seen.get(name, 0) + 1
        if name:
            step = name if name in ("html", "head", "body") else f"{name}:nth-of-type({seen[name]})"
            _walk(child, f"{path} > {step}" if path else step, found)
