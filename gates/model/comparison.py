"""What became of a run since an earlier one. `then` is the earlier bundle, `now` the later; nothing here judges."""

from __future__ import annotations

from dataclasses import field
from decimal import Decimal
from enum import StrEnum

from gates.dataclass import dataclass
from gates.model.context import Context
from gates.model.facts import Finding
from gates.model.terms import Outcome, Verdict


class Direction(StrEnum):
    """Which way a change of the policy goes: `unweighed` where that can't be told, `changed` where it demands neither more nor less."""

    LOOSER = "looser"
    UNWEIGHED = "unweighed"
    TIGHTER = "tighter"
    CHANGED = "changed"

    @property
    def counts_as_looser(self) -> bool:
        """Whether whoever trusts the policy has to look at it: what can't be weighed counts as a loosening."""
        return self in {Direction.LOOSER, Direction.UNWEIGHED}


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """One thing that a policy says otherwise. `where` is a dotted key; an empty `then` or `now`: nothing was said.

    `why` is the direction in words. `then_at` and `now_at` are where it was said, as `file:line`; what is not said
    by itself stands where the part that holds it does. None where it is not known.
    """

    direction: Direction
    where: str
    then: str
    now: str
    why: str | None = None
    then_at: str | None = None
    now_at: str | None = None


class WaiverFate(StrEnum):
    ADDED = "added"
    GONE = "gone"
    EXPIRED = "expired"
    CHANGED = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverChange:
    """What became of a waiver, and in words what it is about."""

    id: str
    gate: str
    fate: WaiverFate
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """What was examined out of what, and how many items were skipped."""

    unit: str
    expected: int
    done: int
    skipped: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolChange:
    """The versions of a tool then and now; an empty one: it did not run."""

    tool: str
    then: str
    now: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasurementChange:
    """A measurement that is another; None: it was not measured."""

    name: str
    unit: str
    then: Decimal | None
    now: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateComparison:
    """A gate then and now; an outcome of None: the policy did not have it.

    `comparable` is false where either side could not tell: then its findings are neither new nor mended, and all three
    lists are empty. `new` and `excused` are fingerprints of findings of now, a fingerprint as often as it occurs;
    `excused` were counted then and are waived or suppressed now. `mended` are findings of then. Times in milliseconds,
    None where a gate did not run or its result came from the cache.
    """

    gate: str
    outcome_then: Outcome | None
    outcome_now: Outcome | None
    comparable: bool
    new: tuple[str, ...] = ()
    mended: tuple[Finding, ...] = ()
    excused: tuple[str, ...] = ()
    still: int = 0
    examined_then: Amount | None = None
    examined_now: Amount | None = None
    measurements: tuple[MeasurementChange, ...] = ()
    tools: tuple[ToolChange, ...] = ()
    duration_then_ms: int | None = None
    duration_now_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A run held against an earlier one. `previous` is the earlier bundle's digest: the sha256 of its manifest, in hex.

    `context` is the earlier run's, and `started_then` when it began (UTC, ISO 8601).
    Gates are in the later policy's order, those that are gone at the end.
    """

    previous: str
    context: Context
    started_then: str
    partial_then: tuple[str, ...]
    verdict_then: Verdict
    verdict_now: Verdict
    version_then: str
    version_now: str
    duration_then_ms: int
    duration_now_ms: int
    policy: tuple[PolicyChange, ...] = field(default=())
    waivers: tuple[WaiverChange, ...] = field(default=())
    gates: tuple[GateComparison, ...] = field(default=())
