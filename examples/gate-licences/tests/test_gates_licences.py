# SPDX-License-Identifier: Apache-2.0
"""The whole gate, run as `gates run` would run it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gates_licences import GATE, detect

from gates.api import Facts, Severity, Status, Survey
from gates.testing import observe_and_parse

GOOD = "# SPDX-License-Identifier: Apache-2.0\nx = 1\n"


def facts(tmp_path: Path, files: dict[str, bytes | str], **options: Any) -> Facts:
    root = tmp_path / "project"
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    work = tmp_path / "work"
    work.mkdir()
    return observe_and_parse(GATE, root=root, work=work, options={"allowed": ["Apache-2.0"], **options})


def test_files_that_name_an_allowed_licence(tmp_path: Path) -> None:
    found = facts(tmp_path, {"a.py": GOOD, "web/b.js": "// SPDX-License-Identifier: Apache-2.0\n", "notes.txt": "no source"})
    assert (found.status, found.findings) == (Status.COMPLETED, ())
    assert found.examined is not None
    assert (found.examined.done, found.examined.expected) == (2, 2)
    assert [(item.name, str(item.value)) for item in found.measurements] == [("licensed-files", "2")]


def test_a_file_without_a_header(tmp_path: Path) -> None:
    (finding,) = facts(tmp_path, {"a.py": GOOD, "b.py": "x = 1\n"}).findings
    assert (finding.rule, str(finding.location), finding.severity) == ("licences/missing", "b.py:1", Severity.MEDIUM)
    assert finding.remedy == "add a comment near its top: SPDX-License-Identifier: Apache-2.0"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "MIT OR GPL-2.0-only", "apache-2.0"])
def test_a_licence_that_is_not_allowed(tmp_path: Path, licence: str) -> None:
    (finding,) = facts(tmp_path, {"a.py": f"#!/usr/bin/env python3\n# SPDX-License-Identifier: {licence}\n"}).findings
    assert (finding.rule, str(finding.location), finding.severity) == ("licences/not-allowed", "a.py:2", Severity.HIGH)
    assert licence in finding.message


def test_a_header_far_down_is_none(tmp_path: Path) -> None:
    (finding,) = facts(tmp_path, {"a.py": "\n" * 20 + GOOD}).findings
    assert finding.rule == "licences/missing"


def test_a_file_that_can_not_be_read_is_said_and_not_counted(tmp_path: Path) -> None:
    found = facts(tmp_path, {"a.py": GOOD, "b.py": b"\xff\xfe"})
    assert found.examined is not None
    assert (found.examined.done, [skip.item for skip in found.examined.skipped]) == (1, ["b.py"])


def test_excluded_files_and_paths(tmp_path: Path) -> None:
    files: dict[str, bytes | str] = {"src/a.py": GOOD, "src/made/b.py": "x = 1\n", "c.py": "x = 1\n"}
    found = facts(tmp_path, files, paths=["src"], exclude=["made"])
    assert found.findings == ()
    assert found.examined is not None
    assert found.examined.done == 1


def test_nothing_to_look_at_is_nothing_examined(tmp_path: Path) -> None:
    found = facts(tmp_path, {"notes.txt": "text"})
    assert found.examined is not None
    assert found.examined.done == 0


def test_a_path_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    assert facts(tmp_path, {"a.py": GOOD}, paths=["lib"]).status is Status.ERROR


def test_it_proposes_the_licences_that_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(GOOD)
    suggestion = detect(Survey(root=tmp_path, files=("a.py",)))
    assert suggestion is not None
    assert suggestion.options == {"allowed": ["Apache-2.0"]}
    assert detect(Survey(root=tmp_path, files=())) is None
