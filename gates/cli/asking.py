"""Questions to whoever sits at the terminal. Asked on standard error: what a command says stays on standard output."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from gates.errors import UsageError
from gates.report.safe import terminal

#: What an answer stands for; raises `ValueError` saying what it should be.
Read = Callable[[str], str]


def at_terminal() -> bool:
    """Whether somebody is there who can see a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def ask(question: str, read: Read, *, default: str = "") -> str:
    """The answer to a question, asked again until it is one. Nothing typed means the default, where there is one.

    Raises `UsageError` where the answers end.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        _say(shown, end="")
        line = sys.stdin.readline()
        if not line.endswith("\n"):
            raise UsageError("the answers ended, so nothing was written", help="answer each question, or give it as an option")
        try:
            return read(line.strip() or default)
        except ValueError as error:
            _say(f"  {error}\n", end="")


def choose(question: str, items: Sequence[str]) -> int:
    """Which of several, by its number; counts from 0."""
    for number, item in enumerate(items, 1):
        _say(f"  {number}. {item}")

    def read(text: str) -> str:
        if not text.isdecimal() or not 1 <= int(text) <= len(items):
            raise ValueError(f"a number from 1 to {len(items)}")
        return text

    return int(ask(question, read)) - 1


def confirm(question: str) -> bool:
    """Whether the answer is yes, which is what nothing typed means."""

    def read(text: str) -> str:
        if text.casefold() not in {"y", "yes", "n", "no"}:
            raise ValueError("y or n")
        return text.casefold()

    return ask(question, read, default="y") in {"y", "yes"}


def _say(text: str, *, end: str = "\n") -> None:
    lines = text.split("\n")
    sys.stderr.write("\n".join(terminal(line) for line in lines) + end)
    sys.stderr.flush()
