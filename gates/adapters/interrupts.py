"""Ctrl-C and TERM: the first stops what runs, once. Further ones change nothing: what was finished is kept, and that takes a moment."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)

_arrived = threading.Event()
_held = threading.Event()


@contextlib.contextmanager
def listening() -> Iterator[None]:
    """Answer both signals while the block runs; what our caller had us ignore (as a shell does in the background) stays so."""
    _arrived.clear()
    _held.clear()
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    for number, handler in before.items():
        if number == signal.SIGTERM or handler is not signal.SIG_IGN:
            signal.signal(number, _hear)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        yield
    finally:
        # First the mask: under a guard nothing is heard any more, so that a run that has said its verdict ends with it.
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def hold() -> None:
    """From now on a signal is only noted: all that is left is to judge and to write, and half of that helps nobody."""
    _held.set()


def arrived() -> bool:
    """Whether a signal came since we listen."""
    return _arrived.is_set()


def _hear(number: int, frame: FrameType | None) -> None:
    del number, frame
    first = not _arrived.is_set()
    _arrived.set()
    if first and not _held.is_set():
        raise KeyboardInterrupt
