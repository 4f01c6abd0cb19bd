"""Annotations for GitHub Actions: workflow commands on standard output. A step shows ten of each level and drops the rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gates.dataclass import dataclass
from gates.model import Enforcement, Outcome, Record, Severity
from gates.report.anchor import in_repository
from gates.report.safe import visible, visible_lines
from gates.report.view import FindingView, GateView, gate_views, is_shown, plural, ranked, stops

MOST_OF_A_LEVEL = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotation:
    level: str
    title: str
    message: str
    properties: tuple[tuple[str, str], ...] = ()

    def command(self) -> str:
        pairs = ",".join(f"{name}={_property(value)}" for name, value in (*self.properties, ("title", self.title)))
        return f"::{self.level} {pairs}::{_data(self.message)}"


def render(record: Record) -> str:
    """One command a line, the most urgent first in each level, and a last line that says how many were left out."""
    shown: Counter[str] = Counter()
    left_out = 0
    lines = []
    for annotation in _annotations(record):
        if shown[annotation.level] == MOST_OF_A_LEVEL:
            left_out += 1
            continue
        shown[annotation.level] += 1
        lines.append(annotation.command())
    if left_out:
        lines.append(f"{plural(left_out, 'finding')} not annotated: GitHub shows {MOST_OF_A_LEVEL} of a level. The page has all.")
    return "".join(f"{line}\n" for line in lines)


def _annotations(record: Record) -> Iterator[_Annotation]:
    gates = [gate for gate in gate_views(record) if not gate.silent]
    for gate in gates:
        if gate.decision.outcome is Outcome.ERRORED:
            yield _could_not_tell(gate)
    by_gate = {gate.name: gate for gate in gates}
    everything = ranked(view for gate in gates for view in (*gate.findings, *gate.notices) if is_shown(gate, view))
    for view in everything:
        yield _finding(view, by_gate[view.finding.gate])


def _could_not_tell(gate: GateView) -> _Annotation:
    words = (*gate.decision.reasons, gate.decision.remedy)
    level = "error" if gate.decision.enforcement is Enforcement.BLOCK else "warning"
    return _Annotation(level=level, title=f"{gate.name} could not tell", message="\n".join(word for word in words if word))


def _finding(view: FindingView, gate: GateView) -> _Annotation:
    finding = view.finding
    where = finding.location
    at = "" if where.path else f"\nat {where}"
    remedy = f"\n{view.remedy}" if view.remedy else ""
    excuse = f"\n{view.note}" if view.note else ""
    path = in_repository(where.path, gate) if where.path else None
    known = {"file": path, "line": where.line, "endLine": where.end_line, "col": where.column, "endColumn": where.end_column}
    return _Annotation(
        level=_level(view, gate),
        title=f"{finding.rule} ({finding.severity.word}, {view.state.value})",
        message=f"{finding.message}{excuse}{at}{remedy}",
        properties=tuple((name, str(value)) for name, value in known.items() if value is not None),
    )


def _level(view: FindingView, gate: GateView) -> str:
    """By severity; what stops nothing is never an error."""
    severity = view.finding.severity
    if severity >= Severity.HIGH:
        return "error" if gate.decision.outcome is Outcome.FAILED and stops(gate, view) else "warning"
    return "warning" if severity is Severity.MEDIUM else "notice"


def _data(text: str) -> str:
    lines = "\n".join(visible_lines(text))
    return lines.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(visible(text)).replace(":", "%3A").replace(",", "%2C")
