"""Which way an option goes: what of it lets more pass. A gate says it where it defines the option; comparing two policies follows it.

An option that says nothing can't be weighed, and every change of it counts as looser.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from gates.dataclass import dataclass
from gates.model import Direction

#: Entries of a list that are named in a sentence.
_MOST = 5
#: Said of what nobody can weigh.
#: A part or a text that nobody gave.
_NOTHING = (None, "")
UNWEIGHED = "can't be weighed, so it counts as looser"


@dataclass(frozen=True, slots=True)
class More:
    """Looser: a larger number, or further entries of a list. `boundless` is the number that stands for no bound at all.

    `vetoes`: one entry may forbid what another lets pass, so that leaving out some of them, and not all, can't be weighed.
    """

    boundless: int | None = None
    vetoes: bool = False

    def weigh(self, then: Any, now: Any) -> tuple[Direction, str]:
        """The direction of a change from one plain value to another that differs, and why in words."""
        if _is_list(then) and _is_list(now):
            direction, words = _entries(then, now, Direction.LOOSER)
            vetoed = self.vetoes and now and direction is Direction.TIGHTER
            return (Direction.UNWEIGHED, f"{words}: {UNWEIGHED}") if vetoed else (direction, words)
        if self.boundless in (then, now):
            looser = now == self.boundless
            return _either(looser), "there is no bound any more" if looser else "there was no bound"
        return _number(then, now, larger_is_looser=True)


@dataclass(frozen=True, slots=True)
class Fewer:
    """Looser: a smaller number, fewer entries of a list, or a part or text that is left out.

    `empty` says what a list without entries stands for: `nothing`, `all` that there is, or something else that is not known.
    """

    empty: Literal["nothing", "all", "unknown"] = "nothing"

    def weigh(self, then: Any, now: Any) -> tuple[Direction, str]:
        """As `More.weigh`."""
        if then in _NOTHING or now in _NOTHING:
            return _either(now in _NOTHING), "it is left out" if now in _NOTHING else "it is there now"
        if not (_is_list(then) and _is_list(now)):
            return _number(then, now, larger_is_looser=False)
        if self.empty == "nothing" or (then and now):
            return _entries(then, now, Direction.TIGHTER)
        if self.empty == "unknown":
            return Direction.UNWEIGHED, UNWEIGHED
        return _either(not then), f"only {_named(now)} instead of all" if now else f"all instead of only {_named(then)}"


@dataclass(frozen=True, slots=True, init=False)
class Towards:
    """One of several words, or several of them, told from the loosest to the tightest."""

    words: tuple[str, ...]

    def __init__(self, *words: str) -> None:
        object.__setattr__(self, "words", words)

    def weigh(self, then: Any, now: Any) -> tuple[Direction, str]:
        """As `More.weigh`."""
        if then not in self.words or now not in self.words:
            return Direction.UNWEIGHED, UNWEIGHED
        looser = self.words.index(now) < self.words.index(then)
        return _either(looser), f"`{now}` lets {'more' if looser else 'less'} pass than `{then}`"


@dataclass(frozen=True, slots=True)
class Neither:
    """It is for people, or for the machine that the gate runs on: no value lets more or less pass than another."""

    def weigh(self, then: Any, now: Any) -> tuple[Direction, str]:
        """As `More.weigh`."""
        del then, now
        return Direction.CHANGED, ""


@dataclass(frozen=True, slots=True)
class Unknown:
    """Nobody said which way it goes."""

    def weigh(self, then: Any, now: Any) -> tuple[Direction, str]:
        """As `More.weigh`."""
        del then, now
        return Direction.UNWEIGHED, UNWEIGHED


Weight = More | Fewer | Towards | Neither | Unknown


def _entries(then: Sequence[Any], now: Sequence[Any], more: Direction) -> tuple[Direction, str]:
    """`more` is the direction in which a list grows. Order and repetition say nothing."""
    added, gone = ([item for item in there if item not in other] for there, other in ((now, then), (then, now)))
    words = " and ".join(part for part in (f"adds {_named(added)}" * bool(added), f"leaves out {_named(gone)}" * bool(gone)) if part)
    if added and gone:
        return Direction.UNWEIGHED, f"{words}: {UNWEIGHED}"
    if not (added or gone):
        return Direction.CHANGED, "the same in another order"
    return (more if added else _opposite(more)), words


def _number(then: Any, now: Any, *, larger_is_looser: bool) -> tuple[Direction, str]:
    if not (_is_number(then) and _is_number(now)):
        return Direction.UNWEIGHED, UNWEIGHED
    looser = (now > then) is larger_is_looser
    return _either(looser), f"{'higher' if now > then else 'lower'}, which lets {'more' if looser else 'less'} pass"


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _either(looser: bool) -> Direction:
    return Direction.LOOSER if looser else Direction.TIGHTER


def _opposite(direction: Direction) -> Direction:
    return _either(direction is Direction.TIGHTER)


def _named(items: Iterable[Any]) -> str:
    """The first of a list's entries, and how many more there are."""
    words = [str(item) for item in items]
    return ", ".join(words[:_MOST]) + (f" and {len(words) - _MOST} more" if len(words) > _MOST else "")
