"""A file or folder of ours is written whole, or an error says that it is not there; a walk meets what is the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.adapters import files
from gates.errors import EvidenceError

#: The second can't be written: a folder of its name would be needed where the first already is.
HALF = {"raw": b"one", "raw/tests.xml": b"two"}


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_a_folder_is_written_with_all_its_files(tmp_path: Path) -> None:
    files.write_folder_atomically(tmp_path / "new" / "bundle", {"run.json": b"one", "raw/tests.xml": b"two"})
    assert names(tmp_path / "new") == ["bundle", "bundle/raw", "bundle/raw/tests.xml", "bundle/run.json"]
    assert (tmp_path / "new/bundle/raw/tests.xml").read_bytes() == b"two"


def test_a_folder_of_which_only_a_part_could_be_written_is_an_error_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="bundle could not be written: File exists") as raised:
        files.write_folder_atomically(tmp_path / "bundle", HALF)
    assert raised.value.problems[0].help
    assert names(tmp_path) == []


def test_a_folder_that_holds_something_is_an_error_and_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine", "utf-8")
    with pytest.raises(EvidenceError, match="exists and is not empty"):
        files.write_folder_atomically(tmp_path, {"run.json": b"one"})
    assert names(tmp_path) == ["kept"]


def test_a_file_that_could_not_be_written_is_an_error_and_nothing_is_left_of_it(tmp_path: Path) -> None:
    (tmp_path / "run.zip").mkdir()
    with pytest.raises(EvidenceError, match=r"run\.zip could not be written: Is a directory"):
        files.write_atomically(tmp_path / "run.zip", b"one")
    assert names(tmp_path) == ["run.zip"]


def test_a_new_file_is_never_written_over_another(tmp_path: Path) -> None:
    assert files.write_new(tmp_path / "run.zip", b"one")
    assert not files.write_new(tmp_path / "run.zip", b"two")
    assert (tmp_path / "run.zip").read_bytes() == b"one"
    with pytest.raises(EvidenceError, match="could not be written"):
        files.write_new(tmp_path / "run.zip" / "in-a-file", b"one")
    assert names(tmp_path) == ["run.zip"]


def test_a_walk_meets_regular_files_and_neither_links_nor_what_others_wrote(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py", ".hidden", "node_modules/x.js", "a/.venv/y.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", "utf-8")
    (tmp_path / "link.py").symlink_to("b.py")
    (tmp_path / "d").symlink_to("a", target_is_directory=True)
    assert sorted(files.walk(tmp_path)) == [".hidden", "a/c.py", "b.py"]
    assert sorted(files.walk_links(tmp_path)) == ["d", "link.py"]


def test_a_search_path_keeps_no_folder_that_the_project_could_fill(tmp_path: Path) -> None:
    project, tools = tmp_path / "project", tmp_path / "tools"
    for folder in (project / "bin", tools):
        folder.mkdir(parents=True)
    (tmp_path / "link").symlink_to(project / "bin")
    given = [str(project / "bin"), str(project), "bin", ".", "", str(tmp_path / "link"), str(tools), "/usr/bin"]
    assert files.outside(project, ":".join(given)).split(":") == [str(tools), "/usr/bin"]
