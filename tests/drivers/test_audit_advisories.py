"""OSV records at hand: which versions they affect, how bad they are, and which data is refused."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from gates.drivers.audit import ranges, severity
from gates.drivers.audit.inventory import CannotTellError
from gates.drivers.audit.records import open_records

ADVISORIES = Path(__file__).parent.parent / "examples" / "dependencies" / "advisories"
TWO_BRANCHES = [{"introduced": "2.0"}, {"fixed": "2.3"}, {"introduced": "0"}, {"fixed": "1.5"}]


def record(events: list[dict[str, str]] | None = None, **more: Any) -> dict[str, Any]:
    part: dict[str, Any] = {"package": {"ecosystem": "PyPI", "name": "My.Cups"}, **more}
    if events is not None:
        part["ranges"] = [{"type": "GIT", "events": [{"introduced": "abc"}]}, {"type": "ECOSYSTEM", "events": events}]
    return {"id": "DEMO-1", "modified": "2026-01-02T00:00:00Z", "affected": [part]}


@pytest.mark.parametrize(
    ("version", "hit"),
    [
        ("0", True),
        ("0.1.dev1", True),
        ("1.4.9", True),
        ("1.5rc1", True),
        ("1.5", False),
        ("1.5.post1", False),
        ("1.10", False),
        ("2.0", True),
        ("2.2.9", True),
        ("2.3", False),
        ("1!1.0", False),
    ],
)
def test_ranges_are_compared_as_python_versions(version: str, hit: bool) -> None:
    assert ranges.affects(record(TWO_BRANCHES), "my-cups", Version(version)) is hit


@pytest.mark.parametrize(("version", "hit"), [("0.9", False), ("1.0", True), ("2.3", True), ("2.3.0", True), ("2.3.1", False)])
def test_last_affected_is_affected(version: str, hit: bool) -> None:
    assert ranges.affects(record([{"introduced": "1.0"}, {"last_affected": "2.3"}]), "my-cups", Version(version)) is hit


def test_ranges_that_touch_leave_no_gap() -> None:
    touching = record([{"introduced": "1"}, {"fixed": "2"}, {"introduced": "2"}, {"fixed": "3"}])
    assert ranges.affects(touching, "my-cups", Version("2"))


def test_the_list_of_versions_counts_beside_the_ranges() -> None:
    both = record([{"introduced": "5"}], versions=["1.0", "not a version"])
    assert [ranges.affects(both, "my-cups", Version(text)) for text in ("1", "1.1", "5.1")] == [True, False, True]


def test_what_can_not_be_compared_counts_as_affected() -> None:
    odd = [{"introduced": "0"}, {"fixed": "2019-x"}]
    assert ranges.affects(record(odd), "my-cups", Version("9"))
    assert not ranges.affects(record(odd, versions=["1.0"]), "my-cups", Version("9"))
    assert ranges.affects(record(), "my-cups", Version("9"))


def test_another_package_or_ecosystem_is_not_affected() -> None:
    elsewhere = record([{"introduced": "0"}])
    elsewhere["affected"][0]["package"]["ecosystem"] = "npm"
    assert not ranges.affects(elsewhere, "my-cups", Version("1"))
    assert not ranges.affects(record([{"introduced": "0"}]), "cups", Version("1"))


def test_fixed_versions_in_order() -> None:
    assert [str(version) for version in ranges.fix_versions(record(TWO_BRANCHES), "my-cups")] == ["1.5", "2.3"]


V3 = {"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}
V2 = {"type": "CVSS_V2", "score": "AV:N/AC:L/Au:N/C:P/I:P/A:P"}
V4 = {"type": "CVSS_V4", "score": "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N"}


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([{"severity": [V3]}], {"score": "9.8", "vector": V3["score"]}),
        ([{"severity": [V2]}], {"score": "7.5", "vector": V2["score"]}),
        ([{"severity": [V4]}], {"score": "9.3", "vector": V4["score"]}),
        ([{"severity": [V2]}, {"severity": [V4, V3]}], {"score": "9.8", "vector": V3["score"]}),
        ([record(severity=[V2])], {"score": "7.5", "vector": V2["score"]}),
        ([{"severity": [V2], "database_specific": {"severity": "LOW"}}], {"score": "7.5", "vector": V2["score"]}),
        ([{"severity": [{"type": "CVSS_V3", "score": "nonsense"}], "database_specific": {"severity": "LOW"}}], {"word": "LOW"}),
        ([{"severity": [{"type": "Ubuntu", "score": "low"}]}], {}),
        ([{}], {}),
        ([], {}),
    ],
)
def test_severity_is_the_highest_score_else_the_word(records: list[dict[str, Any]], found: dict[str, str]) -> None:
    assert severity.of(records, "my-cups") == found


def test_a_folder_and_a_zip_of_it_hold_the_same(tmp_path: Path) -> None:
    archive = tmp_path / "osv.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in sorted(ADVISORIES.iterdir(), reverse=True):
            zipped.write(path, path.name)
        zipped.writestr("README.md", "not a record")
    folder, packed = open_records(ADVISORIES, "a"), open_records(archive, "b")
    assert folder == packed
    assert (str(folder.newest), folder.withdrawn, len(folder.by_id)) == ("2026-03-05", 1, 6)
    assert "DEMO-2026-0003" not in folder.by_id


def test_canaries_are_taken_from_the_data_itself() -> None:
    found = open_records(ADVISORIES, "a").canaries()
    assert [(name, str(version), id) for name, version, id in found][:2] == [
        ("teapot", "1.0", "DEMO-2026-0001"),
        ("teapot", "2.3", "DEMO-2026-0002"),
    ]
    assert len(found) == 5


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}", "is not an OSV record"),
        ("[]", "is not an OSV record"),
        ("<html>", "is not an OSV record"),
        (json.dumps({"id": "X-1", "affected": []}), "is not an OSV record"),
        (json.dumps({**record(), "schema_version": "2.0"}), "is not an OSV record"),
        (json.dumps({**record(), "withdrawn": "2026-01-02T00:00:00Z"}), "no record in force"),
        (json.dumps({**record(), "affected": []}), "no record in force"),
    ],
)
def test_what_is_no_record_is_refused(tmp_path: Path, content: str, said: str) -> None:
    (tmp_path / "one.json").write_text(content, "utf-8")
    with pytest.raises(CannotTellError, match=said) as raised:
        open_records(tmp_path, "ours")
    assert raised.value.remedy


def test_an_empty_folder_a_missing_one_and_a_broken_zip_are_refused(tmp_path: Path) -> None:
    (tmp_path / "osv.zip").write_bytes(b"PK not really")
    (tmp_path / "empty").mkdir()
    for name, said in (("empty", "no record in force"), ("gone", "are not there"), ("osv.zip", "not a zip file")):
        with pytest.raises(CannotTellError, match=said):
            open_records(tmp_path / name, name)
