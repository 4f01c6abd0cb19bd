"""What one policy says otherwise than another, and whether that is looser. Both are effective policies: pure.

Each field of a policy has its rule here, or at the definition of the gate's option; one without a rule counts as looser.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Protocol

from gates import registry
from gates.api import Fewer, Gate, More, Neither, Towards
from gates.api.weights import UNWEIGHED, Unknown
from gates.codec import encode
from gates.errors import PluginError
from gates.model import (
    APPROVALS,
    Direction,
    GatePolicy,
    Override,
    Policy,
    PolicyApproval,
    PolicyChange,
    RecordedDecision,
    Severity,
    Waiver,
    WaiverRules,
)
from gates.policy.bounds import limit_moves
from gates.policy.moves import ELSEWHERE, TEXT, UNKNOWN, Field, Move, by_id, fields, said_of

FindGate = Callable[[str], Gate]


class Places(Protocol):
    """Where a policy says things."""

    def of(self, where: str, severity: Severity | None) -> str | None:
        """`file:line` of a dotted key, else of the part that holds it; of a limit, the one from this severity."""


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
    moves += fields(before, after, "", _POLICY)
    if bool(before.self_approval) != bool(after.self_approval):
        direction, why = (
            (Direction.LOOSER, "what is loosened acts at once") if after.self_approval else (Direction.TIGHTER, "what is loosened waits")
        )
        moves.append(
            Move(direction=direction, where="self-approval", then=said_of(before.self_approval), now=said_of(after.self_approval), why=why)
        )
    moves += by_id("decisions", before.decisions, after.decisions, _decision)
    moves += by_id("overrides", before.overrides or (), after.overrides or (), _override)
    return _placed(moves, places)


def waiver_changes(
    before: Sequence[Waiver], after: Sequence[Waiver], *, places: tuple[Places, Places] | None = None
) -> tuple[PolicyChange, ...]:
    """The same for waivers. One that is added lets more pass; one that covers more of the code, or more days, does too."""
    return _placed(by_id("waivers", before, after, _waiver), places)


def _placed(moves: Iterable[Move], places: tuple[Places, Places] | None) -> tuple[PolicyChange, ...]:
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


def _approval_words(approved: PolicyApproval | None) -> str:
    return f"by {approved.by} of {approved.of[:19]}, until {approved.expires}" if approved else ""


_POLICY: Mapping[str, Field | None] = {
    "approvers": Field(looser=More(), said=", ".join),
    "runbook": TEXT,
    "rollback": TEXT,
    # It lets this very change's policy judge alone, and what that loosens stands in lines of its own.
    "approved": Field(looser=Neither(), said=_approval_words),
    **dict.fromkeys(("stage", "gates", "waivers", "waiver_rules", "decisions", "overrides", "sources", "self_approval"), ELSEWHERE),
}
_GATE: Mapping[str, Field | None] = {
    "uses": UNKNOWN,
    "enforcement": Field(looser=Towards("off", "shadow", "warn", "block")),
    "stages": Field(looser=Fewer(), said=", ".join),
    # A gate that is stopped too early is errored, and one that has the time says what it found.
    "timeout_seconds": Field(looser=Neither(), said="{} s".format, key="timeout"),
    **dict.fromkeys(("owner", "why", "runbook"), TEXT),
    **dict.fromkeys(("name", "not_applicable", "options", "require"), ELSEWHERE),
}
_WAIVER_RULES: Mapping[str, Field | None] = {
    "too_long": Field(looser=Towards("warn", "fail")),
    "unused": Field(looser=Towards("warn", "fail")),
    **dict.fromkeys(("max_days", "approval"), ELSEWHERE),
}
_WAIVER: Mapping[str, Field | None] = {
    "waiver_class": Field(looser=Neither(), key="class"),
    "reason": TEXT,
    **dict.fromkeys(("id", "match", "expires"), ELSEWHERE),
}
_OVERRIDE: Mapping[str, Field | None] = {
    "subject": Field(key="for"),
    "of": Field(looser=More(), said=", ".join),
    "reason": TEXT,
    **dict.fromkeys(("id", "expires"), ELSEWHERE),
}


# -- gates -------------------------------------------------------------------------------------


def _gate(name: str, old: GatePolicy | None, new: GatePolicy | None, find_gate: FindGate) -> Iterator[Move]:
    where = f"gates.{name}"
    if old is None or new is None:
        yield from _whole_gate(where, old, new)
        return
    yield from fields(old, new, f"{where}.", _GATE)
    yield from _applicable(f"{where}.not-applicable", old.not_applicable, new.not_applicable)
    yield from limit_moves(f"{where}.require", old.require, new.require)
    known = _options_class(new.uses, find_gate) if old.uses == new.uses else None
    yield from _options(f"{where}.options", old.options, new.options, known)


def _whole_gate(where: str, old: GatePolicy | None, new: GatePolicy | None) -> Iterator[Move]:
    """A gate that comes or goes; one that does not run in either case demands nothing."""
    there = new or old
    if there is None:
        return
    said = f"{there.uses}, {there.enforcement}"
    idle = there.enforcement == "off" or bool(there.not_applicable)
    direction = Direction.CHANGED if idle else Direction.LOOSER if new is None else Direction.TIGHTER
    why = "it does not run in either" if idle else "the gate is gone" if new is None else "the gate is new"
    yield Move(direction=direction, where=where, then="" if new else said, now=said if new else "", why=why)


def _applicable(where: str, then: str, now: str) -> Iterator[Move]:
    """`not-applicable`: a reason switches the gate off, and another reason leaves it off."""
    if then == now:
        return
    if then and now:
        yield Move(direction=Direction.CHANGED, where=where, then=then, now=now)
    else:
        why = "it no longer runs, and nothing is required of it" if now else "it runs again"
        yield Move(direction=Direction.LOOSER if now else Direction.TIGHTER, where=where, then=then, now=now, why=why)


# -- options -----------------------------------------------------------------------------------


def _options_class(uses: str, find_gate: FindGate) -> type | None:
    """The class of a gate's options; None for a gate that is not installed here."""
    try:
        return find_gate(uses).options
    except (KeyError, PluginError):
        return None


def _options(where: str, old: Mapping[str, Any], new: Mapping[str, Any], known: type | None) -> Iterator[Move]:
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
        yield Move(direction=direction, where=path, then=said_of(said[0]), now=said_of(said[1]), why=reason)


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


# -- waivers, their rules, and decisions -------------------------------------------------------


def _rules(old: WaiverRules, new: WaiverRules) -> Iterator[Move]:
    for word in dict.fromkeys((*new.max_days, *old.max_days)):
        then, now = old.max_days.get(word), new.max_days.get(word)
        if then == now:
            continue
        looser = now is None or (then is not None and now > then)
        direction = Direction.LOOSER if looser else Direction.TIGHTER
        why = f"waivers may last {'longer' if looser else 'less long'}"
        yield Move(direction=direction, where=f"waiver-rules.max-days.{word}", then=said_of(then), now=said_of(now), why=why)
    yield from fields(old, new, "waiver-rules.", _WAIVER_RULES)
    least, asked = (APPROVALS.index(rules.approval or APPROVALS[0]) for rules in (old, new))
    if asked != least:
        direction = Direction.LOOSER if asked < least else Direction.TIGHTER
        why = f"a waiver counts with {'less' if asked < least else 'more'} of an approval"
        yield Move(direction=direction, where="waiver-rules.approval", then=APPROVALS[least], now=APPROVALS[asked], why=why)


def _waiver(where: str, old: Waiver | None, new: Waiver | None) -> Iterator[Move]:
    if old is None or new is None:
        there = new or old
        said = _waiver_words(there) if there else ""
        if new is None:
            yield Move(direction=Direction.TIGHTER, where=where, then=said, now="", why="the waiver is gone: what it covered counts again")
        else:
            yield Move(direction=Direction.LOOSER, where=where, then="", now=said, why=f"a new waiver: {new.reason}")
        return
    yield from _match(f"{where}.match", old.match, new.match)
    yield from _expires(where, old.expires, new.expires)
    yield from fields(old, new, f"{where}.", _WAIVER)


def _expires(where: str, then: date, now: date) -> Iterator[Move]:
    if then != now:
        direction, why = (Direction.LOOSER, "it counts longer") if now > then else (Direction.TIGHTER, "it counts less long")
        yield Move(direction=direction, where=f"{where}.expires", then=str(then), now=str(now), why=why)


def _match(where: str, then: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Move]:
    """All parts of a match have to hold, so fewer parts cover more."""
    if dict(then) == dict(now):
        return
    if now.items() < then.items():
        direction, why = Direction.LOOSER, "it demands less, so it covers more findings"
    elif then.items() < now.items():
        direction, why = Direction.TIGHTER, "it demands more, so it covers fewer findings"
    else:
        direction, why = Direction.UNWEIGHED, UNWEIGHED
    yield Move(direction=direction, where=where, then=said_of(then), now=said_of(now), why=why)


def _waiver_words(waiver: Waiver) -> str:
    match = ", ".join(f"{key} {value}" for key, value in waiver.match.items())
    return f"{match} of {waiver.gate}, until {waiver.expires} (owner {waiver.owner}, approved by {waiver.approver})"


def _decision(where: str, old: RecordedDecision | None, new: RecordedDecision | None) -> Iterator[Move]:
    """Decisions are kept in the evidence and demand nothing."""
    then, now = (
        "" if item is None else f"{item.why} ({item.by}, {item.date}{f', {item.record}' * bool(item.record)})" for item in (old, new)
    )
    if then != now:
        yield Move(direction=Direction.CHANGED, where=where, then=then, now=now)


def _override(where: str, old: Override | None, new: Override | None) -> Iterator[Move]:
    if old is None or new is None:
        then, now = ("" if item is None else _override_words(item) for item in (old, new))
        direction, why = (
            (Direction.LOOSER, f"what gates stop may pass: {new.reason}")
            if new is not None
            else (Direction.TIGHTER, "the override is gone: gates stop that again")
        )
        yield Move(direction=direction, where=where, then=then, now=now, why=why)
        return
    yield from _expires(where, old.expires, new.expires)
    yield from fields(old, new, f"{where}.", _OVERRIDE)


def _override_words(item: Override) -> str:
    subject = ", ".join(f"{key} {value}" for key, value in item.subject.items())
    signed = "signed" if item.signature else "not signed"
    return f"{' and '.join(item.of)} of {subject}, from {item.created} until {item.expires} (owner {item.owner}, {signed})"


def _decision_words(decision: RecordedDecision) -> str:
    return f"{decision.why} ({', '.join(part for part in (decision.by, str(decision.date), decision.record) if part)})"
