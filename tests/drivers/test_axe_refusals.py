"""What the accessibility driver makes of a browser that knows more than a page shows, and of a script that fails in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from gates.drivers import axe_inventory
from gates.model import Status
from tests.runners.pages import good, look_at

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


@pytest.mark.engine("chromium")
def test_a_page_in_which_a_script_fails_was_not_examined(tmp_path: Path) -> None:
    """The browser refuses a selector that it does not know; nothing is waited for then."""
    facts = look_at({"/": good()}, tmp_path, wait_for=":no-such-state")
    assert facts.status is Status.ERROR
    assert facts.reason.startswith("1 of 1 pages could not be examined: /: axe-core could not examine it: SyntaxError: ")
