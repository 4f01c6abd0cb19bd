"""Git is asked without executing anything of the repository's."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gates.adapters import git
from gates.errors import RepositoryError
from tests.repository import Repository


def test_outside_a_repository_nothing_is_known(tmp_path: Path) -> None:
    found = git.checkout(tmp_path)
    assert (found.commit, found.tree, found.ref, found.dirty) == (None, None, None, True)
    assert git.list_files(tmp_path) is None


def test_what_differs_from_the_commit_is_named(repository: Repository) -> None:
    repository.commit({"a.txt": "", "b/c d.txt": "one\n", "b/ü.txt": "two\n", "e.txt": "three\n"})
    assert git.checkout(repository.root).modified == frozenset()
    (repository.root / "b/c d.txt").write_text("other\n", "utf-8")
    (repository.root / "new.txt").write_text("new\n", "utf-8")
    repository.git("mv", "b/ü.txt", "b/f.txt")
    (repository.root / "e.txt").unlink()
    assert git.checkout(repository.root).modified == frozenset({"b/c d.txt", "b/ü.txt", "b/f.txt", "e.txt"})
    assert git.checkout(repository.root / "b").modified == frozenset({"c d.txt", "ü.txt", "f.txt"})
    repository.git("update-index", "--assume-unchanged", "a.txt")
    assert git.checkout(repository.root).modified is None


def test_a_clean_commit_is_known_and_a_change_makes_it_dirty(repository: Repository) -> None:
    commit = repository.commit({"a.py": "1\n"})
    clean = git.checkout(repository.root)
    assert (clean.commit, clean.dirty, clean.ref) == (commit, False, "refs/heads/main")
    (repository.root / "new.txt").write_text("x", "utf-8")
    assert git.checkout(repository.root).dirty


def test_files_are_those_that_git_tracks_or_would_add(repository: Repository) -> None:
    repository.commit({"b.py": "", "sub/a b.py": "", ".gitignore": "ignored.txt\n"})
    (repository.root / "ignored.txt").write_text("x", "utf-8")
    (repository.root / "nëw\n.txt").write_text("x", "utf-8")
    assert git.list_files(repository.root) == [".gitignore", "b.py", "nëw\n.txt", "sub/a b.py"]


def test_nothing_of_the_repository_is_executed(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.py": "1\n"})
    trap = tmp_path / "trap"
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\ntouch {trap}\n", "utf-8")
    script.chmod(0o755)
    for setting in ("core.fsmonitor", "diff.external", "core.pager", "core.sshCommand"):
        repository.git("config", setting, str(script))
    hooks = repository.root / ".git" / "hooks"
    for hook in ("post-index-change", "fsmonitor-watchman"):
        (hooks / hook).write_text(f"#!/bin/sh\ntouch {trap}\n", "utf-8")
        (hooks / hook).chmod(0o755)
    os.utime(repository.root / "a.py", (1, 1))
    git.checkout(repository.root)
    git.list_files(repository.root)
    assert not trap.exists()


def test_a_hook_of_the_repository_is_not_even_found(repository: Repository, tmp_path: Path) -> None:
    """Whatever git is asked: here by the command whose one purpose is to run a hook."""
    repository.commit({"a.py": "1\n"})
    hook = repository.root / ".git" / "hooks" / "pre-commit"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path / 'trap'}\n", "utf-8")
    hook.chmod(0o755)
    git.ask(repository.root, ["hook", "run", "--ignore-missing", "pre-commit"])
    assert not (tmp_path / "trap").exists()
    repository.git("hook", "run", "--ignore-missing", "pre-commit")
    assert (tmp_path / "trap").exists()


def write_unnoticed(repository: Repository, name: str, text: str) -> None:
    """Write a text of the same length and put the time back: what is left to tell is the time at which the system itself noted a change.

    In the index of one file that time is made an older one, as it would be if the commit were not of this very second.
    """
    path, index = repository.root / name, repository.root / ".git" / "index"
    before = path.stat()
    path.write_text(text, "utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    content = index.read_bytes()[:-20]
    content = content[:12] + bytes(8) + content[20:]
    index.write_bytes(content + hashlib.sha1(content, usedforsecurity=False).digest())


@pytest.mark.parametrize(("setting", "value"), [("core.trustctime", "false"), ("core.checkStat", "minimal")])
def test_a_repository_does_not_choose_what_tells_a_change(repository: Repository, setting: str, value: str) -> None:
    """The file is old when it is committed, or git would read it anyway."""
    (repository.root / "a.py").write_text("1\n", "utf-8")
    os.utime(repository.root / "a.py", (1_000_000_000, 1_000_000_000))
    repository.commit({})
    repository.git("config", setting, value)
    write_unnoticed(repository, "a.py", "2\n")
    assert git.checkout(repository.root).dirty
    assert repository.git("status", "--porcelain") == ""


def test_no_memory_of_untracked_files_hides_a_new_one(repository: Repository) -> None:
    """git can note in its index which folders it has looked through; whoever puts a folder's time back would hide a file from it."""
    repository.commit({"src/a.py": "1\n"})
    folder = repository.root / "src"
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    repository.git("config", "core.untrackedCache", "true")
    repository.git("update-index", "--force-untracked-cache")
    repository.git("status", "--porcelain")
    (folder / "new.py").write_text("2\n", "utf-8")
    os.utime(folder, (1_000_000_000, 1_000_000_000))
    assert git.checkout(repository.root).dirty
    assert "src/new.py" in (git.list_files(repository.root) or [])


def test_variables_of_git_do_not_lead_elsewhere(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "other").mkdir()
    other = Repository(tmp_path / "other")
    other.commit({"b.py": "1\n"})
    commit = repository.commit({"a.py": "1\n"})
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    assert (git.checkout(repository.root).commit, git.list_files(repository.root)) == (commit, ["a.py"])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody else")
def test_a_checkout_of_another_user_is_read(repository: Repository) -> None:
    """As in a container of a CI. Without a word of ours git says "dubious ownership", and there would be no commit."""
    commit = repository.commit({"a.py": "1\n"})
    for path in (repository.root, *repository.root.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    assert git.checkout(repository.root).commit == commit


def test_no_filter_of_the_repository_is_executed(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    repository.commit({"a.py": "1\n", ".gitattributes": "*.py filter=f.=x\n"})
    included = repository.root / ".git" / "more"
    included.write_text(f'[filter "f.=x"]\n\tclean = touch {trap}; cat\n\trequired = true\n', "utf-8")
    repository.git("config", "include.path", "more")
    os.utime(repository.root / "a.py", (1, 1))
    assert not git.checkout(repository.root).dirty
    assert not trap.exists()


@pytest.fixture
def with_submodule(repository: Repository, tmp_path: Path) -> Repository:
    """A clean checkout with a submodule `sub` that has a file of its own."""
    (tmp_path / "other").mkdir()
    other = Repository(tmp_path / "other")
    other.commit({"b.py": "2\n", ".gitattributes": "*.py filter=f\n"})
    repository.commit({"a.py": "1\n"})
    repository.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "sub")
    repository.commit({})
    return repository


def test_what_a_submodule_s_own_configuration_names_is_not_executed(with_submodule: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    for key in ("filter.f.clean", "filter.f.process", "core.fsmonitor"):
        with_submodule.git("-C", "sub", "config", key, f"touch {trap}; cat")
    os.utime(with_submodule.root / "sub" / "b.py", (1, 1))
    assert not git.checkout(with_submodule.root).dirty
    assert not trap.exists()


@pytest.mark.parametrize(("name", "flag"), [("b.py", ""), ("new.py", ""), ("b.py", "--assume-unchanged")])
def test_a_change_within_a_submodule_is_a_change(with_submodule: Repository, name: str, flag: str) -> None:
    if flag:
        with_submodule.git("-C", "sub", "update-index", flag, name)
    (with_submodule.root / "sub" / name).write_text("3\n", "utf-8")
    assert git.checkout(with_submodule.root).dirty


@pytest.mark.parametrize("folder", [".", "", "tools", "{root}/tools"])
def test_a_git_of_the_project_is_not_run(repository: Repository, tmp_path: Path, folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = tmp_path / "trap"
    commit = repository.commit({"git": f"#!/bin/sh\ntouch {trap}\n", "tools/git": f"#!/bin/sh\ntouch {trap}\n"})
    for name in ("git", "tools/git"):
        (repository.root / name).chmod(0o755)
    monkeypatch.chdir(repository.root)
    monkeypatch.setenv("PATH", f"{folder.replace('{root}', str(repository.root))}:{os.environ['PATH']}")
    assert git.checkout(repository.root).commit == commit
    assert not trap.exists()


def test_a_bare_repository_among_the_project_s_files_is_not_asked(repository: Repository, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    repository.commit({"a.py": "1\n", "bare/a.py": "1\n"})
    repository.git("clone", "-q", "--bare", ".", "bare/x")
    for path in (repository.root / "bare" / "x").iterdir():
        path.rename(repository.root / "bare" / path.name)
    with (repository.root / "bare" / "config").open("a", encoding="utf-8") as stream:
        stream.write(f'[core]\n\tbare = false\n\tworktree = ..\n[filter "x"]\n\tclean = touch {trap}\n')
    assert git.checkout(repository.root / "bare").commit is None
    assert not trap.exists()


def test_a_working_tree_that_lies_elsewhere_is_not_the_commit(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"a.py": "1\n"})
    (tmp_path / "clean").mkdir()
    (tmp_path / "clean" / "a.py").write_text("1\n", "utf-8")
    repository.git("config", "core.worktree", str(tmp_path / "clean"))
    (repository.root / "a.py").write_text("2\n", "utf-8")
    found = git.checkout(repository.root)
    assert (found.commit, found.dirty) == (None, True)
    assert git.list_files(repository.root) is None


def test_a_replaced_commit_is_not_believed(repository: Repository) -> None:
    first = repository.commit({"a.py": "1\n"})
    second = repository.commit({"a.py": "2\n"})
    tree = repository.git("rev-parse", f"{second}^{{tree}}")
    repository.git("replace", second, first)
    assert git.checkout(repository.root).tree == tree


def test_what_a_partial_clone_lacks_is_not_fetched(repository: Repository, tmp_path: Path) -> None:
    """Fetching runs a program that the repository's configuration names; the control shows that git would."""
    repository.commit({"a.py": "1\n"})
    repository.git("config", "uploadpack.allowFilter", "true")
    repository.git("clone", "-q", "--filter=blob:none", "--no-checkout", f"file://{repository.root}", str(tmp_path / "partial"))
    repository.git("-C", str(tmp_path / "partial"), "config", "remote.origin.uploadpack", f"touch {tmp_path / 'trap'}; git-upload-pack")
    for name in ("protocol.file.allow", "protocol.allow"):
        repository.git("-C", str(tmp_path / "partial"), "config", name, "always")
    assert git.ask(tmp_path / "partial", ["cat-file", "-p", "HEAD:a.py"]) is None
    git.checkout(tmp_path / "partial")
    assert not (tmp_path / "trap").exists()
    assert repository.git("-C", str(tmp_path / "partial"), "cat-file", "-p", "HEAD:a.py") == "1"
    assert (tmp_path / "trap").exists()


def test_git_speaks_to_no_other_repository(repository: Repository) -> None:
    """Versions of git that know no variable against fetching know this."""
    repository.commit({"a.py": "1\n"})
    repository.git("config", "protocol.file.allow", "always")
    assert git.ask(repository.root, ["ls-remote", f"file://{repository.root}"]) is None
    assert repository.git("ls-remote", f"file://{repository.root}")


def test_files_that_a_sparse_checkout_leaves_out_are_counted(repository: Repository) -> None:
    repository.commit({"a.py": "1\n", "sub/b.py": "2\n", "sub/c.py": "3\n"})
    assert git.checkout(repository.root).absent == 0
    repository.git("sparse-checkout", "set", "--no-cone", "/a.py")
    found = git.checkout(repository.root)
    assert (found.absent, found.dirty) == (2, False)


@pytest.mark.parametrize("flag", ["--skip-worktree", "--assume-unchanged"])
def test_changes_that_the_index_is_told_to_hide_are_changes(repository: Repository, flag: str) -> None:
    repository.commit({"a.py": "1\n"})
    repository.git("update-index", flag, "a.py")
    (repository.root / "a.py").write_text("2\n", "utf-8")
    found = git.checkout(repository.root)
    assert (found.absent, found.dirty) == (0, True)


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("https://user:pass@example.org/shop.git?x=1", "https://example.org/shop.git"),
        ("git@example.org:team/shop.git", "example.org:team/shop.git"),
        ("ssh://git@example.org/team/shop", "ssh://example.org/team/shop"),
        ("/home/me/shop", None),
        ("../shop", None),
        ("file:///home/me/shop", None),
        ("C:\\shop", None),
        ("https://user:pa/ss@example.org/shop.git", None),
        ("https://user:1/ss@example.org/shop.git", None),
        ("https://[broken/shop.git", None),
        ("user:pass@example.org:team/shop.git", "example.org:team/shop.git"),
        ("ext::sh -c 'TOKEN=x git'", None),
        ("foo::https://user:pass@example.org/shop.git", None),
        ("https://example.org:8443/shop.git#x", "https://example.org:8443/shop.git"),
    ],
)
def test_a_remote_is_named_without_credentials_or_places_of_this_machine(repository: Repository, address: str, known: str | None) -> None:
    repository.commit({"a": "1"})
    repository.git("remote", "add", "origin", address)
    assert git.checkout(repository.root).repository == known


def test_a_revision_that_is_not_there_is_said(repository: Repository) -> None:
    commit = repository.commit({"a": "1"})
    assert git.resolve(repository.root, "HEAD") == commit
    for revision in ("nowhere", "--help", ""):
        with pytest.raises(RepositoryError):
            git.resolve(repository.root, revision)


def test_a_file_is_read_as_a_commit_has_it(repository: Repository) -> None:
    old = repository.commit({"a.txt": "old\r\n", "sub/b [1].txt": "b", ".gitattributes": "*.txt text eol=lf filter=no\n"})
    new = repository.commit({"a.txt": "new"})
    (repository.root / "a.txt").write_text("not committed", "utf-8")
    repository.git("config", "filter.no.smudge", "false")
    assert [git.file_at(repository.root, commit, "a.txt") for commit in (old, new)] == [b"old\n", b"new"]
    assert git.file_at(repository.root, old, "sub/b [1].txt") == b"b"
    assert git.file_at(repository.root / "sub", old, "b [1].txt") == b"b"


def test_what_is_no_regular_file_of_a_commit_is_not_read(repository: Repository, tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    inner = Repository(tmp_path / "inner")
    commit_inside = inner.commit({"gates.yaml": "x"})
    (repository.root / "link.txt").symlink_to("/etc/passwd")
    (repository.root / "folder-link").symlink_to("sub")
    repository.commit({"sub/a.txt": "a"})
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit_inside},module")
    repository.git("commit", "-q", "-m", "module")
    commit = repository.git("rev-parse", "HEAD")
    ways_around = ("module", "module/gates.yaml", "no.txt", ":(top)sub/a.txt", "sub/*")
    for path in ("link.txt", "folder-link/a.txt", "sub", "sub/", ".", *ways_around):
        assert git.file_at(repository.root, commit, path) is None, path


def test_a_file_whose_content_is_not_here_is_no_missing_file(repository: Repository) -> None:
    commit = repository.commit({"a.txt": "content"})
    blob = repository.git("rev-parse", "HEAD:a.txt")
    (repository.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(RepositoryError):
        git.file_at(repository.root, commit, "a.txt")


def test_a_file_whose_content_is_broken_is_no_missing_file(repository: Repository) -> None:
    commit = repository.commit({"a.txt": "".join(f"{number}\n" for number in range(9999))})
    blob = repository.git("rev-parse", "HEAD:a.txt")
    place = repository.root / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(place.read_bytes()[:200])  # its size can still be told
    with pytest.raises(RepositoryError, match=r"the content of a\.txt in .* is not on this machine"):
        git.file_at(repository.root, commit, "a.txt")


def test_a_file_that_is_too_large_is_not_read(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = repository.commit({"a.txt": "12345"})
    monkeypatch.setattr(git, "MOST_BYTES", 4)
    with pytest.raises(RepositoryError, match=r"a\.txt in .* is larger than"):
        git.file_at(repository.root, commit, "a.txt")


def test_a_commit_that_is_not_there_is_an_error(repository: Repository) -> None:
    repository.commit({"a.txt": ""})
    with pytest.raises(RepositoryError, match="can't list the files"):
        git.file_at(repository.root, "1" * 40, "a.txt")


def test_a_question_is_remembered_for_as_long_as_it_was_asked_to_be(repository: Repository) -> None:
    commit = repository.commit({"a.txt": "one"})
    with git.remembering():
        assert git.head(repository.root) == commit
        other = repository.commit({"a.txt": "two"})
        assert git.head(repository.root) == commit
        assert git.line(repository.root, "rev-parse", "HEAD~1") == commit
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(git.head, repository.root).result() == other
    assert git.head(repository.root) == other


def test_what_changes_something_is_done_each_time(repository: Repository) -> None:
    repository.commit({"a.txt": "one"})
    with git.remembering():
        for name in ("one", "two"):
            (repository.root / "a.txt").write_text(name, "utf-8")
            assert git.ask(repository.root, ["add", "a.txt"]) == b""
    assert repository.git("show", ":a.txt") == "two"
