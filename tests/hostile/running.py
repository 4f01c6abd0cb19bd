"""`gates run` on a made-up project, in a process of its own as anyone would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gates.model import Outcome
from tests.guarantees import Seen

#: As the action and careful people start it: nothing is looked for where we stand.
ISOLATED = (sys.executable, "-I", "-m", "gates.cli")
#: As it is started by name.
SCRIPT = (str(Path(sys.executable).with_name("gates")),)

#: One gate by an engine of ours, and one by a program of the project's.
POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  checks:
    uses: external
    options: {command: ["{python}", make_report.py, "{raw}/report.xml"], junit: report.xml}
"""
#: Writes a JUnit report; a function `look()`, put before it, may return what is to be said as a failure.
REPORT = """
import sys
from xml.sax.saxutils import quoteattr
said = look()
failure = f"<failure message={quoteattr(said)}/>" if said else ""
with open(sys.argv[1], "w") as stream:
    case = f'<testcase classname="a" name="one">{failure}</testcase>'
    stream.write(f'<testsuites><testsuite name="s" tests="1">{case}</testsuite></testsuites>')
"""
QUIET = "def look():\n    return ''\n"


def project(look: str = QUIET, policy: str = POLICY) -> dict[str, str]:
    """The files of a project with two gates, whose program does what `look` says."""
    return {"gates.yaml": policy, "make_report.py": look + REPORT}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that ended. `report` is its JSON document."""

    code: int
    report: Any
    out: str
    err: str

    def seen(self, gate: str = "") -> Seen:
        """The outcome of one gate, or of the run; where nothing was judged, that is errored. The text is all that was said."""
        gates = {item["gate"]: item for item in self.report["gates"]}
        verdict = gates[gate]["outcome"] if gate else self.report["verdict"]
        subject = self.report["subject"] or {}
        said = [f"commit {subject.get('commit')}, dirty {subject.get('dirty')}", *self.report["partial"], self.err]
        for item in gates.values():
            examined = item["examined"] or {"done": 0, "expected": 0, "unit": "items"}
            said += [
                *item["reasons"],
                item["remedy"],
                f"{item['gate']} examined {examined['done']} of {examined['expected']} {examined['unit']}",
            ]
            said += [f"{finding['rule']}: {finding['message']}" for finding in item["findings"]]
        return Seen(outcome=Outcome(verdict) if verdict else Outcome.ERRORED, text="\n".join(said))


def environment(**variables: str) -> dict[str, str]:
    """This process's environment without what a CI runner adds, and with these variables."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "GIT_"))} | variables


def gates(
    root: Path, *argv: str, start: Sequence[str] = ISOLATED, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Any command of `gates`, started in the project's folder."""
    return subprocess.run(
        [*start, *argv],
        cwd=cwd or root,
        env=env or environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        errors="replace",
    )


def run(root: Path, *argv: str, start: Sequence[str] = ISOLATED, env: Mapping[str, str] | None = None) -> Ran:
    done = gates(root, "run", "--format", "json", *argv, start=start, env=env)
    assert done.stdout, done.stderr
    return Ran(code=done.returncode, report=json.loads(done.stdout), out=done.stdout, err=done.stderr)
