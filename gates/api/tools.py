"""What became of a tool that a gate ran, in the gate's hands and in words."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

from gates.dataclass import dataclass
from gates.errors import GateError

KILLED: dict[int, str] = {signal.SIGKILL: "most often the system has no memory left: give the machine more, or examine less in one gate"}
#: `error: …`, `[ERROR] …`, `ValueError: …`, `TypeError [ERR_INVALID_ARG_TYPE]: …`, `requests.exceptions.ConnectionError: …`, `fatal: …`
_ERROR = re.compile(r"(?:\[[\w.]{0,80}error\]|[\w.]{0,80}error(?: \[\w{1,40}\])?:|fatal:)\s*\S", re.IGNORECASE)
#: Colours and the like (ECMA-48, control sequences).
_STYLE = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")
CRASHED = "run it again; where that does not mend it, another version of it may, and its authors will want to know"


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; for a number without a name the number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def read_answer(path: Path, *, tool: str) -> Any:
    """The JSON data that one of our drivers has written for its gate; raises `GateError` where it is not whole."""
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise GateError(f"{tool} left no whole {path.name}", remedy=CRASHED) from None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool's run as `observe` sees it. `exit_code` is negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    duration: float

    def last_words(self) -> str:
        """The last line that the tool printed and called an error, else its last line: a reason that a person can use.

        A tool may end with advice, a summary or a stack of frames; the error stands above them.
        """
        for stream in (self.stderr, self.stdout):
            lines = [line for text in stream.decode("utf-8", "replace").splitlines() if (line := _STYLE.sub("", text).strip())]
            if lines:
                return next((line for line in reversed(lines) if _ERROR.match(line)), lines[-1])[:300]
        return "it printed nothing"
