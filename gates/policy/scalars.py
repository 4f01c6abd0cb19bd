"""Reads scalars by the type that their key expects, so that `on`, `off`, `no` and `1.10` mean what the author wrote."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from gates.policy.nodes import UNLIMITED, Boolean, Choice, Day, Integer, Node, Number, Span, Text
from gates.policy.syntax import Scalar
from gates.policy.table import span_text

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"(0|[1-9][0-9]{0,14})(\.[0-9]{1,9})?")
_SPAN = re.compile(r"([0-9]{1,6})([smhd])")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})


class WrongError(Exception):
    """A scalar is not what its key expects: what it should be, and a hint."""

    def __init__(self, expected: str, help: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.help = help


def is_nothing(node: Scalar) -> bool:
    """Whether no value was written."""
    return node.plain and node.text in _NOTHING


def read_scalar(node: Scalar, table: Node) -> Any:
    """The typed value of a scalar; raises `WrongError`."""
    return _READERS[type(table)](node, table)


def says(table: Node) -> str:
    """What a key expects, in words."""
    match table:
        case Text(says=says):
            return says
        case Choice(values=values):
            return f"one of {', '.join(values)}" if len(values) > 1 else values[0]
        case Integer():
            return "a whole number"
        case Number(unlimited=unlimited):
            return "a number or `unlimited`" if unlimited else "a number"
        case Boolean():
            return "true or false"
        case Span():
            return "a length of time"
    return "a date"


def _text(node: Scalar, table: Text) -> str:
    if table.pattern and not re.fullmatch(table.pattern, node.text):
        raise WrongError(table.says, f"write {table.says}")
    if not table.blank and not node.text.strip():
        raise WrongError(table.says, "say it in words; it can't be blank")
    return node.text


def _choice(node: Scalar, table: Choice) -> str:
    if node.text not in table.values:
        near = difflib.get_close_matches(node.text, table.values, 1, 0.6)
        raise WrongError(says(table), f"did you mean '{near[0]}'?" if near else "write one of these words")
    return node.text


def _integer(node: Scalar, table: Integer) -> int:
    if not node.plain or not _INTEGER.fullmatch(node.text) or len(node.text) > 15:
        raise WrongError(says(table), "write digits alone, without quotes")
    value = int(node.text)
    if table.minimum is not None and value < table.minimum:
        raise WrongError(f"at least {table.minimum}", f"write {table.minimum} or more")
    return value


def _number(node: Scalar, table: Number) -> Decimal | str:
    if table.unlimited and node.text == UNLIMITED:
        return UNLIMITED
    if not node.plain or not _NUMBER.fullmatch(node.text):
        raise WrongError(says(table), "write digits with a point, such as 85 or 0.5, without quotes, unit or exponent")
    value = Decimal(node.text)
    if value < table.minimum:
        raise WrongError(f"at least {table.minimum}", f"write {table.minimum} or more")
    return value


def _boolean(node: Scalar, table: Boolean) -> bool:
    if not node.plain or node.text not in {"true", "false"}:
        raise WrongError(says(table), "write `true` or `false`, without quotes")
    return node.text == "true"


def _day(node: Scalar, table: Day) -> date:
    try:
        if _DAY.fullmatch(node.text):
            return date.fromisoformat(node.text)
    except ValueError:
        pass
    raise WrongError(says(table), "write year, month and day: 2026-11-22")


def _span(node: Scalar, table: Span) -> int:
    found = _SPAN.fullmatch(node.text)
    if found is None:
        raise WrongError(says(table), "write a number and its unit: 90s, 10m, 2h or 7d")
    seconds = int(found[1]) * _UNIT_SECONDS[found[2]]
    if table.minimum is not None and seconds < table.minimum:
        raise WrongError(f"at least {span_text(table.minimum)}", f"write {span_text(table.minimum)} or more")
    return seconds


_READERS: dict[type, Callable[[Scalar, Any], Any]] = {
    Text: _text,
    Choice: _choice,
    Integer: _integer,
    Number: _number,
    Boolean: _boolean,
    Day: _day,
    Span: _span,
}
