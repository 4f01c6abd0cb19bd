"""A policy for a repository with old findings: nothing that is there stops anyone, and nothing may be added. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from gates import codec, registry
from gates.api import Gate
from gates.codec import decimal_text
from gates.dataclass import dataclass
from gates.errors import cut
from gates.judge import limits
from gates.judge.decide import decide, is_observed
from gates.judge.limits import Judged
from gates.model import Context, Decision, Facts, GateDecision, GatePolicy, Limit, Outcome, Policy, Severity, Stage, State, Verdict
from gates.policy import load
from gates.policy.compose import FindGate, compose
from gates.survey import Addition, Proposal

#: Stages at which what is there is held against the limits: a release looks at the whole tree, a change at what it adds.
_STAGES = (Stage.CHANGE, Stage.RELEASE)
#: Counts in which one severity must not make up for another.
_BY_SEVERITY = frozenset({"findings", "suppressed"})
#: Of a tool's own words, in a comment.
_MOST_WORDS = 500
_THEN = "Mend that, then run `gates init --adopt` again (it writes this file anew while nobody has edited it), or take `enforcement` away."
_PASSES = {_STAGES: "A change and a release pass", (Stage.RELEASE,): "A release passes", (Stage.CHANGE,): "A change passes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Adopted:
    """The policy's text, a line about each gate that is eased, the gates that could not tell, and the verdict at a release without that."""

    text: str
    remarks: tuple[str, ...]
    unknown: tuple[str, ...]
    as_it_stands: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ratchet:
    """The limits on one name that hold what is there, as plain data of a policy, and what was counted, in words."""

    name: str
    stages: tuple[Stage, ...]
    limits: tuple[Mapping[str, Any], ...]
    words: str


def adopt(name: str, proposal: Proposal, context: Context, facts: Sequence[Facts], *, find_gate: FindGate = registry.find) -> Adopted:
    """The proposal with a ratchet for each limit that `facts`, seen in the whole tree, would break.

    `name` is the policy file's. A gate that could not tell is left to warn. The same facts give the same text on the same day.
    """
    judge = _Judge(name, context, facts, find_gate)
    before = judge.decisions(proposal.text)
    ratchets = {gate: tuple(judge.ratchets(gate, before)) for gate in proposal.gates}
    eased = {gate: _held(found, context) for gate, found in ratchets.items() if found}
    after = judge.decisions(proposal.write(eased))
    unknown = {gate: reason for gate in proposal.gates if (reason := _why_not_passed(gate, after))}
    warned = {gate: _warned(eased.get(gate, Addition()), reason, context) for gate, reason in unknown.items()}
    additions = {gate: {**eased, **warned}[gate] for gate in proposal.gates if gate in eased or gate in warned}
    note = f"Adopted on {context.day} with what was there: nothing old stops anyone, and no limit below may be eased. See docs/adoption.md."
    return Adopted(
        text=proposal.write(additions, note),
        remarks=tuple(f"{gate}: {additions[gate].comments[0]}" for gate in additions),
        unknown=tuple(unknown),
        as_it_stands=before[Stage.RELEASE].decision.would_be,
    )


# -- judging what is there ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judgement:
    policy: Policy
    decision: Decision

    def of(self, gate: str) -> tuple[GatePolicy, GateDecision]:
        """A gate's part of both."""
        asked = next(item for item in self.policy.gates if item.name == gate)
        return asked, next(item for item in self.decision.gates if item.gate == gate)


class _Judge:
    """Holds the same facts against one text of a policy after another."""

    def __init__(self, name: str, context: Context, facts: Sequence[Facts], find_gate: FindGate) -> None:
        self._name, self._context, self._find_gate = name, context, find_gate
        self._facts = {item.gate: item for item in facts}

    def decisions(self, text: str) -> dict[Stage, _Judgement]:
        """What would be decided at each stage: at a release all is new, at a change nothing is, where a base can be had."""
        sources = load.collect_from(self._name, {self._name: text.encode()}.get)
        found = {}
        for stage in _STAGES:
            policy = compose(sources, stage, self._find_gate).policy
            context = replace(self._context, stage=stage, base=None)
            facts = [item for gate in policy.gates if is_observed(gate, context) and (item := self._facts.get(gate.name))]
            base = [item for item in facts if stage is Stage.CHANGE and self._has_base(policy, item.gate)]
            found[stage] = _Judgement(policy=policy, decision=decide(policy, context, facts, base))
        return found

    def _has_base(self, policy: Policy, gate: str) -> bool:
        """Whether old findings of the gate can be told from new ones."""
        said = next(item for item in policy.gates if item.name == gate)
        known: Gate = self._find_gate(said.uses)
        return not known.no_base(codec.decode(known.options, dict(said.options), "options"))

    def ratchets(self, gate: str, judged: Mapping[Stage, _Judgement]) -> Iterator[_Ratchet]:
        """A ratchet for each name on which a limit is broken, and for what the gate says may only rise."""
        facts = self._facts.get(gate)
        if facts is None:
            return
        found: dict[tuple[str, str], list[Stage]] = {}
        made: dict[tuple[str, str], _Ratchet] = {}
        for stage in _STAGES:
            for ratchet in _broken(*judged[stage].of(gate), facts):
                key = (ratchet.name, str(ratchet.limits))
                found.setdefault(key, []).append(stage)
                made.setdefault(key, ratchet)
        yield from (replace(ratchet, stages=tuple(found[key])) for key, ratchet in made.items())
        policy, _ = judged[Stage.RELEASE].of(gate)
        yield from _rising(self._find_gate(policy.uses), policy, facts)


def _why_not_passed(gate: str, judged: Mapping[Stage, _Judgement]) -> str:
    """Why a gate would still stop someone; empty where it passes wherever it runs."""
    for judgement in judged.values():
        _, decision = judgement.of(gate)
        if decision.would_be not in {Outcome.PASSED, Outcome.SKIPPED}:
            remedy = f" ({decision.remedy})" if decision.remedy else ""
            return cut(f"{'; '.join(decision.reasons)}{remedy}", _MOST_WORDS)
    return ""


# -- ratchets ----------------------------------------------------------------------------------


def _broken(policy: GatePolicy, decision: GateDecision, facts: Facts) -> Iterator[_Ratchet]:
    """What would have to be said for the limits that are broken not to be."""
    # That nothing was examined is no debt to be held: the gate could not tell.
    broken = [check.limit for check in decision.checks if check.met is False and (check.limit.name != "examined" or check.value)]
    for name in dict.fromkeys(limit.name for limit in broken):
        whole = [limit for limit in policy.require if limit.name == name and limit not in broken]
        of_name = [limit for limit in broken if limit.name == name]
        held = _by_severity(of_name, facts) if name in _BY_SEVERITY else [_at_most(limit, facts) for limit in of_name]
        kept = [limit for limit in held if limit.severity not in {other.severity for other in whole}]
        written = tuple(_written(limit) for limit in (*whole, *kept))
        yield _Ratchet(name=name, stages=(), limits=written, words=_words(name, kept))


def _by_severity(broken: Sequence[Limit], facts: Facts) -> list[Limit]:
    """What is there from each severity up, down to the lowest that is limited. A number that the next one implies is left out."""
    lowest = min(limit.severity or Severity.INFO for limit in broken)
    name = broken[0].name
    found: list[Limit] = []
    for level in sorted(level for level in Severity if level >= lowest):
        limit = Limit(name=name, severity=None if level is Severity.INFO else level, max=_value(name, level, facts))
        if not found or found[-1].max != limit.max:
            found.append(limit)
    return found[::-1]


def _at_most(limit: Limit, facts: Facts) -> Limit:
    """A limit that the value of today meets, and no worse one."""
    value = _value(limit.name, limit.severity, facts)
    worse_is_less = limit.min is not None and value < limit.min
    return replace(
        limit,
        max=limit.max if worse_is_less or (limit.max is None and limit.new_max is None) else value,
        min=value if worse_is_less else limit.min,
        new_max=None,
    )


def _value(name: str, severity: Severity | None, facts: Facts) -> Decimal:
    """What a limit on this name would be held against, all of it new."""
    judged = [Judged(finding=finding, state=State.NEW, waiver=None) for finding in facts.findings]
    [check] = limits.check(Limit(name=name, severity=severity, max=Decimal(0)), facts, judged, None)
    return check.value or Decimal(0)


def _rising(gate: Gate, policy: GatePolicy, facts: Facts) -> Iterator[_Ratchet]:
    """For a measurement that ought to rise, and that no limit holds: what it is today, rounded down to a whole number."""
    held = {limit.name for limit in policy.require}
    for item in facts.measurements:
        if item.name in gate.rising and item.name not in held:
            least = item.value.to_integral_value(ROUND_FLOOR)
            words = f"{item.name} is {decimal_text(item.value)} {item.unit}"
            yield _Ratchet(name=item.name, stages=_STAGES, limits=({"min": least},), words=words)


def _written(limit: Limit) -> dict[str, Any]:
    """A limit as a policy says it."""
    said = {
        "severity": limit.severity.word if limit.severity else None,
        "min": limit.min,
        "max": limit.max,
        "new": None if limit.new_max is None else {"max": limit.new_max},
        "regression": limit.regression,
    }
    return {key: value for key, value in said.items() if value is not None}


def _words(name: str, held: Sequence[Limit]) -> str:
    """What was counted, the largest number first: `500 findings from medium (20 of them from high, none at critical)`."""
    *parts, whole = [(limit.max if limit.min is None else limit.min, limit.severity) for limit in held]
    value, severity = whole
    noun = name.removesuffix("s") if value == 1 and name.endswith("s") else name
    said = f"{decimal_text(value or Decimal(0))} {noun}{_from(severity)}"
    more = [f"{f'{decimal_text(number)} of them' if number else 'none'}{_from(level)}" for number, level in reversed(parts)]
    return f"{said} ({', '.join(more)})" if more else said


def _from(severity: Severity | None) -> str:
    return "" if severity is None else " at critical" if severity is Severity.CRITICAL else f" from {severity.word}"


# -- what is written ---------------------------------------------------------------------------


def _held(ratchets: Sequence[_Ratchet], context: Context) -> Addition:
    """The ratchets of a gate: what holds at both stages under `require`, the rest under `at`."""
    everywhere = {ratchet.name: _one_or_many(ratchet.limits) for ratchet in ratchets if ratchet.stages == _STAGES}
    at = {
        stage.value: {"require": {ratchet.name: _one_or_many(ratchet.limits) for ratchet in ratchets if ratchet.stages == (stage,)}}
        for stage in _STAGES
    }
    at = {stage: said for stage, said in at.items() if said["require"]}
    settings = {**({"require": everywhere} if everywhere else {}), **({"at": at} if at else {})}
    return Addition(settings=settings, comments=tuple(_counted(ratchet, context) for ratchet in ratchets))


def _counted(ratchet: _Ratchet, context: Context) -> str:
    if "min" in ratchet.limits[-1] and "max" not in ratchet.limits[-1]:
        how = "with no less: the number may only rise"
    else:
        how = "with as many and no more: as they are mended, the number may only fall"
    return f"Counted on {context.day} in the whole tree: {ratchet.words}. {_PASSES[ratchet.stages]} {how}.{_of_new(ratchet)}"


def _of_new(ratchet: _Ratchet) -> str:
    """What tells old from new, where that can be told."""
    if ratchet.stages == (Stage.RELEASE,):
        return " A change is stopped by what it adds."
    if ratchet.name in limits.COUNTED_KINDS:
        return " Which of them are old is told where the branch's bundles are signed (`--base-bundle`): see docs/adoption.md."
    return ""


def _warned(eased: Addition, reason: str, context: Context) -> Addition:
    """A gate that could not tell: it runs and is shown, and stops nobody until it can."""
    words = f"It could not tell on {context.day}, so it warns and stops nobody: {reason}. {_THEN}"
    return Addition(settings={"enforcement": "warn", **eased.settings}, comments=(words, *eased.comments))


def _one_or_many(limits: Sequence[Mapping[str, Any]]) -> Any:
    return limits[0] if len(limits) == 1 else list(limits)
