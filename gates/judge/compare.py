"""`compare`: what became of a run since an earlier one. Pure, and no part of the verdict: it judges nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from gates.judge.match import comparable
from gates.model import (
    Amount,
    Comparison,
    Facts,
    Finding,
    GateComparison,
    GateDecision,
    MeasurementChange,
    Record,
    ToolChange,
    Waiver,
    WaiverChange,
    WaiverDecision,
    WaiverFate,
    WaiverState,
)
from gates.policy.changes import policy_changes


def compare(before: Record, after: Record, *, previous: str) -> Comparison:
    """Hold a run against an earlier one. `previous` is the earlier bundle's digest: the sha256 of its manifest, in hex."""
    old, new = ([gate.gate for gate in record.decision.gates] for record in (before, after))
    return Comparison(
        previous=previous.removeprefix("sha256:"),
        context=before.context,
        started_then=before.run.started,
        partial_then=before.decision.partial,
        verdict_then=before.decision.verdict,
        verdict_now=after.decision.verdict,
        version_then=before.run.version,
        version_now=after.run.version,
        duration_then_ms=before.run.duration_ms,
        duration_now_ms=after.run.duration_ms,
        policy=policy_changes(before.policy, after.policy),
        waivers=tuple(_waivers(before, after)),
        gates=tuple(_gate(name, before, after) for name in dict.fromkeys((*new, *old))),
    )


def disagreements(comparison: Comparison, record: Record) -> list[str]:
    """What a comparison says of a run that its record does not, in words. What it says of the earlier one only that bundle can tell."""
    differing = []
    if comparison.verdict_now is not record.decision.verdict:
        differing.append("the comparison names another verdict than the decision")
    decisions = {gate.gate: gate for gate in record.decision.gates}
    if {gate.gate for gate in comparison.gates if gate.outcome_now is not None} != set(decisions):
        differing.append("the comparison is of other gates than the decision")
    for gate in comparison.gates:
        decision = decisions.get(gate.gate)
        if decision is None:
            continue
        facts = record.facts_of(gate.gate)
        if gate.outcome_now is not decision.outcome or gate.examined_now != _amount(facts):
            differing.append(f"the comparison says otherwise of {gate.gate} than its facts and decision")
        elif gate.comparable and not _are_of(gate, facts):
            differing.append(f"the comparison names findings of {gate.gate} that it does not have")
    return differing


def _are_of(gate: GateComparison, facts: Facts | None) -> bool:
    """Whether what a comparison calls new, still there and excused are the findings of these facts."""
    there = Counter(finding.fingerprint for finding in facts.findings) if facts else Counter()
    return Counter(gate.new) <= there and Counter(gate.excused) <= there and len(gate.new) + gate.still == there.total()


def _gate(name: str, before: Record, after: Record) -> GateComparison:
    old, new = (next((gate for gate in record.decision.gates if gate.gate == name), None) for record in (before, after))
    then, now = before.facts_of(name), after.facts_of(name)
    found = _findings(then, now, old, new) if comparable(then) and comparable(now) and old and new else None
    return GateComparison(
        gate=name,
        outcome_then=old.outcome if old else None,
        outcome_now=new.outcome if new else None,
        comparable=found is not None,
        new=found[0] if found else (),
        mended=found[1] if found else (),
        excused=found[2] if found else (),
        still=found[3] if found else 0,
        examined_then=_amount(then),
        examined_now=_amount(now),
        measurements=tuple(_measurements(then, now)) if then and now else (),
        tools=tuple(_tools(then, now)) if then and now else (),
        duration_then_ms=_duration(name, before),
        duration_now_ms=_duration(name, after),
    )


_Found = tuple[tuple[str, ...], tuple[Finding, ...], tuple[str, ...], int]


def _findings(then: Facts, now: Facts, old: GateDecision, new: GateDecision) -> _Found:
    """What is new, mended, excused since, and how many are still there: by fingerprint, as often as each occurs."""
    still = Counter(finding.fingerprint for finding in then.findings) & Counter(finding.fingerprint for finding in now.findings)
    excused = (_excused(now, new) - _excused(then, old)) & still
    return (
        tuple(finding.fingerprint for finding in beyond(now.findings, still)),
        tuple(beyond(then.findings, still)),
        tuple(sorted(excused.elements())),
        still.total(),
    )


def beyond(findings: Sequence[Finding], known: Counter[str]) -> Iterator[Finding]:
    """The findings that are not among the known ones: of a fingerprint that occurs more often, the last."""
    left = Counter(known)
    for finding in findings:
        if left[finding.fingerprint] > 0:
            left[finding.fingerprint] -= 1
        else:
            yield finding


def _excused(facts: Facts, decision: GateDecision) -> Counter[str]:
    """Fingerprints of what a waiver covers or the tool's own marker suppresses."""
    waived = {index for index, state in enumerate(decision.findings) if state.waiver is not None}
    return Counter(
        finding.fingerprint for index, finding in enumerate(facts.findings) if index in waived or finding.suppressed_by is not None
    )


def _amount(facts: Facts | None) -> Amount | None:
    if facts is None or facts.examined is None:
        return None
    examined = facts.examined
    return Amount(unit=examined.unit, expected=examined.expected, done=examined.done, skipped=len(examined.skipped))


def _measurements(then: Facts, now: Facts) -> Iterator[MeasurementChange]:
    old, new = ({(item.name, item.unit): item.value for item in facts.measurements} for facts in (then, now))
    for name, unit in dict.fromkeys((*new, *old)):
        was, is_now = old.get((name, unit)), new.get((name, unit))
        if was != is_now:
            yield MeasurementChange(name=name, unit=unit, then=was, now=is_now)


def _tools(then: Facts, now: Facts) -> Iterator[ToolChange]:
    """Tools of another version: all versions of a name that ran, in the order in which they did."""
    old, new = (_versions(facts) for facts in (then, now))
    for tool in dict.fromkeys((*new, *old)):
        was, is_now = old.get(tool, ""), new.get(tool, "")
        if was != is_now:
            yield ToolChange(tool=tool, then=was, now=is_now)


def _versions(facts: Facts) -> dict[str, str]:
    versions: dict[str, list[str]] = {}
    for run in facts.tools:
        versions.setdefault(run.tool, []).append(run.version)
    return {tool: ", ".join(dict.fromkeys(found)) for tool, found in versions.items()}


def _duration(name: str, record: Record) -> int | None:
    return next((run.duration_ms for run in record.run.gates if run.gate == name and not run.cached), None)


# -- waivers -----------------------------------------------------------------------------------


def _waivers(before: Record, after: Record) -> Iterator[WaiverChange]:
    old, new = ({waiver.id: waiver for waiver in record.policy.waivers} for record in (before, after))
    states_then, states_now = ({item.id: item for item in record.decision.waivers} for record in (before, after))
    for id in dict.fromkeys((*new, *old)):
        then, now = old.get(id), new.get(id)
        if now is None and then is not None:
            yield _waiver(then, WaiverFate.GONE, f"{then.reason} (owner {then.owner})")
        elif now is not None and then is None:
            words = f"{now.reason} (owner {now.owner}, approved by {now.approver}, until {now.expires})"
            yield _waiver(now, WaiverFate.ADDED, words)
        elif now is not None and then is not None:
            if _is_expired(states_now.get(id)) and not _is_expired(states_then.get(id)):
                yield _waiver(now, WaiverFate.EXPIRED, f"it ended on {now.expires}: what it covered counts again (owner {now.owner})")
            if then != now:
                yield _waiver(now, WaiverFate.CHANGED, "; ".join(_waiver_words(then, now)))


def _waiver(waiver: Waiver, fate: WaiverFate, words: str) -> WaiverChange:
    return WaiverChange(id=waiver.id, gate=waiver.gate, fate=fate, words=words)


def _is_expired(decision: WaiverDecision | None) -> bool:
    return decision is not None and decision.state is WaiverState.EXPIRED


def _waiver_words(then: Waiver, now: Waiver) -> Iterator[str]:
    """What of a waiver is another, a phrase each."""
    pairs = (
        ("ends", str(then.expires), str(now.expires)),
        ("begins", str(then.created), str(now.created)),
        ("gate", then.gate, now.gate),
        ("matches", _match(then), _match(now)),
        ("class", then.waiver_class, now.waiver_class),
        ("owner", then.owner, now.owner),
        ("approved by", then.approver, now.approver),
        ("reason", then.reason, now.reason),
        ("folder", then.folder or "none", now.folder or "none"),
        ("signature", then.signature or "none", now.signature or "none"),
    )
    return (f"{name}: {is_now}, was {was}" for name, was, is_now in pairs if was != is_now)


def _match(waiver: Waiver) -> str:
    return ", ".join(f"{key} {value}" for key, value in sorted(waiver.match.items()))
