"""Several policies judge one run: each by itself, and the strictest counts. Pure.

A change is judged by the policy that it brings and by the one at the tip of the branch that it goes into, so that what it
loosens acts only once it is merged; and by every policy that whoever runs the gates lays under both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gates import canonical
from gates.judge import approval
from gates.judge.decide import decide, is_observed
from gates.model import (
    CHANGE_POLICY,
    TIP_POLICY,
    Change,
    Context,
    Decision,
    Enforcement,
    Facts,
    Finding,
    GateDecision,
    GatePolicy,
    Judging,
    Outcome,
    Policy,
    PolicyDecision,
    Reviews,
    Verdict,
    Waiver,
    looks_alike,
)

_VERDICTS = (Verdict.PASSED, Verdict.ERRORED, Verdict.FAILED)
_OUTCOMES = (Outcome.SKIPPED, Outcome.PASSED, Outcome.WARNED, Outcome.ERRORED, Outcome.FAILED)
POLICY_ALONE = "only the policy changes: a change to policy files alone is judged by its own policy"


def judge(
    judgings: Sequence[Judging],
    context: Context,
    facts: Sequence[Facts],
    base: Sequence[Facts],
    change: Change | None = None,
    *,
    reviews: Reviews | None = None,
) -> Decision:
    """The strictest decision. `facts` are those of all policies: `gate@policy` where a policy has a gate look in its own way."""
    own = judgings[0]
    seen = _Observed(context=context, facts=facts, base=base, change=change, reviews=reviews)
    if len(judgings) == 1 and not _missing(own):
        return _decide(own, own, seen)
    decisions = {item.name: _decide(item, own, seen) for item in judgings}
    aside = {item.name: _set_aside(item, own, seen) for item in judgings}
    counting = [item for item in judgings if not aside[item.name]]
    gates = tuple(_gates(own, [item for item in counting if item is not own], decisions, facts))
    missing = _missing(own)
    verdict = max((decisions[item.name].verdict for item in counting), key=_VERDICTS.index)
    return replace(
        decisions[own.name],
        verdict=Verdict.FAILED if missing else verdict,
        would_be=Verdict.FAILED if missing else max((decisions[item.name].would_be for item in counting), key=_VERDICTS.index),
        enforced=sum(gate.enforcement is Enforcement.BLOCK and gate.outcome is not Outcome.SKIPPED for gate in gates),
        partial=tuple(dict.fromkeys(words for item in counting for words in decisions[item.name].partial)),
        gates=gates,
        reasons=(*missing, *_reasons(own, counting, decisions)),
        policies=tuple(
            PolicyDecision(
                name=item.name,
                words=item.words,
                digest=decisions[item.name].policy_digest,
                verdict=decisions[item.name].verdict,
                would_be=decisions[item.name].would_be,
                counts=not aside[item.name],
                why=aside[item.name],
            )
            for item in judgings
        ),
    )


# -- one policy --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Observed:
    """What all policies judge."""

    context: Context
    facts: Sequence[Facts]
    base: Sequence[Facts]
    change: Change | None
    reviews: Reviews | None


def _decide(item: Judging, own: Judging, seen: _Observed) -> Decision:
    change = _for(seen.change, item, own)
    if item is own:
        return decide(own.policy, seen.context, _own(seen.facts), _own(seen.base), change, reviews=seen.reviews)
    # Whether a waiver is still needed is for the policy of the change alone to say: the other's can't be mended here.
    lenient = replace(item.policy, waivers=_waivers(item, own), waiver_rules=replace(item.policy.waiver_rules, unused="warn"))
    facts, base = _of(item, own, seen.facts), _of(item, own, seen.base)
    decision = decide(lenient, seen.context, facts, base, change, may_be_gone=True, reviews=seen.reviews)
    return replace(decision, policy_digest=f"sha256:{canonical.sha256(canonical.of(item.policy))}")


def _waivers(item: Judging, own: Judging) -> tuple[Waiver, ...]:
    """A policy's waivers; at the tip those of the change too that one of its own approvers signed: they act at once."""
    if item.name != TIP_POLICY:
        return item.policy.waivers
    signed = {waiver.id: waiver for waiver in own.policy.waivers if approval.signed_by(waiver, item.policy.approvers)}
    return tuple(({waiver.id: waiver for waiver in item.policy.waivers} | signed).values())


def _own(facts: Sequence[Facts]) -> list[Facts]:
    return [item for item in facts if "@" not in item.gate]


def _of(item: Judging, own: Judging, facts: Sequence[Facts]) -> list[Facts]:
    """The facts by which a policy judges, each under the name that it gives the gate."""
    by_name = {found.gate: found for found in facts}
    sources = {gate.name: _source(gate, item, own, by_name) for gate in item.policy.gates}
    return [_renamed(by_name[source], name) for name, source in sources.items() if source in by_name]


def _source(gate: GatePolicy, item: Judging, own: Judging, known: Mapping[str, object]) -> str:
    """The name of the facts of a gate by which a policy judges it."""
    its_own = item.own(gate.name)
    same = next((other for other in own.policy.gates if other.name == gate.name), None)
    return gate.name if its_own not in known and looks_alike(gate, same) else its_own


def _renamed(facts: Facts, name: str) -> Facts:
    if facts.gate == name:
        return facts
    return replace(facts, gate=name, findings=tuple(_renamed_finding(finding, name) for finding in facts.findings))


def _renamed_finding(finding: Finding, name: str) -> Finding:
    return replace(finding, gate=name, rule=f"{name}/{finding.rule.removeprefix(f'{finding.gate}/')}")


def _for(change: Change | None, item: Judging, own: Judging) -> Change | None:
    """What lies between, as it is for the facts of one policy."""
    if change is None:
        return None
    compared = {found.gate: found for found in change.gates}
    gates = []
    for gate in item.policy.gates:
        found = compared.get(_source(gate, item, own, compared))
        if found is not None:
            gates.append(replace(found, gate=gate.name))
    return replace(change, gates=tuple(gates))


def _set_aside(item: Judging, own: Judging, seen: _Observed) -> str:
    """Why the policy where the change goes does not count; empty where it does, and for every other policy."""
    if item.name != TIP_POLICY or item is own:
        return ""
    if item.policy.self_approval:
        return f"self-approval: {item.words} lets whoever keeps it loosen it at once"
    approved = approval.of_change(item.policy.approvers, seen.context, seen.reviews).by if seen.reviews else ""
    if approved:
        return f"{approved}, one of its approvers, approved this very change"
    files = seen.change.files if seen.change else ()
    policy_files = {source.name for policy in (own.policy, item.policy) for source in policy.sources}
    changed = {path for file in files for path in (file.base, file.path) if path is not None}
    return POLICY_ALONE if files and changed <= policy_files else ""


# -- all of them -------------------------------------------------------------------------------


def _gates(own: Judging, others: Sequence[Judging], decisions: Mapping[str, Decision], facts: Sequence[Facts]) -> Iterator[GateDecision]:
    """A row for each gate, the strictest word on it; and one more for each that a policy has look in its own way."""
    rows = {gate.gate: gate for gate in decisions[own.name].gates}
    more = []
    reported = {item.gate for item in facts}
    for item in others:
        for gate in decisions[item.name].gates:
            if gate.outcome is Outcome.SKIPPED:
                continue
            named = replace(gate, by=item.name)
            source = _source(next(one for one in item.policy.gates if one.name == gate.gate), item, own, dict.fromkeys(reported))
            if source != gate.gate or gate.gate not in rows:
                more.append(replace(named, gate=item.own(gate.gate)))
            elif _weight(gate) > _weight(rows[gate.gate]):
                rows[gate.gate] = named
    yield from rows.values()
    yield from more


def _weight(gate: GateDecision) -> tuple[int, int]:
    return _OUTCOMES.index(gate.outcome), _OUTCOMES.index(gate.would_be)


def _missing(own: Judging) -> tuple[str, ...]:
    """What is said where the policy that stands at the tip is missing in the change."""
    return () if own.name == CHANGE_POLICY else (f"the change takes its policy away, and {own.words} stands: it judges alone",)


def _reasons(own: Judging, counting: Sequence[Judging], decisions: Mapping[str, Decision]) -> Iterator[str]:
    """Why, a line each: those of the run's own policy, then what others say beside."""
    said = set(decisions[own.name].reasons)
    yield from decisions[own.name].reasons
    for item in counting:
        for reason in decisions[item.name].reasons:
            if reason not in said:
                said.add(reason)
                yield f"by {item.words}: {reason}"


def asked_by(policy: Policy, context: Context) -> tuple[GatePolicy, ...]:
    """The gates that a policy has report in this run."""
    return tuple(gate for gate in policy.gates if is_observed(gate, context))


def missing_facts(judgings: Sequence[Judging], context: Context, facts: Sequence[Facts]) -> list[str]:
    """Gates that a policy asks for and that did not report, by the name of their facts."""
    own, reported = judgings[0], {item.gate for item in facts}
    named = [_source(gate, item, own, dict.fromkeys(reported)) for item in judgings for gate in asked_by(item.policy, context)]
    return [name for name in dict.fromkeys(named) if name not in reported]
