"""A pull request on a made-up project, judged by `gates run` as a job of GitHub judges it: the merge that it would make is checked out."""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from gates.cli.main import main
from gates.model import Outcome
from tests.guarantees import Seen
from tests.repository import Repository

#: Files by their path; None takes one away.
Files = Mapping[str, str | None]
#: What files alone can't say: links, attributes, another history.
Prepare = Callable[[Repository], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that ended: its exit code, its JSON document, and where its bundle lies."""

    code: int
    report: Any
    bundle: Path
    said: str

    def seen(self) -> Seen:
        """The verdict, errored where nothing was judged, and everything that was said."""
        verdict = self.report["verdict"]
        return Seen(outcome=Outcome(verdict) if verdict else Outcome.ERRORED, text=self.said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change: the files `before` it, and what it writes and takes away.

    `meanwhile` is what is merged into `main` after it was begun. `begun` is done in the tree of `before`, `prepare` in that of the
    change. Where it is not `merged`, its own commit is checked out.
    """

    before: Files
    change: Files
    meanwhile: Files = field(default_factory=dict)
    begun: Prepare | None = None
    prepare: Prepare | None = None
    merged: bool = True


class PullRequest:
    """The repository of a proposal in a folder, with the merge checked out that GitHub would make to try it."""

    def __init__(self, folder: Path, proposal: Proposal) -> None:
        self.folder = folder
        self.said = ""
        self.repository = Repository(folder)
        commit(self.repository, proposal.before)
        self.tip = self._committed({}, proposal.begun) if proposal.begun else self.repository.git("rev-parse", "HEAD")
        self.repository.git("checkout", "-q", "-b", "proposed")
        self.head = self._committed(proposal.change, proposal.prepare)
        if proposal.meanwhile:
            self.repository.git("checkout", "-q", "main")
            self.tip = commit(self.repository, proposal.meanwhile)
        if not proposal.merged:
            self.repository.git("update-ref", "refs/remotes/origin/main", self.tip)
        self.repository.git("checkout", "-q", "--detach", "main" if proposal.merged else "proposed")
        if proposal.merged:
            self.repository.git("merge", "-q", "--no-ff", "-m", "merge", "proposed")

    def _committed(self, files: Files, prepare: Prepare | None) -> str:
        write(self.repository, files)
        if prepare is not None:
            prepare(self.repository)
        return commit(self.repository, {})

    def event(self) -> dict[str, Any]:
        return {"pull_request": {"number": 7, "head": {"sha": self.head}, "base": {"sha": self.tip, "ref": "main"}}}

    def judge(self, *argv: str, variables: Mapping[str, str] | None = None, online: bool = False) -> Ran:
        """`gates run` with these options in a job of this pull request, with these variables beside."""
        path = self.folder / "event.json"
        path.write_text(json.dumps(self.event()), "utf-8")
        job = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(path), **(variables or {})}
        bundle = self.folder / "run.zip"
        bundle.unlink(missing_ok=True)
        network = [] if online else ["--offline"]
        command = ["-C", str(self.repository.root), "run", *network, "--format", "json", "--bundle", str(bundle)]
        page = self.folder / "said.txt"
        page.unlink(missing_ok=True)
        with _environment(job), _captured() as (out, err):
            code = main([*command, "--report", f"text={page}", *argv])
        said = "\n".join([page.read_text("utf-8") if page.is_file() else "", out.getvalue(), err.getvalue()])
        return Ran(code=code, report=json.loads(out.getvalue()), bundle=bundle, said=" ".join(said.split()))

    def verify(self, ran: Ran) -> int:
        """What `gates verify` answers of the bundle."""
        with _captured() as (out, _):
            code = main(["verify", str(ran.bundle), "--allow-unsigned"])
        self.said = out.getvalue()
        return code


def commit(repository: Repository, files: Files) -> str:
    """Write and take away files, and commit all that changed."""
    write(repository, files)
    return repository.commit({})


def write(repository: Repository, files: Files) -> None:
    for name, content in files.items():
        path = repository.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_text(content, "utf-8")


@contextlib.contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """This process's environment without what a CI runner adds, and with these variables."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith(("GITHUB_", "GIT_"))]:
            patch.delenv(name)
        for name, value in variables.items():
            patch.setenv(name, value)
        yield


@contextlib.contextmanager
def _captured() -> Iterator[tuple[io.StringIO, io.StringIO]]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        yield out, err
