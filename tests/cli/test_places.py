"""Which file and which folder a command line means, where a change could have put something of that name into the repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from gates.cli import sources
from gates.errors import UsageError
from tests.cli.conftest import Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]
STRICT = "version: 1\ngates: {secrets: {require: {findings: {max: 0}}}}\n"
WEAK = "version: 1\ngates: {secrets: {enforcement: warn}}\n"


def test_no_file_of_the_repository_takes_the_place_of_a_commit_s_floor(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--policy-from origin/main:floor.yaml` is of the commit, though a file, or a link, of the change is called so."""
    tip = repository.commit({"floor.yaml": STRICT})
    repository.git("update-ref", "refs/remotes/origin/main", tip)
    repository.commit({"weak.yaml": WEAK})
    (repository.root / "origin").mkdir()
    (repository.root / "origin" / "main:floor.yaml").symlink_to("../weak.yaml")
    monkeypatch.chdir(repository.root)
    found = sources.floor(repository.root, "origin/main:floor.yaml")
    assert (found.sources[-1].content.decode(), found.path) == (STRICT, None)
    assert sources.floor(repository.root, "./origin/main:floor.yaml").sources[-1].content.decode() == WEAK
    repository.git("tag", "origin/main", "HEAD")
    assert "may mean refs/" in str(_refused(repository, "origin/main:floor.yaml"))
    assert "not a commit of this repository" in str(_refused(repository, "origin/gone:floor.yaml"))


def _refused(repository: Repository, named: str) -> Exception:
    with pytest.raises(Exception, match=r"commit|mean") as raised:
        sources.floor(repository.root, named)
    return raised.value


def test_a_folder_behind_a_link_of_the_repository_is_not_judged(gates: Gates, repository: Repository) -> None:
    """A change could put the link there, to a folder with a policy that nothing stood before."""
    repository.commit({"shop/gates.yaml": STRICT, "other/gates.yaml": WEAK})
    (repository.root / "all").symlink_to(".")
    (repository.root / "linked").symlink_to("other")
    for named in ("linked", "all/other"):
        done = gates("-C", repository.root / named, "run")
        assert (done.code, "leads through a link of the repository to other" in done.err) == (UsageError.exit_code, True), done.err
    beside = repository.root.parent / "beside"
    beside.symlink_to(repository.root / "other")
    assert gates("-C", beside, "run").code == 0


NOWHERE = {"run": ["run"], "a plan": ["plan", "--parts", "2", "--out", "plan.json"], "adopting": ["init", "--adopt"]}


@pytest.mark.parametrize("command", NOWHERE)
def test_where_nothing_says_that_a_project_is_here_nothing_is_run(
    gates: Gates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "test_a.py").write_text("open('ran', 'w').close()\n\ndef test_a():\n    pass\n", "ascii")
    done = gates("-C", tmp_path, *NOWHERE[command])
    assert (done.code, "there is neither a git repository here nor a gates.yaml" in done.err) == (2, True)
    assert "`git init`, or `gates init`" in done.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["foreign", "test_a.py"]


def test_a_policy_alone_says_where_a_project_is(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "policy.yaml").write_text(WEAK, "ascii")
    (tmp_path / "gates.yaml").write_text(STRICT, "ascii")
    named = sources.asked(tmp_path / "other", str(tmp_path / "other" / "policy.yaml"), ())
    assert [asked.sources[-1].content.decode() for asked in (sources.asked(tmp_path, None, ()), named)] == [STRICT, WEAK]
