"""A bundle judged by another policy: would last year's release pass today's rules?

What was observed then is held against the other policy's limits. A gate that the other policy would have observed in another way
can't be judged from it: it could not tell, and says so.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from gates import codec, registry
from gates.dataclass import dataclass
from gates.evidence.bundle import Contents
from gates.judge.decide import decide, is_observed
from gates.model import Decision, Facts, GatePolicy, Policy, PolicySource, Record, Status
from gates.policy.compose import compose


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejudged:
    """What another policy, named as its file is, says of a run on a day; `notes` is what of the run it doesn't speak about."""

    policy: str
    day: date
    decision: Decision
    notes: tuple[str, ...]


def by_another(contents: Contents, sources: Sequence[PolicySource], day: date) -> Rejudged:
    """Judge the facts of a bundle by the policy of `sources`, at its stage, as on `day`. Raises `PolicyError`."""
    record = contents.record
    policy = compose(sources, record.context.stage, registry.find).policy
    context = replace(record.context, day=day)
    asked = {gate.name: gate for gate in policy.gates if is_observed(gate, context)}
    facts = [_usable(item, record.policy, asked[item.gate]) for item in record.facts if item.gate in asked]
    decision = decide(policy, context, facts, [item for item in record.base if item.gate in asked], record.change, reviews=record.reviews)
    return Rejudged(policy=sources[-1].name, day=day, decision=decision, notes=tuple(_notes(record, asked)))


def _usable(facts: Facts, then: Policy, now: GatePolicy) -> Facts:
    """The facts as they are where both policies observe alike, else facts that could not tell."""
    before = next((gate for gate in then.gates if gate.name == facts.gate), None)
    differing = _differing(before, now) if before else ()
    if not differing:
        return facts
    return Facts(
        gate=facts.gate,
        uses=now.uses,
        parser=facts.parser,
        status=Status.ERROR,
        reason=f"it was observed with another {', '.join(differing)} than this policy asks for",
        remedy="run the gates on that commit by this policy: what was not observed can't be judged",
    )


def _differing(then: GatePolicy, now: GatePolicy) -> tuple[str, ...]:
    if then.uses != now.uses:
        return (f"gate ({then.uses})",)
    table = registry.find(now.uses).options
    old: Any = codec.decode(table, dict(then.options))
    new: Any = codec.decode(table, dict(now.options))
    return tuple(
        f"`{item.name.replace('_', '-')}`" for item in dataclasses.fields(table) if getattr(old, item.name) != getattr(new, item.name)
    )


def _notes(record: Record, asked: dict[str, GatePolicy]) -> Iterator[str]:
    for item in record.facts:
        if item.gate not in asked and "@" not in item.gate:
            yield f"{item.gate} was observed, and this policy does not ask for it at the stage {record.context.stage}"
