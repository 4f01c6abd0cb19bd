"""JUnit XML for tools that know nothing else: a suite a gate, a case a limit and a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from gates.dataclass import dataclass
from gates.model import LimitCheck, Outcome, Record
from gates.report.safe import terminal, visible_lines
from gates.report.view import COUNTED, FindingView, GateView, gate_views, is_shown, ranked

#: What XML 1.0 can't hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """`result` is the child element's name (`failure`, `error`, `skipped`), empty for a case that passed."""

    group: str
    name: str
    result: str = ""
    message: str = ""
    type: str = ""
    text: str = ""


def render(record: Record) -> str:
    """The document. A finding is a failure where its gate failed and nothing excuses it; else it is skipped, with the reason."""
    suites = "".join(_suite(gate) for gate in gate_views(record))
    return f'<?xml version="1.0" encoding="utf-8"?>\n<testsuites>\n{suites}</testsuites>\n'


def _suite(gate: GateView) -> str:
    cases = tuple(_cases(gate))
    results = {"errors": "error", "failures": "failure", "skipped": "skipped"}
    numbers = {name: str(sum(case.result == result for case in cases)) for name, result in results.items()}
    seconds = f"{gate.run.duration_ms / 1000:.3f}" if gate.run else "0.000"
    attributes = {"name": gate.name, "tests": str(len(cases)), **numbers, "time": seconds}
    return f"  <testsuite {_attributes(attributes)}>\n{''.join(_element(gate, case) for case in cases)}  </testsuite>\n"


def _cases(gate: GateView) -> Iterator[_Case]:
    decision = gate.decision
    reasons = "\n".join(decision.reasons)
    if decision.outcome is Outcome.ERRORED:
        text = "\n".join(part for part in (reasons, decision.remedy) if part)
        yield _Case(group="gate", name="could tell", result="error", message=_first(decision.reasons), type="errored", text=text)
    if decision.outcome is Outcome.SKIPPED:
        yield _Case(group="gate", name="applies", result="skipped", message=reasons)
    for check in decision.checks:
        yield _limit(gate, check)
    for view in ranked((*gate.findings, *gate.notices)):
        yield _finding(gate, view)


def _first(reasons: Sequence[str]) -> str:
    return reasons[0] if reasons else "it could not tell"


def _limit(gate: GateView, check: LimitCheck) -> _Case:
    name = check.limit.name
    if check.met:
        return _Case(group="limits", name=name)
    if check.met is None:
        return _Case(group="limits", name=name, result="error", message=check.text, type="limit")
    result = "failure" if gate.decision.outcome is Outcome.FAILED else "skipped"
    return _Case(group="limits", name=name, result=result, message=check.text, type="limit")


def _finding(gate: GateView, view: FindingView) -> _Case:
    finding = view.finding
    name = f"{finding.rule} at {finding.location}"
    group = finding.kind.value
    if not is_shown(gate, view):
        return _Case(group=group, name=name, result="skipped", message=f"{view.excused}: {finding.message}")
    if gate.decision.outcome is not Outcome.FAILED or finding.kind not in COUNTED:
        return _Case(group=group, name=name, result="skipped", message=f"stops nothing: {finding.message}")
    text = "\n".join(part for part in (finding.message, view.note, finding.remedy, finding.help_url, finding.fingerprint) if part)
    kind = f"{finding.severity.word} {view.state.value}"
    return _Case(group=group, name=name, result="failure", message=finding.message, type=kind, text=text)


def _element(gate: GateView, case: _Case) -> str:
    attributes = _attributes({"classname": f"gates.{gate.name}.{case.group}", "name": case.name})
    if not case.result:
        return f"    <testcase {attributes}/>\n"
    said = {"message": case.message} | ({"type": case.type} if case.type else {})
    result = f"<{case.result} {_attributes(said)}>{escape(_xml(case.text))}</{case.result}>"
    return f"    <testcase {attributes}>{result}</testcase>\n"


def _attributes(values: dict[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(_xml(value))}" for name, value in values.items())


def _xml(text: str) -> str:
    """The text as it may be shown; what XML can't hold is among what is written out."""
    return _NOT_XML.sub("\ufffd", "\n".join(map(terminal, visible_lines(text))))
