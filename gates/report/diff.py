"""Two bundles for a terminal and for scripts: what is new, mended, looser, slower, and less examined. It judges nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from gates.codec import encode
from gates.model import Comparison, Direction, Finding, Record, Severity
from gates.report.json import location
from gates.report.safe import terminal, visible_json
from gates.report.since import (
    GateSince,
    alarms,
    gates_since,
    measurement_words,
    policy_words,
    subject_then,
    tool_words,
    version_words,
)
from gates.report.text import Page
from gates.report.view import VERDICTS, duration

SCHEMA = "gates/comparison/v1"
#: Findings shown of a kind: the JSON has the rest.
MOST_FINDINGS = 20

_RED, _GREEN, _YELLOW, _BOLD, _DIM = "31", "32", "33", "1", "2"
_DIRECTIONS = {Direction.LOOSER: _RED, Direction.UNWEIGHED: _YELLOW, Direction.TIGHTER: _GREEN, Direction.CHANGED: _DIM}


def render(record: Record, comparison: Comparison, *, digest: str, color: bool, width: int) -> str:
    """The comparison as text, ending in a newline. `record` and `digest` are of the later bundle."""
    page = Page(color=color, width=width)
    now, then = VERDICTS[comparison.verdict_now], VERDICTS[comparison.verdict_then]
    page.line((now.upper(), _BOLD), f"  {'as before' if now == then else f'was {then.lower()}'}")
    page.line((f"  now   {subject_then(record.context)}  sha256:{digest[:16]}", _DIM))
    page.line((f"  then  {subject_then(comparison.context)}  sha256:{comparison.previous[:16]}", _DIM))
    for words in alarms(comparison, record):
        page.wrapped(words, indent=2, label="mind: ", color=_YELLOW)
    gates = gates_since(comparison, record)
    _table(page, gates)
    for gate in gates:
        _findings(page, f"{gate.name}: new", gate.new)
        _findings(page, f"{gate.name}: mended", gate.change.mended)
    _section(
        page, "Policy", ((f"{change.direction}  {policy_words(change)}", _DIRECTIONS[change.direction]) for change in comparison.policy)
    )
    _section(page, "Waivers", ((f"{change.fate}  {change.id} of {change.gate}: {change.words}", "") for change in comparison.waivers))
    _section(page, "Measured", ((f"{gate.name}  {measurement_words(item)}", "") for gate in gates for item in gate.change.measurements))
    tools = [f"{gate.name}  {tool_words(item)}" for gate in gates for item in gate.change.tools]
    _section(page, "Tools", ((words, "") for words in (*tools, version_words(comparison)) if words))
    page.line("")
    page.line((f"took {duration(comparison.duration_now_ms)}, was {duration(comparison.duration_then_ms)}", _DIM))
    return page.text()


def render_json(record: Record, comparison: Comparison, *, digest: str) -> str:
    """The comparison as one JSON document, in which new findings stand whole. Decimal numbers are texts, as in bundles."""
    gates = [
        {**encode(gate.change), "new": [_finding(item) for item in gate.new], "mended": [_finding(item) for item in gate.change.mended]}
        for gate in gates_since(comparison, record)
    ]
    document = {
        "schema": SCHEMA,
        **encode(comparison),
        "previous": f"sha256:{comparison.previous}",
        "bundle": f"sha256:{digest}",
        "mind": alarms(comparison, record),
        "gates": gates,
    }
    return visible_json(json.dumps(document, indent=2, allow_nan=False)) + "\n"


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity.word,
        "message": finding.message,
        "location": location(finding.location),
        "fingerprint": finding.fingerprint,
    }


def _table(page: Page, gates: Sequence[GateSince]) -> None:
    rows = [("gate", "then", "now", "findings", "examined", "time")]
    rows += [(gate.name, gate.then, gate.now, gate.findings, terminal(gate.examined), gate.time) for gate in gates]
    if len(rows) == 1:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    page.line("")
    for index, row in enumerate(rows):
        cells = [*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]
        page.line(("  ".join(cells), "" if index else _DIM))


def _findings(page: Page, title: str, findings: Sequence[Finding]) -> None:
    if not findings:
        return
    page.line("")
    page.line((f"{title} ({len(findings):,})", _BOLD))
    for finding in sorted(findings, key=lambda item: -item.severity)[:MOST_FINDINGS]:
        severe = _RED if finding.severity >= Severity.HIGH else _YELLOW if finding.severity is Severity.MEDIUM else _DIM
        page.line("  ", (finding.severity.word, severe), f"  {terminal(str(finding.location))}  ", (terminal(finding.rule), _DIM))
        page.wrapped(finding.message, indent=4, most=2)
    if len(findings) > MOST_FINDINGS:
        page.line(f"  and {len(findings) - MOST_FINDINGS:,} more: see --format json")


def _section(page: Page, title: str, lines: Iterable[tuple[str, str]]) -> None:
    for index, (words, color) in enumerate(lines):
        if not index:
            page.line("")
            page.line((title, _BOLD))
        page.wrapped(words, indent=2, color=color)
