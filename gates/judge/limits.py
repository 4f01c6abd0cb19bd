"""Limits: the value of each, and whether it was met. Values are exact; nothing is rounded before it is compared."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from gates.codec import decimal_text
from gates.dataclass import dataclass
from gates.judge.match import comparable
from gates.model import Facts, Finding, Kind, Limit, LimitCheck, Severity, State

COUNTED_KINDS = {
    "findings": (Kind.FINDING, Kind.FAILURE),
    "failures": (Kind.FAILURE,),
    "needs-review": (Kind.NEEDS_REVIEW,),
    "flakes": (Kind.FLAKE,),
    "suppressed": (Kind.FINDING, Kind.FAILURE, Kind.NEEDS_REVIEW),
}
#: Measurements that are shares, by the count of what they are a share of.
SHARES = {"changed-line-coverage": "changed-lines"}
#: Names of limits that every gate has, whatever it measures.
COUNTS = (*COUNTED_KINDS, "skipped", "examined")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One finding with the judge's word on it."""

    finding: Finding
    state: State
    waiver: str | None


def check(limit: Limit, facts: Facts, judged: Sequence[Judged], base: Facts | None, unknown: str = "") -> list[LimitCheck]:
    """Hold one limit against a gate's facts: one check for each of its bounds.

    `unknown` says why nothing is known of a base that there is.
    """
    checks = []
    if limit.max is not None or limit.min is not None:
        checks.append(_nothing(limit, facts) or _bound(limit, _value(limit, facts, judged)))
    if limit.new_max is not None:
        new = [item for item in judged if item.state is State.NEW]
        checks.append(_new(limit, _value(limit, facts, new) if limit.name in COUNTED_KINDS else None))
    if limit.regression is not None:
        checks.append(
            _regression(
                limit, _measured(limit.name, facts), _measured(limit.name, base) if base and comparable(base) else None, base, unknown
            )
        )
    return checks


def _nothing(limit: Limit, facts: Facts) -> LimitCheck | None:
    """A share of nothing is met, and says so: the gate counted what it is a share of, and there was none."""
    counted = SHARES.get(limit.name)
    if counted is None or _measured(counted, facts) != 0:
        return None
    return LimitCheck(limit=limit, value=Decimal(0), met=True, text=f"{limit.name}: {counted} is 0, so there is nothing to measure")


def _value(limit: Limit, facts: Facts, judged: Sequence[Judged]) -> Decimal | None:
    if limit.name in COUNTED_KINDS:
        return Decimal(sum(_counts(limit, item) for item in judged))
    if limit.name == "examined":
        return None if facts.examined is None else Decimal(facts.examined.done)
    if limit.name == "skipped":
        return None if facts.examined is None else Decimal(len(facts.examined.skipped))
    return _measured(limit.name, facts)


def _counts(limit: Limit, item: Judged) -> bool:
    finding = item.finding
    if finding.kind not in COUNTED_KINDS[limit.name] or item.waiver is not None:
        return False
    if (finding.suppressed_by is not None) != (limit.name == "suppressed"):
        return False
    return limit.severity is None or finding.severity >= limit.severity


def _measured(name: str, facts: Facts) -> Decimal | None:
    return next((item.value for item in facts.measurements if item.name == name), None)


def _bound(limit: Limit, value: Decimal | None) -> LimitCheck:
    if value is None:
        return LimitCheck(limit=limit, value=None, met=None, text=f"{limit.name} was not measured, and the policy limits it")
    demands = []
    met = True
    if limit.max is not None:
        met &= value <= limit.max
        demands.append(f"at most {decimal_text(limit.max)} allowed")
    if limit.min is not None:
        met &= value >= limit.min
        demands.append(f"at least {decimal_text(limit.min)} required")
    return LimitCheck(limit=limit, value=value, met=met, text=f"{_subject(limit)} is {decimal_text(value)}, {' and '.join(demands)}")


def _new(limit: Limit, value: Decimal | None) -> LimitCheck:
    if value is None or limit.new_max is None:
        return LimitCheck(limit=limit, value=None, met=None, text=f"{limit.name} has no new and old, and the policy limits the new")
    text = f"new {_subject(limit)} is {decimal_text(value)}, at most {decimal_text(limit.new_max)} allowed"
    return LimitCheck(limit=limit, value=value, met=value <= limit.new_max, text=text)


def _regression(limit: Limit, value: Decimal | None, before: Decimal | None, base: Facts | None, unknown: str) -> LimitCheck:
    allowed = limit.regression or Decimal(0)
    if value is None:
        return LimitCheck(limit=limit, value=None, met=None, text=f"{limit.name} was not measured, and the policy limits its regression")
    if unknown:
        return LimitCheck(limit=limit, value=value, met=None, text=f"{limit.name} can't be compared with the base: {unknown}")
    if base is None:
        return LimitCheck(
            limit=limit, value=value, met=True, text=f"{limit.name} is {decimal_text(value)}; there is no base to compare with"
        )
    if before is None:
        return LimitCheck(limit=limit, value=value, met=None, text=f"{limit.name} was not measured on the base")
    fallen = before - value
    text = f"{limit.name} is {decimal_text(value)}, was {decimal_text(before)}, may fall by {decimal_text(allowed)}"
    return LimitCheck(limit=limit, value=value, met=fallen <= allowed, text=text)


def _subject(limit: Limit) -> str:
    if limit.severity is None or limit.severity is Severity.INFO:
        return limit.name
    return f"{limit.name} from {limit.severity.word}" if limit.severity < Severity.CRITICAL else f"{limit.name} at critical"
