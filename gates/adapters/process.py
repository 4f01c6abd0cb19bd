"""Every subprocess: in a process group of its own, with a deadline, and stopped with all its children.

A child that leaves its group (browsers do) is found again by a mark in its environment, where the
system shows environments (`/proc`). Nothing that was started here outlives the step that started it.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from gates.errors import InterruptedRunError, ToolMissingError

MARK = "GATES_STEP"
OUTPUT_LIMIT = 32 * 1024 * 1024
GRACE_SECONDS = 2.0
#: How often what left its group is looked for: one that can't be killed must not hold us for ever.
LOOKS = 10

_lock = threading.Lock()
_running: set[Process] = set()
_stopping = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A process that ended. `exit_code` is negative for a signal (-9: killed), None where the deadline stopped it.

    `stdout` and `stderr` hold at most `OUTPUT_LIMIT` bytes each; `cut` says that there was more.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    duration: float
    timed_out: bool
    cut: bool


class Process:
    """A running child and everything that it starts. Use `run` or `running` rather than this class."""

    def __init__(self, argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], stdout: IO[bytes], stderr: IO[bytes]) -> None:
        self.mark = secrets.token_hex(8)
        with _lock:
            if _stopping.is_set():
                raise InterruptedRunError("the run is being stopped")
            try:
                self._popen = subprocess.Popen(
                    list(argv),
                    cwd=cwd,
                    env={**env, MARK: self.mark},
                    stdin=subprocess.DEVNULL,
                    stdout=stdout,
                    stderr=stderr,
                    start_new_session=True,
                )
            except FileNotFoundError as error:
                raise ToolMissingError(f"{argv[0]} was not found", remedy="install it, or mend what names it in the policy") from error
            except OSError as error:
                raise ToolMissingError(
                    f"{argv[0]} could not be started: {error.strerror}", remedy="make it executable (chmod +x) and check its first line"
                ) from error
            _running.add(self)

    @property
    def exit_code(self) -> int | None:
        return self._popen.poll()

    def wait(self, seconds: float | None) -> bool:
        """Wait for the end, at most so many seconds; False where it still runs."""
        try:
            self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def stop(self) -> None:
        """End the whole group: TERM, a moment of grace, then KILL; then whatever left the group but bears the mark."""
        self._signal(signal.SIGTERM)
        if not self.wait(GRACE_SECONDS):
            self._signal(signal.SIGKILL)
            self._popen.wait()
        self._signal(signal.SIGKILL)
        _kill_marked(self.mark)
        with _lock:
            _running.discard(self)

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)


def _kill_marked(mark: str) -> None:
    """Kill whatever bears the mark, until nothing has it on two looks: a process shows no environment while it starts another program."""
    unseen = 0
    for _ in range(LOOKS):
        found = _marked(mark)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        unseen = 0 if found else unseen + 1
        if unseen == 2:
            return


def _marked(mark: str) -> list[int]:
    """Processes whose environment bears the mark. Empty where the system does not show environments."""
    needle = f"{MARK}={mark}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if needle in entry.read_bytes():
                found.append(int(entry.parent.name))
    return found


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float, scratch: Path) -> Completed:
    """Run a program to its end or its deadline (seconds), keeping its output.

    Output goes through files in `scratch`, so that a child that leaves its pipes open can't hold us.
    Raises `ToolMissingError` where the program is not there.
    """
    started = time.monotonic()
    token = secrets.token_hex(4)
    out_path, err_path = scratch / f"stdout-{token}", scratch / f"stderr-{token}"
    with out_path.open("wb") as out, err_path.open("wb") as err:
        process = Process(argv, cwd=cwd, env=env, stdout=out, stderr=err)
        try:
            ended = process.wait(max(0.0, timeout))
            exit_code = process.exit_code if ended else None
        finally:
            process.stop()
    if _stopping.is_set():
        raise InterruptedRunError("the run is being stopped")
    stdout, cut_out = _read_limited(out_path)
    stderr, cut_err = _read_limited(err_path)
    return Completed(
        exit_code=exit_code,
        stdout=stdout,
        stderr=stderr,
        duration=time.monotonic() - started,
        timed_out=not ended,
        cut=cut_out or cut_err,
    )


def _read_limited(path: Path) -> tuple[bytes, bool]:
    with path.open("rb") as stream:
        content = stream.read(OUTPUT_LIMIT + 1)
    path.unlink()
    return content[:OUTPUT_LIMIT], len(content) > OUTPUT_LIMIT


@contextlib.contextmanager
def running(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> Iterator[Process]:
    """A child that runs while the block does (a server), stopped with all its children after. Both streams go to `log`."""
    with log.open("wb") as stream:
        process = Process(argv, cwd=cwd, env=env, stdout=stream, stderr=stream)
        try:
            yield process
        finally:
            process.stop()


def stop_all() -> None:
    """End every child and let no new one start. For Ctrl-C and TERM."""
    _stopping.set()
    with _lock:
        children = list(_running)
    for child in children:
        child.stop()


def stopping() -> bool:
    """Whether `stop_all` was called: what a child did since then says nothing."""
    return _stopping.is_set()
