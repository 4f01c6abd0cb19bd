"""What one policy says otherwise than another, and whether that is looser. Both are effective policies: pure.

Each field of a policy has its rule here, or at the definition of the gate's option; one without a rule counts as looser.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from gates import registry
from gates.api import Fewer, Gate, More, Neither, Towards, Weight
from gates.api.weights import UNWEIGHED, Unknown
from gates.codec import decimal_text, encode
from gates.errors import PluginError
from gates.model import Direction, GatePolicy, Limit, Policy, PolicyChange, RecordedDecision, Severity, Waiver, WaiverRules

FindGate = Callable[[str], Gate]


class Places(Protocol):
    """Where a policy says things."""

    def of(self, where: str, severity: Severity | None) -> str | None:
        """`file:line` of a dotted key, else of the part that holds it; of a limit, the one from this severity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Move:
    """A change before its places are known. The severities tell limits of one name apart."""

    direction: Direction
    where: str
    then: str
    now: str
    why: str = ""
    severity_then: Severity | None = None
    severity_now: Severity | None = None


def policy_changes(
    before: Policy,
    after: Policy,
    *,
    find_gate: FindGate = registry.find,
    places: tuple[Places, Places] | None = None,
) -> tuple[PolicyChange, ...]:
    """All changes from one policy to another but those of waivers, in the later one's order, what is gone at the end.

    `find_gate` gives the gate of an id, or raises `KeyError`: then its options can't be weighed.
    """
    old, new = ({gate.name: gate for gate in policy.gates} for policy in (before, after))
    moves = [move for name in dict.fromkeys((*new, *old)) for move in _gate(name, old.get(name), new.get(name), find_gate)]
    moves += _rules(before.waiver_rules, after.waiver_rules)
    moves += _fields(before, after, "", _POLICY)
    moves += _named("decisions", before.decisions, after.decisions, _decision)
    return _placed(moves, places)


def waiver_changes(
    before: Sequence[Waiver], after: Sequence[Waiver], *, places: tuple[Places, Places] | None = None
) -> tuple[PolicyChange, ...]:
    """The same for waivers. One that is added lets more pass; one that covers more of the code, or more days, does too."""
    return _placed(_named("waivers", before, after, _waiver), places)


def _placed(moves: Iterable[_Move], places: tuple[Places, Places] | None) -> tuple[PolicyChange, ...]:
    return tuple(
        PolicyChange(
            direction=move.direction,
            where=move.where,
            then=move.then,
            now=move.now,
            why=move.why or None,
            then_at=places[0].of(move.where, move.severity_then) if places else None,
            now_at=places[1].of(move.where, move.severity_now) if places else None,
        )
        for move in moves
    )


# -- fields ------------------------------------------------------------------------------------


def _said(value: Any) -> str:
    """A value as a policy would say it."""
    value = encode(value)
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return f"{{{', '.join(f'{key}: {_said(item)}' for key, item in value.items())}}}"
        case list():
            return f"[{', '.join(map(_said, value))}]"
    return str(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """How a field of a policy is compared and said: which way it goes, in which words, under which key."""

    looser: Weight = Unknown()
    said: Callable[[Any], str] = _said
    key: str = ""


_UNKNOWN, _TEXT = _Field(), _Field(looser=Neither())
#: Compared by a function of its own.
_ELSEWHERE = None
_POLICY: Mapping[str, _Field | None] = {
    "approvers": _Field(looser=More(), said=", ".join),
    "runbook": _TEXT,
    "rollback": _TEXT,
    **dict.fromkeys(("stage", "gates", "waivers", "waiver_rules", "decisions", "sources"), _ELSEWHERE),
}
_GATE: Mapping[str, _Field | None] = {
    "uses": _UNKNOWN,
    "enforcement": _Field(looser=Towards("off", "shadow", "warn", "block")),
    "stages": _Field(looser=Fewer(), said=", ".join),
    # A gate that is stopped too early is errored, and one that has the time says what it found.
    "timeout_seconds": _Field(looser=Neither(), said="{} s".format, key="timeout"),
    **dict.fromkeys(("owner", "why", "runbook"), _TEXT),
    **dict.fromkeys(("name", "not_applicable", "options", "require"), _ELSEWHERE),
}
_WAIVER_RULES: Mapping[str, _Field | None] = {
    "too_long": _Field(looser=Towards("warn", "fail")),
    "unused": _Field(looser=Towards("warn", "fail")),
    "max_days": _ELSEWHERE,
}
_WAIVER: Mapping[str, _Field | None] = {
    "waiver_class": _Field(looser=Neither(), key="class"),
    "reason": _TEXT,
    **dict.fromkeys(("id", "match", "expires"), _ELSEWHERE),
}


def _fields(old: Any, new: Any, where: str, rules: Mapping[str, _Field | None]) -> Iterator[_Move]:
    """Every field of two values of one class that has no function of its own. What no rule knows can't be weighed."""
    for field in dataclasses.fields(old):
        rule = rules.get(field.name, _UNKNOWN)
        then, now = getattr(old, field.name), getattr(new, field.name)
        if rule is not _ELSEWHERE and then != now:
            direction, why = rule.looser.weigh(then, now)
            path = f"{where}{rule.key or field.name.replace('_', '-')}"
            yield _Move(direction=direction, where=path, then=rule.said(then), now=rule.said(now), why=why)


_HasId = typing.TypeVar("_HasId", Waiver, RecordedDecision)


def _named(
    where: str, old: Sequence[_HasId], new: Sequence[_HasId], compare: Callable[[str, _HasId | None, _HasId | None], Iterable[_Move]]
) -> Iterator[_Move]:
    """Of two lists of what bears an id, each with the one of the same id."""
    then: dict[str, _HasId] = {item.id: item for item in old}
    now: dict[str, _HasId] = {item.id: item for item in new}
    for id in dict.fromkeys((*now, *then)):
        yield from compare(f"{where}.{id}", then.get(id), now.get(id))


# -- gates -------------------------------------------------------------------------------------


def _gate(name: str, old: GatePolicy | None, new: GatePolicy | None, find_gate: FindGate) -> Iterator[_Move]:
    where = f"gates.{name}"
    if old is None or new is None:
        yield from _whole_gate(where, old, new)
        return
    yield from _fields(old, new, f"{where}.", _GATE)
    yield from _applicable(f"{where}.not-applicable", old.not_applicable, new.not_applicable)
    yield from _limits(f"{where}.require", old.require, new.require)
    known = _options_class(new.uses, find_gate) if old.uses == new.uses else None
    yield from _options(f"{where}.options", old.options, new.options, known)


def _whole_gate(where: str, old: GatePolicy | None, new: GatePolicy | None) -> Iterator[_Move]:
    """A gate that comes or goes; one that does not run in either case demands nothing."""
    there = new or old
    if there is None:
        return
    said = f"{there.uses}, {there.enforcement}"
    idle = there.enforcement == "off" or bool(there.not_applicable)
    direction = Direction.CHANGED if idle else Direction.LOOSER if new is None else Direction.TIGHTER
    why = "it does not run in either" if idle else "the gate is gone" if new is None else "the gate is new"
    yield _Move(direction=direction, where=where, then="" if new else said, now=said if new else "", why=why)


def _applicable(where: str, then: str, now: str) -> Iterator[_Move]:
    """`not-applicable`: a reason switches the gate off, and another reason leaves it off."""
    if then == now:
        return
    if then and now:
        yield _Move(direction=Direction.CHANGED, where=where, then=then, now=now)
    else:
        why = "it no longer runs, and nothing is required of it" if now else "it runs again"
        yield _Move(direction=Direction.LOOSER if now else Direction.TIGHTER, where=where, then=then, now=now, why=why)


# -- options -----------------------------------------------------------------------------------


def _options_class(uses: str, find_gate: FindGate) -> type | None:
    """The class of a gate's options; None for a gate that is not installed here."""
    try:
        return find_gate(uses).options
    except (KeyError, PluginError):
        return None


def _options(where: str, old: Mapping[str, Any], new: Mapping[str, Any], known: type | None) -> Iterator[_Move]:
    """Options as each was said; one that is not said is worth its default. Parts of an option are compared by themselves."""
    fields = {field.name: field for field in dataclasses.fields(known)} if known else {}
    for name in dict.fromkeys((*new, *old)):
        said, path, field = (old.get(name), new.get(name)), f"{where}.{name.replace('_', '-')}", fields.get(name)
        then, now = (_worth(field, said[0]), _worth(field, said[1])) if field else said
        if then == now:
            continue
        inner = _part_class(known, name) if field else None
        if inner and isinstance(then, Mapping) and isinstance(now, Mapping):
            yield from _options(path, then, now, inner)
            continue
        direction, why = (field.metadata.get("looser", Unknown()) if field else Unknown()).weigh(then, now)
        help = str(field.metadata.get("help", "")) if field else ""
        reason = f"{why} ({help})" if why and help else why
        yield _Move(direction=direction, where=path, then=_said(said[0]), now=_said(said[1]), why=reason)


def _worth(field: dataclasses.Field[Any], said: Any) -> Any:
    """What an option is in plain data: what was said, else its default."""
    if said is not None:
        return said
    if field.default is not dataclasses.MISSING:
        return encode(field.default)
    return encode(field.default_factory()) if field.default_factory is not dataclasses.MISSING else None


def _part_class(known: type | None, name: str) -> type | None:
    """The class of an option that has parts; None where it is a plain value."""
    kind = typing.get_type_hints(known)[name] if known else None
    inner = typing.get_args(kind) if typing.get_origin(kind) in (typing.Union, types.UnionType) else (kind,)
    return next((part for part in inner if isinstance(part, type) and dataclasses.is_dataclass(part)), None)


# -- limits ------------------------------------------------------------------------------------

#: By a limit's field: its key in a policy, and whether a larger value lets more pass.
_BOUNDS = (("max", "max", True), ("min", "min", False), ("new_max", "new.max", True), ("regression", "regression", True))
_Bound = tuple[Severity, Decimal]


def _limits(where: str, old: Sequence[Limit], new: Sequence[Limit]) -> Iterator[_Move]:
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


def _limit(where: str, then: _Bound | None, now: _Bound | None, larger_is_looser: bool) -> _Move:
    direction, why = _direction(then, now, larger_is_looser)
    return _Move(
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


# -- waivers, their rules, and decisions -------------------------------------------------------


def _rules(old: WaiverRules, new: WaiverRules) -> Iterator[_Move]:
    for word in dict.fromkeys((*new.max_days, *old.max_days)):
        then, now = old.max_days.get(word), new.max_days.get(word)
        if then == now:
            continue
        looser = now is None or (then is not None and now > then)
        direction = Direction.LOOSER if looser else Direction.TIGHTER
        why = f"waivers may last {'longer' if looser else 'less long'}"
        yield _Move(direction=direction, where=f"waiver-rules.max-days.{word}", then=_said(then), now=_said(now), why=why)
    yield from _fields(old, new, "waiver-rules.", _WAIVER_RULES)


def _waiver(where: str, old: Waiver | None, new: Waiver | None) -> Iterator[_Move]:
    if old is None or new is None:
        there = new or old
        said = _waiver_words(there) if there else ""
        if new is None:
            yield _Move(direction=Direction.TIGHTER, where=where, then=said, now="", why="the waiver is gone: what it covered counts again")
        else:
            yield _Move(direction=Direction.LOOSER, where=where, then="", now=said, why=f"a new waiver: {new.reason}")
        return
    yield from _match(f"{where}.match", old.match, new.match)
    if old.expires != new.expires:
        later = new.expires > old.expires
        direction, why = (Direction.LOOSER, "it counts longer") if later else (Direction.TIGHTER, "it counts less long")
        yield _Move(direction=direction, where=f"{where}.expires", then=str(old.expires), now=str(new.expires), why=why)
    yield from _fields(old, new, f"{where}.", _WAIVER)


def _match(where: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[_Move]:
    """All parts of a match have to hold, so fewer parts cover more."""
    if dict(then) == dict(now):
        return
    if now.items() < then.items():
        direction, why = Direction.LOOSER, "it demands less, so it covers more findings"
    elif then.items() < now.items():
        direction, why = Direction.TIGHTER, "it demands more, so it covers fewer findings"
    else:
        direction, why = Direction.UNWEIGHED, UNWEIGHED
    yield _Move(direction=direction, where=where, then=_said(then), now=_said(now), why=why)


def _waiver_words(waiver: Waiver) -> str:
    match = ", ".join(f"{key} {value}" for key, value in waiver.match.items())
    return f"{match} of {waiver.gate}, until {waiver.expires} (owner {waiver.owner}, approved by {waiver.approver})"


def _decision(where: str, old: RecordedDecision | None, new: RecordedDecision | None) -> Iterator[_Move]:
    """Decisions are kept in the evidence and demand nothing."""
    then, now = (
        "" if item is None else f"{item.why} ({item.by}, {item.date}{f', {item.record}' * bool(item.record)})" for item in (old, new)
    )
    if then != now:
        yield _Move(direction=Direction.CHANGED, where=where, then=then, now=now)


def _decision_words(decision: RecordedDecision) -> str:
    return f"{decision.why} ({', '.join(part for part in (decision.by, str(decision.date), decision.record) if part)})"
