"""CycloneDX: vulnerabilities, what their authors say of them, and documents that say nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gates.api import Finding, GateError, Raw, Severity
from gates.formats import cyclonedx
from gates.formats.report import Places, Report

JINJA = {"type": "library", "bom-ref": "j", "name": "jinja2", "version": "3.1.2", "purl": "pkg:pypi/jinja2@3.1.2"}


def read(content: bytes) -> Report:
    return cyclonedx.read(Raw(gate="sca", uses="external", parser=1, members={"bom.json": content}), "bom.json", Places())


def bom(*vulnerabilities: dict[str, Any], version: str = "1.6", **more: Any) -> bytes:
    data = {"bomFormat": "CycloneDX", "specVersion": version, "components": [JINJA], "vulnerabilities": list(vulnerabilities), **more}
    return json.dumps(data).encode()


def vulnerability(**more: Any) -> dict[str, Any]:
    return {"id": "CVE-2024-0001", "description": "Templates can be made to run code\nmore", "affects": [{"ref": "j"}], **more}


def only(**more: Any) -> Finding:
    (finding,) = read(bom(vulnerability(**more))).findings
    return finding


def test_a_vulnerability_of_a_component() -> None:
    finding = only(recommendation="Update to 3.1.4", source={"name": "NVD", "url": "https://example.org/CVE-2024-0001"})
    assert (finding.rule, str(finding.location)) == ("sca/CVE-2024-0001", "pkg:pypi/jinja2@3.1.2")
    assert finding.message == "jinja2 3.1.2: Templates can be made to run code"
    assert (finding.remedy, finding.help_url) == ("Update to 3.1.4", "https://example.org/CVE-2024-0001")


@pytest.mark.parametrize(
    ("ratings", "severity"),
    [
        ([{"severity": "low"}], Severity.LOW),
        ([{"severity": "low"}, {"severity": "critical"}], Severity.CRITICAL),
        ([{"score": 9.1}], Severity.CRITICAL),
        ([{"severity": "unknown", "score": 5.0}], Severity.MEDIUM),
        ([{"severity": "none"}], Severity.INFO),
        ([{"severity": "unknown"}], Severity.HIGH),
        ([{"score": 77}], Severity.HIGH),
        ([], Severity.HIGH),
    ],
)
def test_the_worst_rating_counts_and_an_unknown_one_is_high(ratings: list[dict[str, Any]], severity: Severity) -> None:
    assert only(ratings=ratings).severity is severity


@pytest.mark.parametrize(
    ("analysis", "said"),
    [
        ({"state": "not_affected", "justification": "code_not_reachable"}, "vex: not_affected, code_not_reachable"),
        ({"state": "false_positive", "detail": "other package"}, "vex: false_positive, other package"),
        ({"state": "resolved"}, "vex: resolved"),
        ({"state": "exploitable"}, None),
        ({"state": "in_triage"}, None),
        ({}, None),
    ],
)
def test_what_the_analysis_settles_is_suppressed_in_its_words(analysis: dict[str, str], said: str | None) -> None:
    assert only(analysis=analysis).suppressed_by == said


def test_a_version_that_is_said_to_be_unaffected() -> None:
    unaffected = [{"ref": "j", "versions": [{"version": "3.1.2", "status": "unaffected"}]}]
    other = [{"ref": "j", "versions": [{"version": "3.1.1", "status": "unaffected"}]}]
    assert only(affects=unaffected).suppressed_by == "vex: version 3.1.2 is unaffected"
    assert only(affects=other).suppressed_by is None


def test_identity_is_the_package_and_its_smallest_alias_without_the_version() -> None:
    renamed = only(id="GHSA-x", references=[{"id": "CVE-2024-0001"}])
    assert renamed.properties["aliases"] == "CVE-2024-0001"
    known_twice = only(id="GHSA-x", references=[{"id": "PYSEC-1"}, {"id": "CVE-2024-0001"}])
    assert known_twice.properties["aliases"] == "CVE-2024-0001,PYSEC-1"  # as a waiver's `advisory` reads them
    later = read(bom(vulnerability(), components=[{**JINJA, "version": "3.1.3", "purl": "pkg:pypi/jinja2@3.1.3"}])).findings[0]
    assert later.fingerprint == only().fingerprint


def test_inner_components_are_examined_and_found_by_links_of_documents() -> None:
    inner = {"bom-ref": "x", "group": "org.example", "name": "core", "version": "1"}
    report = read(bom(vulnerability(affects=[{"ref": "urn:cdx:uuid/1#x"}]), components=[{**JINJA, "components": [inner]}]))
    assert report.examined == ("pkg:generic/org.example/core@1", "pkg:pypi/jinja2@3.1.2")
    assert str(report.findings[0].location) == "pkg:generic/org.example/core@1"


def test_without_affects_the_whole_subject_is_affected() -> None:
    subject = {"component": {"name": "shop", "version": "2"}, "tools": {"components": [{"name": "scanner", "version": "0.9"}]}}
    report = read(bom(vulnerability(affects=[]), metadata=subject))
    assert str(report.findings[0].location) == "pkg:generic/shop@2"
    assert (report.tool, report.version) == ("scanner", "0.9")


def test_tools_as_1_4_writes_them() -> None:
    report = read(bom(metadata={"tools": [{"vendor": "v", "name": "scanner", "version": "0.1"}]}, version="1.4"))
    assert (report.tool, report.version) == ("scanner", "0.1")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<bom/>", "is XML"),
        (b'{"spdxVersion": "SPDX-2.3"}', "is not CycloneDX"),
        (bom(version="1.3"), "can't be read"),
        (b'{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": []}', "no list of vulnerabilities"),
        (bom(components={}), "not a list of objects"),
        (b"{", "not JSON"),
    ],
)
def test_what_says_nothing_is_an_error(content: bytes, reason: str) -> None:
    with pytest.raises(GateError, match=reason):
        read(content)
