"""Whole runs of `gates run` as a process of its own, in a repository whose other gates have findings, and what must hold after each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gates.cli.main import main
from gates.model import Outcome
from tests.guarantees import Seen
from tests.repository import Repository
from tests.runners.samples import SECRETS

#: A shell lets what it starts in the background ignore Ctrl-C, and so would this child.
GATES = [
    "-c",
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from gates.cli.main import run; run()",
]
#: What the gate `secrets` finds in every repository of this laboratory, however the gate beside it breaks.
LEAK = "secrets/aws-access-key"
POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  broken:
    uses: external
    timeout: 20s
    options: {command: ["{python}", tool.py, "{raw}/report.xml"], junit: report.xml}
"""
#: What a tool writes that found nothing: each broken tool writes it first, so that only the fault keeps the gate from green.
REPORT = """\
import sys
open(sys.argv[1], "w").write('<testsuites><testsuite name="s" tests="1"><testcase classname="a" name="one"/></testsuite></testsuites>')
"""


@dataclass(frozen=True)
class Done:
    """How a run ended. `code` is negative where it was killed; `left` are processes that are still there."""

    code: int
    out: str
    err: str
    left: list[str]
    evidence: Path

    def report(self) -> Any:
        return json.loads(self.out)

    def gate(self, name: str) -> Any:
        return next(gate for gate in self.report()["gates"] if gate["gate"] == name)

    def rules(self) -> list[str]:
        return [finding["rule"] for gate in self.report()["gates"] for finding in gate["findings"]]

    def bundles(self) -> list[Path]:
        return sorted(self.evidence.glob("*.zip"))


@dataclass(kw_only=True)
class Lab:
    """A repository with a secret in it, and a mark that everything started in it bears in its working directory or command line."""

    folder: Path
    python: str = sys.executable
    repository: Repository = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / "tmp").mkdir()
        self.repository = Repository(self.folder)
        self.commit({"gates.yaml": POLICY, "tool.py": REPORT, "app.py": f'KEY = "{SECRETS["aws"]}"\n'})

    @property
    def root(self) -> Path:
        return self.repository.root

    def commit(self, files: Mapping[str, str]) -> None:
        self.repository.commit(files)

    def tool(self, code: str) -> None:
        """The tool of the gate `broken` writes a report that would pass, and then does this."""
        self.commit({"tool.py": REPORT + code})

    def start(self, *argv: str, prefix: Sequence[str] = (), **settings: Any) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TMPDIR": str(self.folder / "tmp"), **settings.pop("env", {})}
        settings = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "start_new_session": True, **settings}
        command = [*prefix, self.python, *GATES, "-C", str(self.root), "run", "--format", "json", *argv]
        return subprocess.Popen(command, env=environment, cwd=self.folder, **settings)

    def run(self, *argv: str, **settings: Any) -> Done:
        return self.finish(self.start(*argv, **settings))

    def finish(self, child: subprocess.Popen[bytes]) -> Done:
        try:
            out, err = child.communicate(timeout=90)
        finally:
            child.kill()
        return Done(child.returncode, (out or b"").decode(), (err or b"").decode(), self.left(), self.root / ".gates" / "evidence")

    def left(self) -> list[str]:
        """Processes that work in a folder of ours or name one, as `pid command`; those that have ended are not among them."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                place = os.readlink(entry / "cwd")  # noqa: PTH115 (a folder that is gone has a name that is no path)
            except OSError:
                continue
            if int(entry.name) != os.getpid() and str(self.folder) in place + command:
                found.append(f"{entry.name} {command}")
        return found


def check_whole(done: Done) -> None:
    """Nothing is left: no process, no half bundle; a bundle that is there is intact and its verdict follows from it."""
    assert done.left == []
    assert done.code != 0
    for path in done.bundles():
        assert main(["verify", str(path), "--allow-unsigned"]) in (1, 3, 9), path


def seen_errored(done: Done) -> Seen:
    """What the broken gate says, where all holds that must: the run is red, the other gate's finding is in report and bundle."""
    check_whole(done)
    assert done.report()["verdict"] in ("failed", "errored")
    assert LEAK in done.rules()
    assert LEAK.encode() in done.bundles()[-1].read_bytes()
    gate = done.gate("broken")
    assert done.code in (130, -9) or gate["remedy"] or gate["outcome"] != "errored", gate
    return Seen(outcome=Outcome(gate["outcome"]), text="\n".join([*gate["reasons"], gate["remedy"] or ""]))


def seen_ended(done: Done) -> Seen:
    """What is said where the run itself could not go on: one document, never green, words on standard error too."""
    check_whole(done)
    (problem, *_) = done.report()["errors"]
    assert problem["help"]
    assert problem["error"] in done.err
    return Seen(outcome=Outcome.ERRORED, text=f"exit code {done.code}: {problem['error']}; {problem['help']}")


def together(*calls: Callable[[], Done]) -> list[Done]:
    """Runs at the same time."""
    results: list[Done] = []
    threads = [threading.Thread(target=lambda call=call: results.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert len(results) == len(calls)
    return results
