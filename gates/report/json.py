"""The JSON document that scripts read, version 1. Its schema is `report-v1.schema.json`, beside this file."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from gates.errors import Problem
from gates.model import BundleInfo, Context, Examined, Facts, Location, Overridden, Record
from gates.report import policies
from gates.report.safe import unicode_text, visible_json
from gates.report.view import FindingView, GateView, gate_views

SCHEMA = "gates/report/v1"
_PARTS = tuple(part.name for part in fields(Location))


def render(
    record: Record | None,
    *,
    exit_code: int,
    bundle: BundleInfo | None,
    problems: Sequence[Problem],
    trust: str = "self-reported",
) -> str:
    """Exactly one document, whatever happened: without a record the verdict is null and `problems` say why.

    ASCII alone, so that any locale can print it.
    """
    document = {
        "schema": SCHEMA,
        **_judged(record),
        "exit_code": int(exit_code),
        "trust": trust,
        "bundle": asdict(bundle) | {"digest": _named(bundle.digest)} if bundle else None,
        "policy_changes": _policy_changes(record),
        "errors": [{"error": item.error, "where": item.where, "help": item.help, "see": item.see} for item in problems],
    }
    return visible_json(json.dumps({key: _plain(document[key]) for key in _ORDER}, indent=2, allow_nan=False)) + "\n"


_ORDER = (
    *(
        "schema",
        "verdict",
        "would_be",
        "exit_code",
        "subject",
        "stage",
        "policy_digest",
        "content_digest",
        "trust",
        "partial",
        "override",
        "enforced",
    ),
    *("bundle", "gates", "waivers", "policy_changes", "errors"),
)


def _judged(record: Record | None) -> dict[str, Any]:
    """The part that a judged run fills; all of its keys are there, with null, when none was."""
    if record is None:
        nothing = dict.fromkeys(("verdict", "would_be", "subject", "stage", "policy_digest", "content_digest"))
        return {**nothing, "partial": [], "override": None, "enforced": 0, "gates": [], "waivers": []}
    decision = record.decision
    return {
        "verdict": decision.verdict.value,
        "would_be": decision.would_be.value,
        "subject": _subject(record.context),
        "stage": record.context.stage.value,
        "policy_digest": _named(decision.policy_digest),
        "content_digest": _named(record.content_digest),
        "partial": list(decision.partial),
        "override": _override(decision.override),
        "enforced": decision.enforced,
        "gates": [_gate(view) for view in gate_views(record)],
        "waivers": [asdict(waiver) | {"state": waiver.state.value} for waiver in decision.waivers],
    }


def _override(found: Overridden | None) -> dict[str, Any] | None:
    """What took the place of the verdict, and which that was."""
    return asdict(found) | {"verdict": found.verdict.value, "expires": found.expires.isoformat()} if found else None


def _policy_changes(record: Record | None) -> list[dict[str, Any]]:
    """What the change does to the policy where it goes."""
    found = policies.changes(record) if record else ()
    return [{"change": item.direction.value, "where": item.where, "was": item.then or None, "is": item.now or None} for item in found]


def _named(digest: str) -> str | None:
    """A digest with its algorithm before it; null for none."""
    if not digest:
        return None
    return digest if ":" in digest else f"sha256:{digest}"


def _subject(context: Context) -> dict[str, Any]:
    return {name: getattr(context, name) for name in ("commit", "tree", "dirty", "repository", "ref", "base", "folder")}


def _gate(view: GateView) -> dict[str, Any]:
    decision = view.decision
    return {
        "gate": decision.gate,
        "uses": decision.uses,
        "outcome": decision.outcome.value,
        "would_be": decision.would_be.value,
        "enforcement": decision.enforcement.value,
        "reasons": list(decision.reasons),
        "remedy": decision.remedy,
        "examined": _examined(view.examined),
        "measurements": _measurements(view.facts),
        "counts": asdict(decision.counts),
        "findings": [_finding(finding) for finding in view.findings],
        "notices": [{"kind": notice.finding.kind.value, **_finding(notice)} for notice in view.notices],
        "mended": list(decision.mended),
        "duration_ms": view.run.duration_ms if view.run else None,
        "cached": view.run.cached if view.run else False,
    }


def _examined(examined: Examined | None) -> dict[str, Any] | None:
    if examined is None:
        return None
    return {
        "unit": examined.unit,
        "expected": examined.expected,
        "done": examined.done,
        "skipped": [{"item": skip.item, "reason": skip.reason} for skip in examined.skipped],
        "proof": examined.proof.value,
    }


def _measurements(facts: Facts | None) -> dict[str, Any]:
    return {item.name: {"value": item.value, "unit": item.unit} for item in (facts.measurements if facts else ())}


def _finding(view: FindingView) -> dict[str, Any]:
    finding = view.finding
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "location": location(finding.location),
        "fingerprint": finding.fingerprint,
        "state": view.state.value,
        "waiver": view.waiver,
        "suppressed_by": finding.suppressed_by,
        "remedy": finding.remedy,
        "help_url": finding.help_url,
    }


def location(where: Location) -> dict[str, Any]:
    """The parts of a location that are known."""
    known = ((name, getattr(where, name)) for name in _PARTS)
    return {name: value for name, value in known if value is not None}


def _plain(data: Any) -> Any:
    """JSON data in which decimals are numbers: whole ones exactly, others as the shortest text that reads back the same."""
    match data:
        case str():
            return data if data.isascii() else unicode_text(data)
        case Decimal():
            return int(data) if data == data.to_integral_value() else float(data)
        case Mapping():
            return {unicode_text(str(key)): _plain(item) for key, item in data.items()}
        case list() | tuple():
            return [_plain(item) for item in data]
    return data
