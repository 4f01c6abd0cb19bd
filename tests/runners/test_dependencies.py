"""The dependencies gate with the real pip-audit and advisories from a folder."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gates import codec
from gates.api import Facts, Finding, Kind, Proof, Raw, Severity, Status, Survey
from gates.runners.dependencies import GATE, beside
from gates.runners.dependencies.options import Options
from gates.runners.dependencies.proposal import detect
from gates.runners.dependencies.sources import is_source
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parent.parent / "examples" / "dependencies"
ADVISORIES = EXAMPLES / "advisories"

Observe = Callable[..., Facts]


@pytest.fixture
def observe(tmp_path: Path) -> Observe:
    """Copies an example to a folder of its own and observes it there, with the example advisories unless others are named."""
    runs = iter(range(9))

    def observe(example: str, *, folder: str = "project", offline: bool = False, **options: Any) -> Facts:
        root = tmp_path / folder
        shutil.copytree(EXAMPLES / example, root, dirs_exist_ok=True)
        shutil.copytree(ADVISORIES, root / "advisories", dirs_exist_ok=True)
        (work := tmp_path / f"work-{next(runs)}").mkdir()
        chosen = {"advisories": "advisories", "max_age": 0, **options}
        return observe_and_parse(GATE, root=root, work=work, options=chosen, offline=offline)

    return observe


def fresh(folder: Path, day: datetime) -> str:
    """A folder with one record that was modified on a day."""
    folder.mkdir()
    record = json.loads((ADVISORIES / "DEMO-2026-0001.json").read_bytes())
    (folder / "one.json").write_text(json.dumps({**record, "modified": day.strftime("%Y-%m-%dT%H:%M:%SZ")}), "utf-8")
    return str(folder)


def rules(facts: Facts) -> list[str]:
    assert facts.status is Status.COMPLETED, facts.reason
    return [finding.rule.removeprefix("dependencies/") for finding in facts.findings]


def by_rule(facts: Facts, rule: str) -> Finding:
    return next(finding for finding in facts.findings if finding.rule == f"dependencies/{rule}")


# -- findings


def test_findings_have_place_severity_remedy_and_aliases(observe: Observe) -> None:
    facts = observe("fail")
    assert rules(facts) == ["DEMO-2026-0004", "PYSEC-2026-900", "DEMO-2026-0006", "CVE-2026-90001"]
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done, facts.examined.skipped, facts.examined.proof) == (4, 4, (), Proof.INVENTORY)
    teapot = by_rule(facts, "CVE-2026-90001")
    assert str(teapot.location) == "requirements/base.txt:1 (pkg:pypi/teapot@1.1)"
    assert teapot.message == "teapot 1.1: A lid that is left open lets anyone pour commands"
    assert teapot.remedy == "upgrade teapot to 1.2 or later"
    assert teapot.kind is Kind.FINDING
    assert (teapot.properties["advisory"], teapot.properties["aliases"], teapot.properties["package"], teapot.properties["fixed_in"]) == (
        "CVE-2026-90001",
        "DEMO-2026-0001",
        "teapot",
        "1.2",
    )
    assert [(finding.severity, finding.properties["severity_source"]) for finding in facts.findings] == [
        (Severity.MEDIUM, "the database's word: MODERATE"),
        (Severity.HIGH, "AV:N/AC:L/Au:N/C:P/I:P/A:P (7.5)"),
        (Severity.HIGH, "unknown"),
        (Severity.CRITICAL, "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H (9.8)"),
    ]
    assert by_rule(facts, "DEMO-2026-0004").remedy == "upgrade kettle to 3.0 or later"  # 2.4 mends it too, for older ones
    assert by_rule(facts, "DEMO-2026-0006").remedy.startswith("no fixed version is published")
    assert {item.name: str(item.value) for item in facts.measurements} == {"advisories": "6", "advisories-date": "20260305"}


def test_two_records_of_one_advisory_are_one_finding_with_all_its_names(observe: Observe) -> None:
    saucer = by_rule(observe("fail"), "PYSEC-2026-900")
    assert saucer.properties["aliases"] == "CVE-2026-90005,GHSA-demo-demo-demo"
    assert saucer.help_url == "https://osv.dev/vulnerability/PYSEC-2026-900"


def test_advisories_that_have_one_name_alone_are_findings_of_their_own(observe: Observe, tmp_path: Path) -> None:
    (folder := tmp_path / "records").mkdir()
    record = json.loads((ADVISORIES / "DEMO-2026-0001.json").read_bytes())
    for name in ("DEMO-2026-0011", "DEMO-2026-0012"):
        (folder / f"{name}.json").write_text(json.dumps({**record, "id": name, "aliases": []}), "utf-8")
    facts = observe("fail", advisories=str(folder))
    assert rules(facts) == ["DEMO-2026-0011", "DEMO-2026-0012"]
    assert len({finding.fingerprint for finding in facts.findings}) == 2
    assert {finding.properties["aliases"] for finding in facts.findings} == {""}


def test_nothing_is_found_where_nothing_is_affected(observe: Observe) -> None:
    facts = observe("pass")
    assert rules(facts) == []
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done) == (2, 2)


def test_facts_are_the_same_again_and_in_a_folder_of_another_name(observe: Observe) -> None:
    assert codec.encode(observe("fail")) == codec.encode(observe("fail", folder="elsewhere"))


def test_a_fingerprint_outlives_moved_lines_other_files_and_other_versions(observe: Observe, tmp_path: Path) -> None:
    before = by_rule(observe("fail"), "CVE-2026-90001")
    (tmp_path / "moved").mkdir()
    (tmp_path / "moved/requirements-all.txt").write_text("# moved\n\nteapot==1.0\n", "utf-8")
    after = by_rule(observe("pass", folder="moved"), "CVE-2026-90001")
    assert (before.fingerprint, before.location.path) != (after.fingerprint, after.location.path)
    assert before.fingerprint == after.fingerprint


def test_locks_of_all_kinds_side_by_side(observe: Observe) -> None:
    facts = observe("locks")
    assert sorted(rules(facts)) == ["CVE-2026-90001", "DEMO-2026-0004"]
    kettle = by_rule(facts, "DEMO-2026-0004")
    assert str(kettle.location) == "pdm/pdm.lock:11 (pkg:pypi/kettle@2.9)"
    assert kettle.properties["also_in"] == (
        "pipenv/Pipfile.lock:20, poetry/poetry.lock:4, pylock/pylock.toml:7, requirements/requirements.txt:5, uv/uv.lock:6"
    )
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done) == (4, 2)
    assert [skip.item.partition(" (")[0] for skip in facts.examined.skipped] == ["spoon", "spoon 0.9"]
    assert all("version-control" in skip.reason for skip in facts.examined.skipped)


def test_a_local_version_is_looked_up_as_the_version_that_advisories_know(observe: Observe, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/requirements-gpu.txt").write_text("spoon==0.9+cu118\n", "utf-8")
    facts = observe("pass")
    assert rules(facts) == ["DEMO-2026-0006"]
    assert facts.findings[0].location.purl == "pkg:pypi/spoon@0.9%2Bcu118"


# -- what can't be known


def test_what_is_not_pinned_can_not_be_known(observe: Observe) -> None:
    facts = observe("broken")
    assert facts.status is Status.ERROR
    assert facts.reason == "not pinned to one version: requirements.txt:2 (kettle), requirements.txt:3 (spoon)"
    assert "pip compile" in facts.remedy


@pytest.mark.parametrize(
    ("text", "said"),
    [("", "no dependency is declared in requirements.txt"), (None, "there is no lock or requirements file")],
)
def test_nothing_declared_is_never_green(tmp_path: Path, text: str | None, said: str) -> None:
    root = tmp_path / "project"
    shutil.copytree(EXAMPLES / "pass", root)
    (root / "requirements.txt").unlink()
    (tmp_path / "work").mkdir()
    if text is not None:
        (root / "requirements.txt").write_text(text, "utf-8")
    options = {"advisories": str(ADVISORIES), "max_age": 0}
    facts = observe_and_parse(GATE, root=root, work=tmp_path / "work", options=options)
    assert (facts.status, facts.reason.startswith(said)) == (Status.ERROR, True)
    assert "not-applicable" in facts.remedy


@pytest.mark.parametrize("source", ["gone.txt", "advisories", "../outside.txt", "docs/*.txt"])
def test_a_source_that_is_none_is_an_error(observe: Observe, source: str) -> None:
    facts = observe("pass", sources=[source])
    assert facts.status is Status.ERROR
    assert source in facts.reason


def test_sources_may_be_folders_and_globs_and_leave_others_out(observe: Observe) -> None:
    assert rules(observe("fail", sources=["requirements"])) == ["CVE-2026-90001"]
    assert rules(observe("fail", sources=["**/base.txt"])) == ["CVE-2026-90001"]


def test_what_is_beside_the_sources_is_listed_unless_they_include_it(observe: Observe, tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "tools").mkdir(parents=True)
    script = "# /// script\n# dependencies = ['teapot']\n# ///\n"
    for name, text in {
        "requirements-dev.in": "teapot\n",
        "requirements.in": "saucer\n",
        "pylock.dev.toml": "",
        "conda-lock.yml": "",
        "tools/a.py": script,
        "tools/none.py": script.replace("'teapot'", ""),
        "tools/locked.py": script,
        "tools/locked.py.lock": 'version = 1\n[[package]]\nname = "kettle"\nversion = "9"\n',
        "package.json": "{}",
    }.items():
        (root / name).write_text(text, "utf-8")
    facts = observe("fail", sources=["requirements.txt", "tools/locked.py.lock"])
    assert facts.examined is not None
    assert [(skip.item, skip.reason.split()[0]) for skip in facts.examined.skipped] == [
        ("conda-lock.yml", "environments"),
        ("pylock.dev.toml", "`sources`"),
        ("requirements-dev.in", "what"),
        ("tools/a.py", "a"),
    ]
    assert (facts.examined.expected, facts.examined.done) == (9, 5)


def test_names_that_may_hold_what_is_installed_are_listed(observe: Observe, tmp_path: Path) -> None:
    root = tmp_path / "project"
    (root / "api").mkdir(parents=True)
    for name in ("requirements.lock", "requirements-dev.lock", "dev-constraints.txt", "Environment.YML"):
        (root / name).write_text("teapot==1.1\n", "utf-8")
    (root / "api/pyproject.toml").write_text('[project]\nname = "api"\ndependencies = ["teapot==1.1"]\n', "utf-8")
    facts = observe("pass", sources=["requirements.txt"])
    assert facts.examined is not None
    assert [(skip.item, skip.reason) for skip in facts.examined.skipped] == [
        ("Environment.YML", beside.CONDA),
        ("dev-constraints.txt", beside.LIMITS),
        ("requirements-dev.lock", beside.LEFT_OUT),
        ("requirements.lock", beside.LEFT_OUT),
        (
            "teapot (api/pyproject.toml:3)",
            "it is declared here, and no file that is audited lists a version of it that fits",
        ),
    ]


@pytest.mark.parametrize(
    ("link", "target", "listed"),
    [
        ("requirements-dev.txt", "deps/dev.txt", beside.LEFT_OUT),
        ("requirements-dev.txt", "requirements.txt", ""),
        ("requirements-dev.txt", "/etc/hostname", beside.LINK),
        ("requirements-dev.txt", "requirements-dev.txt", beside.LINK),
        ("requirements", "/etc", beside.LINK),
        ("uv.lock", "deps", beside.LINK),
        ("api/pyproject.toml", "../deps/list.toml", "a link, which is not followed"),
        ("api/pyproject.toml", "../deps/pyproject.toml", ""),
        ("conda-lock.yml", "gone.yml", beside.LINK),
        ("notes.txt", "deps/dev.txt", ""),
    ],
)
def test_links_beside_the_sources_are_listed(observe: Observe, tmp_path: Path, link: str, target: str, listed: str) -> None:
    root = tmp_path / "project"
    for folder in ("deps", "api"):
        (root / folder).mkdir(parents=True)
    for name in ("dev.txt", "list.toml", "pyproject.toml"):
        (root / "deps" / name).touch()
    (root / link).symlink_to(target)
    facts = observe("pass", sources=["requirements.txt"])
    assert facts.examined is not None
    assert [(skip.item, skip.reason) for skip in facts.examined.skipped] == ([(link, listed)] if listed else [])


def test_old_and_future_advisories_are_refused(observe: Observe, tmp_path: Path) -> None:
    today = datetime.now(UTC)
    week = {"max_age": 7 * 24 * 60 * 60}
    assert rules(observe("fail", advisories=fresh(tmp_path / "fresh", today - timedelta(days=5)), **week)) == ["CVE-2026-90001"]
    old = observe("fail", advisories=fresh(tmp_path / "old", today - timedelta(days=9)), **week)
    ahead = observe("fail", advisories=fresh(tmp_path / "ahead", today + timedelta(days=9)), **week)
    assert (old.status, ahead.status) == (Status.ERROR, Status.ERROR)
    assert "older than max-age" in old.reason
    assert "in the future" in ahead.reason


@pytest.mark.parametrize("advisories", ["pypi", "osv", "https://advisories.example"])
def test_offline_asks_no_service(observe: Observe, advisories: str) -> None:
    facts = observe("pass", advisories=advisories, offline=True)
    assert facts.status is Status.ERROR
    assert facts.reason == f"the advisories {advisories!r} are on the network, and this run is offline"
    assert facts.tools == ()


@pytest.mark.parametrize("address", ["http://advisories.example", "https://me:secret@advisories.example", "ftp://advisories.example"])
def test_an_address_that_can_not_be_trusted_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="advisories"):
        Options(advisories=address)


def test_a_hook_that_names_pyproject_alone_gets_the_lock_beside_it(tmp_path: Path) -> None:
    root = EXAMPLES / "locks" / "uv"
    options = {"advisories": str(ADVISORIES), "max_age": 0}
    facts = observe_and_parse(GATE, root=root, work=tmp_path, options=options, selected=("pyproject.toml",))
    assert sorted(rules(facts)) == ["CVE-2026-90001", "DEMO-2026-0004"]


# -- parsing and proposing


def test_an_answer_that_misses_a_declared_package_is_an_error() -> None:
    package = {"name": "teapot", "version": "1.1", "places": [{"path": "uv.lock", "line": 1}]}
    members = {
        "inventory.json": {"packages": [package], "skipped": [], "unread": [], "sources": ["uv.lock"]},
        "audit.json": {"dependencies": []},
        "advisories.json": {},
    }
    raw = Raw(
        gate="dependencies", uses="dependencies", parser=1, members={name: json.dumps(data).encode() for name, data in members.items()}
    )
    with pytest.raises(Exception, match="did not answer for exactly"):
        GATE.parse(raw)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("requirements.txt", True),
        ("requirements-dev.txt", True),
        ("dev-requirements.txt", True),
        ("requirements/base.txt", True),
        ("api/uv.lock", True),
        ("pylock.dev.toml", True),
        ("Pipfile.lock", True),
        ("tools/report.py.lock", True),
        ("Requirements.TXT", True),
        ("requirements.lock", False),
        ("requirements.in", False),
        ("notes.txt", False),
        ("pyproject.toml", False),
        ("Cargo.lock", False),
    ],
)
def test_which_files_are_sources(path: str, known: bool) -> None:
    assert is_source(path) is known


def test_detect_leaves_out_what_is_not_pinned_and_says_so() -> None:
    def suggest(example: str, *files: str) -> Any:
        return detect(Survey(root=EXAMPLES / example, files=files))

    assert suggest("pass", "README.md") is None
    assert suggest("pass", "requirements.txt").options == {}
    assert suggest("fail", "requirements.txt", "requirements/base.txt").options == {}
    assert "not pinned" in suggest("broken", "requirements.txt").comments[0]
    assert suggest("locks/uv", "uv.lock", "tests/uv.lock").comments == ("tests/uv.lock is left out: it looks like data of tests",)
    mixed = suggest(".", "broken/requirements.txt", "locks/uv/uv.lock")
    assert mixed.options == {"sources": ["locks/uv/uv.lock"]}
    assert mixed.comments == ("broken/requirements.txt is left out: it is not pinned",)


def test_detect_follows_what_a_requirements_file_includes(tmp_path: Path) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/all.txt").write_text("--requirement loose.txt\n-r all.txt\n")
    (tmp_path / "requirements/loose.txt").write_text("kettle\n")
    (tmp_path / "requirements/base.txt").write_text("-r exact.txt  # by hand\n")
    (tmp_path / "requirements/exact.txt").write_text("spoon==1.0\n")
    files = tuple(f"requirements/{name}.txt" for name in ("all", "base", "exact", "loose"))
    suggestion = detect(Survey(root=tmp_path, files=files))
    assert suggestion is not None
    assert suggestion.options == {"sources": ["requirements/base.txt", "requirements/exact.txt"]}
    assert "requirements/all.txt is left out: it is not pinned" in suggestion.comments
