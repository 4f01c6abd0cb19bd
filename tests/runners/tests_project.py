"""A project to test, made from texts, and what the gate says of it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates.adapters import process
from gates.model import Facts, Finding
from gates.runners.tests import GATE
from gates.testing import observe_and_parse

TWO_TESTS = "def test_a():\n    assert True\n\n\ndef test_b():\n    assert True\n"
WRONG = "def test_wrong():\n    assert 1 == 2\n"

ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Project:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "project"
        self.root.mkdir()
        self.runs = 0

    def write(self, files: Mapping[str, str]) -> Project:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return self

    def observe(self, options: Mapping[str, Any] | None = None, **settings: Any) -> Facts:
        """The facts of the project; its interpreter is the one that runs these tests, without the plug-ins that happen to be there."""
        self.runs += 1
        work = self.folder / f"work-{self.runs}"
        work.mkdir()
        chosen = {"python": sys.executable, **(options or {})}
        environment = ENVIRONMENT | settings.pop("environment", {})
        return observe_and_parse(GATE, root=self.root, work=work, options=chosen, environment=environment, **settings)

    def alone(self, *argv: str, environment: Mapping[str, str] | None = None) -> str:
        """What pytest says when it is run by hand: its exit code, and the numbers of its last line where it prints one."""
        code, output = self._run("-m", "pytest", "-q", "-p", "no:cacheprovider", *argv, environment=environment)
        numbers = re.search(r"^(\d+ .+?|no tests \w+) in [\d.]+s", output, re.MULTILINE)
        return f"exit code {code}" + (f", {numbers.group(1)}" if numbers else "")

    def covered_alone(self, *argv: str) -> str:
        """What coverage.py says when it is run by hand with the project's settings: the percentage that it prints."""
        self._run("-m", "coverage", "run", *argv, "-m", "pytest", "-q", "-p", "no:cacheprovider")
        return self.coverage_alone()

    def coverage_alone(self) -> str:
        code, output = self._run("-m", "coverage", "report", "--format=total")
        return f"exit code {code}, {output.strip()} %"

    def _run(self, *argv: str, environment: Mapping[str, str] | None = None) -> tuple[int | None, str]:
        variables = {**ENVIRONMENT, "PYTHONDONTWRITEBYTECODE": "1", **(environment or {})}
        done = process.run([sys.executable, *argv], cwd=self.root, env=variables, timeout=60, scratch=self.folder)
        return done.exit_code, done.stdout.decode()

    def raw(self, name: str) -> bytes:
        """A raw file of the last observation, before redaction."""
        (folder,) = (self.folder / f"work-{self.runs}").glob("raw*/tests")
        return (folder / name).read_bytes()


def counts(facts: Facts) -> dict[str, str]:
    return {item.name: str(item.value) for item in facts.measurements}


def skipped(facts: Facts) -> dict[str, str]:
    assert facts.examined is not None, facts.reason
    return {skip.item: skip.reason for skip in facts.examined.skipped}


def findings(facts: Facts, rule: str) -> list[Finding]:
    assert facts.examined is not None, facts.reason
    return [finding for finding in facts.findings if finding.rule == f"tests/{rule}"]
