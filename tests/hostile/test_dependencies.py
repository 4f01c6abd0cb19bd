"""VEX files that claim more than they may: what they are not exactly about is found all the same."""

from __future__ import annotations

from typing import Any

import pytest

from gates.facts import read_facts
from gates.observe import Observation
from gates.runners.dependencies import GATE
from tests.guarantees import Seen, errored, failed, hostile, judged
from tests.runners.vex_files import audited, document, judged_by, statement

#: What stands in the finding that no statement covers.
FOUND = failed("teapot 1.1: A lid that is left open")


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observation:
    return audited(tmp_path_factory.mktemp("vex"), {})


def claimed(observed: Observation, **said: Any) -> Seen:
    return judged(judged_by(observed, document(statement(**said))))


@hostile("a VEX statement about another package", here=FOUND)
def test_another_package(observed: Observation) -> Seen:
    return claimed(observed, products=[{"@id": "pkg:pypi/saucer@5.0"}])


@hostile("a VEX statement about another version", here=FOUND)
def test_another_version(observed: Observation) -> Seen:
    return claimed(observed, products=[{"@id": "pkg:pypi/teapot@1.10"}])


@hostile("a VEX statement about another advisory", here=FOUND)
def test_another_advisory(observed: Observation) -> Seen:
    return claimed(observed, vulnerability={"name": "CVE-2026-9000", "aliases": ["CVE-2026-900010"]})


@hostile("a VEX statement about `*`", here=FOUND)
def test_a_star(observed: Observation) -> Seen:
    every = [{"@id": purl} for purl in ("*", "pkg:pypi/*", "pkg:pypi/teapot@*", "pkg:*/teapot", "pkg:pypi/tea*@1.1", "vers:pypi/*")]
    return judged(judged_by(observed, document(statement(products=every), statement(vulnerability={"name": "*", "aliases": ["CVE-*"]}))))


@hostile("a VEX statement about one wheel of the package, or one index", here=FOUND)
def test_one_file(observed: Observation) -> Seen:
    narrow = [{"@id": f"pkg:pypi/teapot@1.1?{said}"} for said in ("file_name=teapot-1.1.tar.gz", "repository_url=https://ours.example")]
    return claimed(observed, products=narrow)


@hostile("a VEX statement of a library about its own use of the package", here=FOUND)
def test_a_library_s_own_use(observed: Observation) -> Seen:
    return claimed(observed, products=[{"@id": "pkg:pypi/Saucer@4.9", "subcomponents": [{"@id": "pkg:pypi/teapot@1.1"}]}])


@hostile("a VEX statement `not_affected` without a justification", here=failed("say why in security/vex/2026-1.json, statement 1"))
def test_without_a_justification(observed: Observation) -> Seen:
    facts = judged_by(observed, document(statement(justification=None, status_notes="trust me")))
    (finding,) = facts.findings
    seen = judged(facts)
    return Seen(outcome=seen.outcome, text=f"{seen.text}\n{finding.remedy}")


@hostile("a VEX statement that takes back what another author says", here=FOUND)
def test_another_author(observed: Observation) -> Seen:
    later = statement(timestamp="2026-11-28T00:00:00Z")
    return judged(judged_by(observed, document(statement(status="affected")), document(later, author="Anna, really")))


@hostile("a VEX file that two readers would read differently", here=errored("security/vex/2026-1.json is not JSON that can be read"))
def test_a_key_twice(observed: Observation) -> Seen:
    members = {**observed.members, "vex.json": b'{"files": [{"member": "vex-1.json", "path": "security/vex/2026-1.json"}]}'}
    members["vex-1.json"] = b'{"@context": "https://openvex.dev/ns", "statements": [], "statements": []}'
    return judged(read_facts(GATE, observed.name, members))
