"""A local Actions runner (act in host mode) in which a consumer uses this action by owner and name, and what it said, as it said it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

import gates
from tests.repository import Repository

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKOUT = "actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1"
USES = "quality-gates/quality-gates@main"
RELEASED = f"quality-gates/quality-gates@v{gates.__version__}"
_NESTED = {"actions/upload-artifact": "upload", "actions/download-artifact": "download"}
#: What stands in for the nested actions of artifacts: see artifacts.py.
_ARTIFACTS = """\
name: artifacts
description: artifacts in a folder
inputs: {%s}
runs:
  using: composite
  steps: [{shell: bash, env: {WITH: "${{ toJSON(inputs) }}"}, run: '"$PYTHON" -I "$STAND_IN" %s'}]
"""
_INPUTS = ("name", "path", "pattern", "merge-multiple", "overwrite", "archive", "retention-days", "if-no-files-found")
#: Stands in for what these tests never reach, and for code scanning, which a fork may not write to: both fail.
_FAILS = """\
name: fails
description: fails
inputs: {sarif_file: {description: f}, python-version: {description: p}, update-environment: {description: u}}
runs: {using: composite, steps: [{shell: bash, run: exit 1}]}
"""


@dataclass(frozen=True)
class Run:
    """A workflow that ended, with the runner's own stream of events."""

    code: int
    events: list[dict[str, Any]]
    log: str
    artifacts: Path

    def outputs(self, step: str, job: str = "gates") -> dict[str, str]:
        """What the step handed over to its workflow."""
        return {event["name"]: event["arg"] for event in self._of(job, [step]) if event.get("command") == "set-output"}

    def annotations(self, step: str, job: str = "gates") -> list[dict[str, Any]]:
        """Each annotation with its level, words and place."""
        return [
            {"level": event["command"], "words": event["arg"], **event.get("kvPairs", {})}
            for event in self._of(job, None, step)
            if event.get("command") in ("error", "warning", "notice")
        ]

    def summary(self, step: str, job: str = "gates") -> str:
        return "".join(event["content"] for event in self._of(job, None, step) if event.get("command") == "summary")

    def result(self, step: str, job: str = "gates") -> str:
        """`success` or `failure` of a step."""
        (found,) = [event["stepResult"] for event in self._of(job, [step]) if event.get("stage") == "Main" and "stepResult" in event]
        return str(found)

    def results(self) -> dict[str, str]:
        """The result of each job, by its id and, in a matrix, its part."""
        return {f"{event['jobID']}{event['matrix'].get('part', '')}": event["jobResult"] for event in self.events if event.get("jobResult")}

    def _of(self, job: str, step: list[str] | None, within: str = "") -> Iterator[dict[str, Any]]:
        for event in self.events:
            named = event.get("stepID") or [""]
            if event.get("jobID") == job and (named == step if step else named[0] == within):
                yield event


def act(
    folder: Path, consumer: Repository, workflow: str, event: str = "push", payload: Mapping[str, Any] | None = None, **env: str
) -> Run:
    """Run a workflow in a consumer's repository."""
    product = _product(folder / "product")
    store = folder / "artifacts"
    store.mkdir(exist_ok=True)
    (folder / "workflow.yml").write_text(workflow, "utf-8")
    (folder / "event.json").write_text(json.dumps(payload or {}), "utf-8")
    local = {USES: product, RELEASED: product, **_stand_ins(folder / "nested")}
    variables = {"ARTIFACTS": str(store), "PYTHON": sys.executable, "STAND_IN": str(Path(__file__).with_name("artifacts.py")), **env}
    command = [str(Path(sys.executable).parent / "act"), event, "--json", "-P", "ubuntu-latest=-self-hosted"]
    command += ["-W", str(folder / "workflow.yml"), "-e", str(folder / "event.json")]
    command += [f"--local-repository={name}={path}" for name, path in local.items()]
    command += [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "GIT_CONFIG_GLOBAL": "/dev/null"}
    done = subprocess.run(command, cwd=consumer.root, env=environment, capture_output=True, text=True, check=False, timeout=600)
    log = done.stdout + done.stderr
    return Run(done.returncode, [json.loads(line) for line in log.splitlines() if line.startswith("{")], log, store)


def _product(folder: Path) -> Path:
    """What a consumer's runner checks out of this repository."""
    if not folder.exists():
        for name in ("gates", "policies", "scripts", ".github"):
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("action.yml", "pyproject.toml", "README.md", "LICENSE"):
            shutil.copy(ROOT / name, folder / name)
    return folder


def _stand_ins(folder: Path) -> dict[str, Path]:
    """By the pin of each nested action, what stands in for it."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    found = {}
    for pin in (step["uses"] for step in steps if "uses" in step):
        name, _, commit = pin.partition("@")
        repository = "/".join(name.split("/")[:2])
        place = folder / repository / name.removeprefix(repository).lstrip("/")
        place.mkdir(parents=True, exist_ok=True)
        inputs = ", ".join(f"{one}: {{description: i}}" for one in _INPUTS)
        verb = _NESTED.get(repository)
        (place / "action.yml").write_text(_ARTIFACTS % (inputs, verb) if verb else _FAILS, "utf-8")
        found[f"{repository}@{commit}"] = folder / repository
    return found
