"""Takes each defence out, one after another, and runs the tests that reach it: every one must turn red.

Runs in a checkout that it may change (`scripts/mutate` makes one). Which tests reach a line is measured first; what runs
in an engine's process is out of sight of that measurement, so the tests of its gate are taken.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import coverage
from mutants import Mutant, every

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "build" / "mutants.coverage"
RESULTS = ROOT / "build" / "mutants.jsonl"
TIMEOUT = 1800
#: How many tests run together: few first, since most mutants are noticed by the tests that are nearest.
BATCHES = (6, 40)
#: The tests of what runs in an engine's process, by the begin of the driver's name; quick ones first.
DRIVERS = {
    "audit": ["tests/drivers/test_audit_*.py", "tests/*/test_dependencies*.py"],
    "axe": ["tests/drivers/test_axe_*.py", "tests/*/test_accessibility*.py"],
    "bandit": ["tests/drivers/test_bandit_*.py", "tests/*/test_security.py"],
    "contracts_canary": ["tests/traps/test_contracts.py", "tests/runners/test_contracts.py"],
    "contracts": ["tests/drivers/test_contracts_*.py", "tests/hostile/test_contracts.py", "tests/[!h]*/test_contracts.py"],
    "pytest": [
        "tests/runners/test_tests_inventory.py",
        "tests/traps/test_tests*.py",
        "tests/hostile/test_tests*.py",
        "tests/runners/test_tests*.py",
    ],
    "secrets": ["tests/drivers/test_secrets_*.py", "tests/*/test_secrets*.py"],
}
#: Tests that reach a file out of sight of the measurement: as it is imported, or in whole runs that are processes of their own.
UNSEEN = {
    "gates/adapters/git.py": ["tests/adapters/test_git.py", "tests/hostile/test_repositories.py"],
    "gates/adapters/guard.py": ["tests/faults/test_runs.py", "tests/faults/test_tools.py"],
    "gates/adapters/own.py": ["tests/hostile/test_environment.py"],
    "gates/adapters/process.py": ["tests/faults/test_tools.py"],
    "gates/runners/tests/tampering.py": ["tests/hostile/test_tests*.py"],
}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 where a mutant survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--measure", action="store_true", help="measure anew which tests reach which line, then stop")
    parser.add_argument("--only", default="", help="files whose path holds this")
    parser.add_argument("--part", default="0/1", help="K/N: every Nth mutant from the Kth on")
    parser.add_argument("--nearest", type=int, default=0, metavar="N", help="run the N nearest tests alone: what then survives may not")
    parser.add_argument("--again", type=Path, metavar="FILE", help="only what survived by this file of results")
    parser.add_argument("--tests", nargs="+", default=[], metavar="FILE", help="run these tests, in this order, instead of those measured")
    options = parser.parse_args(argv)
    part, parts = map(int, options.part.split("/"))
    if options.measure:
        return measure(part, parts)
    reach = reached()
    chosen = [mutant for mutant in every(ROOT) if options.only in mutant.path]
    if options.again:
        left = {line["mutant"] for line in map(json.loads, options.again.read_text("utf-8").splitlines()) if line["verdict"] != "killed"}
        chosen = [mutant for mutant in chosen if mutant.name in left]
    chosen = chosen[part::parts]
    survivors = 0
    for mutant in chosen:
        tests = options.tests or tests_of(mutant, reach)
        tests = tests[: options.nearest] if options.nearest else tests
        survived = not tests or survives(mutant, tests)
        survivors += survived
        verdict = ("never reached" if not tests else "SURVIVED") if survived else "killed"
        print(f"{verdict:13} {mutant.name}", flush=True)
        with RESULTS.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"mutant": mutant.name, "verdict": verdict, "tests": len(tests)}) + "\n")
    print(f"{len(chosen)} defences taken out, {survivors} not noticed")
    return 1 if survivors else 0


def measure(part: int, parts: int) -> int:
    """Run every Nth file of tests once, and keep which test reached which line."""
    files = [path.relative_to(ROOT).as_posix() for path in sorted(ROOT.glob("tests/**/test_*.py")) if "examples" not in path.parts]
    DATA.parent.mkdir(exist_ok=True)
    DATA.unlink(missing_ok=True)
    environment = {**os.environ, "COVERAGE_FILE": str(DATA), "COVERAGE_CORE": "ctrace", "PYTHONPATH": str(ROOT / "scripts")}
    command = [sys.executable, "-m", "coverage", "run", "--source", "gates", "--concurrency", "thread"]
    command += ["-m", "pytest", "-q", "-p", "mutate_contexts", "-p", "no:cacheprovider", "-p", "no:xdist", *files[part::parts]]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


def reached() -> dict[str, dict[int, list[str]]]:
    """For each file its lines, and for each line what reaches it, nearest first: ids of tests, or a whole file of tests.

    A test is the nearer the less it reaches in all.
    """
    found: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    for measured in DATA.parent.glob(f"{DATA.name}*"):
        data = coverage.CoverageData(str(measured))
        data.read()
        for path in data.measured_files():
            name = f"gates/{path.rpartition('/gates/')[2]}"  # each part was measured in a clone of its own
            for line, contexts in data.contexts_by_lineno(path).items():
                found[name][line].update(context for context in contexts if context)
    sizes = Counter(context for lines in found.values() for contexts in lines.values() for context in contexts)
    return {
        name: {line: sorted(contexts, key=lambda context: (sizes[context], context)) for line, contexts in lines.items()}
        for name, lines in found.items()
    }


def tests_of(mutant: Mutant, reach: dict[str, dict[int, list[str]]]) -> list[str]:
    """What must run to notice, nearest first."""
    if mutant.path.startswith("gates/drivers/"):
        name = mutant.path.removeprefix("gates/drivers/")
        patterns = next(patterns for begin, patterns in DRIVERS.items() if name.startswith(begin))
        return list(dict.fromkeys(path.relative_to(ROOT).as_posix() for pattern in patterns for path in sorted(ROOT.glob(pattern))))
    lines = reach.get(mutant.path, {})
    # A part of a statement is measured with the statement's first line.
    contexts = next((lines[line] for line in range(mutant.line, mutant.line - 12, -1) if lines.get(line)), [])
    whole = {context for context in contexts if "::" not in context}
    near = [context for context in contexts if context in whole or context.partition("::")[0] not in whole]
    unseen = [path.relative_to(ROOT).as_posix() for pattern in UNSEEN.get(mutant.path, ()) for path in sorted(ROOT.glob(pattern))]
    return [*near, *(path for path in unseen if path not in near)]


def survives(mutant: Mutant, tests: list[str]) -> bool:
    """Whether all these tests stay green without the defence. The file is put back whatever happens."""
    path = ROOT / mutant.path
    source = path.read_bytes()
    path.write_bytes(mutant.apply(source))
    try:
        return all(_green(some) for some in _batches(tests))
    finally:
        path.write_bytes(source)


def _batches(tests: list[str]) -> Iterator[list[str]]:
    for size in (*BATCHES, len(tests)):
        if tests:
            yield tests[:size]
        tests = tests[size:]


def _green(tests: list[str]) -> bool:
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(command, cwd=ROOT, capture_output=True, timeout=TIMEOUT, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False  # a run that does not end is red


if __name__ == "__main__":
    sys.exit(main())
