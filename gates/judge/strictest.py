"""Several policies judge one run: each by itself, and the strictest counts. Pure.

A change is judged by the policy that it brings and by the one at the tip of the branch that it goes into, so that what it
loosens acts only once it is merged; and by every policy that whoever runs the gates lays under both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from gates import canonical
from gates.dataclass import dataclass
from gates.judge import approval, override
from gates.judge.decide import NOTHING_ENFORCED, decide, is_observed, is_on
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
APPROVE = "`gates policy approve --sign-key FILE`"
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
    """The strictest decision, or what an override puts in its place.

    `facts` are those of all policies: `gate@policy` where a policy has a gate look in its own way. Raises `ValueError` for facts that no
    policy asked for: they are not of this run.
    """
    _check_asked(judgings, context, (*facts, *base))
    seen = _Observed(context=context, facts=facts, base=base, change=change, reviews=reviews)
    return override.apply(_strictest(judgings, seen), judgings, context)


def _strictest(judgings: Sequence[Judging], seen: _Observed) -> Decision:
    own = judgings[0]
    missing = _missing(own, seen.change)
    if len(judgings) == 1 and not missing:
        return _decide(own, own, seen)
    decisions = {item.name: _decide(item, own, seen) for item in judgings}
    aside = {item.name: _set_aside(item, own, seen) for item in judgings}
    counting = [item for item in judgings if not aside[item.name]]
    gates = tuple(_gates(own, [item for item in counting if item is not own], decisions))
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
                remedy=None if aside[item.name] else _to_approve(item, own, decisions, seen),
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
    lenient = replace(item.policy, waivers=_waivers(item, own, seen.context), waiver_rules=replace(item.policy.waiver_rules, unused="warn"))
    asked = asked_by(item.policy, seen.context)
    facts, base = _of(item, own, asked, seen.facts), _of(item, own, asked, seen.base)
    decision = decide(
        lenient, seen.context, facts, base, change, may_be_gone=True, laid_under=override.is_floor(item), reviews=seen.reviews
    )
    return replace(decision, policy_digest=f"sha256:{canonical.sha256(canonical.of(item.policy))}")


def _check_asked(judgings: Sequence[Judging], context: Context, facts: Sequence[Facts]) -> None:
    own = judgings[0]
    asked = {source_of(gate, item, own) for item in judgings[1:] for gate in asked_by(item.policy, context)}
    unasked = sorted({item.gate for item in facts if "@" in item.gate} - asked)
    if unasked:
        raise ValueError(f"the gate {unasked[0]!r} reports and was not asked")


def _waivers(item: Judging, own: Judging, context: Context) -> tuple[Waiver, ...]:
    """A policy's waivers; at the tip those of the change too that one of its own approvers signed: they act at once."""
    if item.name != TIP_POLICY:
        return item.policy.waivers
    signed = {waiver.id: waiver for waiver in own.policy.waivers if approval.signed_waiver(waiver, item.policy.approvers, context)}
    return tuple(({waiver.id: waiver for waiver in item.policy.waivers} | signed).values())


def _own(facts: Sequence[Facts]) -> list[Facts]:
    return [item for item in facts if "@" not in item.gate]


def _of(item: Judging, own: Judging, asked: Sequence[GatePolicy], facts: Sequence[Facts]) -> list[Facts]:
    """The facts by which a policy judges the gates that it asks for, each under the name that it gives the gate."""
    by_name = {found.gate: found for found in facts}
    sources = {gate.name: source_of(gate, item, own) for gate in asked}
    return [_renamed(by_name[source], name) for name, source in sources.items() if source in by_name]


def source_of(gate: GatePolicy, item: Judging, own: Judging) -> str:
    """The name of the facts by which a policy judges a gate: the run's own policy has to have observed it, and in the same way."""
    if item is own:
        return gate.name
    same = next((other for other in own.policy.gates if other.name == gate.name), None)
    shared = looks_alike(gate, same) and gate.name not in (item.apart or ()) and same is not None and is_on(same, own.policy.stage)
    return gate.name if shared else item.own(gate.name)


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
        found = compared.get(source_of(gate, item, own))
        if found is not None:
            gates.append(replace(found, gate=gate.name))
    return replace(change, gates=tuple(gates))


def _set_aside(item: Judging, own: Judging, seen: _Observed) -> str:
    """Why a policy does not count: that where the change goes where something sets it aside, and one without gates. Empty where it does."""
    if item.name not in {TIP_POLICY, CHANGE_POLICY} and not item.policy.gates:
        return "it has no gates"
    if item.name != TIP_POLICY or item is own:
        return ""
    if item.policy.self_approval:
        return f"self-approval: {item.words} lets whoever keeps it loosen it at once"
    approved = approval.of_change(item.policy.approvers, seen.context, seen.reviews).by if seen.reviews else ""
    if approved:
        return f"{approved}, one of its approvers, approved this very change"
    signed = approval.of_policy(own, item, seen.context, seen.reviews).by
    if signed:
        return f"{signed}, one of its approvers, signed that this policy takes its place"
    if seen.change is None or not _is_policy_alone(item, own, seen.change):
        return ""
    return f"{POLICY_ALONE}; {', '.join(item.apart)} is steered otherwise than there" if item.apart else POLICY_ALONE


def _is_policy_alone(item: Judging, own: Judging, change: Change) -> bool:
    """Whether a change is one to policy files and to what steers the gates of the policy where it goes, and to nothing else.

    A file that only the change calls a policy has to look like one: code can be written that reads as a policy too.
    """
    changed = {path for file in change.files for path in (file.base, file.path) if path is not None} | set(change.links or ())
    standing = {source.name for source in item.policy.sources}
    brought = {source.name for source in own.policy.sources if is_policy_file(source.name)}
    places = item.steered_by or ()
    rest = changed - standing - brought
    return bool(changed) and all(any(name == place or name.startswith(f"{place}/") for place in places) for name in rest)


def is_policy_file(name: str) -> bool:
    """Whether a file is named as policies are."""
    return name.endswith((".yaml", ".yml"))


# -- all of them -------------------------------------------------------------------------------


def _gates(own: Judging, others: Sequence[Judging], decisions: Mapping[str, Decision]) -> Iterator[GateDecision]:
    """A row for each gate, the strictest word on it; and one more for each that a policy has look in its own way."""
    rows = {gate.gate: gate for gate in decisions[own.name].gates}
    more = []
    for item in others:
        for gate in decisions[item.name].gates:
            if gate.outcome is Outcome.SKIPPED:
                continue
            named = replace(gate, by=item.name)
            source = source_of(next(one for one in item.policy.gates if one.name == gate.gate), item, own)
            if source != gate.gate:
                more.append(replace(named, gate=item.own(gate.gate)))
            elif _weight(gate) > _weight(rows[gate.gate]):
                rows[gate.gate] = named
    yield from rows.values()
    yield from more


def _weight(gate: GateDecision) -> tuple[int, int]:
    return _OUTCOMES.index(gate.outcome), _OUTCOMES.index(gate.would_be)


def _missing(own: Judging, change: Change | None) -> tuple[str, ...]:
    """What is said where the change takes away the policy that stands at the tip. A branch from before the policy never had it."""
    if own.name == CHANGE_POLICY:
        return ()
    standing = {source.name for source in own.policy.sources}
    brought = change is not None and not standing & {file.base for file in change.files}
    return () if brought else (f"the change takes its policy away, and {own.words} stands: it judges alone",)


def _reasons(own: Judging, counting: Sequence[Judging], decisions: Mapping[str, Decision]) -> Iterator[str]:
    """Why, a line each: those of the run's own policy, then what others say beside. That one enforces nothing is said if all do."""
    enforced = any(decisions[item.name].enforced for item in counting)
    said = {NOTHING_ENFORCED} if enforced else set()
    for item in sorted(counting, key=lambda item: item is not own):
        for reason in decisions[item.name].reasons:
            if reason not in said:
                said.add(reason)
                yield reason if item is own else f"by {item.words}: {reason}"


def _to_approve(tip: Judging, own: Judging, decisions: Mapping[str, Decision], seen: _Observed) -> str | None:
    """Why an approval does not count where the policy at the tip stops a change; and where that alone does, how to give one."""
    if tip.name != TIP_POLICY or tip is own or decisions[tip.name].verdict is Verdict.PASSED:
        return None
    said = []
    refused = approval.of_policy(own, tip, seen.context, seen.reviews).missing
    if refused and own.policy.approved is not None:
        said.append(f"the approval by {own.policy.approved.by} does not count: {refused}")
    if own.whole and tip.whole and not tip.touched and decisions[own.name].verdict is Verdict.PASSED:
        said.append(f"the policy of the change judges without it once one of its approvers signs that: {APPROVE}")
    return "; ".join(said) or None


def asked_by(policy: Policy, context: Context) -> tuple[GatePolicy, ...]:
    """The gates that a policy has report in this run."""
    return tuple(gate for gate in policy.gates if is_observed(gate, context))


def missing_facts(judgings: Sequence[Judging], context: Context, facts: Sequence[Facts]) -> list[str]:
    """Gates that a policy asks for and that did not report, by the name of their facts."""
    own, reported = judgings[0], {item.gate for item in facts}
    named = [source_of(gate, item, own) for item in judgings for gate in asked_by(item.policy, context)]
    return [name for name in dict.fromkeys(named) if name not in reported]
