"""Ctrl-C, TERM and KILL at many moments of a whole run: never green, nothing left, nothing half-written."""

from __future__ import annotations

import os
import random
import select
import signal
from pathlib import Path

import pytest

from tests.faults.lab import LEAK, Lab, check_whole, seen_errored
from tests.guarantees import Seen, errored, fault

_ASKS = [[signal.SIGINT], [signal.SIGINT] * 2, [signal.SIGINT] * 3, [signal.SIGTERM], [signal.SIGTERM, signal.SIGINT]]
#: What a run takes, in seconds: the moments lie in it and a little beyond.
_RUN = 1.6


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(folder=tmp_path)


def test_signals_at_any_moment(lab: Lab) -> None:
    """Thirty moments of five ways to ask; what a run says depends on the moment, what it must not do doesn't."""
    chosen = random.Random(7)
    codes = []
    for number in range(30):
        child = lab.start()
        assert child.stderr is not None
        assert child.stdout is not None
        child.stderr.readline()  # from here on it listens: before, the interpreter itself would answer
        select.select([child.stdout], [], [], chosen.uniform(0, _RUN))
        for asked in _ASKS[number % len(_ASKS)]:
            child.send_signal(asked)
        done = lab.finish(child)
        check_whole_quick(lab, done.code, done.left)
        report = done.report()
        assert report["exit_code"] in (done.code, 1)
        assert not (done.code == 130 and report["bundle"] is None and not report["errors"])
        codes.append(done.code)
    check_whole(lab.run())
    assert 130 in codes


def check_whole_quick(lab: Lab, code: int, left: list[str]) -> None:
    """What holds after each; the bundles of all are verified once, at the end. A run that had ended was simply ended."""
    assert left == []
    assert code in (130, 1)
    assert list((lab.folder / "tmp").iterdir()) == []


def _held(lab: Lab) -> None:
    """The gate `broken` holds the run: it opens a pipe, and never ends."""
    os.mkfifo(lab.folder / "begun")
    lab.tool(f"import signal\nopen({str(lab.folder / 'begun')!r}, 'w').close()\nsignal.pause()\n")


@fault("Ctrl-C, three times, while a gate runs", here=errored("it did not report: the run ended before it did"))
def test_ctrl_c_three_times(lab: Lab) -> Seen:
    _held(lab)
    child = lab.start("--jobs", "1")
    (lab.folder / "begun").read_bytes()
    for _ in range(3):
        child.send_signal(signal.SIGINT)
    done = lab.finish(child)
    assert (done.code, LEAK in done.rules()) == (130, True)
    return seen_errored(done)


@fault("the run is killed (`kill -9`), and its tools go on", here=errored("it did not report: the run ended before it did"))
def test_the_run_is_killed(lab: Lab) -> Seen:
    """Its process is gone at once; the one that worked for it notices, ends the tools, and keeps what was finished."""
    _held(lab)
    child = lab.start("--jobs", "1")
    (lab.folder / "begun").read_bytes()
    child.kill()
    assert child.stdout is not None
    done = lab.finish(child)  # its output ends when the last that holds it has ended
    assert done.code == -signal.SIGKILL
    return seen_errored(done)
