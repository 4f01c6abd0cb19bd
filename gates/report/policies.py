"""Which policies judged a run, and what the change does to the one that stood: words that every report shows."""

from __future__ import annotations

from collections.abc import Iterator

from gates import canonical, codec
from gates.model import TIP_POLICY, Direction, Policy, PolicyChange, PolicyDecision, Record
from gates.policy.changes import policy_changes, waiver_changes
from gates.report.view import VERDICTS

_ORDER = (Direction.LOOSER, Direction.UNWEIGHED, Direction.TIGHTER, Direction.CHANGED)


def changes(record: Record) -> tuple[PolicyChange, ...]:
    """What the policy of the change says otherwise than the one where it goes, what is looser first; nothing where only one judged."""
    before = next((other.policy for other in record.others if other.name == TIP_POLICY), None)
    if before is None:
        return ()
    before, now = _as_kept(before), _as_kept(record.policy)
    found = (*policy_changes(before, now), *waiver_changes(before.waivers, now.waivers))
    return tuple(sorted(found, key=lambda change: _ORDER.index(change.direction)))


def _as_kept(policy: Policy) -> Policy:
    """A policy as evidence keeps it, its keys in their order: a page says the same of a run and of its bundle."""
    return codec.decode(Policy, canonical.loads(canonical.of(policy)))


def looser(record: Record) -> tuple[PolicyChange, ...]:
    """Those of `changes` that let more pass, or may."""
    return tuple(change for change in changes(record) if change.direction.counts_as_looser)


def words_of(change: PolicyChange) -> str:
    """A change of a policy in a line."""
    told = f"{change.now or 'nothing'}, was {change.then or 'nothing'}"
    why = f" ({change.why})" if change.why else ""
    return f"{change.where}: {told}{why}"


def judged_by(record: Record) -> Iterator[str]:
    """A line for each policy that judged beside the run's own, and for one that is the first; nothing where only one did."""
    for policy in (record.decision.policies or ())[1:]:
        yield said_of(policy)
    if record.decision.policies is None and record.context.policies:
        yield record.context.policies[0].words


def said_of(policy: PolicyDecision) -> str:
    """What a policy says by itself, and what set it aside where it doesn't count."""
    verdict = VERDICTS[policy.verdict].lower()
    return f"by {policy.words}: {verdict}" + _rest(policy)


def _rest(policy: PolicyDecision) -> str:
    if not policy.counts:
        return f", which does not count: {policy.why}"
    return f"; {policy.remedy}" if policy.remedy else ""
