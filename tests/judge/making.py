"""Small values for tests of the judge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from gates.model import (
    Context,
    Enforcement,
    Examined,
    Facts,
    Finding,
    GatePolicy,
    Kind,
    Limit,
    Location,
    Measurement,
    Policy,
    Severity,
    Stage,
    Status,
    Waiver,
    WaiverRules,
)

DAY = date(2026, 11, 22)


def finding(number: int = 1, *, gate: str = "security", severity: Severity = Severity.HIGH, **changes: Any) -> Finding:
    values: dict[str, Any] = {
        "gate": gate,
        "rule": f"{gate}/B{number}",
        "severity": severity,
        "message": f"finding {number}",
        "location": Location(path="src/app.py", line=number),
        "fingerprint": f"fp1:{number:032x}",
    }
    return Finding(**(values | changes))


def facts(
    *findings: Finding, gate: str = "security", done: int = 3, expected: int | None = None, measured: dict[str, str] | None = None
) -> Facts:
    return Facts(
        gate=gate,
        uses="security",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="files", expected=done if expected is None else expected, done=done),
        findings=findings,
        measurements=tuple(Measurement(name=name, value=Decimal(value), unit="percent") for name, value in (measured or {}).items()),
    )


def error(gate: str = "security", reason: str = "bandit was not found") -> Facts:
    return Facts(gate=gate, uses="security", parser=1, status=Status.ERROR, reason=reason, remedy="install it")


def gate_policy(name: str = "security", *require: Limit, enforcement: Enforcement = Enforcement.BLOCK, **changes: Any) -> GatePolicy:
    values: dict[str, Any] = {"name": name, "uses": "security", "enforcement": enforcement, "require": require, "stages": tuple(Stage)}
    return GatePolicy(**(values | changes))


def policy(*gates: GatePolicy, waivers: Sequence[Waiver] = (), rules: WaiverRules | None = None, approvers: Sequence[str] = ()) -> Policy:
    return Policy(stage=Stage.CHANGE, gates=gates, waivers=tuple(waivers), waiver_rules=rules or WaiverRules(), approvers=tuple(approvers))


def waiver(**changes: Any) -> Waiver:
    values: dict[str, Any] = {
        "id": "W-1",
        "gate": "security",
        "match": {"rule": "security/B1"},
        "waiver_class": "accepted-risk",
        "reason": "known",
        "owner": "@team",
        "approver": "@security",
        "created": date(2026, 11, 10),
        "expires": date(2026, 11, 30),
    }
    return Waiver(**(values | changes))


def context(day: date = DAY, **changes: Any) -> Context:
    return Context(day=day, stage=Stage.CHANGE, **changes)


NOTHING_NEW = Limit(name="findings", new_max=Decimal(0))
NONE_AT_ALL = Limit(name="findings", max=Decimal(0))

__all__ = ["DAY", "NONE_AT_ALL", "NOTHING_NEW", "Kind", "context", "error", "facts", "finding", "gate_policy", "policy", "waiver"]
