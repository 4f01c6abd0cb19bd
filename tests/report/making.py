"""The pieces that sample gates are made of."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from gates import canonical
from gates.model import (
    Counts,
    Enforcement,
    Facts,
    Finding,
    FindingState,
    GateDecision,
    GatePolicy,
    Kind,
    Limit,
    LimitCheck,
    Location,
    Outcome,
    Severity,
    State,
)


def finding(
    gate: str,
    rule: str,
    severity: Severity,
    message: str,
    location: Location,
    *,
    kind: Kind = Kind.FINDING,
    remedy: str = "",
    help_url: str = "",
    suppressed_by: str | None = None,
    properties: Mapping[str, str] | None = None,
) -> Finding:
    return Finding(
        gate=gate,
        rule=f"{gate}/{rule}",
        severity=severity,
        message=message,
        location=location,
        fingerprint=f"fp1:{canonical.sha256(repr((rule, str(location), message)).encode())[:32]}",
        kind=kind,
        remedy=remedy,
        help_url=help_url,
        suppressed_by=suppressed_by,
        properties=properties or {},
    )


GateParts = tuple[GateDecision, Facts | None, GatePolicy]


def decide(
    gate: str,
    outcome: Outcome,
    *,
    reasons: tuple[str, ...] = (),
    states: tuple[FindingState, ...] = (),
    counts: Counts | None = None,
    checks: tuple[LimitCheck, ...] = (),
    enforcement: Enforcement = Enforcement.BLOCK,
    remedy: str = "",
    mended: tuple[str, ...] = (),
) -> GateDecision:
    would_be = Outcome.FAILED if outcome is Outcome.WARNED else outcome
    return GateDecision(
        gate=gate,
        uses=gate,
        outcome=outcome,
        would_be=would_be,
        enforcement=enforcement,
        reasons=reasons,
        remedy=remedy,
        checks=checks,
        counts=counts or Counts(),
        findings=states,
        mended=mended,
    )


def states_of(findings: tuple[Finding, ...], *states: tuple[State, str | None]) -> tuple[FindingState, ...]:
    pairs = zip(findings, states, strict=True)
    return tuple(FindingState(fingerprint=item.fingerprint, state=state, waiver=waiver) for item, (state, waiver) in pairs)


def check(limit: Limit, value: str | None, met: bool | None, text: str) -> LimitCheck:
    return LimitCheck(limit=limit, value=None if value is None else Decimal(value), met=met, text=text)
