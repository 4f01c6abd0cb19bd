"""What a policy says, composed for one stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import date
from decimal import Decimal
from typing import Any, Literal, get_args

from gates.dataclass import dataclass
from gates.model.terms import Enforcement, Severity, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """One limit on a count or a measurement. Several on one name apply together; merging replaces all of a name.

    `max` and `min` bound the value, `new_max` the new findings alone, `severity` the lowest that counts.
    None means unbounded. Values are compared exactly, never rounded.
    """

    name: str
    severity: Severity | None = None
    max: Decimal | None = None
    min: Decimal | None = None
    new_max: Decimal | None = None
    regression: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """What one policy says of one gate, composed for one stage. `options` is plain JSON data, checked against the gate's options."""

    name: str
    uses: str
    enforcement: Enforcement = Enforcement.BLOCK
    stages: tuple[Stage, ...] = (Stage.CHANGE, Stage.RELEASE)
    timeout_seconds: int = 600
    owner: str = ""
    why: str = ""
    runbook: str = ""
    not_applicable: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    require: tuple[Limit, ...] = ()


def looks_alike(gate: GatePolicy, other: GatePolicy | None) -> bool:
    """Whether two policies have a gate look in the same way, so that one observation will do for both."""
    return other is not None and gate.uses == other.uses and gate.options == other.options


WaiverClass = Literal["false-positive", "accepted-risk", "mitigated", "vendor-pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception that is owned, dated and narrow. The day `expires` still counts (UTC). `signature` is an approver's.

    `folder` is the one of the repository that is judged by itself for which it counts; None: it does not say.
    """

    id: str
    gate: str
    match: Mapping[str, str]
    waiver_class: WaiverClass
    reason: str
    owner: str
    approver: str
    created: date
    expires: date
    folder: str | None = None
    signature: str | None = None


OverridableVerdict = Literal["failed", "errored"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """Lets what is named pass for some days although gates stop it, and stands in its evidence for ever.

    `subject` has at least one of `repository`, `ref` and `commit`, compared whole with what is judged, and `folder` where that is
    judged by itself. `of` are the verdicts that it replaces. The day `expires` still counts (UTC). `signature` is an approver's.
    """

    id: str
    subject: Mapping[str, str]
    of: tuple[OverridableVerdict, ...]
    reason: str
    owner: str
    created: date
    expires: date
    signature: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyApproval:
    """An approver's word that one policy may become another at once: what a change loosens acts in that change.

    `of` is the digest of the policy where the change goes, `to` that of the change's own, each of all stages (`sha256:` and hex).
    `repository` as `gates.policy.whole.repository` writes it; None where none is known. `folder` is that of the repository
    whose policy it is, None where all of it is judged. `by` is the approver whose key signed.
    The day `expires` still counts (UTC).
    """

    of: str
    to: str
    by: str
    created: date
    expires: date
    repository: str | None = None
    folder: str | None = None
    signature: str | None = None


Approval = Literal["self", "asserted", "reviewed", "signed"]
#: From the weakest to the strongest.
APPROVALS: tuple[Approval, ...] = get_args(Approval)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedDecision:
    """A decision of people that the evidence keeps: `decisions:` of the policy."""

    id: str
    date: date
    by: str
    why: str
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySource:
    """A policy file as it was read: its name in the evidence, its exact bytes, its sha256 in hex."""

    name: str
    content: bytes
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRef:
    """A policy file that was composed, named as in the evidence."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverRules:
    """How the policy treats waivers. `max_days` is by severity's word; beyond it, and for stale ones, `warn` or `fail`.

    `approval` is the least that counts; None: the policy does not say, and any does.
    """

    max_days: Mapping[str, int] = field(default_factory=lambda: {"critical": 14, "high": 30, "medium": 90, "low": 180, "info": 180})
    too_long: Literal["warn", "fail"] = "warn"
    unused: Literal["warn", "fail"] = "warn"
    approval: Approval | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The effective policy for one stage: all `sources` composed, later ones over earlier ones.

    With `self_approval` what a change loosens of it acts in that change: it is kept by one person, who says so.
    `approved` is an approver's word for the change that brings the policy; it demands nothing and allows nothing by itself.
    """

    stage: Stage
    gates: tuple[GatePolicy, ...]
    approvers: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    waiver_rules: WaiverRules = field(default_factory=WaiverRules)
    decisions: tuple[RecordedDecision, ...] = ()
    runbook: str = ""
    rollback: str = ""
    sources: tuple[SourceRef, ...] = ()
    self_approval: bool | None = None
    overrides: tuple[Override, ...] | None = None
    approved: PolicyApproval | None = None
