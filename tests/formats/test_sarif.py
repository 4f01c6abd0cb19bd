"""SARIF: what counts as a finding, where it is, how bad, and every way in which a log says that it can't be trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gates.api import Finding, GateError, Kind, Raw, Severity
from gates.formats import sarif
from gates.formats.report import Places, Report

ROOT = "/home/someone/project"
PLACES = Places(known={ROOT: "{root}"})


def read(*runs: dict[str, Any], version: str = "2.1.0") -> Report:
    content = json.dumps({"version": version, "runs": list(runs)}).encode()
    return sarif.read(Raw(gate="lint", uses="external", parser=1, members={"r.sarif": content}), "r.sarif", PLACES)


def run(*results: dict[str, Any], rules: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    driver = {"name": "Linter", "semanticVersion": "1.2.3", "rules": rules or []}
    return {"tool": {"driver": driver}, "results": list(results), **more}


def result(uri: str = "src/a.py", line: int = 3, **more: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": uri}, "region": {"startLine": line}}}
    return {"ruleId": "R1", "message": {"text": "Something is wrong"}, "locations": [place], **more}


def only(*runs: dict[str, Any]) -> Finding:
    (finding,) = read(*runs).findings
    return finding


def test_a_result_becomes_a_finding_with_its_place() -> None:
    finding = only(run(result(), rules=[{"id": "R1", "helpUri": "https://example.org/r1", "help": {"text": "# R1\nDo it so."}}]))
    assert (finding.rule, finding.message, str(finding.location)) == ("lint/R1", "Something is wrong", "src/a.py:3")
    assert only(run(result(ruleId="lint/R1"))).rule == "lint/R1"
    assert (finding.help_url, finding.remedy) == ("https://example.org/r1", "Do it so.")


def test_a_remedy_says_more_than_the_message() -> None:
    fix = {"description": {"text": "Remove it"}}
    repeated = [{"id": "R1", "help": {"text": "Something is wrong"}}]
    assert only(run(result(fixes=[fix]), rules=repeated)).remedy == "Remove it"
    assert only(run(result(), rules=repeated)).remedy == "follow what Linter says of this rule"


@pytest.mark.parametrize(
    ("rule", "remedy"),
    [
        ({"shortDescription": {"text": "Disallow prints\nand more"}}, "Disallow prints"),
        ({"fullDescription": {"text": "Something is wrong"}, "shortDescription": {"text": "Disallow prints"}}, "Disallow prints"),
        ({"shortDescription": {"text": "Linter Finding: R1"}}, "follow what Linter says of this rule"),
        ({"shortDescription": {"text": "Disallow prints"}, "help": {"text": "Do it so."}}, "Do it so."),
        ({"shortDescription": {"text": ""}}, "follow what Linter says of this rule"),
    ],
)
def test_what_a_rule_says_of_itself_stands_in_for_its_help(rule: dict[str, Any], remedy: str) -> None:
    assert only(run(result(), rules=[{"id": "R1", **rule}])).remedy == remedy


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        (f"file://{ROOT}/src/a%20b.py", "src/a b.py:3"),
        (f"{ROOT}/src/a.py", "src/a.py:3"),
        ("./src/../src/a.py", "src/a.py:3"),
        ("src\\a.py", "src/a.py:3"),
        ("https://shop.example.org/cart", "https://shop.example.org/cart"),
    ],
)
def test_addresses_become_paths_below_the_root(uri: str, place: str) -> None:
    assert str(only(run(result(uri))).location) == place


@pytest.mark.parametrize("uri", ["file:///usr/lib/python3/os.py", "../other/os.py", "C:\\Python\\os.py"])
def test_a_place_outside_the_repository_is_its_name_alone(uri: str) -> None:
    finding = only(run(result(uri)))
    assert (finding.location.path, finding.location.line) == ("os.py", None)
    assert finding.properties["place"] == "outside the repository"


def test_an_address_that_can_not_be_read_is_its_last_part() -> None:
    assert only(run(result("file://[no-host]/src/a.py"))).location.path == "a.py"


def based(base: str) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": "a.py", "uriBaseId": "SRC"}}}
    return run(
        {"ruleId": "R1", "message": {"text": "x"}, "locations": [place]},
        originalUriBaseIds={"SRC": {"uri": "src/", "uriBaseId": "TOP"}, "TOP": {"uri": base}},
    )


def test_bases_are_followed_to_the_root_also_of_another_machine() -> None:
    assert only(based(f"file://{ROOT}/")).location.path == "src/a.py"
    assert only(based("file:///builds/elsewhere/")).location.path == "a.py"


def test_bases_that_refer_to_each_other_end() -> None:
    log = run(
        {"message": {"text": "x"}, "locations": [{"physicalLocation": {"artifactLocation": {"uri": "a.py", "uriBaseId": "A"}}}]},
        originalUriBaseIds={"A": {"uri": "x/", "uriBaseId": "B"}, "B": {"uri": "x/", "uriBaseId": "A"}},
    )
    assert (only(log).location.path or "").endswith("a.py")


def test_an_artifact_may_be_named_by_its_index() -> None:
    place = {"physicalLocation": {"artifactLocation": {"index": 0}}}
    log = run({"message": {"text": "x"}, "locations": [place]}, artifacts=[{"location": {"uri": "src/a.py"}}])
    assert only(log).location.path == "src/a.py"


def test_a_result_without_a_file_has_its_logical_place_or_the_tool() -> None:
    logical = {"ruleId": "R1", "message": {"text": "x"}, "locations": [{"logicalLocations": [{"fullyQualifiedName": "shop.cart.Cart"}]}]}
    assert str(only(run(logical)).location) == "shop.cart.Cart"
    assert str(only(run({"ruleId": "R1", "message": {"text": "x"}})).location) == "Linter"


@pytest.mark.parametrize(
    ("more", "rule", "severity"),
    [
        ({"level": "error"}, {}, Severity.HIGH),
        ({"level": "warning"}, {}, Severity.MEDIUM),
        ({"level": "note"}, {}, Severity.LOW),
        ({"level": "none"}, {}, Severity.INFO),
        ({"level": "dreadful"}, {}, Severity.HIGH),
        ({}, {}, Severity.MEDIUM),
        ({}, {"defaultConfiguration": {"level": "note"}}, Severity.LOW),
        ({"level": "note"}, {"properties": {"security-severity": "9.8"}}, Severity.CRITICAL),
        ({"properties": {"security-severity": "4.0"}}, {"properties": {"security-severity": "9.8"}}, Severity.MEDIUM),
        ({"level": "note"}, {"properties": {"security-severity": "unknown"}}, Severity.HIGH),
        ({"level": "note"}, {"properties": {"security-severity": "NaN"}}, Severity.HIGH),
    ],
)
def test_severity(more: dict[str, Any], rule: dict[str, Any], severity: Severity) -> None:
    assert only(run(result(**more), rules=[{"id": "R1", **rule}])).severity is severity


@pytest.mark.parametrize("more", [{"kind": "pass"}, {"kind": "notApplicable"}, {"kind": "informational"}, {"baselineState": "absent"}])
def test_what_is_no_problem_is_no_finding(more: dict[str, Any]) -> None:
    report = read(run(result(**more)))
    assert report.findings == ()
    assert [str(item.value) for item in report.measurements if item.name == "set-aside"] == ["1"]


@pytest.mark.parametrize("kind", ["open", "review"])
def test_what_the_tool_could_not_decide_needs_a_person(kind: str) -> None:
    assert only(run(result(kind=kind))).kind is Kind.NEEDS_REVIEW


@pytest.mark.parametrize(
    ("suppressions", "said"),
    [
        ([], None),
        ([{"kind": "inSource"}], "sarif: inSource"),
        ([{"kind": "external", "justification": "test data"}], "sarif: external, test data"),
        ([{"kind": "inSource", "status": "rejected"}], None),
        ([{"kind": "inSource"}, {"kind": "external", "status": "underReview"}], None),
    ],
)
def test_only_accepted_suppressions_count(suppressions: list[dict[str, str]], said: str | None) -> None:
    assert only(run(result(suppressions=suppressions))).suppressed_by == said


def test_messages_by_id_are_filled_in_and_links_are_text() -> None:
    rules = [{"id": "R1", "messageStrings": {"m": {"text": "{0} is not [safe](1): {1} {7}"}}}]
    finding = only(run(result(message={"id": "m", "arguments": ["eval", f"{ROOT}/src/a.py"]}), rules=rules))
    assert finding.message == "eval is not safe: src/a.py {7}"


def test_a_rule_of_an_extension_and_a_rule_of_a_hierarchical_id_are_found() -> None:
    log = run(result(ruleId=None, rule={"index": 0, "toolComponent": {"index": 0}}))
    log["tool"]["extensions"] = [{"name": "pack", "rules": [{"id": "X9", "defaultConfiguration": {"level": "error"}}]}]
    assert (only(log).rule, only(log).severity) == ("lint/X9", Severity.HIGH)
    assert only(run(result(ruleId="R1/sub"), rules=[{"id": "R1", "defaultConfiguration": {"level": "error"}}])).severity is Severity.HIGH


def test_identity_is_the_tools_own_else_the_line_and_never_the_line_number() -> None:
    assert only(run(result(line=3))).fingerprint == only(run(result(line=30))).fingerprint
    own: dict[str, Any] = {"partialFingerprints": {"primaryLocationLineHash": "abc:1"}}
    assert only(run(result(message={"text": "one"}, **own))).fingerprint == only(run(result(message={"text": "two"}, **own))).fingerprint
    assert only(run(result(**own))).fingerprint != only(run(result("src/b.py", **own))).fingerprint

    def snippet(line: str, words: str) -> dict[str, Any]:
        region = {"startLine": 3, "snippet": {"text": line}}
        place = {"physicalLocation": {"artifactLocation": {"uri": "a.py"}, "region": region}}
        return run({"ruleId": "R1", "message": {"text": words}, "locations": [place]})

    assert only(snippet("  eval(x)\n", "one")).fingerprint == only(snippet("eval(x)", "two")).fingerprint


def test_all_runs_are_read_and_the_targets_of_each_are_examined() -> None:
    artifacts = [{"location": {"uri": "a.py"}, "roles": ["analysisTarget"]}, {"location": {"uri": "b.py"}, "roles": ["resultFile"]}]
    extracted = {
        "descriptor": {"id": "py/diagnostics/successfully-extracted-files"},
        "level": "none",
        "locations": result("c.py")["locations"],
    }
    invocation = {"executionSuccessful": True, "toolExecutionNotifications": [extracted]}
    report = read(run(result(), artifacts=artifacts), run(result(), result("d.py"), invocations=[invocation]))
    assert len(report.findings) == 3
    assert report.examined == ("a.py", "c.py")
    assert (report.tool, report.version) == ("Linter", "1.2.3")


def test_success_must_be_said_by_every_run() -> None:
    good = {"invocations": [{"executionSuccessful": True}]}
    assert read(run(**good)).succeeded is True
    assert read(run(**good), run()).succeeded is None


def test_warnings_of_the_tool_about_itself_are_counted() -> None:
    notes = [{"message": {"text": "slow"}}, {"level": "note", "message": {"text": "fine"}}]
    measured = read(run(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": notes}])).measurements
    assert [(item.name, str(item.value)) for item in measured] == [("rules", "0"), ("set-aside", "0"), ("tool-warnings", "1")]


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        (run(invocations=[{"executionSuccessful": False}]), "did not succeed"),
        (run(invocations=[{}]), "did not succeed"),
        (
            run(
                invocations=[
                    {
                        "executionSuccessful": True,
                        "toolExecutionNotifications": [{"level": "error", "message": {"text": f"{ROOT}/x.py: no"}}],
                    }
                ]
            ),
            r"met an error: x\.py: no",
        ),
        (
            run(
                invocations=[
                    {"executionSuccessful": True, "toolConfigurationNotifications": [{"level": "error", "message": {"text": "no rule"}}]}
                ]
            ),
            "met an error: no rule",
        ),
        ({"tool": {"driver": {"name": "Linter"}}}, "no list of results"),
        ({"tool": {"driver": {"name": "Linter"}}, "results": None}, "no list of results"),
        (run(externalPropertyFileReferences={"results": [{"location": {"uri": "more.sarif"}}]}), "in other files"),
        (run(artifacts="many"), "not a list of objects"),
    ],
)
def test_a_run_that_did_not_work_is_an_error(log: dict[str, Any], reason: str) -> None:
    with pytest.raises(GateError, match=reason):
        read(log)


def test_no_run_and_another_version_are_errors() -> None:
    with pytest.raises(GateError, match="holds no run"):
        read()
    with pytest.raises(GateError, match=r"not SARIF 2\.1\.0"):
        read(run(), version="2.0.0")


@pytest.mark.parametrize(
    ("text", "in_full", "said"),
    [
        ("no such syntax", True, "the tool met an error: src/a.py:3: no such syntax"),
        ("no such syntax", False, "the tool met an error: no such syntax"),
        ("src/a.py has no such syntax", True, "the tool met an error: src/a.py has no such syntax"),
    ],
)
def test_an_error_of_the_tool_is_said_with_its_place(text: str, in_full: bool, said: str) -> None:
    note = {"level": "error", "message": {"text": text}, "locations": result()["locations"]}
    log = {"version": "2.1.0", "runs": [run(invocations=[{"executionSuccessful": True, "toolExecutionNotifications": [note]}])]}
    raw = Raw(gate="lint", uses="external", parser=2, members={"r.sarif": json.dumps(log).encode()})
    with pytest.raises(GateError) as raised:
        sarif.read(raw, "r.sarif", PLACES, in_full=in_full)
    assert raised.value.reason.endswith(said)
