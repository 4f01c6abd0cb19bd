"""The JSON document: its schema holds for every record, and for none."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.errors import Problem
from gates.model import TIP_POLICY, Enforcement, Judging, Measurement, Record
from gates.report import json as report
from tests.report.record_factory import BUNDLE, full, hostile, nothing, passed, with_texts

SCHEMA = json.loads((files("gates.report") / "report-v1.schema.json").read_text("utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
PROBLEM = Problem(error="the policy has no gates", where="gates.yaml:1:1", help="name a gate")
TEXTS = st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=3).map(tuple)


def document(record: Record | None, *, exit_code: int = 1, problems: tuple[Problem, ...] = (), **more: Any) -> Any:
    text = report.render(record, exit_code=exit_code, bundle=BUNDLE, problems=problems, **more)
    data = json.loads(text)
    VALIDATOR.validate(data)
    return data


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()])
def test_every_record_fits_the_schema(record: Record) -> None:
    data = document(record)
    assert data["verdict"] == record.decision.verdict.value
    assert [gate["gate"] for gate in data["gates"]] == [gate.gate for gate in record.decision.gates]


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_nothing_judged_is_null_with_errors() -> None:
    data = document(None, exit_code=2, problems=(PROBLEM,))
    assert (data["verdict"], data["gates"], data["exit_code"]) == (None, [], 2)
    assert data["errors"] == [{"error": "the policy has no gates", "where": "gates.yaml:1:1", "help": "name a gate", "see": ""}]


def test_the_schema_refuses_a_null_verdict_without_errors() -> None:
    data = json.loads(report.render(None, exit_code=70, bundle=None, problems=()))
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


def test_kinds_are_kept_apart() -> None:
    gates = {gate["gate"]: gate for gate in document(full())["gates"]}
    assert len(gates["tests"]["findings"]) == gates["tests"]["counts"]["findings"] == 2
    assert [notice["kind"] for notice in gates["tests"]["notices"]] == ["flake"]
    assert gates["contracts"]["examined"] is None
    assert gates["load"]["duration_ms"] is None


def test_a_finding_has_its_place_state_and_waiver() -> None:
    gates = {gate["gate"]: gate for gate in document(full())["gates"]}
    waived = gates["dependencies"]["findings"][1]
    assert waived["location"] == {"purl": "pkg:pypi/jinja2@3.1.3"}
    assert (waived["state"], waived["waiver"], waived["suppressed_by"]) == ("existing", "W-12", None)
    assert gates["security"]["findings"][1]["suppressed_by"] == "# nosec B324"


@pytest.mark.parametrize(
    ("value", "text"), [("84.60", "84.6"), ("87", "87"), ("0.1", "0.1"), ("9007199254740993", "9007199254740993"), ("-0.5", "-0.5")]
)
def test_numbers_are_numbers_without_error(value: str, text: str) -> None:
    record = passed()
    facts = replace(record.facts[0], measurements=(Measurement(name="coverage", value=Decimal(value), unit="percent"),))
    written = report.render(replace(record, facts=(facts,)), exit_code=0, bundle=None, problems=())
    assert f'"value": {text},' in written


def test_digests_name_their_algorithm() -> None:
    data = document(full())
    assert {data[name][:7] for name in ("policy_digest", "content_digest")} == {"sha256:"}
    assert data["bundle"]["digest"] == "sha256:" + BUNDLE.digest


def test_what_the_change_does_to_the_policy_where_it_goes_is_there() -> None:
    record = full()
    gate = record.policy.gates[0]
    softer = replace(record.policy, gates=(replace(gate, enforcement=Enforcement.WARN), *record.policy.gates[1:]))
    tip = Judging(name=TIP_POLICY, words="gates.yaml of 0123456789ab, where the change goes", policy=record.policy)
    changes = document(replace(record, policy=softer, others=(tip,)))["policy_changes"]
    assert changes == [{"change": "looser", "where": f"gates.{gate.name}.enforcement", "was": "block", "is": "warn"}]


@settings(max_examples=20, deadline=None)
@given(TEXTS)
def test_any_text_comes_back_the_same(texts: tuple[str, ...]) -> None:
    record = with_texts(texts)
    text = report.render(record, exit_code=1, bundle=None, problems=())
    assert text.isascii()
    findings = json.loads(text)["gates"][0]["findings"]
    assert [finding["message"] for finding in findings] == [finding.message for finding in record.facts[0].findings]
