"""A parent for the run: it waits, passes signals on, and ends whatever the run left behind, even where the run itself was killed.

On Linux a process can take in the orphans below it (`PR_SET_CHILD_SUBREAPER`): a daemon that left its group, its
session and its environment is then still our child. Elsewhere the run goes on without a guard.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Container
from pathlib import Path
from types import FrameType

from gates.adapters import interrupts, process

_PR_SET_PDEATHSIG = 1
#: All that ask us to end; the run understands two of them.
_ASKING = {signal.SIGINT: signal.SIGINT, signal.SIGTERM: signal.SIGTERM, signal.SIGHUP: signal.SIGTERM, signal.SIGQUIT: signal.SIGTERM}
#: How long what is left may take to die: what the system holds can't be killed.
_SWEEP_SECONDS = 20.0


def guarded(work: Callable[[], int], lost: Callable[[int], int]) -> int:
    """The exit code of `work`, done in a child of ours; `lost` gives it where a signal killed the child (its number is told)."""
    if sys.platform != "linux" or not process.adopt_orphans():
        return work()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    guard, strangers = os.getpid(), frozenset(process.children())
    signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
    try:
        worker = os.fork()
    except OSError:  # too many processes: the run may still do, and says what it can't start
        worker = 0
    if worker == 0:
        return _work(work, guard)
    _pass_on(worker)
    code = _wait(worker)
    signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
    _sweep(strangers)
    if code >= 0:
        return code
    for folder in Path(tempfile.gettempdir()).glob(f"{work_prefix(worker)}*"):
        shutil.rmtree(folder, ignore_errors=True)
    return lost(-code)


def work_prefix(pid: int) -> str:
    """How the name of a run's work folder begins, so that its guard finds it again."""
    return f"gates-{pid}-"


def _work(work: Callable[[], int], guard: int) -> int:
    if os.getpid() != guard:
        process.adopt_orphans()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != guard:
            os.kill(os.getpid(), signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, set(_ASKING) - set(interrupts.SIGNALS))
    return work()  # unblocks the others when it listens to them


def _pass_on(worker: int) -> None:
    def forward(number: int, frame: FrameType | None) -> None:
        del frame
        with contextlib.suppress(ProcessLookupError):
            os.kill(worker, _ASKING[signal.Signals(number)])

    for number in _ASKING:
        if number == signal.SIGTERM or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)


def _wait(worker: int) -> int:
    """Wait for the worker, burying every orphan that ends meanwhile; its exit code, negative for a signal.

    A worker that a tool has stopped goes on: it is the one that knows the time limits. Ctrl-Z stops both of us and is left alone.
    """
    while True:
        pid, status = os.waitpid(-1, os.WUNTRACED)
        if pid != worker:
            continue
        if os.WIFSTOPPED(status):
            if os.WSTOPSIG(status) == signal.SIGSTOP:
                os.kill(worker, signal.SIGCONT)
            continue
        return os.waitstatus_to_exitcode(status)


def _sweep(strangers: Container[int]) -> None:
    """Kill our children, and theirs as they become ours, until there are none but those that we had before."""
    until = time.monotonic() + _SWEEP_SECONDS
    while time.monotonic() < until:
        left = [pid for pid in process.children() if pid not in strangers]
        if not left:
            return
        for pid in left:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.005)
