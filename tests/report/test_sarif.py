"""SARIF: what code hosts ask for, and places that a person can open."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.model import Enforcement, Location, Record
from gates.report import sarif
from gates.report.safe import visible_lines
from tests.report.record_factory import COMMIT, full, hostile, large, nothing, passed, with_texts

TEXTS = st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3).map(tuple)
RESULT_KEYS = {"ruleId", "ruleIndex", "kind", "level", "message", "locations", "partialFingerprints", "baselineState", "properties"}


def runs(record: Record, *, for_upload: bool = False) -> dict[str, Any]:
    log = json.loads(sarif.render(record, for_upload=for_upload))
    assert log["version"] == "2.1.0"
    check_structure(log)
    return {run["automationDetails"]["id"]: run for run in log["runs"]}


def check_structure(log: dict[str, Any]) -> None:
    """What the standard demands of the parts that we write; the whole schema is checked by hand with its own validator."""
    ids = [run["automationDetails"]["id"] for run in log["runs"]]
    assert len(set(ids)) == len(ids)
    for run in log["runs"]:
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules)
        for rule in rules:
            assert len(set(rule["properties"]["tags"])) == len(rule["properties"]["tags"])
            assert rule["help"]["text"]
            assert rule["help"]["markdown"]
        for result in run["results"]:
            check_result(result, rules)


def check_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    assert RESULT_KEYS <= set(result) <= RESULT_KEYS | {"suppressions"}
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert (result["level"] == "none") == (result["kind"] != "fail")
    assert result["message"]["text"].strip()
    (place,) = result["locations"]
    physical = place["physicalLocation"]
    assert physical["artifactLocation"]["uri"].isascii()
    assert not set(physical["artifactLocation"]["uri"]) & set(' <>"{}|\\^`:?#')
    region = physical["region"]
    assert region["startLine"] >= 1
    assert region.get("endLine", region["startLine"]) >= region["startLine"]


def place(run: dict[str, Any], rule: str) -> tuple[str, int]:
    result = next(result for result in run["results"] if result["ruleId"] == rule)
    physical = result["locations"][0]["physicalLocation"]
    return physical["artifactLocation"]["uri"], physical["region"]["startLine"]


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()])
@pytest.mark.parametrize("for_upload", [True, False])
def test_structure(record: Record, for_upload: bool) -> None:
    assert set(runs(record, for_upload=for_upload)) <= {f"gates/{facts.gate}/" for facts in record.facts}


def test_a_run_a_gate_with_its_engine_and_commit() -> None:
    run = runs(full())["gates/security/"]
    assert run["tool"]["driver"]["name"] == "gates/security"
    assert run["tool"]["extensions"] == [{"name": "bandit", "version": "1.9.4"}]
    assert run["versionControlProvenance"][0]["revisionId"] == COMMIT


def test_levels_scores_and_fingerprints() -> None:
    run = runs(full())["gates/dependencies/"]
    worst = next(rule for rule in run["tool"]["driver"]["rules"] if rule["id"] == "dependencies/PYSEC-2026-114")
    assert worst["properties"]["security-severity"] == "9.5"
    assert worst["defaultConfiguration"] == {"level": "error"}
    assert worst["helpUri"] == "https://osv.dev/vulnerability/PYSEC-2026-114"
    result = run["results"][0]
    assert result["partialFingerprints"]["primaryLocationLineHash"] == result["partialFingerprints"]["gates/fp1"]
    assert result["partialFingerprints"]["gates/fp1"].startswith("fp1:")


def test_only_gates_about_security_have_scores() -> None:
    rules = runs(full())["gates/tests/"]["tool"]["driver"]["rules"]
    assert all("security-severity" not in rule["properties"] for rule in rules)


def test_findings_without_a_line_are_anchored() -> None:
    found = runs(full())
    assert place(found["gates/dependencies/"], "dependencies/PYSEC-2026-114") == ("requirements.txt", 14)
    assert place(found["gates/dependencies/"], "dependencies/CVE-2024-0001") == ("gates.yaml", 1)
    assert place(found["gates/accessibility/"], "accessibility/image-alt") == ("public/cart.html", 1)
    assert place(found["gates/semgrep/"], "semgrep/no-eval") == ("gates.yaml", 1)


@pytest.mark.parametrize(
    ("schema", "anchor"), [("docs/openapi.yaml", "docs/openapi.yaml"), ("http://127.0.0.1/openapi.json", "gates.yaml"), (7, "gates.yaml")]
)
def test_an_operation_stands_in_the_schema(schema: object, anchor: str) -> None:
    record = full()
    gates = tuple(replace(gate, options={"schema": schema}) if gate.name == "semgrep" else gate for gate in record.policy.gates)
    run = runs(replace(record, policy=replace(record.policy, gates=gates)))["gates/semgrep/"]
    assert place(run, "semgrep/no-eval") == (anchor, 1)
    assert run["results"][0]["locations"][0]["logicalLocations"] == [{"fullyQualifiedName": "GET /export", "kind": "operation"}]


def test_regions_never_end_before_they_start() -> None:
    record = full()
    facts = next(facts for facts in record.facts if facts.gate == "security")
    odd = Location(path="a b.py", line=5, column=9, end_line=4, end_column=3)
    findings = (replace(facts.findings[0], location=odd), *facts.findings[1:])
    others = tuple(other for other in record.facts if other.gate != "security")
    run = runs(replace(record, facts=(*others, replace(facts, findings=findings))))["gates/security/"]
    physical = run["results"][0]["locations"][0]["physicalLocation"]
    assert physical["region"] == {"startLine": 5, "startColumn": 9}
    assert physical["artifactLocation"]["uri"] == "a%20b.py"


def test_excused_findings_are_suppressed_and_stay_out_of_an_upload() -> None:
    kept = runs(full())
    waived = next(result for result in kept["gates/dependencies/"]["results"] if result["ruleId"] == "dependencies/CVE-2024-0001")
    assert waived["suppressions"] == [{"kind": "external", "status": "accepted", "justification": "waived by W-12"}]
    hidden = next(result for result in kept["gates/security/"]["results"] if result["ruleId"] == "security/B324")
    assert hidden["suppressions"] == [{"kind": "inSource", "justification": "# nosec B324"}]
    uploaded = runs(full(), for_upload=True)
    rules = {result["ruleId"] for run in uploaded.values() for result in run["results"]}
    assert not rules & {"dependencies/CVE-2024-0001", "security/B324"}
    assert "gates/semgrep/" not in uploaded


def test_a_gate_that_could_not_tell_says_so() -> None:
    (invocation,) = runs(full())["gates/contracts/"]["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "did not answer" in invocation["toolExecutionNotifications"][0]["message"]["text"]
    (told,) = runs(full())["gates/secrets/"]["invocations"]
    assert told["executionSuccessful"] is True
    assert len(told["toolExecutionNotifications"]) == 3


def test_a_run_is_cut_by_severity_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sarif, "MOST_RESULTS", 12)
    run = runs(large(50))["gates/security/"]
    assert len(run["results"]) == 12
    assert {result["properties"]["severity"] for result in run["results"]} == {"critical", "high"}
    assert run["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"].startswith("38 results left out, the mildest")


def test_silent_gates_are_recorded_as_such() -> None:
    result = runs(full())["gates/semgrep/"]["results"][0]
    assert result["properties"]["enforcement"] == Enforcement.SHADOW.value


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_any_text_keeps_the_structure(texts: tuple[str, ...]) -> None:
    record = with_texts(texts)
    (run,) = runs(record).values()
    messages = {"\n".join(visible_lines(finding.message)).replace("](", "] (") for finding in record.facts[0].findings}
    assert all(any(result["message"]["text"].startswith(message) for message in messages) for result in run["results"])


def test_a_log_has_no_more_runs_than_code_hosts_take() -> None:
    """The gates with the worst findings are told, and which are left out is said."""
    record = full()
    (decision,) = [item for item in record.decision.gates if item.gate == "security"]
    (facts,) = [item for item in record.facts if item.gate == "security"]
    names = [f"quiet{number:02}" for number in range(sarif.MOST_RUNS)]
    quiet = replace(
        record,
        decision=replace(record.decision, gates=(*(replace(decision, gate=name) for name in names), *record.decision.gates)),
        facts=(*(replace(facts, gate=name, findings=()) for name in names), *record.facts),
    )
    told = runs(quiet, for_upload=True)
    assert len(told) == sarif.MOST_RUNS
    assert "gates/security/" in told
    notes = [note["message"]["text"] for note in next(iter(told.values()))["invocations"][0]["toolExecutionNotifications"]]
    assert any(note.startswith("left out, since a log may hold 20 runs: ") and "quiet19" in note for note in notes)


def test_a_log_is_no_larger_than_code_hosts_take(monkeypatch: pytest.MonkeyPatch) -> None:
    record = large(3_000)
    size = len(gzip.compress(sarif.render(record, for_upload=True).encode(), 6))
    monkeypatch.setattr(sarif, "MOST_BYTES", size - 1)
    text = sarif.render(record, for_upload=True)
    assert len(gzip.compress(text.encode(), 6)) < size
    (cut,) = {
        note["message"]["text"]
        for run in json.loads(text)["runs"]
        for note in run["invocations"][0].get("toolExecutionNotifications", ())
        if "left out" in note["message"]["text"]
    }
    assert cut.startswith("2,000 results left out, the mildest: a log may have ")
