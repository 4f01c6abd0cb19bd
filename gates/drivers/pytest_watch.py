"""Sees which functions run while a test does, and whether they came to their end: the interpreter says so, not pytest.

It stands beside the plug-in, inside the project's interpreter: the standard library of Python 3.9 alone. From 3.12 on the
interpreter's monitoring tells of every thread and of exceptions; before, a profile function listens until the test's own
function begins, so that the rest of the test costs nothing.
"""

from __future__ import annotations

import dis
import inspect
import sys
import threading
from types import CodeType, FrameType
from typing import Any

#: A function's file (its name alone: folders move), first line (of a decorator, where it has one) and name.
Place = tuple[str, int, str]
#: Tool numbers of `sys.monitoring` that nobody owns by convention.
_TOOLS = (4, 3)
_RETURNS = {code for name, code in dis.opmap.items() if name.startswith("RETURN_") and name != "RETURN_GENERATOR"}


def place_of(code: CodeType) -> Place:
    return code.co_filename.replace("\\", "/").rpartition("/")[2], code.co_firstlineno, code.co_name


def codes_of(item: Any) -> list[CodeType]:
    """The code of what pytest will call, and of the function that it wraps; nothing for an item that is no function."""
    function: Any = getattr(getattr(item, "obj", None), "__func__", getattr(item, "obj", None))
    try:
        found = [function, inspect.unwrap(function)]
    except ValueError:
        found = [function]
    return [code for code in (getattr(each, "__code__", None) for each in found) if isinstance(code, CodeType)]


class Watch:
    """`begin` and `end` stand around a test's call; `end` returns the places that began, and whether each returned."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.seen: dict[Place, bool] = {}

    def expect(self, item: Any) -> Place | None:
        """Look out for an item's functions from now on; returns the place of what pytest will call."""
        codes = codes_of(item)
        self.names.update({_name(item), *(code.co_name for code in codes)})
        return place_of(codes[0]) if codes else None

    def begin(self, item: Any) -> None:
        raise NotImplementedError

    def end(self) -> dict[Place, bool] | None:
        """None where a profiler of another kind was in the way."""
        raise NotImplementedError


class _Monitor(Watch):
    """Python 3.12 and later. What has no name of a test is asked about once in the process, and never again."""

    def __init__(self) -> None:
        super().__init__()
        self.tool = -1

    def begin(self, item: Any) -> None:  # noqa: ARG002 - the other watch needs it
        self.seen = {}
        if self.tool < 0:
            self._start()

    def _start(self) -> None:
        """Not before the first test: only then are all names known."""
        monitoring: Any = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
        self.tool = next(tool for tool in _TOOLS if monitoring.get_tool(tool) is None)
        monitoring.use_tool_id(self.tool, "quality-gates")
        names, returns, disable, tool = self.names, monitoring.events.PY_RETURN, monitoring.DISABLE, self.tool

        def began(code: CodeType, _offset: int) -> Any:
            if code.co_name not in names:
                return disable
            self.seen[place_of(code)] = False
            if not monitoring.get_local_events(tool, code) & returns:
                monitoring.set_local_events(tool, code, returns)
            return None

        def returned(code: CodeType, _offset: int, _value: Any) -> None:
            self.seen[place_of(code)] = True

        monitoring.register_callback(tool, monitoring.events.PY_START, began)
        monitoring.register_callback(tool, returns, returned)
        monitoring.set_events(tool, monitoring.events.PY_START)

    def end(self) -> dict[Place, bool]:
        return self.seen


class _Profile(Watch):
    """Before Python 3.12. How a function ended is read from its frame, which is let go when the call is over."""

    def __init__(self) -> None:
        super().__init__()
        self.frames: dict[Place, FrameType] = {}
        self.previous: Any = None
        self.blocked = False

    def begin(self, item: Any) -> None:
        self.frames = {}
        self.previous = sys.getprofile()
        self.blocked = self.previous is not None and not inspect.isfunction(self.previous) and not inspect.ismethod(self.previous)
        if self.blocked:
            return
        names = {_name(item), *(code.co_name for code in codes_of(item))}
        last, inner = (item.path.name, _name(item)), [place_of(code) for code in codes_of(item)[1:]]

        def listen(frame: FrameType, event: str, argument: Any) -> None:
            if self.previous is not None:
                self.previous(frame, event, argument)
            if event == "call" and frame.f_code.co_name in names:
                place = place_of(frame.f_code)
                self.frames[place] = frame
                if place[2] == last[1] and (place[0] == last[0] or place in inner):
                    self._stop()

        threading.setprofile(listen)
        sys.setprofile(listen)

    def _stop(self) -> None:
        threading.setprofile(self.previous)
        sys.setprofile(self.previous)

    def end(self) -> dict[Place, bool] | None:
        if self.blocked:
            return None
        self._stop()
        frames, self.frames = self.frames, {}
        return {place: frame.f_code.co_code[frame.f_lasti] in _RETURNS for place, frame in frames.items()}


def make() -> Watch:
    """The watch that this interpreter has: monitoring, unless two other tools use it already."""
    monitoring: Any = getattr(sys, "monitoring", None)
    free = monitoring is not None and any(monitoring.get_tool(tool) is None for tool in _TOOLS)
    return _Monitor() if free else _Profile()


def _name(item: Any) -> str:
    return getattr(item, "originalname", None) or str(item.name).partition("[")[0]
