"""VEX in OpenVEX and CycloneDX: what a statement is about, and documents that can't be read as any."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from gates.api import GateError, Raw
from gates.formats import vex
from gates.formats.vex import Package, Statement

JUSTIFIED = {"status": "not_affected", "justification": "vulnerable_code_not_present"}
TEAPOT = {"type": "library", "bom-ref": "t", "name": "teapot", "version": "1.1", "purl": "pkg:pypi/teapot"}


def read(content: bytes | dict[str, Any]) -> tuple[Statement, ...]:
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    return vex.read(Raw(gate="d", uses="dependencies", parser=2, members={"vex-1.json": data}), "vex-1.json", "security/a.json")


def openvex(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"author": "Anna", "timestamp": "2026-11-20T10:00:00Z", "statements": list(statements)}
    return {"@context": "https://openvex.dev/ns/v0.2.0", **said, **more}


def statement(**more: Any) -> dict[str, Any]:
    return {"vulnerability": {"name": "CVE-1"}, "products": [{"@id": "pkg:pypi/teapot@1.1"}], **JUSTIFIED, **more}


def cyclonedx(*vulnerabilities: dict[str, Any], version: str = "1.6", **more: Any) -> dict[str, Any]:
    return {"bomFormat": "CycloneDX", "specVersion": version, "components": [TEAPOT], "vulnerabilities": list(vulnerabilities), **more}


def analysed(**more: Any) -> dict[str, Any]:
    return {"id": "CVE-1", "affects": [{"ref": "t"}], "analysis": {"state": "not_affected", "justification": "code_not_reachable"}, **more}


def packages(content: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(package.name, package.version, package.used_by) for said in read(content) for package in said.packages]


def test_a_statement_of_openvex() -> None:
    (said,) = read(openvex(statement(vulnerability={"name": "CVE-1", "aliases": ["GHSA-a-b-c"]}, timestamp="2026-11-21T01:00:00+02:00")))
    assert said == Statement(
        path="security/a.json",
        place="security/a.json, statement 1",
        author="Anna",
        made=datetime(2026, 11, 20, 23, tzinfo=UTC),
        vulnerabilities=frozenset({"cve-1", "ghsa-a-b-c"}),
        packages=(Package(name="teapot", version="1.1"),),
        status="not_affected",
        word="not_affected",
        reason="vulnerable_code_not_present",
    )


def test_what_a_statement_leaves_out_is_the_document_s() -> None:
    (said,) = read(openvex(statement(justification=None, impact_statement=" It is\nnot built in. ")))
    assert (said.made, said.reason) == (datetime(2026, 11, 20, 10, tzinfo=UTC), "It is not built in.")
    (nobody,) = read(openvex(statement(), author=""))
    assert nobody.author == "security/a.json"


def test_openvex_before_0_2_has_names_alone() -> None:
    old = {"vulnerability": "CVE-1", "products": ["pkg:oci/shop"], "subcomponents": ["pkg:pypi/teapot@1.1"], "status": "affected"}
    (said,) = read(openvex(old, **{"@context": "https://openvex.dev/ns"}))
    assert (said.vulnerabilities, said.packages) == (frozenset({"cve-1"}), (Package(name="teapot", version="1.1"),))


@pytest.mark.parametrize(
    ("product", "found"),
    [
        ({"@id": "pkg:pypi/Tea.Pot@1.1"}, [("tea-pot", "1.1", "")]),
        ({"@id": "pkg:pypi/teapot"}, [("teapot", "", "")]),
        ({"@id": "pkg:PyPI/tea_pot@1.1%2Bcu118"}, [("tea-pot", "1.1+cu118", "")]),
        ({"@id": "https://shop.example", "identifiers": {"purl": "pkg:pypi/teapot@1.1"}}, [("teapot", "1.1", "")]),
        ({"@id": "pkg:pypi/teapot", "identifiers": {"purl": "pkg:pypi/teapot@1.1"}}, [("teapot", "1.1", "")]),
        ({"@id": "pkg:oci/shop", "subcomponents": [{"@id": "pkg:pypi/teapot"}, {"@id": "pkg:npm/cup"}]}, [("teapot", "", "")]),
        ({"@id": "pkg:pypi/Tea_Shop@2", "subcomponents": [{"@id": "pkg:pypi/teapot"}]}, [("teapot", "", "tea-shop")]),
        ({"@id": "pkg:oci/teapot@1.1"}, []),
        ({"@id": "pkg:pypi/teapot@1.1?file_name=teapot-1.1.tar.gz"}, []),
        ({"@id": "pkg:pypi/teapot@1.1#src"}, []),
        ({"@id": "pkg:pypi/teapot@"}, []),
        ({"@id": "pkg:pypi/team/teapot@1.1"}, []),
        ({"@id": "pkg:pypi/"}, []),
        ({"@id": "teapot"}, []),
        ({}, []),
    ],
)
def test_which_packages_a_product_names(product: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert packages(openvex(statement(products=[product]))) == found


def test_an_analysis_of_cyclonedx() -> None:
    analysis = {"state": "false_positive", "detail": "Another\nteapot", "firstIssued": "2026-11-01T00:00:00Z"}
    bom = cyclonedx(
        {"id": "CVE-0"},
        analysed(references=[{"id": "GHSA-a-b-c"}], analysis={**analysis, "lastUpdated": "2026-11-02T00:00:00Z"}),
        metadata={"timestamp": "2026-10-01T00:00:00Z", "authors": [{"name": "Anna"}, {"email": "b@example.org"}, {"name": "Ben"}]},
    )
    (said,) = read(bom)
    assert (said.place, said.author, said.made) == ("security/a.json, vulnerability 2", "Anna, Ben", datetime(2026, 11, 2, tzinfo=UTC))
    assert (said.vulnerabilities, said.packages) == (frozenset({"cve-1", "ghsa-a-b-c"}), (Package(name="teapot", version="1.1"),))
    assert (said.status, said.word, said.reason) == ("not_affected", "false_positive", "Another teapot")


def test_without_words_about_it_an_analysis_has_no_author_and_no_date() -> None:
    (said,) = read(cyclonedx(analysed()))
    assert (said.author, said.made, said.reason) == ("security/a.json", None, "code_not_reachable")


@pytest.mark.parametrize(
    ("state", "status"),
    [("resolved", "fixed"), ("resolved_with_pedigree", "fixed"), ("exploitable", "affected"), ("in_triage", "under_investigation")],
)
def test_states_of_cyclonedx_mean_those_of_openvex(state: str, status: str) -> None:
    (said,) = read(cyclonedx(analysed(analysis={"state": state})))
    assert (said.status, said.word, said.reason) == (status, state, "")


@pytest.mark.parametrize(
    ("affects", "found"),
    [
        ({"ref": "pkg:pypi/kettle@2"}, [("kettle", "2", "")]),
        ({"ref": "urn:cdx:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#pkg:pypi/kettle@2"}, [("kettle", "2", "")]),
        ({"ref": "pkg:pypi/kettle"}, [("kettle", "", "")]),
        ({"ref": "pkg:pypi/kettle", "versions": [{"version": "2"}, {"version": "3"}]}, [("kettle", "2", ""), ("kettle", "3", "")]),
        ({"ref": "pkg:pypi/kettle", "versions": [{"range": "vers:pypi/<3"}]}, []),
        ({"ref": "t", "versions": [{"version": "9"}]}, [("teapot", "1.1", "")]),
        ({"ref": "shop"}, []),
    ],
)
def test_which_packages_an_entry_of_affects_names(affects: dict[str, Any], found: list[tuple[str, str, str]]) -> None:
    assert packages(cyclonedx(analysed(affects=[affects]), metadata={"component": {"bom-ref": "shop", "name": "shop"}})) == found


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "security/a.json is not JSON that can be read"),
        (b"[" * 100_000, "security/a.json is not JSON that can be read: it is nested too deeply"),
        (b'{"@context": "https://openvex.dev/ns", "@context": "a"}', "an object holds one key twice"),
        (b"[]", "security/a.json is no VEX document"),
        ({"payloadType": "application/vnd.in-toto+json"}, "security/a.json is neither OpenVEX nor CycloneDX"),
        (
            openvex(statement(), **{"@context": "https://openvex.dev/ns/v9"}),
            "security/a.json is of the context 'https://openvex.dev/ns/v9'",
        ),
        (openvex(statement(), **{"@context": ["https://openvex.dev/ns/v0.2.0"]}), "which can't be read"),
        (openvex(), "security/a.json holds no statement"),
        (openvex(statements={}), "security/a.json: 'statements' is not a list of objects"),
        (openvex(statement(), statement(status="fine")), "security/a.json, statement 2: `status` is 'fine'"),
        (openvex(statement(status=["not_affected"])), "`status` is ['not_affected']"),
        (openvex(statement(justification="code_not_reachable")), "security/a.json, statement 1: `justification` is 'code_not_reachable'"),
        (openvex(statement(vulnerability={"@id": "https://example.org"})), "security/a.json, statement 1 names no vulnerability"),
        (openvex(statement(vulnerability={"name": "CVE-1", "aliases": "*"})), "statement 1: `aliases` is not a list"),
        (openvex(statement(vulnerability=["CVE-1"])), "statement 1: vulnerability is not an object"),
        (openvex(statement(), timestamp=None), "security/a.json, statement 1: its timestamp is None"),
        (openvex(statement(timestamp="2026-11-20T10:00:00")), "its timestamp is '2026-11-20T10:00:00'"),
        (openvex(statement(timestamp="yesterday")), "its timestamp is 'yesterday'"),
        (openvex(statement(products="pkg:pypi/teapot")), "statement 1: 'products' is not a list of objects"),
        (openvex(statement(products=[{"identifiers": ["pkg:pypi/teapot"]}])), "statement 1: identifiers is not an object"),
        (cyclonedx(analysed(), version="1.3"), "security/a.json is CycloneDX '1.3', which can't be read"),
        (cyclonedx({"id": "CVE-1", "affects": [{"ref": "t"}]}), "security/a.json holds no statement"),
        (cyclonedx(), "security/a.json holds no statement"),
        (cyclonedx(analysed(analysis={"state": "unknown"})), "security/a.json, vulnerability 1: `state` is 'unknown'"),
        (cyclonedx(analysed(analysis={"detail": "fine"})), "security/a.json, vulnerability 1: `state` is None"),
        (cyclonedx(analysed(id="")), "security/a.json, vulnerability 1 names no vulnerability"),
        (cyclonedx(analysed(analysis={"state": "resolved", "lastUpdated": "now"})), "vulnerability 1: its timestamp is 'now'"),
    ],
)
def test_what_is_no_vex_is_said_with_its_place_and_a_remedy(content: bytes | dict[str, Any], said: str) -> None:
    with pytest.raises(GateError) as raised:
        read(content)
    assert said in raised.value.reason
    assert raised.value.reason.startswith("security/a.json")
    assert raised.value.remedy
