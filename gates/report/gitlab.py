"""GitLab's code quality report: what a merge request shows of findings, https://docs.gitlab.com/ci/testing/code_quality/."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from gates.model import Enforcement, Kind, Location, Outcome, Record, Severity
from gates.report.anchor import POLICY_FILE, in_repository, place
from gates.report.safe import unicode_text, visible, visible_json, visible_lines
from gates.report.view import FindingView, GateView, gate_views, is_shown, ranked

_SEVERITIES = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}


def render(record: Record) -> str:
    """A list of what counts: a gate that could not tell first, then findings, those that the change brings before the others.

    GitLab tells new from old by itself, by the fingerprints of the target branch's report. What is waived or suppressed stays out.
    """
    gates = [gate for gate in gate_views(record) if not gate.silent]
    unknown = [_could_not_tell(gate) for gate in gates if gate.decision.outcome is Outcome.ERRORED]
    by_gate = {gate.name: gate for gate in gates}
    shown = ranked(view for gate in gates for view in (*gate.findings, *gate.notices) if is_shown(gate, view))
    document = [*unknown, *(_finding(view, by_gate[view.finding.gate]) for view in shown)]
    return visible_json(json.dumps(document, indent=1, ensure_ascii=False)) + "\n"


def _finding(view: FindingView, gate: GateView) -> dict[str, Any]:
    finding = view.finding
    at = "" if finding.location.path else f" (at {finding.location})"
    remedy = f": {finding.remedy}" if finding.remedy else ""
    return {
        "description": _in_one_line(f"{finding.message}{at}{remedy}"),
        "check_name": visible(finding.rule),
        "fingerprint": finding.fingerprint,
        "severity": "info" if finding.kind is Kind.NEEDS_REVIEW else _SEVERITIES[finding.severity],
        "location": _location(finding.location, gate),
    }


def _location(where: Location, gate: GateView) -> dict[str, Any]:
    line = where.line or 1
    lines = {"begin": line} | ({"end": where.end_line} if where.end_line is not None and where.end_line > line else {})
    return {"path": unicode_text(place(where, gate)), "lines": lines}


def _could_not_tell(gate: GateView) -> dict[str, Any]:
    words = filter(None, (*gate.decision.reasons, gate.decision.remedy))
    return {
        "description": _in_one_line(f"{gate.name} could not tell: {'; '.join(words)}"),
        "check_name": f"{gate.name}/could-not-tell",
        "fingerprint": hashlib.sha256(f"gates/{gate.name}/could-not-tell".encode()).hexdigest(),
        "severity": "blocker" if gate.decision.enforcement is Enforcement.BLOCK else "major",
        "location": {"path": in_repository(POLICY_FILE, gate), "lines": {"begin": 1}},
    }


def _in_one_line(text: str) -> str:
    """GitLab shows a description as a line of a list."""
    return " ".join(line.strip() for line in visible_lines(text))
