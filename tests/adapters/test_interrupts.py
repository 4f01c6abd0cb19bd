"""Ctrl-C and TERM while we listen: the first stops what runs, further ones and those that come too late are only noted."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from gates.adapters import interrupts

both = pytest.mark.parametrize("number", interrupts.SIGNALS)


@pytest.fixture(autouse=True)
def _terminal() -> Iterator[None]:
    """As a shell starts us in the foreground; in the background it has Ctrl-C ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@both
def test_the_first_signal_stops_what_runs_and_further_ones_change_nothing(number: signal.Signals) -> None:
    with interrupts.listening():
        assert not interrupts.arrived()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(number)
        for further in interrupts.SIGNALS:
            signal.raise_signal(further)
        assert interrupts.arrived()


@both
def test_a_signal_that_comes_when_all_is_seen_is_only_noted(number: signal.Signals) -> None:
    with interrupts.listening():
        interrupts.hold()
        signal.raise_signal(number)
        assert interrupts.arrived()


def test_what_an_earlier_run_heard_says_nothing_of_this_one() -> None:
    with interrupts.listening():
        interrupts.hold()
        signal.raise_signal(signal.SIGTERM)
    with interrupts.listening():
        assert not interrupts.arrived()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGTERM)


def test_a_signal_that_we_were_started_to_ignore_stays_ignored() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with interrupts.listening():
        signal.raise_signal(signal.SIGINT)
        assert not interrupts.arrived()


def test_afterwards_signals_are_answered_as_before() -> None:
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    with interrupts.listening():
        assert signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before
