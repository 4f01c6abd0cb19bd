"""What one policy says otherwise than another, and whether that is looser. Both are effective policies: pure, no places."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gates.codec import decimal_text
from gates.model import APPROVALS, Direction, Enforcement, GatePolicy, Limit, Policy, PolicyChange, Severity, WaiverRules

_ENFORCEMENTS = (Enforcement.OFF, Enforcement.SHADOW, Enforcement.WARN, Enforcement.BLOCK)
#: By a limit's field: its key in a policy, and whether a larger value lets more pass.
_BOUNDS = (("max", "max", True), ("min", "min", False), ("new_max", "new.max", True), ("regression", "regression", True))
#: What a gate's policy says in words, which no comparison can weigh.
_TEXTS = ("uses", "owner", "why", "runbook")


def policy_changes(before: Policy, after: Policy) -> tuple[PolicyChange, ...]:
    """All changes from one policy to another but those of waivers, in the later one's order, what is gone at the end."""
    old, new = ({gate.name: gate for gate in policy.gates} for policy in (before, after))
    found = [change for name in dict.fromkeys((*new, *old)) for change in _gate(name, old.get(name), new.get(name))]
    found += _rules(before.waiver_rules, after.waiver_rules)
    pairs = (
        ("approvers", ", ".join(before.approvers), ", ".join(after.approvers)),
        ("runbook", before.runbook, after.runbook),
        ("rollback", before.rollback, after.rollback),
    )
    return (*found, *(_changed(where, then, now) for where, then, now in pairs if then != now))


def _gate(name: str, old: GatePolicy | None, new: GatePolicy | None) -> Iterator[PolicyChange]:
    where = f"gates.{name}"
    if old is None or new is None:
        there = new or old
        said = f"{there.uses}, {there.enforcement}" if there else ""
        looser = new is None
        yield _moved(looser, where, said if looser else "", "" if looser else said)
        return
    if old.enforcement is not new.enforcement:
        looser = _ENFORCEMENTS.index(new.enforcement) < _ENFORCEMENTS.index(old.enforcement)
        yield _moved(looser, f"{where}.enforcement", old.enforcement, new.enforcement)
    if bool(old.not_applicable) != bool(new.not_applicable):
        yield _moved(bool(new.not_applicable), f"{where}.not-applicable", old.not_applicable, new.not_applicable)
    elif old.not_applicable != new.not_applicable:
        yield _changed(f"{where}.not-applicable", old.not_applicable, new.not_applicable)
    yield from _stages(f"{where}.stages", old, new)
    yield from _limits(f"{where}.require", old.require, new.require)
    yield from _options(f"{where}.options", old.options, new.options)
    if old.timeout_seconds != new.timeout_seconds:
        yield _changed(f"{where}.timeout", f"{old.timeout_seconds} s", f"{new.timeout_seconds} s")
    for text in _TEXTS:
        then, now = getattr(old, text), getattr(new, text)
        if then != now:
            yield _changed(f"{where}.{text}", then, now)


def _stages(where: str, old: GatePolicy, new: GatePolicy) -> Iterator[PolicyChange]:
    """Fewer stages are looser, more are tighter; some for others can't be weighed."""
    then, now = set(old.stages), set(new.stages)
    if then != now:
        direction = Direction.LOOSER if now < then else Direction.TIGHTER if then < now else Direction.CHANGED
        yield PolicyChange(direction=direction, where=where, then=", ".join(old.stages), now=", ".join(new.stages))


def _options(where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[PolicyChange]:
    for name in dict.fromkeys((*new, *old)):
        then, now = old.get(name), new.get(name)
        if then != now:
            yield _changed(f"{where}.{name.replace('_', '-')}", _said(then), _said(now))


def _said(value: Any) -> str:
    """A value of an option as a policy would say it."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Mapping():
            return f"{{{', '.join(f'{key}: {_said(item)}' for key, item in value.items())}}}"
        case list() | tuple():
            return f"[{', '.join(map(_said, value))}]"
    return str(value)


# -- limits ------------------------------------------------------------------------------------


def _limits(where: str, old: Sequence[Limit], new: Sequence[Limit]) -> Iterator[PolicyChange]:
    for name in dict.fromkeys(limit.name for limit in (*new, *old)):
        for then, now in _paired([limit for limit in old if limit.name == name], [limit for limit in new if limit.name == name]):
            yield from _limit(f"{where}.{name}", then, now)


def _paired(old: list[Limit], new: list[Limit]) -> Iterator[tuple[Limit | None, Limit | None]]:
    """Limits of one name, each with the one it took the place of: first by severity, then the one that is left on either side."""
    by_severity = {limit.severity: limit for limit in old}
    pairs: list[tuple[Limit | None, Limit | None]] = [(by_severity.pop(limit.severity, None), limit) for limit in new]
    alone = [index for index, (then, _) in enumerate(pairs) if then is None]
    left = list(by_severity.values())
    if len(alone) == len(left) == 1:
        pairs[alone[0]] = (left.pop(), pairs[alone[0]][1])
    yield from pairs
    yield from ((limit, None) for limit in left)


def _limit(where: str, then: Limit | None, now: Limit | None) -> Iterator[PolicyChange]:
    for field, key, larger_is_looser in _BOUNDS:
        was, is_now = (getattr(limit, field) if limit else None for limit in (then, now))
        if was == is_now and (was is None or _severity(then) == _severity(now)):
            continue
        yield PolicyChange(
            direction=_direction(was, is_now, larger_is_looser, _severity(then), _severity(now)),
            where=f"{where}.{key}",
            then=_bound(was, then),
            now=_bound(is_now, now),
        )


def _direction(
    was: Decimal | None, now: Decimal | None, larger_is_looser: bool, severity_then: Severity, severity_now: Severity
) -> Direction:
    """No bound at all lets most pass; a higher severity counts fewer findings."""
    if was is None or now is None:
        return Direction.LOOSER if now is None else Direction.TIGHTER
    ways = set()
    if was != now:
        ways.add((now > was) is larger_is_looser)
    if severity_then is not severity_now:
        ways.add((severity_now > severity_then) is larger_is_looser)
    return Direction.CHANGED if len(ways) > 1 else Direction.LOOSER if True in ways else Direction.TIGHTER


def _severity(limit: Limit | None) -> Severity:
    return (limit.severity if limit else None) or Severity.INFO


def _bound(value: Decimal | None, limit: Limit | None) -> str:
    if value is None:
        return ""
    severity = _severity(limit)
    return decimal_text(value) + (f" from {severity.word}" if severity > Severity.INFO else "")


# -- rules of waivers --------------------------------------------------------------------------


def _rules(old: WaiverRules, new: WaiverRules) -> Iterator[PolicyChange]:
    for word in dict.fromkeys((*new.max_days, *old.max_days)):
        then, now = old.max_days.get(word), new.max_days.get(word)
        if then != now:
            looser = now is None or (then is not None and now > then)
            yield _moved(looser, f"waiver-rules.max-days.{word}", "" if then is None else str(then), "" if now is None else str(now))
    for key, was, is_now in (("too-long", old.too_long, new.too_long), ("unused", old.unused, new.unused)):
        if was != is_now:
            yield _moved(is_now == "warn", f"waiver-rules.{key}", was, is_now)
    least, asked = (APPROVALS.index(rules.approval or APPROVALS[0]) for rules in (old, new))
    if least != asked:
        yield _moved(asked < least, "waiver-rules.approval", APPROVALS[least], APPROVALS[asked])


def _moved(looser: bool, where: str, then: str, now: str) -> PolicyChange:
    return PolicyChange(direction=Direction.LOOSER if looser else Direction.TIGHTER, where=where, then=then, now=now)


def _changed(where: str, then: str, now: str) -> PolicyChange:
    return PolicyChange(direction=Direction.CHANGED, where=where, then=then, now=now)
