"""A change of a policy before its places are known, and how a field is compared: which way it goes, in which words."""

from __future__ import annotations

import dataclasses
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from gates.api import Neither, Weight
from gates.api.weights import Unknown
from gates.codec import encode
from gates.dataclass import dataclass
from gates.model import Direction, Override, RecordedDecision, Severity, Waiver


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change before its places are known. The severities tell limits of one name apart."""

    direction: Direction
    where: str
    then: str
    now: str
    why: str = ""
    severity_then: Severity | None = None
    severity_now: Severity | None = None


def said_of(value: Any) -> str:
    """A value as a policy would say it."""
    value = encode(value)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return f"{{{', '.join(f'{key}: {said_of(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(said_of, value))}]"
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """How a field of a policy is compared and said: which way it goes, in which words, under which key."""

    looser: Weight = Unknown()
    said: Callable[[Any], str] = said_of
    key: str = ""


UNKNOWN, TEXT = Field(), Field(looser=Neither())
#: Compared by a function of its own.
ELSEWHERE = None


def fields(old: Any, new: Any, where: str, rules: Mapping[str, Field | None]) -> Iterator[Move]:
    """Every field of two values of one class that has no function of its own. What no rule knows can't be weighed."""
    for field in dataclasses.fields(old):
        rule = rules.get(field.name, UNKNOWN)
        then, now = getattr(old, field.name), getattr(new, field.name)
        if rule is not ELSEWHERE and then != now:
            direction, why = rule.looser.weigh(then, now)
            path = f"{where}{rule.key or field.name.replace('_', '-')}"
            yield Move(direction=direction, where=path, then=rule.said(then), now=rule.said(now), why=why)


_HasId = typing.TypeVar("_HasId", Waiver, Override, RecordedDecision)


def by_id(
    where: str, old: Sequence[_HasId], new: Sequence[_HasId], compare: Callable[[str, _HasId | None, _HasId | None], Iterable[Move]]
) -> Iterator[Move]:
    """Of two lists of what bears an id, each with the one of the same id."""
    then: dict[str, _HasId] = {item.id: item for item in old}
    now: dict[str, _HasId] = {item.id: item for item in new}
    for id in dict.fromkeys((*now, *then)):
        yield from compare(f"{where}.{id}", then.get(id), now.get(id))
