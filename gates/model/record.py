"""What was judged and how, what happened meanwhile, and the whole that reports render."""

from __future__ import annotations

from dataclasses import field, fields
from datetime import date
from decimal import Decimal
from enum import StrEnum

from gates.dataclass import dataclass
from gates.model.change import Change
from gates.model.comparison import Comparison
from gates.model.context import Context, JudgingPolicy
from gates.model.facts import Facts
from gates.model.origins import Artifact, Origins
from gates.model.policy import Approval, GatePolicy, Limit, Policy
from gates.model.reviews import Reviews
from gates.model.terms import Enforcement, Outcome, State, Verdict

#: The names, in the evidence, of the policy that stands in what is judged, and of the one at the tip of the branch that it goes into.
CHANGE_POLICY = "change"
TIP_POLICY = "tip"


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitCheck:
    """One limit, the value that was held against it (as a decimal string), and whether it was met; None: not known."""

    limit: Limit
    value: Decimal | None
    met: bool | None
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingState:
    """The judge's word on one finding, in the order of the facts' findings."""

    fingerprint: str
    state: State
    waiver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    findings: int = 0
    new: int = 0
    existing: int = 0
    waived: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class GateDecision:
    """The judge's word on one gate; `by` names the policy whose word it is, where that is not the run's own."""

    gate: str
    uses: str
    outcome: Outcome
    would_be: Outcome
    enforcement: Enforcement
    reasons: tuple[str, ...] = ()
    remedy: str = ""
    checks: tuple[LimitCheck, ...] = ()
    counts: Counts = field(default_factory=Counts)
    findings: tuple[FindingState, ...] = ()
    mended: tuple[str, ...] = ()
    by: str | None = None


class WaiverState(StrEnum):
    ACTIVE = "active"
    EXPIRES_SOON = "expires-soon"
    EXPIRED = "expired"
    UNUSED = "unused"
    TOO_LONG = "too-long"
    NOT_APPROVED = "not-approved"
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverDecision:
    """What became of one waiver: how many findings it matched, how it was approved, and why it counts or doesn't.

    `approved_by` is who reviewed or signed it; None where nobody did.
    """

    id: str
    state: WaiverState
    matched: int
    days_left: int
    approval: Approval = "asserted"
    message: str = ""
    approved_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyDecision:
    """What one of several policies says by itself. Where it does not count, `why` says what set it aside.

    `remedy` says of the one at the tip how it could be, by a signature, and why one that is there does not do it.
    """

    name: str
    words: str
    digest: str
    verdict: Verdict
    would_be: Verdict
    counts: bool = True
    why: str = ""
    remedy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Overridden:
    """An override that took the place of a verdict: which verdict that was, whose word it is, and why, until which day (UTC)."""

    id: str
    verdict: Verdict
    by: str
    reason: str
    owner: str
    expires: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict. Where several policies judge, it is the strictest of those that count, and `policies` has each one's own.

    Where an `override` took its place, `would_be`, the gates and the reasons still say what there would be without.
    """

    verdict: Verdict
    would_be: Verdict
    enforced: int
    partial: tuple[str, ...]
    gates: tuple[GateDecision, ...]
    waivers: tuple[WaiverDecision, ...] = ()
    reasons: tuple[str, ...] = ()
    policy_digest: str = ""
    policies: tuple[PolicyDecision, ...] | None = None
    override: Overridden | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CachedFrom:
    """The run that saw what another takes from the cache: when it began (RFC 3339, UTC), its commit, and the digest of its bundle."""

    started: str
    commit: str | None
    bundle: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """What varies from run to run about one gate. Times in milliseconds, `started` counted from the run's start.

    `cached`: it did not look itself; `cached_from` says which run did, where it was one on this machine. `cached_items`: of so many
    files it took what an earlier run had found in them.
    """

    gate: str
    started_ms: int
    duration_ms: int
    cached: bool = False
    tool_ms: tuple[int, ...] = ()
    cached_from: CachedFrom | None = None
    cached_items: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartRun:
    """What one part of a plan says of itself: when it began (RFC 3339, UTC), how long it took, where. `digest` is that of its archive."""

    part: int
    started: str
    duration_ms: int
    python: str
    platform: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedRun:
    """The plan by which a run was observed in parts (its digest), and those that were there.

    `isolated`: what does not run the project's code was observed by the judge. Where the parts ran is their own word.
    """

    digest: str
    isolated: bool
    parts: tuple[PartRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What varies between two runs on the same inputs: never part of the content digest. `base` is of gates that were run on the base.

    `plan`: it was observed in parts.
    """

    started: str
    duration_ms: int
    version: str
    python: str
    platform: str
    gates: tuple[GateRun, ...] = ()
    ci_url: str = ""
    base: tuple[GateRun, ...] | None = None
    plan: PlannedRun | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """A policy that judges, by its name in the evidence. The rest is as in `JudgingPolicy`."""

    name: str
    words: str
    policy: Policy
    apart: tuple[str, ...] | None = None
    steered_by: tuple[str, ...] | None = None
    within: bool | None = None
    whole: str | None = None
    touched: tuple[str, ...] | None = None

    @classmethod
    def of(cls, named: JudgingPolicy, policy: Policy) -> Judging:
        """The policy that the evidence names."""
        return cls(policy=policy, **{field.name: getattr(named, field.name) for field in fields(named)})

    @property
    def named(self) -> JudgingPolicy:
        """What the evidence says of it."""
        return JudgingPolicy(**{field.name: getattr(self, field.name) for field in fields(JudgingPolicy)})

    def own(self, gate: str) -> str:
        """What facts of a gate are called that are of this policy alone: it has the gate look in another way than the run's own policy."""
        return f"{gate}@{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything that reports render and the bundle holds.

    `base` has the facts of the base, where there is one, and `change` what lies between; `origins` and `artifacts` where limits and
    raw output stand; `comparison` what became of the run since an earlier bundle; `reviews` what was said of the change,
    where it was asked.
    """

    context: Context
    policy: Policy
    facts: tuple[Facts, ...]
    base: tuple[Facts, ...]
    decision: Decision
    run: Run
    content_digest: str = ""
    origins: Origins | None = None
    artifacts: tuple[Artifact, ...] = ()
    comparison: Comparison | None = None
    change: Change | None = None
    others: tuple[Judging, ...] = ()
    reviews: Reviews | None = None

    def facts_of(self, gate: str) -> Facts | None:
        return next((facts for facts in self.facts if facts.gate == gate), None)

    def policy_of(self, gate: str) -> GatePolicy | None:
        """What the policy says of a gate; of one that another policy has look in its own way (`gate@policy`), what that one says."""
        name, _, other = gate.partition("@")
        policy = next((item.policy for item in self.others if item.name == other), None) if other else self.policy
        return next((item for item in policy.gates if item.name == name), None) if policy else None

    def judgings(self) -> tuple[Judging, ...]:
        """All policies that judge, the run's own first."""
        named = self.context.policies[0] if self.context.policies else None
        return (Judging.of(named or JudgingPolicy(name=CHANGE_POLICY, words=""), self.policy), *self.others)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """Where a bundle lies and its digest (sha256 of its manifest, in hex)."""

    path: str
    digest: str
    signed: bool = False
