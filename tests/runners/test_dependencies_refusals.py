"""What the dependencies gate refuses before and after the audit, and what needs no word beside it."""

from __future__ import annotations

import dataclasses
import sys
from datetime import date
from pathlib import Path

import pytest

from gates.adapters import clock
from gates.api import GateError, ObserveContext
from gates.api.tree import Tree
from gates.runners.dependencies import beside, observe, sources
from gates.runners.dependencies.options import Options

#: An interpreter in whose audit everything was written, and which then failed.
FAILS = """#!/bin/sh
echo '{"canaries": []}' > "$5/advisories.json"
echo 'MemoryError' >&2
exit 3
"""


def context(folder: Path, *files: str, python: str = sys.executable) -> ObserveContext:
    """What the gate is given for a repository of these files, all of them empty but pinned requirements."""
    for name in ("root", "scratch", "raw"):
        (folder / name).mkdir()
    for name in files:
        (folder / "root" / name).write_text("six==1.16.0\n" if name.endswith(".txt") else "", "utf-8")
    return ObserveContext(
        gate="dependencies",
        uses="dependencies",
        root=folder / "root",
        scratch=folder / "scratch",
        raw_folder=folder / "raw",
        environment={},
        deadline=clock.monotonic() + 60,
        day=date(2026, 1, 2),
        tree=Tree(files=files),
        python=python,
    )


def test_an_audit_that_ends_badly_is_no_audit_whatever_it_wrote(tmp_path: Path) -> None:
    fails = tmp_path / "fails"
    fails.write_text(FAILS, "ascii")
    fails.chmod(0o755)
    with pytest.raises(GateError) as raised:
        observe(context(tmp_path, "requirements.txt", python=str(fails)), Options(advisories="advisories"))
    assert raised.value.reason == "the audit ended with exit code 3: MemoryError"
    assert raised.value.remedy == "its output is kept with the evidence"


@pytest.mark.parametrize("lock", ["requirements.txt", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml"])
def test_what_is_compiled_into_a_file_that_is_audited_needs_no_word(tmp_path: Path, lock: str) -> None:
    given = context(tmp_path, "requirements.in", lock)
    assert beside.find(given, [lock]) == []


def test_what_is_compiled_into_nothing_is_listed(tmp_path: Path) -> None:
    given = context(tmp_path, "requirements.in", "other.txt")
    assert beside.find(given, ["other.txt"]) == [{"path": "requirements.in", "reason": beside.INPUT}]


@pytest.mark.parametrize("user", ["me", ":secret", "me:secret"])
def test_an_address_with_either_half_of_a_credential_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="`advisories` holds credentials"):
        Options(advisories=f"https://{user}@advisories.example")


def test_a_link_in_the_place_of_a_source_is_listed_where_it_is_not_audited(tmp_path: Path) -> None:
    """pip follows it. Where it leads to what is audited, it needs no word."""
    given = context(tmp_path, "list.txt", "other.txt")
    (given.root / "requirements.txt").symlink_to("list.txt")
    (given.root / "requirements-dev.txt").symlink_to("nowhere.txt")
    given = dataclasses.replace(given, tree=Tree.of(given.root))
    nowhere = {"path": "requirements-dev.txt", "reason": beside.LINK}
    assert beside.find(given, ["other.txt"]) == [nowhere, {"path": "requirements.txt", "reason": beside.LEFT_OUT}]
    assert beside.find(given, ["list.txt"]) == [nowhere]


def test_a_folder_of_requirements_may_be_a_link(tmp_path: Path) -> None:
    given = context(tmp_path, "other.txt")
    (given.root / "deps").mkdir()
    (given.root / "deps" / "base.txt").write_text("six==1.16.0\n", "ascii")
    (given.root / "requirements").symlink_to("deps")
    given = dataclasses.replace(given, tree=Tree.of(given.root))
    assert list(sources.linked(given)) == [("requirements/base.txt", "deps/base.txt")]
