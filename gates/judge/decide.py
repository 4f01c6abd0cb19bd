"""`decide`: from policy, context, facts and base to the decision. The same inputs give the same bytes, for ever."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from gates import canonical
from gates.dataclass import dataclass
from gates.judge import limits, match, waivers
from gates.judge.limits import Judged
from gates.model import (
    Change,
    Context,
    Counts,
    Decision,
    Enforcement,
    Facts,
    FindingState,
    GateDecision,
    GatePolicy,
    Kind,
    LimitCheck,
    Outcome,
    Policy,
    Reviews,
    Stage,
    Status,
    Verdict,
)

NOTHING_ENFORCED = "no gate that is enforced had anything to examine: nothing could stop this"


def decide(
    policy: Policy,
    context: Context,
    facts: Sequence[Facts],
    base: Sequence[Facts],
    change: Change | None = None,
    *,
    may_be_gone: bool = False,
    laid_under: bool = False,
    reviews: Reviews | None = None,
) -> Decision:
    """Judge. `change` is what lies between the base and what is judged; `may_be_gone`: what a gate looks at may be there no more;
    `laid_under`: the policy is one that no change could have written; `reviews` are those of the change, where they were asked for.

    Raises `ValueError` for facts that the policy did not ask for: they are not of this run.
    """
    reported, before = match.by_gate(facts), match.by_gate(base)
    asked = {gate.name for gate in policy.gates if is_observed(gate, context)}
    unasked = sorted(set(reported) - asked)
    if unasked:
        raise ValueError(f"the gate {unasked[0]!r} reports and was not asked")
    uses = {gate.name: gate.uses for gate in policy.gates}
    strange = [item for item in (*facts, *base) if item.uses != uses.get(item.gate, item.uses)]
    if strange:
        raise ValueError(f"the gate {strange[0].gate!r} reports as {strange[0].uses!r}, and the policy asks for {uses[strange[0].gate]!r}")
    waived = waivers.apply(policy, context, reported, reviews, laid_under=laid_under)
    gates = tuple(
        _judge(gate, context, reported.get(gate.name), _Before(facts=before.get(gate.name), change=change, may_be_gone=may_be_gone), waived)
        if gate.name in asked
        else _skipped(gate, _why_skipped(gate, context))
        for gate in policy.gates
    )
    blocking = [gate for gate in gates if gate.enforcement is Enforcement.BLOCK and gate.outcome is not Outcome.SKIPPED]
    outcomes = [gate.outcome for gate in blocking]
    could_be = [gate.would_be for gate in gates]
    return Decision(
        verdict=_verdict(outcomes),
        would_be=_verdict(could_be),
        enforced=len(blocking),
        partial=_partial(policy, context, asked),
        gates=gates,
        waivers=waived.decisions,
        reasons=_reasons(gates, outcomes),
        policy_digest=f"sha256:{canonical.sha256(canonical.of(policy))}",
    )


def is_observed(gate: GatePolicy, context: Context) -> bool:
    """Whether this gate is to report: it is on, of this stage, applicable, and not left out by a selection."""
    return is_on(gate, context.stage) and (not context.selection or gate.name in context.selection)


def is_on(gate: GatePolicy, stage: Stage) -> bool:
    """Whether a policy runs this gate at a stage."""
    return gate.enforcement is not Enforcement.OFF and stage in gate.stages and not gate.not_applicable


@dataclass(frozen=True, slots=True, kw_only=True)
class _Before:
    """What is known of a gate at the base."""

    facts: Facts | None
    change: Change | None
    may_be_gone: bool

    def unknown(self, gate: str) -> str:
        """Why nothing is known of the base that there is; empty where something is, and where there is no base."""
        if self.change is None:
            return ""
        compared = match.compared_of(self.change, gate)
        return compared.reason if compared else "it was not observed there"


def _judge(gate: GatePolicy, context: Context, facts: Facts | None, before: _Before, waived: waivers.Waived) -> GateDecision:
    if facts is None:
        return _errored(gate, ("it did not report: the run ended before it did",))
    if facts.status is Status.NOT_APPLICABLE and (context.named is not None or before.may_be_gone):
        return _skipped(gate, facts.reason)
    if facts.status is not Status.COMPLETED or facts.examined is None:
        return _errored(gate, (facts.reason,), facts.remedy)
    matched = match.match(facts, before.facts, before.change)
    judged = [
        Judged(finding=finding, state=state, waiver=waived.findings.get((gate.name, index)))
        for index, (finding, state) in enumerate(zip(facts.findings, matched.states, strict=True))
    ]
    unknown_base = before.unknown(gate.name)
    checks = tuple(check for limit in gate.require for check in limits.check(limit, facts, judged, before.facts, unknown_base))
    unknown = (*_unproven(facts), *(check.text for check in checks if check.met is None))
    broken = (*(check.text for check in checks if check.met is False), *waived.failures.get(gate.name, ()))
    if unknown_base and any(check.met is False and check.limit.new_max is not None for check in checks):
        broken = (*broken, f"every finding counts as new, since the base can't be compared: {unknown_base}")
    natural = Outcome.FAILED if broken else Outcome.ERRORED if unknown else Outcome.PASSED
    return GateDecision(
        gate=gate.name,
        uses=gate.uses,
        outcome=_outcome(natural, gate.enforcement),
        would_be=natural,
        enforcement=gate.enforcement,
        reasons=(*broken, *unknown),
        remedy=facts.remedy,
        checks=checks,
        counts=_count(judged),
        findings=tuple(FindingState(fingerprint=item.finding.fingerprint, state=item.state, waiver=item.waiver) for item in judged),
        mended=matched.mended,
    )


def _unproven(facts: Facts) -> tuple[str, ...]:
    """Why it can't be believed that everything was examined: in the gate's own words, where it has any."""
    examined = facts.examined
    if examined is None or examined.done <= 0:
        return ("nothing was examined",)
    if examined.expected != examined.done + len(examined.skipped):
        missing = examined.expected - examined.done - len(examined.skipped)
        return (facts.reason or f"of {examined.expected} {examined.unit}, {missing} are neither examined nor explained",)
    return ()


def _outcome(natural: Outcome, enforcement: Enforcement) -> Outcome:
    softened = natural is Outcome.FAILED and enforcement is not Enforcement.BLOCK
    return Outcome.WARNED if softened else natural


def _errored(gate: GatePolicy, reasons: tuple[str, ...], remedy: str = "", checks: tuple[LimitCheck, ...] = ()) -> GateDecision:
    return GateDecision(
        gate=gate.name,
        uses=gate.uses,
        outcome=Outcome.ERRORED,
        would_be=Outcome.ERRORED,
        enforcement=gate.enforcement,
        reasons=reasons,
        remedy=remedy,
        checks=checks,
    )


def _skipped(gate: GatePolicy, reason: str) -> GateDecision:
    return GateDecision(
        gate=gate.name, uses=gate.uses, outcome=Outcome.SKIPPED, would_be=Outcome.SKIPPED, enforcement=gate.enforcement, reasons=(reason,)
    )


def _why_skipped(gate: GatePolicy, context: Context) -> str:
    if gate.enforcement is Enforcement.OFF:
        return "the policy switches it off"
    if gate.not_applicable:
        return f"not applicable: {gate.not_applicable}"
    return f"not of the stage {context.stage}" if context.stage not in gate.stages else "left out by the selection of gates"


def _count(judged: Sequence[Judged]) -> Counts:
    found = [item for item in judged if item.finding.kind in {Kind.FINDING, Kind.FAILURE}]
    new = sum(item.state == "new" for item in found)
    return Counts(
        findings=len(found),
        new=new,
        existing=len(found) - new,
        waived=sum(item.waiver is not None for item in found),
        suppressed=sum(item.finding.suppressed_by is not None for item in found),
    )


def _verdict(outcomes: Sequence[Outcome]) -> Verdict:
    """The verdict of the gates that count. None at all: passed, and the decision says that nothing was enforced."""
    if Outcome.FAILED in outcomes:
        return Verdict.FAILED
    if Outcome.ERRORED in outcomes:
        return Verdict.ERRORED
    return Verdict.PASSED


def _partial(policy: Policy, context: Context, asked: set[str]) -> tuple[str, ...]:
    """Why this verdict is about less than the policy asks for, in words; empty where it is about all."""
    everything = Context(day=context.day, stage=context.stage)
    left_out = [gate.name for gate in policy.gates if is_observed(gate, everything) and gate.name not in asked]
    words = (f"left out by the selection: {', '.join(left_out)}",) if left_out else ()
    return (*words, *context.limited)


def _reasons(gates: Sequence[GateDecision], outcomes: Sequence[Outcome]) -> tuple[str, ...]:
    """Why the verdict is what it is, a line a gate; and aloud where nothing is enforced."""
    counting: Mapping[Outcome, str] = {Outcome.FAILED: "failed", Outcome.ERRORED: "could not tell"}
    lines = tuple(
        f"{gate.gate} {counting[gate.outcome]}: {gate.reasons[0]}"
        for gate in gates
        if gate.outcome in counting and gate.enforcement is Enforcement.BLOCK
    )
    return lines if outcomes else (NOTHING_ENFORCED,)
