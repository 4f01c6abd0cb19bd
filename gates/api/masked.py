"""What a gate masks by itself, where it finds it: said by rule, so that the evidence can tell where something was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gates.dataclass import dataclass

MASK = "[redacted]"


class Masked(str):
    """A text in which a gate put `MASK` in the place of something. `rules` says how often by which rule of the gate's.

    It is a text like any other, and what is made of it no longer tells: `raw_json` has to be given the whole of it.
    """

    __slots__ = ("rules",)

    def __new__(cls, text: str, rules: Mapping[str, int]) -> Masked:
        masked = super().__new__(cls, text)
        masked.rules = dict(rules)
        return masked

    rules: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """So many masks of a gate's own on a line (from 1) of a raw file, by a rule such as `secrets/keyword`."""

    name: str
    line: int
    rule: str
    count: int


def masked_lines(data: Any, line: int = 1) -> Iterator[tuple[int, Masked]]:
    """Each masked text in JSON data, and the line on which it stands where each item is written on a line of its own, sorted by key."""
    if not _is_masked(data):
        return
    if isinstance(data, Masked):
        yield line, data
    items = [data[key] for key in sorted(data)] if isinstance(data, dict) else data if isinstance(data, list | tuple) else ()
    for item in items:
        line += 1
        yield from masked_lines(item, line)
        line += _further_lines(item)


def _is_masked(data: Any) -> bool:
    """Whether anything in it is: mostly nothing is, and then no line has to be counted."""
    if isinstance(data, str):
        return isinstance(data, Masked)
    if isinstance(data, dict):
        return any(map(_is_masked, data.values()))
    return isinstance(data, list | tuple) and any(map(_is_masked, data))


def _further_lines(data: Any) -> int:
    """How many lines JSON data takes beyond its first."""
    if not isinstance(data, dict | list | tuple) or not data:
        return 0
    items = data.values() if isinstance(data, dict) else data
    return sum(1 + _further_lines(item) for item in items) + 1
