"""The few kinds of nodes that a table is made of: what may stand at a place of a policy."""

from __future__ import annotations

from typing import Literal

from gates.dataclass import dataclass

UNLIMITED = "unlimited"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text, as it is written: `on`, `no` and `1.10` too."""

    pattern: str = ""
    says: str = "a text"
    blank: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    minimum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """An exact decimal number that is not negative, or the word `unlimited` where that is allowed."""

    minimum: int = 0
    unlimited: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Boolean:
    """`true` or `false`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A date: `2026-11-22`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A length of time: `90s`, `10m`, `2h`, `7d`. Read as seconds."""

    minimum: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    of: Node
    at_least: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OneOrMany:
    """A value, or a list of at least one. Read as a list."""

    of: Node


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """Names of the author's choice, each with a value."""

    of: Node
    name: Text
    noun: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OfGate:
    """A part whose table is known once the gate is: its `options`, or what it must `require`."""

    part: Literal["options", "require"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a mapping. `default` is said as it would be written; empty: there is none."""

    name: str
    of: Node
    help: str
    required: bool = False
    default: str = ""

    @property
    def field(self) -> str:
        return self.name.replace("-", "_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """A mapping with known keys. `planned` ones are refused as such.

    At least one of `some` has to stand. `partial`: required keys may come from another file. `build`: the dataclass
    whose own rules the mapping must meet.
    """

    keys: tuple[Key, ...]
    some: tuple[str, ...] = ()
    planned: tuple[str, ...] = ()
    partial: bool = False
    build: type | None = None

    def find(self, name: str) -> Key | None:
        return next((key for key in self.keys if key.name == name), None)


Node = Text | Integer | Number | Boolean | Day | Span | Choice | ListOf | OneOrMany | MapOf | OfGate | Keys
