"""What the browser itself knows of a page, asked through DevTools and not through any script: its frames, its closed shadow roots,
and what it shows to assistive technology. The audit is held against it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver

#: Roles without content of their own: the page, boxes, a frame (whose content counts by itself).
_EMPTY_ROLES = frozenset({"RootWebArea", "generic", "none", "Iframe", "IframePresentational", "InlineTextBox", "LineBreak"})
#: What an application shows while it has yet to draw itself.
_BUSY_ROLES = frozenset({"progressbar", "status"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A frame of a page. `above` holds the ids of the page and of the frames around it; `selector` leads through all of them."""

    id: str
    above: frozenset[str]
    selector: str
    reason: str


@dataclass(slots=True, kw_only=True)
class Inventory:
    """The frames of a page, and the selectors of the elements whose content is in a closed shadow root."""

    frames: list[Frame] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)


def take(browser: WebDriver) -> Inventory:
    """All frames that stand in the elements of the page, in shadow roots of any kind; and those that the browser lists besides."""
    found = Inventory()
    tree = browser.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]
    page = frozenset({tree["frame"]["id"]})
    _walk(browser.execute_cdp_cmd("DOM.getDocument", {"depth": -1, "pierce": True})["root"], "", page, False, found)
    known = {frame.id for frame in found.frames}
    for identity, above in _listed(tree, page):
        if identity not in known:
            found.frames.append(Frame(id=identity, above=above, selector="html", reason="no element of the page holds it"))
    return found


def _walk(node: dict[str, Any], path: str, above: frozenset[str], hidden: bool, found: Inventory) -> None:
    """`hidden` says that a closed shadow root lies around the node, within its document."""
    identity = node.get("frameId")  # also that of a document, which its frame has already
    if identity and identity not in above:
        found.frames.append(Frame(id=identity, above=above, selector=path, reason=_reason(node["nodeName"], hidden)))
    for root in node.get("shadowRoots", ()):
        closed = root.get("shadowRootType") == "closed"
        if closed:
            found.closed.append(path)
        _walk(root, path, above, hidden or closed, found)
    if node.get("contentDocument"):
        _walk(node["contentDocument"], path, above | {identity} if identity else above, False, found)
    seen: dict[str, int] = {}
    for child in node.get("children", ()):
        name = child.get("localName", "")
        seen[name] = seen.get(name, 0) + 1
        if name:
            step = name if name in ("html", "head", "body") else f"{_escaped(name)}:nth-of-type({seen[name]})"
            _walk(child, f"{path} > {step}" if path else step, above, hidden, found)


def _escaped(name: str) -> str:
    """A name as CSS writes it: that of an element may hold nearly any character."""
    return re.sub(r"[^\w-]", lambda found: f"\\{ord(found[0]):x} ", name)


def _reason(name: str, hidden: bool) -> str:
    if hidden:
        return "it is in a closed shadow root"
    if name not in ("IFRAME", "FRAME"):
        return f"axe-core does not look into <{name.lower()}>"
    return "it is hidden, or came when the page was examined already"


def _listed(tree: dict[str, Any], above: frozenset[str]) -> Iterator[tuple[str, frozenset[str]]]:
    inside = above | {tree["frame"]["id"]}
    for child in tree.get("childFrames", ()):
        yield child["frame"]["id"], inside
        yield from _listed(child, inside)


def that_show(browser: WebDriver, frames: Iterable[str], *, though_busy: bool) -> list[str]:
    """Those of the page and its frames that have anything in their accessibility trees.

    Without `though_busy`, what only tells that it is loading is nothing. A frame is not shown by what is in it.
    """
    trees = {frame: browser.execute_cdp_cmd("Accessibility.getFullAXTree", {"frameId": frame})["nodes"] for frame in frames}
    return [frame for frame, nodes in trees.items() if _shows(nodes, though_busy)]


def _shows(nodes: list[dict[str, Any]], though_busy: bool) -> bool:
    known = {node["nodeId"]: node for node in nodes}
    waiting = [node["nodeId"] for node in nodes if not node.get("parentId")]
    while waiting:
        node = known.get(waiting.pop())
        if node is None:
            continue
        role = "" if node.get("ignored") else str(node.get("role", {}).get("value", ""))
        if role in _BUSY_ROLES and not though_busy:
            continue
        if role and role not in _EMPTY_ROLES:
            return True
        waiting += node.get("childIds", ())
    return False
