"""Hooks under pre-commit and prek, beside the plain tools' own: a commit of five Python files, and a push of a project with 200 tests.

Cold is the first run on a machine: the runner makes the hooks' environments, with packages that pip takes from its cache. Warm are later
runs, each after a change. The plain tools are detect-secrets and bandit at a commit, pytest at a push; ours are `gates` and `gates-tests`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from commit import ROOT, change, repository
from measuring import GIT, measured

PROGRAMS = Path(sys.executable).parent
PLAIN = f"""\
repos:
  - repo: local
    hooks:
      - {{id: secrets, name: s, entry: detect-secrets-hook, language: python, types: [python], additional_dependencies: [detect-secrets]}}
      - id: bandit
        name: bandit
        entry: bandit -q
        language: python
        types: [python]
        require_serial: true
        additional_dependencies: [bandit]
      - id: tests
        name: tests
        entry: {PROGRAMS}/pytest -q
        language: system
        pass_filenames: false
        always_run: true
        stages: [pre-push]
"""
OURS = """\
repos:
  - repo: {product}
    rev: {commit}
    hooks: [{{id: gates}}, {{id: gates-tests}}]
"""
STAGES = {"commit": [], "push": ["--hook-stage", "pre-push"]}


def project(root: Path) -> Path:
    """Five modules and 200 tests that pass, with a policy for both stages, and the interpreter that its tests need."""
    repository(root)
    (root / "tests").mkdir()
    (root / "tests" / "test_all.py").write_text("".join(f"def test_{number}():\n    assert {number} < 200\n\n\n" for number in range(200)))
    policy = "version: 1\nextends: [baseline]\ngates:\n  secrets: {}\n  security: {}\n  tests: {options: {paths: [tests], python: %s}}\n"
    (root / "gates.yaml").write_text(policy % sys.executable, "utf-8")
    (root / ".gitignore").write_text("__pycache__/\n", "utf-8")
    subprocess.run([*GIT, "add", "--all"], cwd=root, check=True)
    subprocess.run([*GIT, "commit", "-q", "-m", "tests"], cwd=root, check=True)
    return root


def product(folder: Path) -> str:
    """This checkout's last commit as a hook runner clones it."""
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder)], check=True)
    return subprocess.run(["git", "rev-parse", "HEAD"], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/hooks", description="hooks beside the plain tools' own")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="so many warm runs of each")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, commit = project(folder / "project"), product(folder / "product")
        files = {"plain": PLAIN, "gates": OURS.format(product=folder / "product", commit=commit)}
        for kind, text in files.items():
            (folder / f"{kind}.yaml").write_text(text, "utf-8")
        print(f"{'runner':>10} {'stage':>7} {'hooks':>6} {'cold':>7} {'warm':>7} {'CPU':>7}   warm against the plain tools")
        number = 0
        for runner in ("pre-commit", "prek"):
            for stage, words in STAGES.items():
                found: dict[str, tuple[float, list[tuple[float, float]]]] = {}
                for kind in files:
                    home = str(folder / f"{runner}-{kind}-{stage}")
                    environment = {**os.environ, "PRE_COMMIT_HOME": home, "PREK_HOME": home, "GATES_CACHE_DIR": str(folder / "cache")}
                    command = [str(PROGRAMS / runner), "run", "-c", str(folder / f"{kind}.yaml"), *words]
                    costs = []
                    for _ in range(options.runs + 1):
                        number += 1
                        change(root, number)
                        if stage == "push":
                            subprocess.run([*GIT, "commit", "-q", "-m", str(number)], cwd=root, check=True)
                        costs.append(measured(command, root, environment))
                    found[kind] = costs[0][0], costs[1:]
                plain = statistics.median(wall for wall, _ in found["plain"][1])
                for kind, (cold, warm) in found.items():
                    wall, cpu = (statistics.median(item[index] for item in warm) for index in (0, 1))
                    print(f"{runner:>10} {stage:>7} {kind:>6} {cold:6.1f}s {wall:6.2f}s {cpu:6.2f}s   {wall / plain:.2f}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
