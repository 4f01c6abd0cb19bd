"""Which commit a change is held against, on real clones of real repositories, as code hosts and people make them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import history
from gates.change.base import Base, find
from gates.errors import RepositoryError, UsageError
from gates.model import Stage
from tests.repository import Repository

TEXT = "".join(f"line {number}\n" for number in range(30))
MAIN = "where the branch began on origin/main"


@pytest.fixture
def remote(repository: Repository) -> Repository:
    """`main` with three commits, and a branch `topic` from the second with two of its own."""
    repository.commit({"a.py": "1\n"})
    repository.commit({"a.py": "2\n"})
    repository.git("checkout", "-q", "-b", "topic")
    repository.commit({"b.py": "1\n"})
    repository.commit({"b.py": "2\n"})
    repository.git("checkout", "-q", "main")
    repository.commit({"a.py": "3\n"})
    return repository


def rev(repository: Repository, revision: str) -> str:
    return repository.git("rev-parse", revision)


def event(tmp_path: Path, name: str, payload: Mapping[str, Any]) -> dict[str, str]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(payload), "utf-8")
    return {"GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(path)}


def base_of(
    repository: Repository,
    *,
    named: str | None = None,
    stage: Stage = Stage.CHANGE,
    environment: Mapping[str, str] | None = None,
    offline: bool = False,
) -> Base | None:
    return find(repository.root, named=named, stage=stage, environment=environment or {}, offline=offline)


def commit_of(base: Base | None) -> str | None:
    return base.commit if base else None


# -- named


@pytest.mark.parametrize("how", ["main~1", "id", "short", "branch", "tag", "annotated", "id of a tag"])
def test_a_named_base_is_that_commit(remote: Repository, how: str) -> None:
    wanted = rev(remote, "main~1")
    remote.git("branch", "branch", wanted)
    remote.git("tag", "tag", wanted)
    remote.git("tag", "-a", "annotated", "-m", "x", wanted)
    name = {"id": wanted, "short": wanted[:9], "id of a tag": rev(remote, "annotated")}.get(how, how)
    assert base_of(remote, named=name) == Base(commit=wanted, found_by=f"--base {name}", **_tip(remote, name))


def _tip(repository: Repository, name: str) -> dict[str, Any]:
    found = base_of(repository, named=name)
    return {"tip": found.tip} if found is not None and hasattr(found, "tip") else {}


@pytest.mark.parametrize("name", ["nowhere", "-x", "--output=x", "main^{tree}", "main:a.py", "f" * 40, "0" * 40, "main..topic", "", " "])
def test_a_name_that_is_no_commit_is_a_wrong_usage_with_the_setting(remote: Repository, name: str) -> None:
    if not name:
        assert base_of(remote, named=name) is None
        return
    with pytest.raises(UsageError) as raised:
        base_of(remote, named=name)
    assert f"--base {name} is not a commit of this repository" in raised.value.problems[0].error
    assert "fetch-depth: 0" in raised.value.problems[0].help


@pytest.mark.parametrize("kind", ["tags/origin/main", "heads/origin/main", "tags/abbreviated"])
def test_a_name_of_several_commits_is_refused(remote: Repository, kind: str) -> None:
    """Whoever may push a tag would else say what a change is held against: git takes `origin/main` for a tag of that name."""
    wanted = rev(remote, "main")
    remote.git("update-ref", "refs/remotes/origin/main", wanted)
    kind = kind.replace("abbreviated", wanted[:8])
    name = kind.partition("/")[2]
    remote.git("update-ref", f"refs/{kind}", wanted)
    assert commit_of(base_of(remote, named=f"{name}~1")) == rev(remote, "main~1"), "all of them mean the same"
    remote.git("update-ref", f"refs/{kind}", rev(remote, "topic"))
    for revision in (name, f"{name}~1", f"{name}^{{commit}}", f"{name}@{{0}}"):
        with pytest.raises(RepositoryError, match=r"may mean refs/"):
            base_of(remote, named=revision)
    remote.git("checkout", "-q", "topic")
    assert commit_of(base_of(remote, named=wanted)) == wanted
    assert name == wanted[:8] or commit_of(base_of(remote, named="refs/remotes/origin/main")) == wanted


def test_the_id_of_a_tree_or_a_file_is_no_base(remote: Repository) -> None:
    for name in (rev(remote, "main^{tree}"), rev(remote, "main:a.py")):
        with pytest.raises(UsageError):
            base_of(remote, named=name)


# -- none


def test_without_git_a_commit_or_a_remote_there_is_no_base(tmp_path: Path, repository: Repository) -> None:
    (tmp_path / "plain").mkdir()
    assert find(tmp_path / "plain", named=None, stage=Stage.CHANGE, environment={}) is None
    assert base_of(repository) is None
    with pytest.raises(UsageError) as raised:
        base_of(repository, named="main")
    assert "nothing is committed here" in raised.value.problems[0].error
    repository.commit({"a.py": "1\n"})
    for stage in Stage:
        assert base_of(repository, stage=stage) is None


def test_a_base_that_is_what_is_checked_out_is_none_unless_something_changed_since(remote: Repository) -> None:
    assert (base_of(remote, named="HEAD"), base_of(remote, stage=Stage.COMMIT)) == (None, None)
    (remote.root / "a.py").write_text("dirty\n", "utf-8")
    assert commit_of(base_of(remote, named="HEAD")) == commit_of(base_of(remote, stage=Stage.COMMIT)) == rev(remote, "HEAD")
    remote.git("checkout", "-q", "a.py")
    (remote.root / "new.py").write_text("untracked\n", "utf-8")
    assert commit_of(base_of(remote, stage=Stage.COMMIT)) == rev(remote, "HEAD")


def test_a_file_that_the_index_hides_makes_the_commit_no_base_of_itself(remote: Repository) -> None:
    remote.git("update-index", "--assume-unchanged", "a.py")
    (remote.root / "a.py").write_text("hidden\n", "utf-8")
    assert commit_of(base_of(remote, stage=Stage.COMMIT)) == rev(remote, "HEAD")


# -- where the branch began


def test_a_branch_is_held_against_where_it_began(remote: Repository) -> None:
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "topic")
    found = base_of(clone)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~1"), MAIN)
    clone.git("checkout", "-q", "--detach")
    assert commit_of(base_of(clone)) == rev(remote, "main~1")
    clone.git("merge", "-q", "--no-edit", "origin/main")
    assert commit_of(base_of(clone)) == rev(remote, "main")


def test_on_the_default_branch_itself_there_is_no_base_but_for_what_was_not_pushed(remote: Repository) -> None:
    clone = remote.clone("clone")
    assert base_of(clone) is None
    clone.commit({"new.py": "1\n"})
    assert commit_of(base_of(clone)) == rev(remote, "main")


@pytest.mark.parametrize("name", ["master", "trunk"])
def test_a_default_branch_by_another_name(remote: Repository, name: str) -> None:
    remote.git("branch", "-m", "main", name)
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "topic")
    assert commit_of(base_of(clone)) == rev(remote, f"{name}~1")
    clone.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
    assert commit_of(base_of(clone)) == (rev(remote, "master~1") if name == "master" else None)


def test_a_fork_is_held_against_its_origin_and_a_remote_of_any_name_where_there_is_none(remote: Repository, tmp_path: Path) -> None:
    fork = remote.clone("fork")
    fork.git("remote", "rename", "origin", "upstream")
    fork.git("checkout", "-q", "topic")
    found = base_of(fork)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~1"), "where the branch began on upstream/main")


def test_histories_without_a_common_commit_differ_in_everything(remote: Repository) -> None:
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "--orphan", "alone")
    clone.commit({"b.py": "1\n"})
    assert commit_of(base_of(clone)) == rev(remote, "main")


def test_neither_replaced_commits_nor_grafts_choose_the_base(remote: Repository) -> None:
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "topic")
    head, root = rev(clone, "HEAD"), rev(clone, "main~2")
    (clone.root / ".git" / "info" / "grafts").write_text(f"{head} {rev(clone, 'origin/main')}\n", "ascii")
    assert commit_of(base_of(clone)) == rev(remote, "main~1")
    (clone.root / ".git" / "info" / "grafts").unlink()
    clone.git("replace", "--graft", head, root)
    assert commit_of(base_of(clone)) == rev(remote, "main~1")


# -- stages


def test_a_release_is_held_against_the_last_release(remote: Repository) -> None:
    assert base_of(remote, stage=Stage.RELEASE) is None
    remote.git("tag", "v1.0", "main~2")
    remote.git("tag", "nightly", "main~1")
    remote.git("tag", "-a", "v1.1", "-m", "x", "main")
    found = base_of(remote, stage=Stage.RELEASE)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~2"), "the last release, v1.0")
    remote.commit({"a.py": "4\n"})
    assert commit_of(base_of(remote, stage=Stage.RELEASE)) == rev(remote, "v1.1^{commit}")
    remote.git("tag", "2.0", "topic")
    assert commit_of(base_of(remote, stage=Stage.RELEASE)) == rev(remote, "v1.1^{commit}")


def test_a_release_of_a_shallow_clone_has_no_base(remote: Repository) -> None:
    remote.git("tag", "v1.0", "main~1")
    assert base_of(remote.clone("clone", "--depth=1"), stage=Stage.RELEASE) is None


def test_a_commit_is_held_against_the_last_one_whatever_ci_says(remote: Repository, tmp_path: Path) -> None:
    (remote.root / "a.py").write_text("dirty\n", "utf-8")
    environment = event(tmp_path, "push", {"before": rev(remote, "main~2")})
    found = base_of(remote, stage=Stage.COMMIT, environment=environment)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main"), "the last commit")


# -- what CI says


def merged(remote: Repository) -> dict[str, Any]:
    """Makes `refs/pull/1/merge` as GitHub does, and moves main on; the pull request as the event has it, with an older tip."""
    remote.git("checkout", "-q", "--detach", "main")
    remote.git("merge", "-q", "--no-edit", "topic")
    remote.git("update-ref", "refs/pull/1/merge", "HEAD")
    remote.git("checkout", "-q", "main")
    remote.commit({"a.py": "later\n"})
    return {"pull_request": {"head": {"sha": rev(remote, "topic")}, "base": {"sha": rev(remote, "main~2"), "ref": "main"}}}


def pull(remote: Repository, name: str, ref: str, *options: str) -> Repository:
    """A checkout as actions/checkout makes one: one commit, detached."""
    root = remote.root.parent / name
    root.mkdir()
    clone = Repository.at(root)
    clone.git("init", "-q", "-b", "main")
    clone.git("remote", "add", "origin", remote.root.as_uri())
    clone.git("fetch", "-q", "--no-tags", *options, "origin", f"+{ref}:refs/remotes/pull/1/merge")
    clone.git("checkout", "-q", "--detach", "refs/remotes/pull/1/merge")
    return clone


@pytest.mark.parametrize("setting", ["true", "false"])
@pytest.mark.parametrize("protocol", ["0", "2"])
def test_the_merge_of_a_pull_request_is_held_against_its_first_parent(
    remote: Repository, tmp_path: Path, setting: str, protocol: str
) -> None:
    """A clone of one commit: the parent is fetched, by its id where the server allows that, else with the whole history."""
    environment = event(tmp_path, "pull_request", merged(remote))
    remote.git("config", "uploadpack.allowAnySHA1InWant", setting)
    clone = pull(remote, "clone", "refs/pull/1/merge", "--depth=1")
    clone.git("config", "protocol.version", protocol)
    found = base_of(clone, environment=environment)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~1"), "the branch that the pull request goes into")
    assert history.is_shallow(clone.root) == (setting == "true" or protocol == "2")
    assert history.changed_files(clone.root, found.commit, [])


@pytest.mark.parametrize("event_name", ["pull_request", "pull_request_target", "pull_request_review", "pull_request_review_comment"])
def test_the_head_of_a_pull_request_is_held_against_where_it_began(remote: Repository, tmp_path: Path, event_name: str) -> None:
    environment = event(tmp_path, event_name, merged(remote))
    clone = pull(remote, "clone", "refs/heads/topic", "--depth=1")
    found = base_of(clone, environment=environment)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~2"), "where the pull request began")
    whole = remote.clone("whole")
    whole.git("checkout", "-q", "topic")
    assert commit_of(base_of(whole, environment=environment)) == rev(remote, "main~2")


def test_a_clone_of_one_commit_that_can_not_fetch_says_which_setting_mends_it(remote: Repository, tmp_path: Path) -> None:
    environment = event(tmp_path, "pull_request", merged(remote))
    clone = pull(remote, "clone", "refs/pull/1/merge", "--depth=1")
    for offline in (True, False):
        if not offline:
            clone.git("remote", "remove", "origin")
        with pytest.raises(RepositoryError) as raised:
            base_of(clone, environment=environment, offline=offline)
        problem = raised.value.problems[0]
        assert "is not in this clone, and could not be fetched" in problem.error
        assert "fetch-depth: 0" in problem.help
    assert history.is_shallow(clone.root)


def test_a_shallow_branch_that_can_not_be_deepened_says_which_setting_mends_it(remote: Repository) -> None:
    remote.commit({"a.py": "4\n"})
    clone = remote.clone("clone", "--depth=1", "--no-single-branch")
    clone.git("checkout", "-q", "topic")
    with pytest.raises(RepositoryError) as raised:
        base_of(clone, offline=True)
    assert "this clone is shallow" in raised.value.problems[0].error
    assert "fetch-depth: 0" in raised.value.problems[0].help
    assert commit_of(base_of(clone)) == rev(remote, "main~2")
    assert not history.is_shallow(clone.root)


def test_a_merge_group_is_held_against_its_base(remote: Repository, tmp_path: Path) -> None:
    environment = event(tmp_path, "merge_group", {"merge_group": {"base_sha": rev(remote, "main~1"), "head_sha": rev(remote, "topic")}})
    found = base_of(pull(remote, "clone", "refs/heads/topic", "--depth=1"), environment=environment)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~1"), "the base of the merge group")


@pytest.mark.parametrize("event_name", ["pull_request", "pull_request_target", "merge_group"])
def test_what_is_checked_out_is_what_the_event_asks_about(remote: Repository, tmp_path: Path, event_name: str) -> None:
    """Else a commit would be judged that nobody asked about: that of the base, or of a submodule in the place of a folder."""
    asked, on = rev(remote, "topic"), rev(remote, "main~2")
    payload = {"pull_request": {"head": {"sha": asked}, "base": {"sha": on, "ref": "main"}}}
    group = {"merge_group": {"base_sha": on, "head_sha": asked}}
    environment = event(tmp_path, event_name, group if event_name == "merge_group" else payload)
    with pytest.raises(RepositoryError) as raised:
        base_of(remote, environment=environment)
    assert f"is about {asked[:12]}, and {rev(remote, 'main')[:12]}, which is checked out" in raised.value.problems[0].error
    remote.git("checkout", "-q", "topic")
    remote.commit({"c.py": "what another step wrote\n"})
    assert commit_of(base_of(remote, environment=environment)) == on


def test_a_push_is_held_against_what_was_pushed_to_before(remote: Repository, tmp_path: Path) -> None:
    environment = event(tmp_path, "push", {"before": rev(remote, "main~2"), "forced": False})
    found = base_of(pull(remote, "clone", "refs/heads/main", "--depth=1"), environment=environment)
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~2"), "what was pushed to before")


@pytest.mark.parametrize("payload", [{"before": "0" * 40}, {"before": "f" * 40, "forced": True}, {"before": None}, {}, []])
def test_a_new_branch_or_one_that_was_forced_is_held_against_where_it_began(remote: Repository, tmp_path: Path, payload: Any) -> None:
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "topic")
    found = base_of(clone, environment=event(tmp_path, "push", payload))
    assert found is not None
    assert (found.commit, found.found_by) == (rev(remote, "main~1"), MAIN)


def test_what_was_pushed_to_before_and_is_gone_is_an_error(remote: Repository, tmp_path: Path) -> None:
    environment = event(tmp_path, "push", {"before": "f" * 40, "forced": False})
    with pytest.raises(RepositoryError) as raised:
        base_of(remote.clone("clone"), environment=environment)
    assert "the base ffffffffffff (what was pushed to before) is not in this clone" in raised.value.problems[0].error


@pytest.mark.parametrize(
    "payload", [{}, {"pull_request": None}, {"pull_request": {"base": {"sha": "x", "ref": None}}}, {"merge_group": []}]
)
@pytest.mark.parametrize("name", ["pull_request", "merge_group", "schedule"])
def test_an_event_that_says_nothing_leaves_the_branch_to_say_it(remote: Repository, tmp_path: Path, name: str, payload: Any) -> None:
    clone = remote.clone("clone")
    clone.git("checkout", "-q", "topic")
    assert commit_of(base_of(clone, environment=event(tmp_path, name, payload))) == rev(remote, "main~1")


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b"[" * 100_000])
def test_an_event_that_can_not_be_read_is_an_error_where_it_would_say_the_base(
    remote: Repository, tmp_path: Path, content: bytes | None
) -> None:
    environment = event(tmp_path, "push", {})
    path = Path(environment["GITHUB_EVENT_PATH"])
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(RepositoryError) as raised:
        base_of(remote, environment=environment)
    assert (raised.value.problems[0].where, raised.value.problems[0].help) == ("GITHUB_EVENT_PATH", "name the base with --base")
    assert base_of(remote, environment={**environment, "GITHUB_EVENT_NAME": "schedule"}) is None
    assert commit_of(base_of(remote, environment=environment, named="main~1")) == rev(remote, "main~1")


def test_the_judged_repository_s_branches_and_tags_stay_as_they_are(remote: Repository, tmp_path: Path) -> None:
    remote.git("tag", "v9")
    clone = pull(remote, "clone", "refs/heads/topic", "--depth=1")
    before = clone.git("for-each-ref")
    base_of(clone, environment=event(tmp_path, "push", {"before": rev(remote, "main~2")}))
    assert clone.git("for-each-ref") == before
    assert not (clone.root / ".git" / "FETCH_HEAD").read_text("utf-8").count(rev(remote, "main~2"))


# -- partial clones


def test_a_partial_clone_gets_what_it_lacks_of_the_files_that_differ(remote: Repository, tmp_path: Path) -> None:
    remote.git("config", "uploadpack.allowFilter", "true")
    remote.git("config", "uploadpack.allowAnySHA1InWant", "true")
    base = remote.commit({"a.py": TEXT})
    remote.git("mv", "a.py", "moved.py")
    remote.commit({"moved.py": TEXT + "and more\n", "large.py": "x\n"})
    clone = remote.clone("clone", "--filter=blob:none")
    with pytest.raises(RepositoryError) as raised:
        history.changed_files(clone.root, base, [])
    assert "git fetch --refetch --no-filter" in raised.value.problems[0].help
    assert commit_of(base_of(clone, named=base, offline=True)) == commit_of(base_of(clone, named=base)) == base
    assert [(file.base, file.path) for file in history.changed_files(clone.root, base, [])] == [
        (None, "large.py"),
        ("a.py", "moved.py"),
    ]
    with history.base_tree(clone.root, base, tmp_path / "base") as tree:
        tree.check_out(["a.py"])
        assert (tree.root / "a.py").read_text("utf-8") == TEXT


def test_a_partial_clone_without_its_remote_is_an_error_with_a_remedy(remote: Repository) -> None:
    remote.git("config", "uploadpack.allowFilter", "true")
    base = rev(remote, "main")
    remote.git("mv", "a.py", "moved.py")
    remote.commit({"moved.py": "3\nand more\n"})
    clone = remote.clone("clone", "--filter=blob:none")
    shutil.move(remote.root, remote.root.parent / "gone")
    assert commit_of(base_of(clone, named=base)) == base
    with pytest.raises(RepositoryError) as raised:
        history.changed_files(clone.root, base, [])
    assert "git fetch --refetch --no-filter" in raised.value.problems[0].help
