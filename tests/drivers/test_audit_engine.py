"""The audit by itself, with pip-audit's own auditor: advisories that can't be tried and answers that are mixed up prove nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pip_audit._service import Dependency, VulnerabilityResult
from pip_audit._service.interface import VulnerabilityID

from gates.drivers.audit.engine import Audit
from gates.drivers.audit.inventory import CannotTellError, Package
from gates.drivers.audit.records import open_records
from gates.drivers.audit.services import Answer, PyPIAdvisories, RecordAdvisories

CUPS, PLATES = Package("cups", "1.0", ()), Package("plates", "2.0", ())


class MixedUp(RecordAdvisories):
    """Answers all that is asked, but in another order."""

    def query_all(self, specs: Iterator[Dependency]) -> Iterator[Answer]:
        yield from reversed(list(super().query_all(specs)))


def advisories(folder: Path, service: type[RecordAdvisories] = RecordAdvisories, **affected: Any) -> Audit:
    """An audit with one record, of the package `cups`."""
    part = {"package": {"ecosystem": "PyPI", "name": "cups"}, **affected}
    record = {"id": "DEMO-1", "modified": "2026-01-02T00:00:00Z", "affected": [part]}
    (folder / "one.json").write_text(json.dumps(record), "utf-8")
    return Audit(service(open_records(folder, "ours")), "ours")


def test_each_package_is_answered_for_by_its_name(tmp_path: Path) -> None:
    audit = advisories(tmp_path, versions=["1.0"])
    assert [(canary["name"], canary["found"]) for canary in audit.check_canaries()] == [("cups", ["DEMO-1"])]
    found = audit.packages([CUPS, PLATES])
    assert [(item["name"], [vulnerability["id"] for vulnerability in item["vulns"]]) for item in found] == [
        ("cups", ["DEMO-1"]),
        ("plates", []),
    ]


@pytest.mark.parametrize(
    "affected",
    [{}, {"versions": ["not a version"]}, {"ranges": [{"type": "GIT", "events": [{"introduced": "abc"}]}]}],
    ids=["no version", "none that can be compared", "commits alone"],
)
def test_advisories_that_name_no_affected_version_can_not_be_tried(tmp_path: Path, affected: dict[str, Any]) -> None:
    with pytest.raises(CannotTellError, match="the advisories 'ours' name no version that is affected") as raised:
        advisories(tmp_path, **affected).check_canaries()
    assert raised.value.remedy


def test_an_answer_for_another_package_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError, match="pip-audit answered for plates instead of cups"):
        advisories(tmp_path, MixedUp, versions=["1.0"]).packages([CUPS, PLATES])


class Silent(PyPIAdvisories):
    """Knows every package, and nothing bad of any."""

    def query(self, spec: Dependency) -> Answer:
        return spec, []


class AboutAnother(RecordAdvisories):
    """Finds a record in everything, but not the right one."""

    def query(self, spec: Dependency) -> Answer:
        return spec, [VulnerabilityResult.create([VulnerabilityID("DEMO-2")], "", [], None)]


def test_a_service_that_does_not_find_what_is_known_is_blind(tmp_path: Path) -> None:
    for audit in (Audit(Silent(), "pypi"), advisories(tmp_path, AboutAnother, versions=["1.0"])):
        with pytest.raises(CannotTellError, match=f"the advisory source '{audit.name}' is blind"):
            audit.check_canaries()
