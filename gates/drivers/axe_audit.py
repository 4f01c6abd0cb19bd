"""One document and all its frames, audited by axe-core. Each frame is examined in its own isolated world, without messages between them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_selenium_python import Axe
from selenium.common.exceptions import WebDriverException

from gates.drivers.axe_inventory import Inventory
from gates.drivers.axe_world import ScriptError, World

_FRAME_STATE = "({href: location.href, status: (performance.getEntriesByType('navigation')[0] || {}).responseStatus || 0})"


@dataclass(kw_only=True)
class Audit:
    """An audit in progress.

    `entered` holds the ids of the frames that were examined and their selectors, first the page's own with an empty one.
    `unseen` lists those that could not be: their id, their selector, why, and whether they are the page's own.
    """

    script: str
    options: str
    origin: str
    partials: list[str] = field(default_factory=list)
    entered: dict[str, str] = field(default_factory=dict)
    unseen: list[dict[str, Any]] = field(default_factory=list)

    def run(self, world: World) -> dict[str, Any]:
        """The results of axe-core for the document of a world and the frames in it. Raises `ScriptError` where axe-core gives up."""
        self._examine(world, "document", "")
        results = world.evaluate(f"axe.finishRun([{','.join(self.partials)}], {self.options}).then(JSON.stringify)")
        answer: dict[str, Any] = json.loads(results)
        return answer

    def compare(self, inventory: Inventory) -> None:
        """List each frame that the browser knows and axe-core did not speak of; what lies in one that is listed goes with it."""
        for frame in inventory.frames:
            listed = {unseen["id"] for unseen in self.unseen}
            if frame.id not in self.entered and not listed & (frame.above | {frame.id}):
                self.unseen.append({"id": frame.id, "selector": frame.selector, "reason": frame.reason, "own": False})

    def list_empty(self, shown: Iterable[str]) -> None:
        """List the frames that were examined and are not among those that show anything."""
        for identity in [frame for frame, selector in self.entered.items() if selector and frame not in set(shown)]:
            self.unseen.append({"id": identity, "selector": self.entered.pop(identity), "reason": "it shows nothing", "own": False})

    def _examine(self, world: World, scope: str, path: str) -> None:
        Axe(world, script_url=self.script).inject()
        frames = json.loads(world.evaluate(f"JSON.stringify(axe.utils.getFrameContexts({scope}, {self.options}))"))
        self.partials.append(world.evaluate(f"axe.runPartial({scope}, {self.options}).then(JSON.stringify)"))
        self.entered[world.frame_id] = path.removesuffix(" > ")
        for frame in frames:
            selector = json.dumps(frame["frameSelector"])
            inner_path = f"{path}{_words(frame['frameSelector'])}"
            identity, owner = world.owner(f"axe.utils.shadowSelect({selector})")
            try:
                reason, inner = self._enter(world, identity, owner)
            except (ScriptError, WebDriverException, KeyError):
                reason, inner = "the browser gives no access to it", None
            if inner is None:
                self.unseen.append({"id": identity, "selector": inner_path, "reason": reason, "own": self._is_own(owner)})
                self.partials.append("null")
            else:
                self._examine(inner, json.dumps(frame["frameContext"]), f"{inner_path} > ")

    def _enter(self, world: World, identity: str, owner: dict[str, Any]) -> tuple[str, World | None]:
        """The world of a frame, or why there is nothing in it to examine."""
        if not owner["runs"]:
            return "its sandbox allows no scripts", None
        inner = world.frame(identity)
        state = inner.read(_FRAME_STATE)
        if state["href"].startswith("chrome-error:"):
            return "it could not be loaded", None
        if state["status"] >= 400:
            return f"it answered {state['status']}", None
        if state["href"] == "about:blank" and owner["src"] not in ("", "about:blank"):
            return "it was not loaded", None
        if not inner.runs_scripts():
            owner["runs"] = False
            return "its own policy allows no scripts", None
        return "", inner

    def _is_own(self, owner: dict[str, Any]) -> bool:
        parts = urlsplit(owner["src"])
        return bool(owner["runs"]) and f"{parts.scheme}://{parts.netloc}" == self.origin


def _words(selector: str | list[str]) -> str:
    return selector if isinstance(selector, str) else " >>> ".join(selector)
