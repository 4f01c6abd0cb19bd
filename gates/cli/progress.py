"""What a person sees while gates run: one live line a gate on a terminal, plain lines elsewhere."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TextIO

from gates.adapters import clock
from gates.model import GateRun
from gates.observe import Progress
from gates.report.safe import terminal

if TYPE_CHECKING:
    from rich.table import Table


COULD_NOT_TELL = "could not tell: the report says why"


def _how(run: GateRun, *, knows: bool) -> str:
    return COULD_NOT_TELL if not knows else "as it was seen before" if run.cached else "done"


class PlainProgress(Progress):
    """A line when a gate starts and one when it ends, without control codes."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._lock = threading.Lock()

    def started(self, name: str) -> None:
        self._say(f"{name}: started")

    def ended(self, name: str, run: GateRun, *, knows: bool) -> None:
        self._say(f"{name}: {_how(run, knows=knows)} ({run.duration_ms / 1000:.1f} s)")

    def _say(self, line: str) -> None:
        # Whoever listened may have gone, or the disk be full: the gates go on, and the report and the exit code tell.
        with self._lock, contextlib.suppress(OSError, ValueError):
            self._stream.write(terminal(line) + "\n")
            self._stream.flush()


class LiveProgress(Progress):
    """State of all gates, drawn by `rich` several times a second."""

    def __init__(self) -> None:
        self._began: dict[str, float] = {}
        self._doing: dict[str, str] = {}
        self._ended: dict[str, str] = {}

    def started(self, name: str) -> None:
        self._began[name] = clock.monotonic()

    def doing(self, name: str, text: str) -> None:
        self._doing[name] = text

    def ended(self, name: str, run: GateRun, *, knows: bool) -> None:
        self._began.setdefault(name, clock.monotonic())
        self._doing[name] = _how(run, knows=knows)
        self._ended[name] = f"{run.duration_ms / 1000:.1f} s"

    def __rich__(self) -> Table:
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 2))
        for name, began in self._began.items():
            time = self._ended.get(name) or f"{clock.monotonic() - began:.0f} s"
            mark = "•" if name in self._ended else "…"
            table.add_row(mark, Text(name), Text(terminal(self._doing.get(name, "starting")), overflow="ellipsis", no_wrap=True), time)
        return table


@contextlib.contextmanager
def progress_for(stream: TextIO, environment: Mapping[str, str], *, brief: bool = False) -> Iterator[Progress]:
    """Live lines on a terminal; plain ones where output is piped, in CI, or on a terminal that can't.

    `brief`: none instead of plain ones, where nobody sees them before the report, such as in a hook.
    """
    if brief and not stream.isatty():
        yield Progress()
        return
    if not stream.isatty() or environment.get("CI") or environment.get("TERM") == "dumb":
        yield PlainProgress(stream)
        return
    from rich.console import Console
    from rich.live import Live

    progress = LiveProgress()
    with Live(get_renderable=progress.__rich__, console=Console(file=stream), refresh_per_second=8, transient=True):
        yield progress
