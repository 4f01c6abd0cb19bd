"""The dependencies gate and advisory services on the network, stood in for by a server of ours on the loopback address."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates.api import Facts, Severity, Status
from gates.runners.dependencies import GATE
from gates.testing import observe_and_parse
from tests.runners.advisories import CANARIES, PAGE, osv, pypi, serving

EXAMPLES = Path(__file__).parent.parent / "examples" / "dependencies"

Audit = Callable[[str, str], Facts]


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    """Audits an example against the advisories at an address."""
    return lambda example, advisories: observe_and_parse(GATE, root=EXAMPLES / example, work=tmp_path, options={"advisories": advisories})


def rules(facts: Facts) -> list[str]:
    assert facts.status is Status.COMPLETED, facts.reason
    return [finding.rule.removeprefix("dependencies/") for finding in facts.findings]


def test_a_name_without_an_address_can_not_be_reached(audit: Audit) -> None:
    facts = audit("pass", "https://advisories.invalid")
    assert facts.status is Status.ERROR
    assert facts.reason == "the advisory service 'https://advisories.invalid' gave no usable answer: it could not be reached"
    assert "folder or .zip" in facts.remedy


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (404, "{}", "is blind"),
        (500, "{}", "it answered 500"),
        (503, "{}", "it answered 503"),
        (200, "{}", "does not speak of vulnerabilities"),
        (200, '{"vulnerabilities": []}', "is blind"),
        (200, '{"vulnerabilities": [{"id": "X"}]}', "not advisory data"),
        (200, "[]", "not advisory data"),
        (200, PAGE, "not JSON"),
    ],
)
def test_an_index_that_answers_wrongly_is_never_green(audit: Audit, status: int, text: str, said: str) -> None:
    with serving(lambda *_: (status, text)) as address:
        facts = audit("pass", f"pypi+{address}/pypi")
    assert facts.status is Status.ERROR
    assert said in facts.reason
    assert facts.remedy


@pytest.mark.parametrize(
    ("status", "text", "said"),
    [
        (404, "{}", "it answered 404"),
        (200, "{}", "is blind"),
        (200, PAGE, "not JSON"),
        (200, '{"vulns": [{"id": "X", "schema_version": "2.0"}]}', "its record X can't be read"),
        (200, '{"vulns": [{"id": "X"}]}', "its record X can't be read"),
        (200, '{"vulns": [], "next_page_token": "more"}', "only a part"),
    ],
)
def test_an_osv_service_that_answers_wrongly_is_never_green(audit: Audit, status: int, text: str, said: str) -> None:
    with serving(lambda *_: (status, text)) as address:
        facts = audit("pass", address)
    assert facts.status is Status.ERROR
    assert said in facts.reason


# -- services that answer


def test_what_an_index_knows_and_what_it_does_not(audit: Audit) -> None:
    flaw = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fixed_in": ["4.1", "5.0"], "summary": None, "details": "Out of\nthe box."}
    withdrawn = {**flaw, "id": "PYSEC-2026-2", "aliases": [], "withdrawn": "2026-01-01T00:00:00Z"}
    known = {"saucer/4.0": [flaw, withdrawn], "kettle/2.9": [], "teapot/1.1": []}
    with serving(lambda path, _: pypi(path, known)) as address:
        facts = audit("fail", f"pypi+{address}/pypi")
    assert rules(facts) == ["PYSEC-2026-1"]
    (finding,) = facts.findings
    assert (finding.severity, finding.properties["severity_source"]) == (Severity.HIGH, "unknown")
    assert finding.message == "saucer 4.0: Out of the box."
    assert finding.remedy == "upgrade saucer to 4.1 or later"
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done) == (4, 3)
    assert [skip.item for skip in facts.examined.skipped] == ["spoon 0.9 (requirements.txt:5)"]
    assert facts.measurements == ()


def test_an_osv_service_gives_the_severity_too(audit: Audit) -> None:
    record = json.loads((EXAMPLES / "advisories" / "DEMO-2026-0001.json").read_bytes())
    asked: list[str] = []

    def answer(path: str, question: Any) -> tuple[int, str]:
        asked.append(f"{path} {question['package']['name']} {question['version']}")
        return osv(question, teapot=[record])

    with serving(answer) as address:
        facts = audit("fail", address)
    assert rules(facts) == ["CVE-2026-90001"]
    assert facts.findings[0].severity is Severity.CRITICAL
    canaries = [question for question in asked if question.split()[1] in CANARIES]
    assert len(canaries) == 3
    assert sorted(set(asked) - set(canaries)) == [
        "/v1/query kettle 2.9",
        "/v1/query saucer 4.0",
        "/v1/query spoon 0.9",
        "/v1/query teapot 1.1",
    ]


def test_a_service_that_fails_half_way_is_an_error(audit: Audit) -> None:
    with serving(lambda _, question: (500, "") if question["package"]["name"] == "saucer" else osv(question)) as address:
        facts = audit("fail", address)
    assert facts.status is Status.ERROR
    assert "it answered 500" in facts.reason
