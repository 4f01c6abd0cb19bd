"""What git says of two commits, asked on real repositories that hold what git allows."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gates.adapters import git, history
from gates.api.tree import Tree
from gates.errors import RepositoryError
from gates.model import FileChange, Hunk
from tests.repository import Repository

TEXT = "".join(f"line {number}\n" for number in range(30))
STRANGE = (
    "with space.py",
    " before.py",
    "behind ",
    'quo"te.py',
    "tab\there.py",
    "new\nline.py",
    "back\\slash.py",
    "ünï.py",
    "a => b.py",
    "{a => b}.py",
    "-dash.py",
    ":colon.py",
    "*.py",
    os.fsdecode(b"not-\xff-utf8.py"),
)


def changed(repository: Repository, base: str) -> set[tuple[str | None, str | None]]:
    """What differs as (before, now)."""
    tree = Tree.of(repository.root)
    untracked = [name for name in tree.files if name not in tree.tracked]
    return {(file.base, file.path) for file in history.changed_files(repository.root, base, untracked)}


# -- which files


@pytest.mark.parametrize("name", STRANGE)
def test_any_name_that_a_file_can_have(repository: Repository, name: str) -> None:
    base = repository.commit({name: TEXT, f"gone/{name}": "gone\n"})
    (repository.root / name).write_text(TEXT.replace("line 3", "line three"), "utf-8")
    (repository.root / "gone" / name).unlink()
    (repository.root / f"new-{name}").write_text("new\n", "utf-8")
    assert changed(repository, base) == {(name, name), (f"gone/{name}", None), (None, f"new-{name}")}
    (repository.root / "moved").mkdir()
    repository.git("mv", "--", f"./{name}", f"moved/{name}")
    assert changed(repository, base) == {(name, f"moved/{name}"), (f"gone/{name}", None), (None, f"new-{name}")}


def test_what_is_staged_untracked_ignored_and_the_same(repository: Repository) -> None:
    base = repository.commit({"same.py": TEXT, "staged.py": "1\n", ".gitignore": "ignored.py\n"})
    for name in ("staged.py", "untracked.py", "ignored.py", "meant.py"):
        (repository.root / name).write_text("2\n", "utf-8")
    repository.git("add", "staged.py")
    repository.git("add", "-N", "meant.py")
    assert changed(repository, base) == {("staged.py", "staged.py"), (None, "untracked.py"), (None, "meant.py")}


def test_a_file_that_left_the_index_and_not_the_folder_is_one_file(repository: Repository) -> None:
    base = repository.commit({"a.py": TEXT})
    repository.git("rm", "-q", "--cached", "a.py")
    assert changed(repository, base) == {("a.py", "a.py")}


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_what_the_index_hides_counts_as_changed(repository: Repository, flag: str) -> None:
    base = repository.commit({"a.py": TEXT, "b.py": "b\n"})
    repository.commit({"later.py": "later\n"})
    repository.git("update-index", flag, "a.py", "later.py")
    assert changed(repository, base) == {("a.py", "a.py"), (None, "later.py")}


def test_in_the_midst_of_a_merge(repository: Repository) -> None:
    base = repository.commit({"a.py": TEXT, "b.py": "b\n"})
    repository.git("checkout", "-q", "-b", "other")
    repository.commit({"a.py": TEXT.replace("line 5", "theirs")})
    repository.git("checkout", "-q", "main")
    repository.commit({"a.py": TEXT.replace("line 5", "ours")})
    with pytest.raises(AssertionError):
        repository.git("merge", "-q", "other")
    assert changed(repository, base) == {("a.py", "a.py")}
    (repository.root / "a.py").unlink()
    assert changed(repository, base) == {("a.py", None)}


@pytest.mark.parametrize("executable", [True, False])
def test_a_mode_is_a_difference_without_lines(repository: Repository, executable: bool) -> None:
    base = repository.commit({"a.py": TEXT})
    if executable:
        (repository.root / "a.py").chmod(0o755)
    assert changed(repository, base) == ({("a.py", "a.py")} if executable else set())
    assert list(history.altered(repository.root, base, ["a.py"])) == []


def test_folders_files_and_links_that_become_each_other(repository: Repository) -> None:
    (repository.root / "link").symlink_to("file")
    (repository.root / "stays").symlink_to("file")
    base = repository.commit({"file": "1\n", "folder/a.py": "a = 1\n", "becomes-link": "2\n"})
    for name in ("file", "link", "becomes-link"):
        (repository.root / name).unlink()
    shutil.rmtree(repository.root / "folder")
    (repository.root / "becomes-link").symlink_to("link")
    repository.commit({"folder": "was a folder\n", "file/b.py": "was a file\n", "link": "was a link\n"})
    assert changed(repository, base) == {
        ("becomes-link", None),
        ("file", None),
        ("folder/a.py", None),
        (None, "file/b.py"),
        (None, "folder"),
        (None, "link"),
    }


def test_a_folder_behind_a_link_is_gone(repository: Repository) -> None:
    base = repository.commit({"a/x.py": TEXT, "b/x.py": "b\n"})
    shutil.rmtree(repository.root / "a")
    (repository.root / "a").symlink_to("b")
    assert ("a/x.py", None) in changed(repository, base)


def test_a_name_that_differs_by_case_alone(repository: Repository) -> None:
    base = repository.commit({"Read.py": TEXT})
    repository.git("mv", "Read.py", "read.py")
    assert changed(repository, base) == {("Read.py", "read.py")}


def test_submodules_are_no_files(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    inner = Repository(tmp_path / "inner")
    first = inner.commit({"a.py": "1\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(inner.root), "sub")
    base = repository.commit({"b.py": "b\n"})
    inside = Repository.at(repository.root / "sub")
    inside.commit({"a.py": "2\n"})
    repository.commit({})
    assert changed(repository, base) == set()
    inside.git("checkout", "-q", first)
    assert changed(repository, base) == set()
    shutil.rmtree(repository.root / "sub")
    repository.git("rm", "-q", "--cached", "sub")
    (repository.root / "sub").write_text("a file now\n", "utf-8")
    assert changed(repository, base) == {(None, "sub")}


def test_a_root_below_the_repository_s_sees_what_is_below_it(repository: Repository) -> None:
    base = repository.commit({"shop/a.py": TEXT, "other/b.py": "b\n", "shop/moves-out.py": "x\n" * 9, "moves-in.py": "y\n" * 9})
    repository.git("mv", "shop/moves-out.py", "other/moves-out.py")
    repository.git("mv", "moves-in.py", "shop/moves-in.py")
    repository.commit({"shop/a.py": "a\n", "other/b.py": "c\n"})
    below = Repository.at(repository.root / "shop")
    assert changed(below, base) == {("a.py", "a.py"), ("moves-out.py", None), (None, "moves-in.py")}


def test_many_files_that_were_moved_and_edited_take_seconds(repository: Repository) -> None:
    """Beyond the limit of pairs that git compares they are gone and new: no run waits for minutes."""
    lines = TEXT.splitlines()
    base = repository.commit({f"old/{number}.txt": "\n".join([*lines, str(number)]) for number in range(1500)})
    repository.git("mv", "old", "new")
    repository.commit({f"new/{number}.txt": "\n".join([str(number), *lines, "edited"]) for number in range(1500)})
    found = changed(repository, base)
    assert {now for _, now in found if now} == {f"new/{number}.txt" for number in range(1500)}


def test_a_base_that_git_has_not_got_is_an_error_with_a_remedy(repository: Repository) -> None:
    repository.commit({"a.py": "1\n"})
    with pytest.raises(RepositoryError) as raised:
        changed(repository, "2" * 40)
    assert "could not compare 222222222222 with the working tree" in raised.value.problems[0].error
    assert raised.value.problems[0].help


def test_links_of_a_base_that_git_has_not_got_are_an_error_with_a_remedy(repository: Repository) -> None:
    repository.commit({"a.py": "1\n"})
    with pytest.raises(RepositoryError) as raised:
        history.changed_links(repository.root, "2" * 40)
    assert "could not compare 222222222222 with the working tree" in raised.value.problems[0].error
    assert raised.value.problems[0].help


def test_lines_that_git_can_not_compare_are_an_error_with_a_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RepositoryError) as raised:
        history.hunks(tmp_path / "lines", [([b"a"], [b"b"])])
    assert (raised.value.problems[0].error, (tmp_path / "lines").exists()) == ("git could not compare the lines of two files", False)


# -- whether git can be believed that a file is the same


def test_bytes_say_that_a_file_is_the_base_s_and_not_git(repository: Repository) -> None:
    base = repository.commit({"a.py": TEXT, "crlf.py": TEXT, "wide.py": TEXT, "gone.py": TEXT, ".gitattributes": "crlf.py text\n"})
    (repository.root / "crlf.py").write_bytes(TEXT.replace("\n", "\r\n").encode())
    (repository.root / ".gitattributes").write_text("crlf.py text\nwide.py working-tree-encoding=UTF-16\n", "utf-8")
    (repository.root / "wide.py").write_text(TEXT, "utf-16")
    assert changed(repository, base) == {(".gitattributes", ".gitattributes")}
    names = ["a.py", "crlf.py", "wide.py", "none.py"]
    assert dict(history.altered(repository.root, base, names)) == {"crlf.py": True, "wide.py": True, "none.py": False}


def test_what_git_lfs_keeps_is_known_by_its_hash(repository: Repository) -> None:
    content = b"big\n" * 1000
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 4000\n"
    base = repository.commit({"same.bin": pointer.format(hashlib.sha256(content).hexdigest()), "other.bin": pointer.format("0" * 64)})
    for name in ("same.bin", "other.bin"):
        (repository.root / name).write_bytes(content)
    assert list(history.altered(repository.root, base, ["same.bin", "other.bin"])) == [("other.bin", True)]


def test_a_repository_with_sha256(tmp_path: Path) -> None:
    root = tmp_path / "sha256"
    root.mkdir()
    repository = Repository.at(root)
    repository.git("init", "-q", "-b", "main", "--object-format=sha256")
    base = repository.commit({"a.py": TEXT, "b.py": "b\n"})
    assert history.is_commit_id(base)
    repository.commit({"a.py": "1\n"})
    assert changed(repository, base) == {("a.py", "a.py")}
    assert list(history.altered(root, base, ["a.py", "b.py"])) == [("a.py", True)]
    with history.base_tree(root, base, tmp_path / "base") as tree:
        tree.check_out(tree.names())
        assert (tree.root / "a.py").read_text("utf-8") == TEXT


# -- which lines

PATCH = (b"@@ -1 +1 @@", b"@@ -1,2 +3,4 @@ x", b"diff --git a/was/1 b/now/1", b"--- a/was/1", b"+++ b/now/1", b"GIT binary patch")
WORDS = st.sampled_from(
    [b"a", b"b", b"", b" ", *PATCH, b"\\ No newline at end of file", b"+a", b"-a", b"\xff\xfe", "ünï".encode(), b"\tx", b"\x1b[31m"]
)
FILES = st.lists(WORDS, max_size=12)


def kept(hunks: Sequence[Hunk], was: Sequence[bytes], now: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """The pairs of lines between the hunks; raises where the hunks don't fit the files."""
    pairs: list[tuple[bytes, bytes]] = []
    before = after = 0
    for hunk in hunks:
        start = hunk.base_start - 1 if hunk.base_lines else hunk.base_start
        start_now = hunk.start - 1 if hunk.lines else hunk.start
        pairs += zip(was[before:start], now[after:start_now], strict=True)
        before, after = start + hunk.base_lines, start_now + hunk.lines
    return [*pairs, *zip(was[before:], now[after:], strict=True)]


@settings(max_examples=25)
@given(st.lists(st.tuples(FILES, FILES), max_size=20))
def test_lines_between_the_hunks_are_the_same_on_both_sides(files: list[tuple[list[bytes], list[bytes]]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = history.hunks(Path(folder) / "lines", files)
    assert len(found) == len(files)
    for (was, now), hunks in zip(files, found, strict=True):
        assert all(one == other for one, other in kept(hunks, was, now))
        assert bool(hunks) == (was != now)
        assert all(hunk.base_lines or hunk.lines for hunk in hunks)


def test_hunks_are_those_that_git_diff_shows_for_the_files_themselves(repository: Repository, tmp_path: Path) -> None:
    was = TEXT.replace("line 3\n", "def f():\n    return 1\n")
    now = was.replace("line 7\n", "").replace("line 9\n", "line 9\nnew\n").replace("    return 1", "    return 2") + "end"
    base = repository.commit({"a.py": was})
    repository.commit({"a.py": now})
    shown = [line for line in repository.git("diff", "-U0", base, "--", "a.py").splitlines() if line.startswith("@@")]
    (hunks,) = history.hunks(tmp_path / "lines", [(was.encode().splitlines(), now.encode().splitlines())])
    sides = [((hunk.base_start, hunk.base_lines), (hunk.start, hunk.lines)) for hunk in hunks]
    named = ["@@ -{} +{} @@".format(*(f"{start}" if size == 1 else f"{start},{size}" for start, size in pair)) for pair in sides]
    assert named == [f"{line.split(' @@')[0]} @@" for line in shown]


def test_many_and_large_files_are_compared_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "_BATCH_FILES", 7)
    monkeypatch.setattr(history, "_BATCH_BYTES", 400)
    files = [([b"a" * number, b"same"], [b"same", b"b" * number]) for number in range(1, 60)]
    found = history.hunks(tmp_path / "lines", files)
    assert found == [(Hunk(base_start=1, base_lines=1, start=0, lines=0), Hunk(base_start=2, base_lines=0, start=2, lines=1))] * 59
    assert not (tmp_path / "lines").exists()


SETTINGS = (
    *("diff.noprefix=true", "diff.mnemonicPrefix=true", "diff.context=9", "diff.external=false", "color.ui=always", "diff.renames=copies"),
    *("diff.algorithm=patience", "diff.interHunkContext=9", "diff.relative=true", "diff.ignoreSubmodules=none", "diff.orderFile=x"),
    *("core.quotePath=false", "core.whitespace=trailing-space", "diff.wordRegex=.", "diff.x.textconv=false", "diff.x.binary=true"),
    *("diff.autoRefreshIndex=false", "core.autocrlf=true", "core.safecrlf=true", "core.bigFileThreshold=1", "diff.submodule=log"),
    *("diff.suppressBlankEmpty=true", "diff.statGraphWidth=1", "core.checkStat=minimal", "core.attributesFile=x", "diff.dirstat=0"),
)


@pytest.mark.parametrize("setting", SETTINGS)
def test_no_setting_of_git_changes_what_differs(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    """Neither of the repository's nor of the user's; nor attributes, which name a driver and say that all is binary."""
    base = repository.commit({".gitattributes": "* diff=x -text\n*.bin binary\n", "a.py": TEXT, "b.bin": TEXT, "old.py": TEXT + "z\n"})
    repository.git("mv", "old.py", "new.py")
    (repository.root / "a.py").write_text(TEXT.replace("line 7\n", ""), "utf-8")
    (repository.root / "b.bin").write_text(TEXT.replace("line 7\n", ""), "utf-8")
    expected = {("a.py", "a.py"), ("b.bin", "b.bin"), ("old.py", "new.py")}
    lines = [(TEXT.encode().splitlines(), TEXT.encode().replace(b"line 7\n", b"").splitlines())]
    name, _, value = setting.partition("=")
    repository.git("config", name, value)
    assert changed(repository, base) == expected
    config = tmp_path / "home" / ".gitconfig"
    config.parent.mkdir()
    shutil.copy(repository.root / ".git" / "config", config)
    monkeypatch.setenv("HOME", str(config.parent))
    assert changed(repository, base) == expected
    assert history.hunks(tmp_path / "lines", lines) == [(Hunk(base_start=8, base_lines=1, start=7, lines=0),)]


# -- a tree of the base


def test_a_tree_of_the_base_holds_its_files_and_is_gone_afterwards(repository: Repository, tmp_path: Path) -> None:
    names = {name: f"{number}\n" for number, name in enumerate(STRANGE)}
    base = repository.commit({**names, "folder/a.py": "1\n"})
    repository.commit({"folder/a.py": "2\n"})
    before = {path: path.read_bytes() for path in sorted((repository.root / ".git").rglob("*")) if path.is_file()}
    with history.base_tree(repository.root, base, tmp_path / "base") as tree:
        assert tree.names() == sorted([*STRANGE, "folder/a.py"])
        assert [path.name for path in tree.root.iterdir()] == [".git"]
        tree.check_out(STRANGE[:3])
        assert sorted(path.name for path in tree.root.iterdir()) == sorted([".git", *STRANGE[:3]])
        tree.check_out(tree.names())
        assert {name: (tree.root / name).read_text("utf-8") for name in tree.names()} == {**names, "folder/a.py": "1\n"}
        assert git.head(tree.root) == base
    assert not (tmp_path / "base").exists()
    assert {path: path.read_bytes() for path in sorted((repository.root / ".git").rglob("*")) if path.is_file()} == before


@pytest.mark.parametrize("place", ["shop", " sh op ", "a/b", os.fsdecode(b"\xff"), "new\nline"])
def test_a_tree_of_the_base_of_a_folder_of_the_repository(repository: Repository, tmp_path: Path, place: str) -> None:
    base = repository.commit({f"{place}/a.py": "1\n", "beside.py": "1\n"})
    with history.base_tree(repository.root / place, base, tmp_path / "base") as tree:
        assert (tree.root, tree.names()) == (tmp_path / "base" / place, ["a.py"])
        tree.check_out(tree.names())
        assert (tree.root / "a.py").read_text("utf-8") == "1\n"
        assert not (tree.folder / "beside.py").exists()


def test_a_folder_that_the_base_has_not_got_or_has_as_a_link(repository: Repository, tmp_path: Path) -> None:
    (repository.root / "shop").symlink_to(tmp_path)
    base = repository.commit({"beside.py": "1\n"})
    (repository.root / "shop").unlink()
    repository.commit({"shop/a.py": "1\n"})
    with history.base_tree(repository.root / "shop", base, tmp_path / "base") as tree:
        assert tree.names() == []
        tree.check_out([])
        assert (list(tree.root.iterdir()), tree.root.is_symlink()) == ([], False)


@pytest.mark.parametrize("name", ["#repo", 'quo"te', "new\nline", "back\\slash", " space ", "co:lon", os.fsdecode(b"\xff")])
def test_a_tree_of_the_base_of_a_repository_of_any_name(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    repository = Repository(tmp_path / name)
    base = repository.commit({"a.py": "1\n"})
    with history.base_tree(repository.root, base, tmp_path / "base") as tree:
        tree.check_out(["a.py"])
        assert (tree.root / "a.py").read_text("utf-8") == "1\n"


def test_a_linked_working_tree_and_a_shared_clone_have_their_base_s_files(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"a.py": "1\n"})
    repository.commit({"a.py": "2\n"})
    repository.git("worktree", "add", "-q", str(tmp_path / "linked"))
    shared = repository.clone("shared", "--shared")
    for root in (tmp_path / "linked", shared.root):
        with history.base_tree(root, base, tmp_path / "base") as tree:
            tree.check_out(["a.py"])
            assert (tree.root / "a.py").read_text("utf-8") == "1\n"
        assert changed(Repository.at(root), base) == {("a.py", "a.py")}


def test_what_is_not_exported_or_merged_is_in_the_base_all_the_same(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({".gitattributes": "a.py export-ignore -diff\nb.py export-subst\n", "a.py": "1\n", "b.py": "$Format:%H$\n"})
    with history.base_tree(repository.root, base, tmp_path / "base") as tree:
        tree.check_out(tree.names())
        assert ((tree.root / "a.py").read_text("utf-8"), (tree.root / "b.py").read_text("utf-8")) == ("1\n", "$Format:%H$\n")


def test_links_of_the_base_are_links_and_nothing_is_written_through_them(repository: Repository, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repository.root / "link").symlink_to(outside)
    base = repository.commit({"a.py": "1\n"})
    with history.base_tree(repository.root, base, tmp_path / "base") as tree:
        tree.check_out(tree.names())
        assert (tree.root / "link").is_symlink()
    assert list(outside.iterdir()) == []


def test_a_sparse_checkout_says_what_it_leaves_out(repository: Repository) -> None:
    repository.commit({"in/a.py": "1\n", "out/b.py": "1\n"})
    repository.git("sparse-checkout", "set", "in")
    assert history.absent(repository.root) == {"out/b.py"}


def test_objects_that_are_not_there_are_an_error_with_a_remedy(repository: Repository, tmp_path: Path) -> None:
    base = repository.commit({"a.py": "1\n"})
    blob = repository.git("rev-parse", f"{base}:a.py")
    (repository.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with history.base_tree(repository.root, base, tmp_path / "base") as tree, pytest.raises(RepositoryError) as raised:
        tree.check_out(["a.py"])
    assert "can't be had from this repository" in raised.value.problems[0].error
    with pytest.raises(RepositoryError) as raised, history.base_tree(repository.root, "2" * 40, tmp_path / "base"):
        pass
    assert "no tree could be made of the base" in raised.value.problems[0].error
    assert not (tmp_path / "base").exists()


def test_file_changes_are_sorted_with_what_is_gone_at_the_end(repository: Repository) -> None:
    base = repository.commit({"b.py": "1\n", "gone.py": "2\n"})
    (repository.root / "gone.py").unlink()
    repository.commit({"b.py": "3\n", "a.py": "4\n"})
    assert history.changed_files(repository.root, base, []) == (
        FileChange(path="a.py"),
        FileChange(base="b.py", path="b.py"),
        FileChange(base="gone.py"),
    )


def test_the_parents_of_a_merge_are_known_in_a_shallow_clone_too(repository: Repository, tmp_path: Path) -> None:
    """They are not there themselves, and say what was merged all the same."""
    first = repository.commit({"a": "1"})
    repository.git("checkout", "-q", "-b", "change")
    head = repository.commit({"a": "2"})
    repository.git("checkout", "-q", "main")
    before = repository.commit({"b": "1"})
    repository.git("merge", "-q", "--no-ff", "-m", "parent of nothing", "change")
    merge = repository.git("rev-parse", "HEAD")
    shallow = tmp_path / "shallow"
    repository.git("clone", "-q", "--depth", "1", repository.root.as_uri(), str(shallow))
    assert [history.parents(root, merge) for root in (repository.root, shallow)] == [(before, head)] * 2
    assert (history.parents(repository.root, first), history.parents(shallow, "f" * 40)) == ((), ())
