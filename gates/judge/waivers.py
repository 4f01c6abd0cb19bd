"""Waivers: which finding each covers, and whether it counts on the day of evaluation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from gates.dataclass import dataclass
from gates.judge import approval
from gates.judge.approval import OfWaiver
from gates.model import Context, Facts, Finding, Policy, Reviews, Status, Waiver, WaiverDecision, WaiverRules, WaiverState

#: A waiver announces its end this many days ahead, and may match nothing this many days after it was made.
GRACE = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waived:
    """All waivers held against all findings: decisions in the policy's order, the waiver of each finding
    by gate and position, and what fails a gate."""

    decisions: tuple[WaiverDecision, ...]
    findings: Mapping[tuple[str, int], str]
    failures: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A waiver held against the facts of its gate: the positions of the findings that it matches, and how it was approved."""

    waiver: Waiver
    facts: Facts | None
    matched: Sequence[int]
    approved: OfWaiver

    @property
    def matches_nothing(self) -> bool:
        """Whether the gate was examined, and nothing found that it matches."""
        return not self.matched and self.facts is not None and self.facts.status is Status.COMPLETED

    def too_long(self, rules: WaiverRules) -> str:
        """In words that it lives longer than it may for the worst finding that it covers; empty where it does not."""
        worst = max((self.facts.findings[index].severity for index in self.matched), default=None) if self.facts else None
        longest = rules.max_days.get(worst.word) if worst is not None else None
        lasts = (self.waiver.expires - self.waiver.created).days
        return f"lasts {lasts} days; at most {longest} for what it covers" if longest is not None and lasts > longest else ""


def apply(
    policy: Policy, context: Context, facts: Mapping[str, Facts], reviews: Reviews | None = None, *, laid_under: bool = False
) -> Waived:
    """Hold every waiver against the findings of its gate. The first waiver that counts covers a finding.

    `laid_under`: the policy is one that no change could have written.
    """
    decisions = []
    covered: dict[tuple[str, int], str] = {}
    failures: dict[str, list[str]] = {}
    for waiver in policy.waivers:
        gate = facts.get(waiver.gate)
        held = _Held(
            waiver=waiver,
            facts=gate,
            matched=[index for index, finding in enumerate(gate.findings) if matches(waiver, finding)] if gate else [],
            approved=approval.of_waiver(waiver, policy, context, reviews, laid_under=laid_under),
        )
        decision = _decide(held, policy.waiver_rules, context.day)
        decisions.append(decision)
        if counts(decision, policy.waiver_rules):
            for index in held.matched:
                covered.setdefault((waiver.gate, index), waiver.id)
        elif decision.state is WaiverState.UNUSED:
            failures.setdefault(waiver.gate, []).append(decision.message)
    return Waived(decisions=tuple(decisions), findings=covered, failures={gate: tuple(found) for gate, found in failures.items()})


def matches(waiver: Waiver, finding: Finding) -> bool:
    """Whether each part of the waiver's `match` holds for the finding."""
    return all(_part_matches(key, wanted, finding) for key, wanted in waiver.match.items())


def match_of(finding: Finding) -> dict[str, str]:
    """The narrowest `match` that says what it is about: an advisory with its package, else a rule, a place and one finding."""
    name = finding.rule.partition("/")[2]
    if finding.properties.get("package"):
        return {"advisory": name, "package": finding.properties["package"]}
    where = {key: getattr(finding.location, key) for key in ("path", "operation", "url", "selector")}
    # A `*` would stand for any characters; the fingerprint names the place too.
    said = {key: value for key, value in where.items() if value and "*" not in value}
    return {"rule": finding.rule, **said, "fingerprint": finding.fingerprint}


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


def _decide(held: _Held, rules: WaiverRules, day: date) -> WaiverDecision:
    state, message = _state(held, rules, day)
    return WaiverDecision(
        id=held.waiver.id,
        state=state,
        matched=len(held.matched),
        days_left=(held.waiver.expires - day).days,
        approval=held.approved.kind,
        approved_by=held.approved.by,
        message=f"waiver {held.waiver.id} of {held.waiver.owner} {message}" if message else "",
    )


def _state(held: _Held, rules: WaiverRules, day: date) -> tuple[WaiverState, str]:
    """What a waiver is on a day, and in words what somebody has to know of that."""
    waiver, too_long = held.waiver, held.too_long(rules)
    if day > waiver.expires:
        again = "mend it, or renew the waiver with a new approval"
        return WaiverState.EXPIRED, f"ended on {waiver.expires}: what it covered counts again; {again}"
    if day < waiver.created:
        return WaiverState.NOT_YET, f"begins on {waiver.created}, after the day of evaluation"
    if held.approved.elsewhere:
        return WaiverState.NOT_APPROVED, f"does not count: {held.approved.elsewhere}"
    if held.matches_nothing and day - waiver.created > GRACE:
        return WaiverState.UNUSED, "matches nothing any more: remove it"
    if held.approved.missing:
        least = f"its approval is `{held.approved.kind}`, and this policy wants `{rules.approval}`"
        also = f"; it {too_long}" if too_long else ""
        return WaiverState.NOT_APPROVED, f"does not count: {least}; {held.approved.missing}{also}"
    if too_long:
        return WaiverState.TOO_LONG, too_long
    if waiver.expires - day <= GRACE:
        return WaiverState.EXPIRES_SOON, f"ends on {waiver.expires}"
    return WaiverState.ACTIVE, ""


def counts(decision: WaiverDecision, rules: WaiverRules) -> bool:
    """Whether a waiver covers what it matches."""
    match decision.state:
        case WaiverState.ACTIVE | WaiverState.EXPIRES_SOON:
            return True
        case WaiverState.TOO_LONG:
            return rules.too_long == "warn"
        case WaiverState.UNUSED:
            return rules.unused == "warn"
    return False
