"""Findings that a project's VEX files cover, with the real pip-audit and advisories from a folder."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import pytest

from gates.api import Facts, Finding, GateError, ObserveContext, Raw, Status
from gates.facts import read_facts
from gates.observe import Observation
from gates.runners.dependencies import GATE, vex
from gates.runners.dependencies.facts import parse_1
from gates.runners.dependencies.options import Options
from tests.api.making import a_context
from tests.runners.vex_files import NAME, audited, document, judged_by, statement

PAGE = Path(__file__).parent.parent.parent / "docs" / "gates" / "dependencies.md"
(SHOWN,) = re.findall(r"^```json\n(.*?)^```", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
BY = "vex: not_affected, vulnerable_code_not_in_execute_path, Shop Security <security@shop.example> (security/vex/2026-1.json)"
EARLIER, LATER = "2026-11-01T00:00:00Z", "2026-11-25T00:00:00Z"


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    """With the file that the documentation shows, and others in its folder that are no VEX."""
    return audited(tmp_path_factory.mktemp("vex"), {NAME: SHOWN, "security/vex/README.md": "Ours.\n"})


def only(facts: Facts) -> Finding:
    assert facts.status is Status.COMPLETED, facts.reason
    (finding,) = facts.findings
    return finding


def measured(facts: Facts) -> dict[str, int]:
    return {item.name: int(item.value) for item in facts.measurements if item.name.startswith("vex")}


def test_what_the_documented_file_covers_is_suppressed(observed: Observation) -> None:
    facts = read_facts(GATE, observed.name, observed.members)
    finding = only(facts)
    assert (finding.rule, finding.suppressed_by, finding.remedy) == ("dependencies/CVE-2026-90001", BY, "upgrade teapot to 1.2 or later")
    assert measured(facts) == {"vex-statements": 1, "vex-unused": 0}
    assert observed.members["vex-1.json"] == SHOWN.encode()
    assert json.loads(observed.members["vex.json"]) == {"files": [{"member": "vex-1.json", "path": NAME}]}


def test_the_parser_of_before_knows_no_vex(observed: Observation) -> None:
    """Nor is what it found called otherwise: a finding keeps its fingerprint."""
    before = parse_1(Raw(gate="dependencies", uses="dependencies", parser=1, members=observed.members))
    assert GATE.parser_of(1) is parse_1
    assert (only(before).suppressed_by, measured(before)) == (None, {})
    assert only(before).fingerprint == only(read_facts(GATE, observed.name, observed.members)).fingerprint


@pytest.mark.parametrize(
    "said",
    [
        {"vulnerability": {"name": "DEMO-2026-0001"}},
        {"vulnerability": {"name": "SNYK-1", "aliases": ["cve-2026-90001"]}},
        {"products": [{"@id": "pkg:pypi/Teapot"}]},
        {"products": [{"@id": "pkg:pypi/kettle"}, {"@id": "pkg:pypi/teapot@1.1"}]},
        {"products": [{"@id": "pkg:pypi/shop@2", "subcomponents": [{"@id": "pkg:pypi/teapot"}]}]},
        {"justification": None, "impact_statement": "no lid"},
        {"status": "fixed", "justification": None},
    ],
)
def test_a_statement_about_the_package_and_the_advisory_suppresses(observed: Observation, said: dict[str, Any]) -> None:
    facts = judged_by(observed, document(statement(**said)))
    assert (only(facts).suppressed_by or "").startswith("vex: ")
    assert "vex" not in only(facts).properties
    assert measured(facts)["vex-unused"] == 0


@pytest.mark.parametrize(
    "said",
    [
        {"vulnerability": {"name": "CVE-2026-9000"}},
        {"products": [{"@id": "pkg:pypi/teapot@1.2"}]},
        {"products": [{"@id": "pkg:pypi/teapots@1.1"}]},
        {"products": [{"@id": "pkg:npm/teapot@1.1"}]},
        {"products": [{"@id": "pkg:oci/shop"}]},
        {"products": []},
    ],
)
def test_a_statement_about_something_else_is_harmless_and_counted(observed: Observation, said: dict[str, Any]) -> None:
    facts = judged_by(observed, document(statement(**said)))
    assert (only(facts).suppressed_by, "vex" in only(facts).properties) == (None, False)
    assert measured(facts) == {"vex-statements": 1, "vex-unused": 1}


@pytest.mark.parametrize(
    ("said", "kept_by"),
    [
        ({"status": "affected"}, "affected"),
        ({"status": "under_investigation"}, "under_investigation"),
        ({"justification": ""}, "not_affected without saying why, which suppresses nothing"),
        ({"status": "fixed", "products": [{"@id": "pkg:pypi/teapot"}]}, "fixed without a version, which suppresses nothing"),
    ],
)
def test_a_word_that_does_not_settle_it_is_said(observed: Observation, said: dict[str, Any], kept_by: str) -> None:
    finding = only(judged_by(observed, document(statement(**said))))
    assert (finding.suppressed_by, finding.properties["vex"]) == (None, f"{NAME}, statement 1: {kept_by}")
    assert finding.remedy.startswith("upgrade teapot to 1.2 or later")
    assert ("as it stands it suppresses nothing" in finding.remedy) is ("which" in kept_by)


@pytest.mark.parametrize(
    ("documents", "suppressed"),
    [
        ([document(statement(timestamp=EARLIER, status="affected"), statement(timestamp=LATER))], True),
        ([document(statement(timestamp=LATER), statement(timestamp=EARLIER, status="affected"))], True),
        ([document(statement(timestamp=LATER, status="under_investigation"), statement(timestamp=EARLIER))], False),
        ([document(statement(), statement(status="affected"))], False),
        ([document(statement(timestamp=LATER, justification=None), statement(timestamp=EARLIER))], False),
        ([document(statement(timestamp=EARLIER, status="affected")), document(statement(timestamp=LATER))], True),
        ([document(statement(timestamp=EARLIER, status="affected")), document(statement(timestamp=LATER), author="Ben")], False),
        ([document(statement()), document(statement(status="affected"), author="Ben")], False),
        ([document(statement()), document(statement(), author="Ben")], True),
    ],
)
def test_the_last_word_of_each_author_counts_and_all_have_to_agree(observed: Observation, documents: list[Any], suppressed: bool) -> None:
    finding = only(judged_by(observed, *documents))
    assert (finding.suppressed_by is not None) is suppressed
    assert ("vex" in finding.properties) is not suppressed


def test_where_authors_do_not_agree_the_one_to_ask_is_named(observed: Observation) -> None:
    finding = only(judged_by(observed, document(statement()), document(statement(status="affected"), author="Ben")))
    words = "or settle it with the author of security/vex/2026-2.json, statement 1, which says affected"
    assert finding.remedy == f"upgrade teapot to 1.2 or later; {words}"


@pytest.mark.parametrize(
    ("state", "suppressed"), [("not_affected", True), ("resolved", True), ("exploitable", False), ("in_triage", False)]
)
@pytest.mark.parametrize("dated", [True, False])
def test_cyclonedx_and_what_nobody_dated_is_not_replaced(observed: Observation, state: str, suppressed: bool, dated: bool) -> None:
    analysis = {"state": state, "justification": "code_not_reachable", **({"lastUpdated": EARLIER} if dated else {})}
    said = {"id": "CVE-2026-90001", "affects": [{"ref": "pkg:pypi/teapot@1.1"}], "analysis": analysis}
    bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "metadata": {"authors": [{"name": "Anna"}]}, "vulnerabilities": [said]}
    assert (only(judged_by(observed, bom)).suppressed_by is not None) is suppressed
    assert (only(judged_by(observed, bom, document(statement()))).suppressed_by is not None) is (suppressed or dated)


def test_a_file_that_can_not_be_read_is_an_error_with_its_place(observed: Observation) -> None:
    facts = judged_by(observed, document(statement()), document(statement(), statement(status="fine")))
    assert (facts.status, facts.reason) == (Status.ERROR, "security/vex/2026-2.json, statement 2: `status` is 'fine'")
    assert facts.remedy == "write one of not_affected, affected, fixed, under_investigation"


# -- which files


def kept(context: ObserveContext, *paths: str) -> dict[str, bytes]:
    vex.keep(context, paths)
    listed = json.loads((context.raw_folder / "vex.json").read_bytes())["files"]
    return {entry["path"]: (context.raw_folder / entry["member"]).read_bytes() for entry in listed}


@pytest.fixture
def project(tmp_path: Path) -> ObserveContext:
    context = a_context(tmp_path)
    for name in ("a.json", "vex/b.json", "vex/deep/C.JSON", "vex/notes.md"):
        (context.root / name).parent.mkdir(parents=True, exist_ok=True)
        (context.root / name).write_text(name, "utf-8")
    return context


def test_files_and_folders_of_them_are_kept_once(project: ObserveContext) -> None:
    names = ["a.json", "vex/b.json", "vex/deep/C.JSON"]
    assert kept(project, "vex/", "./a.json", "vex/b.json", "vex", "none/") == {name: name.encode() for name in names}
    assert kept(project, "none/") == {}


def test_a_file_may_be_a_link_inside_the_repository(project: ObserveContext) -> None:
    (project.root / "link.json").symlink_to("vex/b.json")
    assert kept(project, "link.json") == {"link.json": b"vex/b.json"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("none.json", "there is no VEX file 'none.json'"),
        ("vex/*.json", "there is no VEX file 'vex/*.json'"),
        ("../a.json", "'../a.json' leads out of the repository"),
        ("/etc/hostname", "'/etc/hostname' leads out of the repository"),
        ("links", "links/b.json is a link in a folder of VEX files"),
        ("linked/", "linked/vex is a link in a folder of VEX files"),
        ("large.json", "large.json is larger than 8 MiB"),
    ],
)
def test_what_is_no_file_of_the_repository_is_refused(project: ObserveContext, path: str, said: str) -> None:
    for folder in ("links", "linked"):
        (project.root / folder).mkdir()
    (project.root / "links/b.json").symlink_to("../vex/b.json")
    (project.root / "linked/vex").symlink_to("../vex")
    (project.root / "large.json").write_bytes(bytes(vex.MAX_BYTES + 1))
    with pytest.raises(GateError, match=re.escape(said)) as raised:
        kept(project, path)
    assert raised.value.remedy


def test_a_file_that_the_system_does_not_give_is_said(project: ObserveContext) -> None:
    """The kernel gives nobody the first page of a process's memory."""
    with pytest.raises(GateError, match="mem can't be read: Input/output error"):
        kept(dataclasses.replace(project, root=Path("/proc/self")), "mem")


def test_they_steer_the_gate_beside_advisories_of_the_repository() -> None:
    assert GATE.steering(Options()) == ()
    assert GATE.steering(Options(vex=("security/vex/", "./a.json"))) == ("security/vex", "a.json")
    assert GATE.steering(Options(advisories="known", vex=("known/a.json",))) == ("known", "known/a.json")
