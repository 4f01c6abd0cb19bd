"""Limits of two policies held against each other, bound by bound and severity by severity."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from gates.api.weights import UNWEIGHED
from gates.codec import decimal_text
from gates.model import Direction, Limit, Severity
from gates.policy.moves import Move

#: By a limit's field: its key in a policy, and whether a larger value lets more pass.
_BOUNDS = (("max", "max", True), ("min", "min", False), ("new_max", "new.max", True), ("regression", "regression", True))
_Bound = tuple[Severity, Decimal]


def limit_moves(where: str, old: Sequence[Limit], new: Sequence[Limit]) -> Iterator[Move]:
    """Every bound that is another. `where` is the dotted key of the limits."""
    for name in dict.fromkeys(limit.name for limit in (*new, *old)):
        for field, key, larger_is_looser in _BOUNDS:
            then, now = (_bounds(there, name, field, larger_is_looser) for there in (old, new))
            for was, is_now in _paired(then, now):
                if was != is_now:
                    yield _limit(f"{where}.{name}.{key}", was, is_now, larger_is_looser)


def _bounds(limits: Sequence[Limit], name: str, field: str, larger_is_looser: bool) -> dict[Severity, Decimal]:
    """The bounds of one kind by severity. Several of a severity hold together: the tightest is the one that counts."""
    found: dict[Severity, Decimal] = {}
    tightest = min if larger_is_looser else max
    for limit in limits:
        value: Decimal | None = getattr(limit, field)
        if limit.name == name and value is not None:
            severity = limit.severity or Severity.INFO
            found[severity] = tightest(value, found.get(severity, value))
    return found


def _paired(old: Mapping[Severity, Decimal], new: Mapping[Severity, Decimal]) -> Iterator[tuple[_Bound | None, _Bound | None]]:
    """Bounds, each with the one it took the place of: first by severity, then the one that is left on either side."""
    gone, come = ([(level, there[level]) for level in there if level not in other] for there, other in ((old, new), (new, old)))
    if len(gone) == len(come) == 1:
        yield gone.pop(), come.pop()
    yield from (((level, old[level]), (level, value)) for level, value in new.items() if level in old)
    yield from ((None, bound) for bound in come)
    yield from ((bound, None) for bound in gone)


def _limit(where: str, then: _Bound | None, now: _Bound | None, larger_is_looser: bool) -> Move:
    direction, why = _direction(then, now, larger_is_looser)
    return Move(
        direction=direction,
        where=where,
        then=_bound(then),
        now=_bound(now),
        why=why,
        severity_then=then[0] if then else None,
        severity_now=now[0] if now else None,
    )


def _direction(then: _Bound | None, now: _Bound | None, larger_is_looser: bool) -> tuple[Direction, str]:
    """No bound at all lets most pass; a higher severity counts fewer findings."""
    if then is None or now is None:
        return (Direction.LOOSER, "the limit is gone") if now is None else (Direction.TIGHTER, "the limit is new")
    ways, words = set(), []
    if then[1] != now[1]:
        ways.add((now[1] > then[1]) is larger_is_looser)
        words.append("more is allowed" if now[1] > then[1] else "less is allowed")
        if not larger_is_looser:
            words[-1] = "more is required" if now[1] > then[1] else "less is required"
    if then[0] is not now[0]:
        ways.add((now[0] > then[0]) is larger_is_looser)
        words.append(f"it counts from {now[0].word}, not from {then[0].word}")
    if len(ways) > 1:
        return Direction.UNWEIGHED, f"{', but '.join(words)}: {UNWEIGHED}"
    return Direction.LOOSER if True in ways else Direction.TIGHTER, ", and ".join(words)


def _bound(bound: _Bound | None) -> str:
    if bound is None:
        return ""
    severity, value = bound
    return decimal_text(value) + (f" from {severity.word}" if severity > Severity.INFO else "")
