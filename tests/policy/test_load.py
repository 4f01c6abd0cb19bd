"""Which files make a policy, in which order, and what is refused on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.errors import PolicyError
from gates.policy import load

GATES = "version: 1\ngates: {tests: {}}\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return root


def names(root: Path, path: str = "gates.yaml") -> list[str]:
    return [source.name for source in load.collect(root, Path(path))]


def complaints(root: Path, path: str | Path = "gates.yaml") -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load.collect(root, Path(path))
    return [f"{problem.where} {problem.error}" for problem in caught.value.problems]


def extending(*names: str) -> str:
    return f"version: 1\nextends: [{', '.join(names)}]\n"


def test_a_file_alone(tmp_path: Path) -> None:
    (only,) = load.collect(write(tmp_path, {"gates.yaml": GATES}), tmp_path / "gates.yaml")
    assert (only.name, only.content) == ("gates.yaml", GATES.encode())


def test_what_is_extended_comes_first_and_left_to_right(tmp_path: Path) -> None:
    write(tmp_path, {"gates.yaml": extending("strict", "team/a.yaml"), "team/a.yaml": extending("b.yaml"), "team/b.yaml": GATES})
    assert names(tmp_path) == ["shipped/baseline.yaml", "shipped/strict.yaml", "team/b.yaml", "team/a.yaml", "gates.yaml"]


def test_a_file_that_is_reached_twice_keeps_its_lowest_place(tmp_path: Path) -> None:
    write(tmp_path, {"gates.yaml": extending("a.yaml", "b.yaml"), "a.yaml": extending("baseline"), "b.yaml": extending("baseline")})
    assert names(tmp_path) == ["shipped/baseline.yaml", "a.yaml", "b.yaml", "gates.yaml"]


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    write(tmp_path, {"ci/gates.yaml": extending("../base.yaml", "./more.yaml"), "base.yaml": GATES, "ci/more.yaml": GATES})
    assert names(tmp_path, "ci/gates.yaml") == ["base.yaml", "ci/more.yaml", "ci/gates.yaml"]


def test_a_text_that_is_no_file_yet(tmp_path: Path) -> None:
    write(tmp_path, {"base.yaml": GATES})
    found = load.collect_text(tmp_path, "gates.yaml", extending("base.yaml"))
    assert [source.name for source in found] == ["base.yaml", "gates.yaml"]


def test_any_tree_of_files_will_do() -> None:
    files = {"gates.yaml": extending("team.yaml").encode(), "team.yaml": GATES.encode()}
    assert [source.name for source in load.collect_from("gates.yaml", files.get)] == ["team.yaml", "gates.yaml"]


def test_a_missing_file(tmp_path: Path) -> None:
    assert complaints(tmp_path) == ["gates.yaml there is no policy file gates.yaml"]
    write(tmp_path, {"gates.yaml": extending("base.yaml")})
    assert complaints(tmp_path) == ["gates.yaml:2:11 there is no policy file base.yaml"]


def test_a_circle(tmp_path: Path) -> None:
    write(tmp_path, {"gates.yaml": extending("a.yaml"), "a.yaml": extending("b.yaml"), "b.yaml": extending("./a.yaml")})
    assert complaints(tmp_path) == ["b.yaml:2:11 policies extend each other in a circle: a.yaml → b.yaml → a.yaml"]


def test_a_file_that_extends_itself(tmp_path: Path) -> None:
    write(tmp_path, {"gates.yaml": extending("gates.yaml")})
    assert complaints(tmp_path) == ["gates.yaml:2:11 policies extend each other in a circle: gates.yaml → gates.yaml"]


@pytest.mark.parametrize(
    ("word", "error"),
    [
        ("/etc/gates.yaml", "'/etc/gates.yaml' is not a path relative to this file"),
        ("'C:/gates.yaml'", "'C:/gates.yaml' is not a path relative to this file"),
        (r"team\gates.yaml", r"'team\\gates.yaml' is not a path relative to this file"),
        ("../gates.yaml", "'../gates.yaml' leads out of the repository"),
        ("a/../../gates.yaml", "'a/../../gates.yaml' leads out of the repository"),
        ("basline", "there is no shipped policy 'basline', did you mean 'baseline'?"),
        ("shipped/baseline.yaml", "a policy file can't be called 'shipped/baseline.yaml'"),
        ("'a b.yaml'", "a policy file can't be called 'a b.yaml'"),
        ("effective.json", "a policy file can't be called 'effective.json'"),
        ("folder.yaml", "there is no policy file folder.yaml"),
        ("link.yaml", "there is no policy file link.yaml"),
    ],
)
def test_what_can_not_be_extended(tmp_path: Path, word: str, error: str) -> None:
    root = write(tmp_path / "repository", {"gates.yaml": extending(word)})
    (root / "folder.yaml").mkdir()
    (tmp_path / "outside.yaml").write_text(GATES, "utf-8")
    (root / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    assert complaints(root) == [f"gates.yaml:2:11 {error}"]


def test_a_policy_outside_the_repository(tmp_path: Path) -> None:
    write(tmp_path, {"repository/a.txt": "", "gates.yaml": GATES})
    assert complaints(tmp_path / "repository", "../gates.yaml") == ["../gates.yaml ../gates.yaml lies outside the repository"]


def test_other_mistakes_are_said_beside_a_missing_file(tmp_path: Path) -> None:
    write(tmp_path, {"gates.yaml": extending("a.yaml", "none.yaml") + "gatez: {}\n", "a.yaml": "version: 3\n"})
    assert complaints(tmp_path) == [
        "gates.yaml:2:19 there is no policy file none.yaml",
        "a.yaml:1:10 version has to be 1, not '3'",
        "gates.yaml:3:1 unknown key 'gatez', did you mean 'gates'?",
    ]


def test_a_huge_file_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / "gates.yaml").write_bytes(b"#" * (3 * 2**20))
    (only,) = load.collect(tmp_path, Path("gates.yaml"))
    assert len(only.content) == 2**20 + 1


@pytest.mark.parametrize("name", load.NAMES)
def test_shipped_policies_are_found(name: str) -> None:
    assert load.shipped(name).content.startswith(b"# ")


def test_no_other_policy_is_shipped() -> None:
    with pytest.raises(KeyError):
        load.shipped("../gates")
