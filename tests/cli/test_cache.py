"""`gates run` with a cache: the same evidence without looking again, said where it stands, and never where it may not count."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates.evidence import bundle
from tests.cli.conftest import Outcome
from tests.repository import Repository
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"
TESTED = "version: 1\nextends: [baseline]\ngates: {tests: {options: {paths: [test_it.py]}}}\n"
FILES = {"gates.yaml": POLICY, "app.py": "x = 1\n"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own. Files count as old: they were written a moment ago."""
    for module in ("contents", "cache"):
        monkeypatch.setattr(f"gates.cache.{module}.COARSE", 0)
    monkeypatch.setenv("GATES_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def judged(gates: Gates, repository: Repository, *argv: str | Path) -> tuple[Any, str, bundle.Contents]:
    done = gates("-C", repository.root, "run", "--format", "json", "--explain-cache", *argv)
    report = done.json()
    assert report["verdict"], report["errors"]
    path = Path(report["bundle"]["path"])
    code = 9 if report["partial"] else {"passed": 0, "failed": 1, "errored": 3}[report["verdict"]]
    assert gates("verify", path, "--allow-unsigned").code == code
    return report, done.err, bundle.read(path)


def kept(folder: Path) -> dict[str, bytes]:
    """All that stands in the cache, unpacked."""
    entries = {path.name: json.loads(zlib.decompress(path.read_bytes()[64:])) for path in folder.rglob("*.entry")}
    members = {f"{name}/{member}": base64.b64decode(text) for name, entry in entries.items() for member, text in entry["members"].items()}
    plain = {path.name: path.read_bytes() for path in folder.rglob("*.json")}
    return members | plain | {name: json.dumps({**entry, "members": {}}).encode() for name, entry in entries.items()}


def is_cached(contents: bundle.Contents) -> list[bool]:
    return [run.cached for run in contents.record.run.gates]


def test_what_did_not_change_is_not_examined_again_and_the_evidence_is_the_same(gates: Gates, repository: Repository, folder: Path) -> None:
    commit = repository.commit(FILES)
    _, said, first = judged(gates, repository)
    assert "cache: secrets: looked again: nothing was examined here before" in said
    report, said, second = judged(gates, repository)
    assert report["gates"][0]["cached"]
    assert f"cache: secrets: as the run of {first.record.run.started} saw it (commit {commit[:12]}, bundle {first.digest[:12]})" in said
    assert (is_cached(first), is_cached(second)) == ([False], [True])
    origin = second.record.run.gates[0].cached_from
    assert origin is not None
    assert (origin.started, origin.commit, origin.bundle) == (first.record.run.started, commit, first.digest)
    assert second.raw == first.raw
    assert second.record.decision == first.record.decision
    assert second.manifest.content_digest == first.manifest.content_digest


@pytest.mark.parametrize("argv", [["--no-cache"], ["--stage", "release"]])
def test_all_is_examined_anew_where_that_is_asked_for_and_for_a_release(
    gates: Gates, repository: Repository, folder: Path, argv: list[str]
) -> None:
    repository.commit(FILES)
    judged(gates, repository, *argv)
    _, said, again = judged(gates, repository, *argv)
    assert is_cached(again) == [False]
    assert "cache: secrets: looked again: all is examined anew" in said


def test_without_a_cache_that_is_said(gates: Gates, repository: Repository) -> None:
    repository.commit(FILES)
    _, said, _ = judged(gates, repository)
    assert "cache: there is no folder for a cache" in said


def test_what_met_a_secret_is_examined_again(gates: Gates, repository: Repository, folder: Path) -> None:
    """A secret is not kept, and without it nothing would mask it in what other gates write."""
    repository.commit({**FILES, "app.py": f"token = '{SECRETS['github']}'\n"})
    for _ in range(2):
        _, _, contents = judged(gates, repository)
        assert is_cached(contents) == [False]
    held = kept(folder)
    assert SECRETS["github"].encode() not in b"".join(held.values())
    (pieces,) = (json.loads(content) for name, content in held.items() if name.endswith("/pieces.json"))
    assert list(pieces) == ["gates.yaml"]


def test_tests_that_failed_are_run_again_and_those_that_passed_are_not(gates: Gates, repository: Repository, folder: Path) -> None:
    test = "import pathlib\n\n\ndef test_it():\n    assert not pathlib.Path('../broken').exists()\n"
    repository.commit({"gates.yaml": TESTED, "test_it.py": test})
    (repository.root.parent / "broken").touch()
    report, _, _ = judged(gates, repository)
    assert report["verdict"] == "failed"
    (repository.root.parent / "broken").unlink()
    report, said, contents = judged(gates, repository)
    assert (report["verdict"], is_cached(contents)) == ("passed", [False]), said
    report, _, contents = judged(gates, repository)
    assert (report["verdict"], is_cached(contents)) == ("passed", [True])


def test_a_gate_that_could_not_tell_is_asked_again(gates: Gates, repository: Repository, folder: Path) -> None:
    repository.commit({"gates.yaml": POLICY.replace("{}", "{options: {paths: [src]}}")})
    for _ in range(2):
        report, _, contents = judged(gates, repository)
        assert (report["verdict"], is_cached(contents)) == ("errored", [False])
    assert not list(folder.rglob("*.entry"))


def test_a_checkout_that_changed_under_the_gates_keeps_nothing(gates: Gates, repository: Repository, folder: Path) -> None:
    test = "import pathlib\n\n\ndef test_it():\n    pathlib.Path('app.py').write_text('x = 2')\n"
    repository.commit({**FILES, "gates.yaml": TESTED, "test_it.py": test})
    report, _, _ = judged(gates, repository)
    assert report["verdict"] == "errored"
    assert not list(folder.rglob("*.entry"))


def test_what_was_seen_at_the_base_is_kept_too(gates: Gates, repository: Repository, folder: Path) -> None:
    shell = "import subprocess\n\n\ndef run(command):\n    subprocess.run(command, shell=True)\n"
    repository.commit({"gates.yaml": POLICY.replace("secrets", "security"), "app.py": shell})
    repository.commit({"app.py": shell + "\n\nother = 1\n"})
    for cached in (False, True):
        report, _, contents = judged(gates, repository, "--base", "HEAD~1")
        assert [finding["state"] for finding in report["gates"][0]["findings"]] == ["existing"] * 2
        assert [run.cached for run in contents.record.run.base or ()] == [cached]


def test_a_cache_that_can_not_be_written_costs_time_alone(gates: Gates, repository: Repository, folder: Path) -> None:
    repository.commit(FILES)
    folder.write_text("not a folder", "ascii")
    for _ in range(2):
        report, _, contents = judged(gates, repository)
        assert (report["verdict"], is_cached(contents)) == ("passed", [False])


def test_what_the_project_s_code_writes_to_the_cache_counts_for_nothing_in_its_run(
    gates: Gates, repository: Repository, folder: Path
) -> None:
    """A test puts the clean entry of the commit before under every name there is, while the other gates wait for their turn."""
    both = "version: 1\nextends: [baseline]\ngates: {tests: {options: {paths: [test_it.py]}}, secrets: {}}\n"
    poison = f"import pathlib\n\n\ndef test_it():\n    for path in pathlib.Path({str(folder)!r}).rglob('*.entry'):\n        path.touch()\n"
    repository.commit({**FILES, "gates.yaml": both, "test_it.py": poison})
    judged(gates, repository)
    before = {path: path.read_bytes() for path in folder.rglob("*.entry")}
    assert len(before) == 3  # what both saw, and what one of them found in single files
    repository.commit({"app.py": f"token = '{SECRETS['github']}'\n"})
    script = "".join(f"    pathlib.Path({str(path)!r}).write_bytes({content!r})\n" for path, content in before.items())
    repository.commit({"test_it.py": f"import pathlib\n\n\ndef test_it():\n{script}"})
    report, _, _ = judged(gates, repository)
    assert report["verdict"] == "failed"


def test_a_masked_value_of_the_environment_stays_masked(
    gates: Gates, repository: Repository, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = "correct-horse-" + os.urandom(8).hex()
    monkeypatch.setenv("SHOP_TOKEN", value)
    repository.commit({"gates.yaml": TESTED, "test_it.py": f"import warnings\n\n\ndef test_it():\n    warnings.warn({value!r})\n"})
    for cached in (False, True):
        _, said, contents = judged(gates, repository)
        assert is_cached(contents) == [cached], said
        assert value.encode() not in b"".join(contents.members.values())
        assert b"env:SHOP_TOKEN" in contents.members["redactions.json"]
    held = kept(folder)
    assert value.encode() not in b"".join(held.values())
    assert b"[redacted]" in b"".join(held.values())


SHELL = "import subprocess\n\n\ndef run(command):\n    subprocess.run(command, shell=True)\n"
THREE = {"gates.yaml": POLICY.replace("secrets", "security"), "a.py": "a = 1\n", "b.py": "b = 1\n", "c.py": SHELL}


def test_of_many_files_only_those_that_changed_are_examined_again(gates: Gates, repository: Repository, folder: Path) -> None:
    """And those in which something was found: what bandit says of a file may hold a secret, so it is not kept."""
    repository.commit(THREE)
    _, _, first = judged(gates, repository)
    repository.commit({"a.py": SHELL})
    report, said, second = judged(gates, repository)
    assert "files are others (a.py); unchanged, and not examined again: 1" in said
    assert [run.cached_items for run in (*first.record.run.gates, *second.record.run.gates)] == [None, 1]
    assert {finding["location"]["path"] for finding in report["gates"][0]["findings"]} == {"a.py", "c.py"}
    assert report["gates"][0]["examined"]["done"] == 3
    fresh, _, _ = judged(gates, repository, "--no-cache")
    assert [report["gates"][0][name] for name in ("findings", "measurements", "examined")] == [
        fresh["gates"][0][name] for name in ("findings", "measurements", "examined")
    ]


def test_a_file_that_is_as_it_once_was_is_what_it_is_now(gates: Gates, repository: Repository, folder: Path) -> None:
    repository.commit(THREE)
    judged(gates, repository)
    repository.commit({"a.py": SHELL})
    judged(gates, repository)
    repository.commit({"a.py": "a = 1\n"})
    report, _, _ = judged(gates, repository)
    assert {finding["location"]["path"] for finding in report["gates"][0]["findings"]} == {"c.py"}


def test_a_secret_that_comes_into_one_of_many_files_is_found(gates: Gates, repository: Repository, folder: Path) -> None:
    """Of the others those are taken that had nothing in them, or what was taken for something else."""
    filtered = "password = secrets['db']\n"
    repository.commit({"gates.yaml": POLICY, "a.py": "a = 1\n", "b.py": filtered, "c.py": f"token = '{SECRETS['github']}'\n"})
    judged(gates, repository)
    repository.commit({"a.py": f"token = '{SECRETS['github-two']}'\n"})
    report, said, second = judged(gates, repository)
    assert [run.cached_items for run in second.record.run.gates] == [2], said
    assert {finding["location"]["path"] for finding in report["gates"][0]["findings"]} == {"a.py", "c.py"}
    fresh, _, _ = judged(gates, repository, "--no-cache")
    assert [report["gates"][0][name] for name in ("findings", "measurements", "examined")] == [
        fresh["gates"][0][name] for name in ("findings", "measurements", "examined")
    ]
