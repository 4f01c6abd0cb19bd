"""The main job's own refusals."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from gates import pipeline
from gates.change.policies import Steered
from gates.errors import EvidenceError
from tests.cli.conftest import Outcome, gates, passing
from tests.repository import Repository

__all__ = ["gates", "passing"]


def test_a_run_without_a_folder_to_work_in_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(EvidenceError, match="there is no folder for temporary files: No such file") as raised, pipeline._work_folder():
        pass
    assert "TMPDIR" in raised.value.problems[0].help


def test_what_was_written_over_the_files_that_steer_proves_nothing(
    passing: Repository, gates: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Steered, "touched", lambda _: "something changed the files that steer gates while they looked")
    done = gates("-C", passing.root, "run", "--format", "json")
    assert done.code == 3
    assert {gate["outcome"] for gate in done.json()["gates"]} == {"errored"}
    assert "something changed the files that steer gates" in done.json()["partial"][0]
