"""Waivers: which finding each covers, and whether it counts on the day of evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from gates.model import Context, Facts, Finding, Policy, Severity, Status, Waiver, WaiverDecision, WaiverRules, WaiverState

#: A waiver announces its end this many days ahead, and may match nothing this many days after it was made.
GRACE = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """All waivers held against all findings: decisions in the policy's order, the waiver of each finding
    by gate and position, and what fails a gate."""

    decisions: tuple[WaiverDecision, ...]
    findings: Mapping[tuple[str, int], str]
    failures: Mapping[str, tuple[str, ...]]


def apply(policy: Policy, context: Context, facts: Mapping[str, Facts]) -> Waived:
    """Hold every waiver against the findings of its gate. The first waiver that counts covers a finding."""
    decisions = []
    covered: dict[tuple[str, int], str] = {}
    failures: dict[str, list[str]] = {}
    for waiver in policy.waivers:
        gate = facts.get(waiver.gate)
        matched = [index for index, finding in enumerate(gate.findings) if matches(waiver, finding)] if gate else []
        decision = _decide(waiver, matched, gate, policy.waiver_rules, context)
        decisions.append(decision)
        if _counts(decision, policy.waiver_rules):
            for index in matched:
                covered.setdefault((waiver.gate, index), waiver.id)
        elif decision.state is WaiverState.UNUSED:
            failures.setdefault(waiver.gate, []).append(decision.message)
    return Waived(decisions=tuple(decisions), findings=covered, failures={gate: tuple(found) for gate, found in failures.items()})


def matches(waiver: Waiver, finding: Finding) -> bool:
    """Whether each part of the waiver's `match` holds for the finding."""
    return all(_part_matches(key, wanted, finding) for key, wanted in waiver.match.items())


def _part_matches(key: str, wanted: str, finding: Finding) -> bool:
    where = finding.location
    match key:
        case "rule":
            return wanted in {finding.rule, finding.rule.partition("/")[2]}
        case "fingerprint":
            return wanted == finding.fingerprint
        case "advisory":
            known = {finding.rule.partition("/")[2], *finding.properties.get("aliases", "").split(",")}
            return wanted in {name.strip() for name in known}
        case "package":
            return _package_name(wanted) == _package_name(finding.properties.get("package", ""))
        case "path" | "url" | "selector" | "operation":
            value = getattr(where, key)
            return value is not None and _covers(wanted, value)
    return False


def _covers(pattern: str, value: str) -> bool:
    """Whether a pattern in which `*` stands for anything covers a value. Nothing else is special: selectors have brackets.

    Looks for each part once, from the left: a pattern with many `*` must not hold up whoever judges.
    """
    first, *parts = pattern.split("*")
    if not parts:
        return value == pattern
    *parts, last = parts
    place, end = len(first), len(value) - len(last)
    if place > end or not value.startswith(first) or not value.endswith(last):
        return False
    for part in parts:
        found = value.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


def _package_name(name: str) -> str:
    """A package's name as PEP 503 normalises it."""
    return name.lower().replace("_", "-").replace(".", "-")


def _decide(waiver: Waiver, matched: Sequence[int], facts: Facts | None, rules: WaiverRules, context: Context) -> WaiverDecision:
    state, message = _state(waiver, matched, facts, rules, context)
    approval: Literal["self", "asserted"] = "self" if waiver.approver == waiver.owner else "asserted"
    return WaiverDecision(
        id=waiver.id,
        state=state,
        matched=len(matched),
        days_left=(waiver.expires - context.day).days,
        approval=approval,
        message=message,
    )


def _state(waiver: Waiver, matched: Sequence[int], facts: Facts | None, rules: WaiverRules, context: Context) -> tuple[WaiverState, str]:
    day, name = context.day, f"waiver {waiver.id} of {waiver.owner}"
    if day > waiver.expires:
        return (
            WaiverState.EXPIRED,
            f"{name} ended on {waiver.expires}: what it covered counts again; mend it, or renew the waiver with a new approval",
        )
    if day < waiver.created:
        return WaiverState.NOT_YET, f"{name} begins on {waiver.created}, after the day of evaluation"
    if not matched and facts is not None and facts.status is Status.COMPLETED and day - waiver.created > GRACE:
        return WaiverState.UNUSED, f"{name} matches nothing any more: remove it"
    longest = _longest(matched, facts, rules)
    if longest is not None and (waiver.expires - waiver.created).days > longest:
        lasts = (waiver.expires - waiver.created).days
        return WaiverState.TOO_LONG, f"{name} lasts {lasts} days; at most {longest} for what it covers"
    if waiver.expires - day <= GRACE:
        return WaiverState.EXPIRES_SOON, f"{name} ends on {waiver.expires}"
    return WaiverState.ACTIVE, ""


def _longest(matched: Sequence[int], facts: Facts | None, rules: WaiverRules) -> int | None:
    """The longest life in days for the worst finding that it covers."""
    if not matched or facts is None:
        return None
    worst = max((facts.findings[index].severity for index in matched), default=Severity.INFO)
    return rules.max_days.get(worst.word)


def _counts(decision: WaiverDecision, rules: WaiverRules) -> bool:
    match decision.state:
        case WaiverState.ACTIVE | WaiverState.EXPIRES_SOON:
            return True
        case WaiverState.TOO_LONG:
            return rules.too_long == "warn"
        case WaiverState.UNUSED:
            return rules.unused == "warn"
    return False
