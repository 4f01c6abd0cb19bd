"""What gates observe: findings with their places, measurements, and what was examined out of what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal

from gates.dataclass import dataclass
from gates.model.terms import Kind, Proof, Severity, Status


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
