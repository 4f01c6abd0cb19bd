"""What was judged and how, what happened meanwhile, and the whole that reports render."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from gates.model.comparison import Comparison
from gates.model.context import Context
from gates.model.facts import Facts
from gates.model.origins import Artifact, Origins
from gates.model.policy import Approval, Limit, Policy
from gates.model.reviews import Reviews
from gates.model.terms import Enforcement, Outcome, State, Verdict


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
class Decision:
    verdict: Verdict
    would_be: Verdict
    enforced: int
    partial: tuple[str, ...]
    gates: tuple[GateDecision, ...]
    waivers: tuple[WaiverDecision, ...] = ()
    reasons: tuple[str, ...] = ()
    policy_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRun:
    """What varies from run to run about one gate. Times in milliseconds, `started` counted from the run's start."""

    gate: str
    started_ms: int
    duration_ms: int
    cached: bool = False
    tool_ms: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What varies between two runs on the same inputs: never part of the content digest."""

    started: str
    duration_ms: int
    version: str
    python: str
    platform: str
    gates: tuple[GateRun, ...] = ()
    ci_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything that reports render and the bundle holds.

    `base` has the facts of the base, where there is one; `origins` and `artifacts` where limits and raw output stand;
    `comparison` what became of the run since an earlier bundle; `reviews` what was said of the change, where it was asked.
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
    reviews: Reviews | None = None

    def facts_of(self, gate: str) -> Facts | None:
        return next((facts for facts in self.facts if facts.gate == gate), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """Where a bundle lies and its digest (sha256 of its manifest, in hex)."""

    path: str
    digest: str
    signed: bool = False
