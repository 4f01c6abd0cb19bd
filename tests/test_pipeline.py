"""The main job's own refusals."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from gates import pipeline
from gates.errors import EvidenceError


def test_a_run_without_a_folder_to_work_in_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(EvidenceError, match="there is no folder for temporary files: No such file") as raised, pipeline._work_folder():
        pass
    assert "TMPDIR" in raised.value.problems[0].help
