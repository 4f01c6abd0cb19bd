"""Every subprocess: in a process group of its own, with a deadline, and stopped with all its children.

A child that leaves its group (browsers do) is found again by a mark in its environment, where the
system shows environments (`/proc`). One that wiped its environment too becomes ours when its parent ends (see `guard`),
and is killed as soon as no other step could have started it. What children write is bounded while it grows.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from gates.dataclass import dataclass
from gates.errors import InterruptedRunError, ToolMissingError

MARK = "GATES_STEP"
OUTPUT_LIMIT = 32 * 1024 * 1024
GRACE_SECONDS = 2.0
#: How often what left its group is looked for: one that can't be killed must not hold us for ever.
LOOKS = 10
#: How much of a script's first line is read: no less than any system reads to find the program that runs it.
_LONGEST_FIRST_LINE = 4096
#: How often the size of what a child writes is looked at.
_WATCH_SECONDS = 0.1
_PR_SET_CHILD_SUBREAPER = 36

_adopting = threading.Event()
_lock = threading.Lock()
_running: set[Process] = set()
_stopping = threading.Event()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A process that ended. `exit_code` is negative for a signal (-9: killed), None where we stopped it.

    `stdout` and `stderr` hold at most `OUTPUT_LIMIT` bytes each; `cut` says that there was more, `flooded` that the watched folder
    grew beyond its bound. Either stops the process, and so does the deadline.
    """

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    duration: float
    cut: bool
    flooded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """A folder that a child writes to, and how many bytes its files may take together."""

    folder: Path
    size: int

    def is_passed(self) -> bool:
        total = 0
        for folder, _, names in os.walk(self.folder):
            for name in names:
                with contextlib.suppress(OSError):
                    total += Path(folder, name).lstat().st_size
            if total > self.size:
                return True
        return False


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
            except OSError as error:
                raise _not_started(argv[0], cwd, env, error) from error
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
            _kill_orphans()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._popen.pid, number)


def _not_started(program: str, cwd: Path, env: Mapping[str, str], error: OSError) -> ToolMissingError:
    """What is the matter where a program could not be started. The system gives one answer for a program, a folder and an interpreter."""
    if isinstance(error, FileNotFoundError) and not cwd.is_dir():
        return ToolMissingError(
            f"{program} could not be started: the folder that it was to run in is gone", remedy="find out what removes it"
        )
    if isinstance(error, FileNotFoundError):
        found = shutil.which(program, path=env.get("PATH"))
        interpreter = _interpreter(Path(found)) if found else ""
        if interpreter:
            remedy = f"install {interpreter}, or mend the script's first line (`#!`), also its line end"
            return ToolMissingError(f"{program} could not be started: its interpreter {interpreter} was not found", remedy=remedy)
        return ToolMissingError(f"{program} was not found", remedy="install it, or mend what names it in the policy")
    remedy = "make it executable (chmod +x) and check its first line"
    if error.errno == errno.E2BIG:
        remedy = "name fewer or shorter files and arguments, such as folders or globs, or make the environment smaller"
    return ToolMissingError(f"{program} could not be started: {error.strerror}", remedy=remedy)


def _interpreter(script: Path) -> str:
    """What the first line of a script names as its interpreter; empty where it names none."""
    try:
        with script.open("rb") as stream:
            first = stream.readline(_LONGEST_FIRST_LINE)
    except OSError:
        return ""
    named = re.match(rb"#![ \t]*([^ \t\n]+)", first)
    # A carriage return at the end is a part of the name, and why it is not found.
    return named[1].decode("utf-8", "replace").replace("\r", "\\r") if named else ""


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
    # Not by a glob of pathlib's: that stumbles over a process that ends while it looks.
    for entry in Path("/proc").iterdir() if Path("/proc").is_dir() else ():
        with contextlib.suppress(OSError):
            if entry.name.isdecimal() and needle in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return found


def adopt_orphans() -> bool:
    """Become the parent of every orphan below us; only for a process that is ours alone. False where the system has no such thing."""
    if sys.platform != "linux" or ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        return False
    _adopting.set()
    return True


def children() -> dict[int, int]:
    """Our children that have not been waited for, and the session of each. Empty where the system does not show processes."""
    ours, found = os.getpid(), {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = entry.read_bytes().rpartition(b")")[2].split()
            if int(fields[1]) == ours:
                found[int(entry.parent.name)] = int(fields[3])
    return found


def _kill_orphans() -> None:
    """Kill what became our child without being started by us, where no other step runs that could need it. Call it with the lock held.

    What we start in our own session (git) is left alone; a tool's children are in the session of the tool or in one of their own.
    """
    if not _adopting.is_set() or _running:
        return
    own = os.getsid(0)
    for _ in range(LOOKS):
        orphans = [pid for pid, session in children().items() if session != own]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            _bury(pid)


def _bury(pid: int) -> None:
    """Wait a moment for a child that was killed: one that the system holds is left to the guard."""
    with contextlib.suppress(ChildProcessError, OSError):
        handle = os.pidfd_open(pid)
        try:
            if select.select([handle], [], [], GRACE_SECONDS)[0]:
                os.waitpid(pid, os.WNOHANG)
        finally:
            os.close(handle)


def run(argv: Sequence[str], *, cwd: Path, env: Mapping[str, str], timeout: float, scratch: Path, bound: Bound | None = None) -> Completed:
    """Run a program to its end, its deadline (seconds), or until it has written more than it may, keeping its output.

    Output goes through files in `scratch`, so that a child that leaves its pipes open can't hold us.
    Raises `ToolMissingError` where the program is not there.
    """
    started = time.monotonic()
    token = secrets.token_hex(4)
    out_path, err_path = scratch / f"stdout-{token}", scratch / f"stderr-{token}"
    with out_path.open("wb") as out, err_path.open("wb") as err:
        process = Process(argv, cwd=cwd, env=env, stdout=out, stderr=err)
        try:
            ended, flooded = _watch(process, started + timeout, (out_path, err_path), bound)
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
        cut=cut_out or cut_err,
        flooded=flooded,
    )


def _watch(process: Process, deadline: float, outputs: Sequence[Path], bound: Bound | None) -> tuple[bool, bool]:
    """Wait until the process ends, is late or writes too much: whether it ended, and whether its folder is beyond the bound."""
    while True:
        left = deadline - time.monotonic()
        ended = process.wait(max(0.0, min(left, _WATCH_SECONDS)))
        flooded = bound is not None and bound.is_passed()
        full = any(path.stat().st_size > OUTPUT_LIMIT for path in outputs)
        if ended or flooded or full or left <= 0:
            return ended, flooded


def _read_limited(path: Path) -> tuple[bytes, bool]:
    with path.open("rb") as stream:
        content = stream.read(OUTPUT_LIMIT + 1)
    path.unlink()
    return content[:OUTPUT_LIMIT], len(content) > OUTPUT_LIMIT


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
