"""What the audit refuses: each thing in words of its own, and nothing that could hide a package is read past."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version
from pip_audit._fix import ResolvedFixVersion
from pip_audit._service import Dependency, ResolvedDependency, VulnerabilityResult
from pip_audit._service.interface import VulnerabilityID
from pip_requirements_parser import InstallRequirement, RequirementLine

from gates.drivers.audit import locks, records, requirements, sources
from gates.drivers.audit.engine import Audit, Declared
from gates.drivers.audit.inventory import CannotTellError, Entry, Place
from gates.drivers.audit.records import open_records
from gates.drivers.audit.services import RecordAdvisories

ADVISORIES = Path(__file__).parent.parent / "examples" / "dependencies" / "advisories"
RECORD: dict[str, Any] = {
    "id": "DEMO-1",
    "modified": "2026-01-02T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "teapot"}, "versions": ["1.0"]}],
}


# -- records


def folder_of(path: Path, *contents: str) -> Path:
    path.mkdir()
    for number, content in enumerate(contents):
        (path / f"{number}.json").write_text(content, "utf-8")
    return path


def zip_of(path: Path, *contents: str) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, content in enumerate(contents):
            archive.writestr(f"{number}.json", content)
    return path


PACKED = pytest.mark.parametrize("packed", [folder_of, zip_of])


@PACKED
def test_a_file_that_is_too_large_for_a_record_is_refused(tmp_path: Path, packed: Any) -> None:
    place = packed(tmp_path / "osv", json.dumps(RECORD) + " " * records.MEMBER_LIMIT)
    with pytest.raises(CannotTellError, match=r"0\.json of the advisories 'ours' is too large for an OSV record"):
        open_records(place, "ours")


@PACKED
def test_more_than_was_ever_published_is_refused(tmp_path: Path, packed: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    contents = [json.dumps({**RECORD, "id": f"DEMO-{number}"}) for number in range(3)]
    place = packed(tmp_path / "osv", *contents)
    size = sum(map(len, contents))
    monkeypatch.setattr(records, "TOTAL_LIMIT", size)
    assert len(open_records(place, "ours").by_id) == 3
    monkeypatch.setattr(records, "TOTAL_LIMIT", size - 1)
    with pytest.raises(CannotTellError, match="the advisories 'ours' hold more than all that was ever published for PyPI"):
        open_records(place, "ours")


def test_a_link_among_the_records_is_refused_and_not_left_out(tmp_path: Path) -> None:
    (tmp_path / "elsewhere.json").write_text(json.dumps({**RECORD, "id": "DEMO-2"}), "utf-8")
    folder = folder_of(tmp_path / "osv", json.dumps(RECORD))
    (folder / "linked.json").symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(CannotTellError, match=r"linked\.json of the advisories 'ours' is a link") as raised:
        open_records(folder, "ours")
    assert raised.value.remedy == "copy what it leads to into the folder"


@pytest.mark.parametrize("id", [7, None, ["DEMO-1"]])
def test_a_record_whose_id_is_no_text_is_refused(tmp_path: Path, id: object) -> None:
    with pytest.raises(CannotTellError, match="is not an OSV record"):
        open_records(folder_of(tmp_path / "osv", json.dumps({**RECORD, "id": id})), "ours")


@pytest.mark.parametrize(
    "part",
    [{"versions": 7}, {"versions": [7]}, {"ranges": [{"events": 7}]}, {"ranges": [{"events": [7]}]}, {"ranges": 7}, {"severity": [7]}],
    ids=str,
)
def test_a_record_of_another_shape_is_refused(tmp_path: Path, part: dict[str, object]) -> None:
    changed = {**RECORD, "affected": [{**RECORD["affected"][0], **part}]}
    with pytest.raises(CannotTellError, match="is not an OSV record"):
        open_records(folder_of(tmp_path / "osv", json.dumps(changed)), "ours")


# -- the audit


class OtherAdvisories(RecordAdvisories):
    """Knows the packages and calls their flaws something else."""

    def query(self, spec: Dependency) -> tuple[Dependency, list[VulnerabilityResult]]:
        return spec, [VulnerabilityResult.create([VulnerabilityID("OTHER-1")], "", [], None)]


def test_a_canary_must_be_found_by_its_own_name() -> None:
    held = open_records(ADVISORIES, "ours")
    assert Audit(RecordAdvisories(held), "ours").check_canaries()
    with pytest.raises(CannotTellError, match=r"'ours' is blind: it does not find teapot 1\.0"):
        Audit(OtherAdvisories(held), "ours").check_canaries()


def test_nothing_is_ever_mended() -> None:
    dependency = ResolvedDependency("teapot", Version("1.0"))
    with pytest.raises(NotImplementedError, match="mends nothing"):
        Declared([]).fix(ResolvedFixVersion(dependency, Version("1.1")))


# -- locks and requirements


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "Pipfile.lock",
            '{"_meta": {"pipfile-spec": 7}, "default": {"teapot": {"version": "==1.0"}}}',
            "is of a lock format that is not known",
        ),
        ("uv.lock", "<<<<<<< mine\n", "is not TOML that can be read: "),
        ("uv.lock", "version = 1\npackage = 7\n", "is not shaped as its format says"),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 6}, "default": {"teapot": []}}', "is not shaped as its format says"),
        ("environment.yml", "dependencies: []\n", "is no lock or requirements file that is known here"),
    ],
)
def test_what_is_wrong_with_a_lock_is_said(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(CannotTellError) as raised:
        sources.read(tmp_path, [name])
    assert raised.value.reason.startswith(f"{name} {said}")
    assert raised.value.remedy


def test_a_requirement_without_a_name_is_listed_and_not_looked_up() -> None:
    item, place = InstallRequirement(req=None, requirement_line=RequirementLine("?", 3)), Place("requirements.txt", 3)
    assert list(requirements._entries(requirements.Lines(wanted=[(item, place)]))) == [Entry("this-project", "", place, locks.LOCAL)]
