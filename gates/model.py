"""The frozen types that cross rooms. They hold data and refuse to be built wrong; they do nothing else.

Terms follow the field: SARIF 2.1.0 for locations and suppressions, SLSA and in-toto for evidence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from typing import Any, Literal


class Severity(IntEnum):
    """How bad a finding is. Tools' own words are normalised to these five; the original word is kept beside."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        return self.name.lower()

    @classmethod
    def from_word(cls, word: str) -> Severity:
        """The severity of a lower-case word; raises `ValueError` for any other."""
        try:
            return cls[word.upper()] if word == word.lower() else cls[word]
        except KeyError:
            raise ValueError(f"unknown severity {word!r}") from None


class Status(StrEnum):
    COMPLETED = "completed"
    ERROR = "error"
    NOT_APPLICABLE = "not-applicable"


class Enforcement(StrEnum):
    OFF = "off"
    SHADOW = "shadow"
    WARN = "warn"
    BLOCK = "block"


class Stage(StrEnum):
    COMMIT = "commit"
    CHANGE = "change"
    RELEASE = "release"


class Outcome(StrEnum):
    PASSED = "passed"
    WARNED = "warned"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


class Kind(StrEnum):
    """What a finding counts as: `needs-review` and `flake` are shown and limited on their own, never as findings."""

    FINDING = "finding"
    FAILURE = "failure"
    NEEDS_REVIEW = "needs-review"
    FLAKE = "flake"


class State(StrEnum):
    NEW = "new"
    EXISTING = "existing"


class Proof(StrEnum):
    """How it is known what should have been examined: found independently of the engine, or the tool's word alone."""

    INVENTORY = "inventory"
    CLAIMED = "claimed"


# -- what gates observe ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Where a finding is: a place in a file, an element of a page, a package, or an operation of an API.

    Lines and columns count from 1. `path` is relative to the repository's root, with forward slashes.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    url: str | None = None
    selector: str | None = None
    purl: str | None = None
    operation: str | None = None

    def __post_init__(self) -> None:
        if not (self.path or self.url or self.purl or self.operation):
            raise ValueError("a location needs a path, url, purl or operation")
        if self.path is not None and (self.path.startswith("/") or "\\" in self.path):
            raise ValueError(f"a location's path is relative with forward slashes, not {self.path!r}")
        for name in ("line", "column", "end_line", "end_column"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ValueError(f"{name} counts from 1, not {value}")

    def __str__(self) -> str:
        page = f"{self.url} {self.selector}" if self.url and self.selector else self.url
        what = self.operation or page or self.purl
        place = ":".join([self.path, *(str(number) for number in (self.line, self.column) if number is not None)]) if self.path else ""
        if what and place:
            return f"{place} ({what})" if self.purl else f"{what} ({place})"
        return what or place


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a gate found. Built through `gates.api.Raw.finding`, which fills `gate`, `rule` and `fingerprint`."""

    gate: str
    rule: str
    severity: Severity
    message: str
    location: Location
    fingerprint: str
    kind: Kind = Kind.FINDING
    remedy: str = ""
    help_url: str = ""
    suppressed_by: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.rule.startswith(f"{self.gate}/") or self.rule == f"{self.gate}/":
            raise ValueError(f"rule {self.rule!r} must be {self.gate + '/'!r} and the tool's own name")
        if not self.message.strip():
            raise ValueError(f"a finding of {self.rule} needs a message")
        if not self.fingerprint:
            raise ValueError(f"a finding of {self.rule} needs a fingerprint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    name: str
    value: Decimal
    unit: str

    def __post_init__(self) -> None:
        if not self.value.is_finite():
            raise ValueError(f"measurement {self.name} is {self.value}, not a number")


@dataclass(frozen=True, slots=True, kw_only=True)
class Skip:
    """An item that should have been examined and was not, and why."""

    item: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What was examined, out of what. `expected = done + len(skipped)`, or the gate is errored (checked by the judge)."""

    unit: str
    expected: int
    done: int
    skipped: tuple[Skip, ...] = ()
    proof: Proof = Proof.CLAIMED


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRun:
    """One run of one tool as facts know it. `argv` has placeholders such as `{root}`: nothing in it varies from run to run."""

    tool: str
    version: str
    argv: tuple[str, ...]
    exit_code: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a gate says: never whether it is good enough. A `status` of `error` means that it could not tell."""

    gate: str
    uses: str
    parser: int
    status: Status
    reason: str = ""
    remedy: str = ""
    examined: Examined | None = None
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    tools: tuple[ToolRun, ...] = ()

    def __post_init__(self) -> None:
        if self.status is not Status.COMPLETED and not self.reason:
            raise ValueError(f"facts of {self.gate} with status {self.status} need a reason")
        if self.status is Status.COMPLETED and self.examined is None:
            raise ValueError(f"facts of {self.gate} need what was examined")


# -- what the policy says ----------------------------------------------------------------------


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


WaiverClass = Literal["false-positive", "accepted-risk", "mitigated", "vendor-pending"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """An exception that is owned, dated and narrow. The day `expires` still counts (UTC)."""

    id: str
    gate: str
    match: Mapping[str, str]
    waiver_class: WaiverClass
    reason: str
    owner: str
    approver: str
    created: date
    expires: date


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
    """How the policy treats waivers. `max_days` is by severity's word; beyond it, and for stale ones, `warn` or `fail`."""

    max_days: Mapping[str, int] = field(default_factory=lambda: {"critical": 14, "high": 30, "medium": 90, "low": 180, "info": 180})
    too_long: Literal["warn", "fail"] = "warn"
    unused: Literal["warn", "fail"] = "warn"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The effective policy for one stage: all `sources` composed, later ones over earlier ones."""

    stage: Stage
    gates: tuple[GatePolicy, ...]
    approvers: tuple[str, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    waiver_rules: WaiverRules = field(default_factory=WaiverRules)
    decisions: tuple[RecordedDecision, ...] = ()
    runbook: str = ""
    rollback: str = ""
    sources: tuple[SourceRef, ...] = ()


# -- what is judged ----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the judge is told beside facts and policies. `day` is the day of evaluation in UTC.

    `selection` names the gates that were chosen (empty: all); `limited` says in words why the run saw
    less than the policy asks for: it was interrupted, or a hook named files.
    """

    day: date
    stage: Stage
    commit: str | None = None
    tree: str | None = None
    dirty: bool = False
    repository: str | None = None
    ref: str | None = None
    base: str | None = None
    parts: tuple[str, ...] = ()
    selection: tuple[str, ...] = ()
    limited: tuple[str, ...] = ()


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
    NOT_YET = "not-yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverDecision:
    """What became of one waiver: how many findings it matched and why it counts or doesn't."""

    id: str
    state: WaiverState
    matched: int
    days_left: int
    approval: Literal["self", "asserted"] = "asserted"
    message: str = ""


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


# -- what happened, and the whole --------------------------------------------------------------


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
    """Everything that reports render and the bundle holds. `base` has the facts of the base, where there is one."""

    context: Context
    policy: Policy
    facts: tuple[Facts, ...]
    base: tuple[Facts, ...]
    decision: Decision
    run: Run
    content_digest: str = ""

    def facts_of(self, gate: str) -> Facts | None:
        return next((facts for facts in self.facts if facts.gate == gate), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleInfo:
    """Where a bundle lies and its digest (sha256 of its manifest, in hex)."""

    path: str
    digest: str
    signed: bool = False
