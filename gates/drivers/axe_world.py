"""An isolated JavaScript world of one frame: it sees the page's elements, and nothing that the page's scripts define.

A page that replaces `window.axe`, `Promise` or `setTimeout` replaces its own; axe-core runs with the browser's.
"""

from __future__ import annotations

from typing import Any

from selenium.webdriver.chrome.webdriver import WebDriver

_OWNER = "function () { return {src: this.src || '', runs: !this.hasAttribute('sandbox') || this.sandbox.contains('allow-scripts')}; }"

#: Where scripts run, a parser takes what is in <noscript> as text.
_RUNS_SCRIPTS = """(() => {
  const probe = document.createElement('div');
  probe.innerHTML = '<noscript><b></b></noscript>';
  return !probe.querySelector('b');
})()"""


class ScriptError(Exception):
    """A script of ours failed in the page, or the page went elsewhere while it ran."""


class World:
    """The isolated world of one frame. `execute_script` makes it a browser in the eyes of `Axe.inject`."""

    def __init__(self, browser: WebDriver, frame: str) -> None:
        self._browser = browser
        self.frame_id = frame
        self._context: int = self._command("Page.createIsolatedWorld", frameId=frame, worldName="quality-gates")["executionContextId"]

    @classmethod
    def of_page(cls, browser: WebDriver) -> World:
        """A world of the page that the browser shows now."""
        return cls(browser, browser.execute_cdp_cmd("Page.getFrameTree", {})["frameTree"]["frame"]["id"])

    def execute_script(self, source: str) -> None:
        """Run a script for what it leaves behind in this world."""
        self._evaluate(f"{source}\n;0", by_value=True)

    def read(self, expression: str) -> Any:
        """The value of an expression that is no promise: this works where no script may run, too."""
        return self._evaluate(expression, by_value=True, wait=False).get("value")

    def runs_scripts(self) -> bool:
        """Whether scripts run in this document, whose policy may forbid them: axe-core would wait for ever for its timers."""
        return bool(self.read(_RUNS_SCRIPTS))

    def evaluate(self, expression: str) -> Any:
        """The value of an expression, of a promise what it comes to. Raises `ScriptError` where it throws or rejects."""
        return self._evaluate(expression, by_value=True).get("value")

    def owner(self, element: str) -> tuple[str, dict[str, Any]]:
        """Of the frame element that an expression gives: the id of its frame, and its address (`src`) and whether scripts run (`runs`)."""
        handle = self._evaluate(element, by_value=False)["objectId"]
        node = self._command("DOM.describeNode", objectId=handle)["node"]
        about = self._command("Runtime.callFunctionOn", objectId=handle, functionDeclaration=_OWNER, returnByValue=True)
        return node.get("frameId", ""), about["result"]["value"]

    def frame(self, frame: str) -> World:
        return World(self._browser, frame)

    def _evaluate(self, expression: str, *, by_value: bool, wait: bool = True) -> dict[str, Any]:
        answer = self._command(
            "Runtime.evaluate", contextId=self._context, expression=expression, awaitPromise=wait, returnByValue=by_value
        )
        failure = answer.get("exceptionDetails")
        if failure:
            words = failure.get("exception", {}).get("description") or failure.get("text", "")
            raise ScriptError(str(words).splitlines()[0][:300])
        result: dict[str, Any] = answer["result"]
        return result

    def _command(self, name: str, **parameters: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self._browser.execute_cdp_cmd(name, parameters)
        return answer
