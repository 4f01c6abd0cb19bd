"""What the accessibility driver makes of a browser that knows more than a page shows."""

from __future__ import annotations

from typing import Any, cast

from selenium.webdriver.chrome.webdriver import WebDriver

from gates.drivers import axe_inventory

#: What a browser answers: two frames that stand in no element, one within the other.
ANSWERS: dict[str, dict[str, Any]] = {
    "Page.getFrameTree": {
        "frameTree": {"frame": {"id": "page"}, "childFrames": [{"frame": {"id": "lost"}, "childFrames": [{"frame": {"id": "deep"}}]}]}
    },
    "DOM.getDocument": {"root": {"nodeName": "#document", "children": [{"nodeName": "HTML", "localName": "html"}]}},
}


class Browser:
    """Answers what it is asked of through DevTools."""

    def execute_cdp_cmd(self, command: str, _parameters: dict[str, Any]) -> dict[str, Any]:
        return ANSWERS[command]


def test_a_frame_that_no_element_holds_is_listed_with_all_that_are_in_it() -> None:
    found = axe_inventory.take(cast("WebDriver", Browser())).frames
    assert {frame.id: frame.above for frame in found} == {"lost": frozenset({"page"}), "deep": frozenset({"page", "lost"})}
    assert {(frame.selector, frame.reason) for frame in found} == {("html", "no element of the page holds it")}
