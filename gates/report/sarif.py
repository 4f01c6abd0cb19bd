"""SARIF 2.1.0: a run a gate, as code hosts read it. Findings without a line are anchored to a file that a person can open."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from gates.model import Finding, Kind, Location, Outcome, Record, Severity
from gates.report.anchor import in_repository, place
from gates.report.safe import unicode_text, visible, visible_json, visible_lines, web_address
from gates.report.view import FindingView, GateView, gate_views, is_shown, plural, ranked

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#: Code hosts refuse a run with more, a log with more runs, and one of more bytes when compressed with gzip.
MOST_RESULTS = 25_000
MOST_RUNS = 20
MOST_BYTES = 10_000_000
#: So many results a run are kept one after the other until the log fits.
_FEWER = (MOST_RESULTS, 10_000, 5_000, 1_000, 100)

SECURITY_GATES = frozenset({"dependencies", "secrets", "security"})
_LEVELS = {Severity.CRITICAL: "error", Severity.HIGH: "error", Severity.MEDIUM: "warning", Severity.LOW: "note", Severity.INFO: "note"}
#: Scores in the middle of the bands that CVSS gives these words.
_SCORES = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.0", Severity.INFO: "0.0"}


def render(record: Record, *, for_upload: bool = False) -> str:
    """The log. With `for_upload` waived and suppressed findings stay out: code hosts ignore `suppressions` and would raise them."""
    gates = [gate for gate in gate_views(record) if gate.facts is not None and not (for_upload and gate.silent)]
    if not for_upload:
        return _log([_run(record, gate, MOST_RESULTS, for_upload=False) for gate in gates])
    told = sorted(gates, key=lambda gate: -_worst(gate))[:MOST_RUNS]  # sorted keeps the order of those that are alike
    for most in _FEWER:
        runs = [_run(record, gate, most, for_upload=True) for gate in gates if gate in told]
        if len(told) < len(gates):
            left_out = ", ".join(gate.name for gate in gates if gate not in told)
            _notes(runs[0]).append(_note("warning", f"left out, since a log may hold {MOST_RUNS} runs: {left_out}"))
        text = _log(runs)
        if len(text) <= MOST_BYTES or len(gzip.compress(text.encode(), 6)) <= MOST_BYTES:
            break
    return text


def _log(runs: list[dict[str, Any]]) -> str:
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": runs}
    return visible_json(json.dumps(log, separators=(",", ":"), ensure_ascii=False)) + "\n"


def _worst(gate: GateView) -> int:
    return max((view.finding.severity for view in gate.findings if is_shown(gate, view)), default=-1)


def _notes(run: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = run["invocations"][0].setdefault("toolExecutionNotifications", [])
    return found


def _run(record: Record, gate: GateView, most: int, *, for_upload: bool) -> dict[str, Any]:
    everything = ranked((*gate.findings, *gate.notices))
    wanted = [view for view in everything if not for_upload or is_shown(gate, view)]
    kept = sorted(wanted, key=lambda view: -view.finding.severity)[:most]
    rules = _rules(gate, kept)
    index = {rule["id"]: number for number, rule in enumerate(rules)}
    run: dict[str, Any] = {
        "tool": {"driver": _driver(record, rules, gate), "extensions": _engines(gate)},
        "automationDetails": {"id": f"gates/{in_repository(gate.name, gate)}/"},
        "invocations": [_invocation(gate, len(wanted) - len(kept), most)],
        "columnKind": "unicodeCodePoints",
        "results": [_result(view, gate, index) for view in kept],
    }
    if record.context.commit and web_address(record.context.repository or ""):
        run["versionControlProvenance"] = [
            {"repositoryUri": record.context.repository, "revisionId": record.context.commit, "mappedTo": {"uriBaseId": "%SRCROOT%"}}
        ]
    if not run["tool"]["extensions"]:
        del run["tool"]["extensions"]
    return run


def _driver(record: Record, rules: Sequence[dict[str, Any]], gate: GateView) -> dict[str, Any]:
    return {
        "name": f"gates/{gate.decision.uses}",
        "fullName": f"Quality Gates: {gate.decision.uses} {record.run.version}",
        "organization": "Quality Gates",
        "semanticVersion": record.run.version,
        "rules": list(rules),
    }


def _engines(gate: GateView) -> list[dict[str, Any]]:
    tools = {tool.tool: tool.version for tool in (gate.facts.tools if gate.facts else ())}
    return [
        {"name": visible(name), **({"version": visible(version)} if version else {})} for name, version in sorted(tools.items()) if name
    ]


def _invocation(gate: GateView, cut: int, most: int) -> dict[str, Any]:
    decision = gate.decision
    told = decision.outcome is not Outcome.ERRORED
    notes = [] if told else [_note("error", "\n".join((*decision.reasons, decision.remedy)).strip())]
    if cut:
        why = f"a run may hold {MOST_RESULTS}" if most == MOST_RESULTS else f"a log may have {MOST_BYTES // 1_000_000} MB when compressed"
        notes.append(_note("warning", f"{plural(cut, 'result')} left out, the mildest: {why}"))
    if gate.examined:
        notes += [_note("note", f"not examined: {skip.item}: {skip.reason}") for skip in gate.examined.skipped]
    invocation: dict[str, Any] = {"executionSuccessful": told}
    return invocation | ({"toolExecutionNotifications": notes} if notes else {})


def _note(level: str, text: str) -> dict[str, Any]:
    return {"level": level, "message": {"text": _said(text)}}


def _said(text: str) -> str:
    """A text from outside as a plain message: what can't be seen is written out, and nothing in it is a link."""
    return "\n".join(visible_lines(text)).replace("](", "] (")


def _rules(gate: GateView, views: Sequence[FindingView]) -> list[dict[str, Any]]:
    """One a rule id, in the order of ids, from its worst finding: engines tell no more of a rule than its findings do."""
    worst: dict[str, Finding] = {}
    for view in views:
        known = worst.get(view.finding.rule)
        if known is None or view.finding.severity > known.severity:
            worst[view.finding.rule] = view.finding
    return [_rule(gate, worst[rule]) for rule in sorted(worst)]


def _rule(gate: GateView, finding: Finding) -> dict[str, Any]:
    name = visible(finding.rule.partition("/")[2])
    title = _said(f"{gate.name}: {name}.")
    remedy = _said(visible(finding.remedy))
    address = web_address(finding.help_url)
    link = f"\n\n[About {_markdown(name)}]({quote(address, safe=':/?#[]@!$&*+,;=%~-._')})" if address else ""
    rule: dict[str, Any] = {
        "id": finding.rule,
        "name": "".join(part[:1].upper() + part[1:] for part in "".join(c if c.isalnum() else " " for c in name).split()) or "Rule",
        "shortDescription": {"text": title},
        "fullDescription": {"text": title},
        "help": {"text": remedy or title, "markdown": f"{_markdown(remedy or title)}{link}"},
        "defaultConfiguration": {"level": _LEVELS[finding.severity]},
        "properties": _rule_properties(gate, finding),
    }
    return rule | ({"helpUri": address} if address else {})


def _rule_properties(gate: GateView, finding: Finding) -> dict[str, Any]:
    if gate.decision.uses not in SECURITY_GATES:
        return {"tags": [gate.decision.uses]}
    tags = sorted({"security", gate.decision.uses})
    return {"tags": tags, "precision": "high", "security-severity": _SCORES[finding.severity]}


def _markdown(text: str) -> str:
    """Plain text as Markdown shows it unchanged."""
    return "".join(f"\\{char}" if char in "\\`*_{}[]()#+-.!|~<>&@$" else char for char in text)


def _result(view: FindingView, gate: GateView, index: dict[str, int]) -> dict[str, Any]:
    finding = view.finding
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index[finding.rule],
        "kind": "review" if finding.kind is Kind.NEEDS_REVIEW else "fail",
        "level": "none" if finding.kind is Kind.NEEDS_REVIEW else _LEVELS[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(finding.location, gate)],
        "partialFingerprints": {"primaryLocationLineHash": finding.fingerprint, "gates/fp1": finding.fingerprint},
        "baselineState": "new" if view.state == "new" else "unchanged",
        "properties": {"severity": finding.severity.word, "kind": finding.kind.value, "enforcement": gate.decision.enforcement.value},
    }
    suppressions = _suppressions(view)
    return result | ({"suppressions": suppressions} if suppressions else {})


def _message(finding: Finding) -> str:
    where = finding.location
    exact = where.line is not None and not (where.url or where.operation or where.purl)
    parts = (finding.message, "" if exact else f"At {where}", finding.remedy)
    return "\n".join(_said(part) for part in parts if part)


def _suppressions(view: FindingView) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if view.waiver is not None:
        found.append({"kind": "external", "status": "accepted", "justification": f"waived by {view.waiver}"})
    if view.finding.suppressed_by is not None:
        found.append({"kind": "inSource", "justification": _said(view.finding.suppressed_by or "suppressed")})
    return found


def _location(where: Location, gate: GateView) -> dict[str, Any]:
    uri = quote(unicode_text(place(where, gate)), safe="/-._~@+=,")
    physical: dict[str, Any] = {"artifactLocation": {"uri": uri, "uriBaseId": "%SRCROOT%"}}
    physical["region"] = _region(where) if where.path else {"startLine": 1}
    found: dict[str, Any] = {"physicalLocation": physical}
    logical = _logical(where)
    return found | ({"logicalLocations": logical} if logical else {})


def _region(where: Location) -> dict[str, int]:
    """SARIF's `endColumn` is the column after the last, as ours; a region that ends before it starts is cut to its start."""
    line = where.line or 1
    region = {"startLine": line}
    if where.line is None:
        return region
    if where.column is not None:
        region["startColumn"] = where.column
    if where.end_line is not None and where.end_line >= line:
        region["endLine"] = where.end_line
    start, end = where.column or 1, where.end_column
    if end is not None and (region.get("endLine", line) > line or end > start):
        region["endColumn"] = end
    return region


def _logical(where: Location) -> list[dict[str, str]]:
    pairs = (("package", where.purl), ("operation", where.operation), ("page", where.url and f"{where.url} {where.selector or ''}".strip()))
    return [{"fullyQualifiedName": visible(name), "kind": kind} for kind, name in pairs if name]
