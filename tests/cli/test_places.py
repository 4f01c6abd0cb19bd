"""Which file and which folder a command line means, where a change could have put something of that name into the repository."""

from __future__ import annotations

from collections.abc import Callable

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
