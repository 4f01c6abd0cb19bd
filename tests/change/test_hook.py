"""What is judged in a hook is what is committed or pushed; where it is not, that is refused in the hook and said elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gates.adapters import files, index
from gates.change import hook
from gates.errors import RepositoryError, UsageError
from gates.model import Stage
from tests.repository import Repository

FILES = {
    "app.py": "one = 1\n",
    "a b.py": "two = 2\n",
    "gates.yaml": "version: 1\n",
    "ünï\n\"co\\de'.py": "three = 3\n",
    "-x.py": "four = 4\n",
}


def of_commit(root: Path, named: Sequence[str] | None, given: str = ".git/index") -> tuple[str, ...]:
    """As in a hook of git's, which names the index; with `given` empty as by hand."""
    environment = {hook.INDEX: str(root / given)} if given else {}
    return hook.limits(root, stage=Stage.COMMIT, environment=environment, named=named, policies=["gates.yaml", "builtin:baseline"])


@pytest.fixture
def staged(repository: Repository) -> Repository:
    """All files committed, and changes of two of them staged."""
    repository.commit(FILES)
    for name in ("app.py", "a b.py"):
        (repository.root / name).write_text("staged = 1\n", "utf-8")
    repository.git("add", "--all")
    return repository


def test_what_lies_there_as_it_is_staged_is_judged_without_a_word(staged: Repository) -> None:
    assert of_commit(staged.root, list(FILES)) == ()
    assert of_commit(staged.root, None) == ()
    assert of_commit(staged.root, list(FILES), given="") == ()


def _same_length_and_times(root: Path) -> None:
    """What git's own look at sizes and times would let pass, were it not for the time of the inode."""
    seen = (root / "app.py").stat()
    (root / "app.py").write_text("staged = 2\n", "utf-8")
    os.utime(root / "app.py", ns=(seen.st_atime_ns, seen.st_mtime_ns))


def _hidden(root: Path) -> None:
    Repository.at(root).git("update-index", "--assume-unchanged", "app.py")
    (root / "app.py").write_text("other = 1\n", "utf-8")


def _link(root: Path) -> None:
    (root / "app.py").unlink()
    (root / "app.py").symlink_to("a b.py")


OTHERWISE: dict[str, tuple[Callable[[Path], object], str]] = {
    "changed since": (lambda root: (root / "app.py").write_text("other = 1\n", "utf-8"), "app.py"),
    "as long and of the same time": (_same_length_and_times, "app.py"),
    "its changes hidden": (_hidden, "app.py"),
    "taken away": (lambda root: (root / "app.py").unlink(), "app.py"),
    "a link in its place": (_link, "app.py"),
    "another policy": (lambda root: (root / "gates.yaml").write_text("version: 1\ngates: {}\n", "utf-8"), "gates.yaml"),
    "named and not staged": (lambda root: (root / "new.py").write_text("new = 1\n", "utf-8"), "new.py"),
}


@pytest.mark.parametrize("what", OTHERWISE)
def test_what_lies_there_otherwise_is_refused_in_a_hook_and_said_by_hand(staged: Repository, what: str) -> None:
    change, name = OTHERWISE[what]
    change(staged.root)
    named = ["app.py", *(["new.py"] if name == "new.py" else [])]
    with pytest.raises(UsageError, match=f"is not what will be committed, so nothing was judged: {name}$"):
        of_commit(staged.root, named)
    assert of_commit(staged.root, named, given="") == (f"{name} as it lies in the folder, which is not what is staged",)
    if name != "new.py":  # of the whole tree more is looked at than is committed
        with pytest.raises(UsageError, match=f"nothing was judged: {name}$"):
            of_commit(staged.root, None)
        assert of_commit(staged.root, None, given="") == ()


def test_what_is_only_meant_to_be_added_is_not_committed(staged: Repository) -> None:
    (staged.root / "new.py").write_text("new = 1\n", "utf-8")
    staged.git("add", "--intent-to-add", "new.py")
    with pytest.raises(UsageError, match=r"nothing was judged: new\.py"):
        of_commit(staged.root, ["new.py"])


def test_a_commit_of_some_files_alone_has_an_index_of_its_own(staged: Repository) -> None:
    (staged.root / "app.py").write_text("third = 3\n", "utf-8")
    own = staged.root / ".git" / "next-index"
    own.write_bytes((staged.root / ".git" / "index").read_bytes())
    blob = staged.git("hash-object", "-w", "app.py")
    env = os.environ | {"GIT_INDEX_FILE": str(own)}
    assert os.spawnvpe(os.P_WAIT, "git", ["git", "-C", str(staged.root), "update-index", "--cacheinfo", f"100644,{blob},app.py"], env) == 0
    assert of_commit(staged.root, ["app.py"], given=".git/next-index") == ()
    with pytest.raises(UsageError):
        of_commit(staged.root, ["app.py"])


def test_what_git_makes_of_a_file_as_it_is_staged_is_no_change(repository: Repository) -> None:
    """Line ends, also where the index holds them as they are; a filter of the repository's own, which is not run."""
    root = repository.root
    (root / "kept.txt").write_bytes(b"kept\r\n")
    repository.git("add", "--all")
    (root / "mended.txt").write_bytes(b"mended\r\n")
    (root / ".gitattributes").write_text("*.txt text=auto\n*.nb filter=strip\n", "utf-8")
    repository.git("config", "core.autocrlf", "input")
    repository.git("config", "filter.strip.clean", f"touch {root}/ran; sed s/output//")
    (root / "a.nb").write_text("input output\n", "utf-8")
    os.utime(root / "a.nb", (0, 0))  # as everywhere, it was not written in the same instant as the index
    repository.git("add", "--all")
    (root / "ran").unlink()
    assert index.entries(root)["mended.txt"].id == repository.git("rev-parse", ":mended.txt")
    assert of_commit(root, ["kept.txt", "mended.txt", "a.nb"]) == ()
    assert of_commit(root, None) == ()
    assert not (root / "ran").exists()
    (root / "a.nb").write_text("other output\n", "utf-8")
    with pytest.raises(UsageError, match=r"nothing was judged: a\.nb"):
        of_commit(root, ["a.nb"])
    assert not (root / "ran").exists()


def test_below_the_top_of_a_repository(repository: Repository) -> None:
    repository.commit({"sub/a.py": "one = 1\n", "sub/b.txt": "b\n", "a.py": "top = 1\n"})
    (repository.root / "a.py").write_text("other = 1\n", "utf-8")
    sub = repository.root / "sub"
    assert of_commit(sub, None, given="../.git/index") == ()
    (sub / "a.py").write_text("other = 1\n", "utf-8")
    with pytest.raises(UsageError, match=r"nothing was judged: a\.py"):
        of_commit(sub, None, given="../.git/index")


def test_a_removal_may_be_named_and_what_never_was_may_not(staged: Repository) -> None:
    staged.git("rm", "--quiet", "-f", "app.py")
    assert of_commit(staged.root, ["app.py"]) == ()
    with pytest.raises(UsageError, match=r"there is no file tyop\.py"):
        of_commit(staged.root, ["tyop.py"], given="")


def test_without_a_commit_and_without_a_repository(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "app.py").write_text("one = 1\n", "utf-8")
    repository.git("add", "app.py")
    assert of_commit(repository.root, ["app.py"]) == ()
    with pytest.raises(UsageError, match="there is no file gone"):
        of_commit(repository.root, ["gone.py"])


# -- a push ------------------------------------------------------------------------------------


def of_push(root: Path, pushed: str, variable: str = "PRE_COMMIT_TO_REF") -> tuple[str, ...]:
    return hook.limits(root, stage=Stage.CHANGE, environment={variable: pushed}, named=None, policies=[])


@pytest.mark.parametrize("variable", hook.PUSHED)
def test_the_commit_that_is_pushed_and_lies_there_is_judged(repository: Repository, variable: str) -> None:
    commit = repository.commit(FILES)
    assert of_push(repository.root, commit, variable) == ()
    assert of_push(repository.root, "refs/heads/main", variable) == ()
    (repository.root / ".venv").mkdir()
    (repository.root / ".venv" / "pyvenv.cfg").write_text("home = /usr/bin\n", "utf-8")
    assert of_push(repository.root, commit, variable) == ()
    (repository.root / "notes.txt").write_text("mine\n", "utf-8")
    said = "notes.txt lies in the folder and is not pushed, since git does not track it"
    assert of_push(repository.root, commit, variable) == (said,)
    assert hook.limits(repository.root, stage=Stage.CHANGE, environment={}, named=None, policies=[]) == ()


def test_another_commit_than_lies_there_is_refused(repository: Repository) -> None:
    first = repository.commit(FILES)
    second = repository.commit({"app.py": "later = 1\n"})
    with pytest.raises(UsageError, match=f"^{first[:12]} is pushed, and {second[:12]} is checked out: nothing was judged"):
        of_push(repository.root, first)
    with pytest.raises(UsageError, match=f"^refs/heads/gone is pushed, and {second[:12]} is checked out"):
        of_push(repository.root, "refs/heads/gone", "PRE_COMMIT_LOCAL_BRANCH")


def test_where_there_is_no_commit_none_was_pushed(repository: Repository) -> None:
    with pytest.raises(UsageError, match=r"^refs/heads/gone is pushed, and no commit is checked out: nothing was judged"):
        of_push(repository.root, "refs/heads/gone")


def test_what_git_can_not_list_or_read_is_an_error(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repository.commit(FILES)
    with pytest.raises(RepositoryError, match=f"git can't list the files of {'1' * 40}"):
        index.committed(repository.root, "1" * 40)
    held = index.committed(repository.root, commit)
    assert index.unlike(repository.root, held) == []
    (repository.root / "app.py").unlink()
    monkeypatch.setattr(files, "regular", lambda _root, names: sorted(names))  # it was there a moment ago
    with pytest.raises(RepositoryError, match="git can't read the files that are staged"):
        index.unlike(repository.root, held)


@pytest.mark.parametrize("staging", [False, True])
@pytest.mark.parametrize(("name", "content"), [("app.py", "other = 1\n"), ("new.py", "new = 1\n"), ("app.py", None)])
def test_changes_that_are_not_in_what_is_pushed_are_refused(repository: Repository, staging: bool, name: str, content: str | None) -> None:
    commit = repository.commit(FILES)
    if content is None:
        (repository.root / name).unlink()
    else:
        (repository.root / name).write_text(content, "utf-8")
    if staging:
        repository.git("add", "--all")
    elif name == "new.py":
        repository.git("add", "--intent-to-add", name)
    with pytest.raises(UsageError, match=rf"is not what is pushed \({commit[:12]}\), so nothing was judged: {name}$"):
        of_push(repository.root, commit)
