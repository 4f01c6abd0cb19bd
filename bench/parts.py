"""A run in parts against one run: the wall of two parts on two cores, how evenly five share 1,000 tests, and whether the facts are equal.

A suite that only computes is run once on one core (`taskset`), then by two parts at the same time, each on a core of its own; what the plan
and the judge take is counted with the parts. The tests of a file take from 0.5 to 1.5 of the usual time, as a fixed sequence says.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

GATES = str(Path(sys.executable).with_name("gates"))
_GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
_POLICY = "version: 1\nextends: [baseline]\ngates:\n  tests: {options: {python: %s}, timeout: 20m}\n"
_BURN = """\
import time

import pytest


def burn(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end:
        pass


@pytest.mark.parametrize("seconds", %s)
def test_it(seconds):
    burn(seconds)
"""


def lengths(files: int, tests: int, seconds: float, spread: float) -> list[list[float]]:
    """How long each test of each file computes: around a mean, by up to `spread` of it, `seconds` together."""
    shares = [[1 + spread * ((file * 7919 + test * 104729) % 201 - 100) / 100 for test in range(tests)] for file in range(files)]
    whole = sum(map(sum, shares))
    return [[round(share / whole * seconds, 4) for share in row] for row in shares]


def repository(folder: Path, suite: list[list[float]]) -> Path:
    root = folder / "suite"
    root.mkdir(parents=True)
    (root / "gates.yaml").write_text(_POLICY % sys.executable)
    for number, row in enumerate(suite):
        (root / f"test_{number:03}.py").write_text(_BURN % row)
    for words in (("init", "-q", "-b", "main", "."), ("add", "--all"), ("commit", "-q", "-m", "a suite")):
        subprocess.run([*_GIT, *words], cwd=root, check=True)
    return root


def started(root: Path, *argv: str, core: int | None = None) -> subprocess.Popen[bytes]:
    pinned = ["taskset", "-c", str(core)] if core is not None else []
    environment = {**os.environ, "GATES_CACHE_DIR": "", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    return subprocess.Popen([*pinned, GATES, *argv], cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def wait(*processes: subprocess.Popen[bytes]) -> list[float]:
    """The CPU of each with all its children, in seconds. A command that fails ends the benchmark."""
    found = []
    for process in processes:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        found.append(used.ru_utime + used.ru_stime)
    for process in processes:
        if process.returncode != 0:
            raise SystemExit(f"{process.args!r} ended with {process.returncode}")
    return found


def member(path: Path, name: str) -> bytes:
    with zipfile.ZipFile(path) as file:
        return file.read(name)


def in_parts(root: Path, out: Path, parts: int, before: Path | None, cores: Sequence[int]) -> tuple[Path, list[float], list[float]]:
    """The judged bundle of a run in parts; how long the tests of each took, and its CPU. As many parts at once as there are cores given."""
    plan = out / "plan.json"
    durations = ["--durations", str(before)] if before else []
    wait(started(root, "plan", "--parts", str(parts), *durations, "--out", str(plan)))
    paths = [out / f"part-{number}.zip" for number in range(1, parts + 1)]
    used: list[float] = []
    for first in range(0, parts, len(cores)):
        some = list(enumerate(paths, 1))[first : first + len(cores)]
        argv = [("observe", str(plan), "--part", str(number), "--out", str(path)) for number, path in some]
        used += wait(*(started(root, *words, core=core) for words, core in zip(argv, cores, strict=False)))
    judged = out / "judged.zip"
    wait(started(root, "judge", str(plan), *map(str, paths), "--bundle", str(judged)))
    walls = [json.loads(member(path, "part.json"))["gates"][0]["run"]["duration_ms"] / 1000 for path in paths]
    return judged, walls, used


def check(root: Path, whole: Path, judged: Path) -> None:
    """The bundle of the parts must verify, and have the facts and the decision of one run."""
    wait(started(root, "verify", str(judged), "--allow-unsigned"))
    for name in ("facts/tests.json", "decision.json"):
        if member(whole, name) != member(judged, name):
            raise SystemExit(f"{name} of the parts is not that of one run")
    print("  the judged bundle verifies, and its facts and its decision are those of one run")


def given(cores: Sequence[int], seconds: float) -> float:
    """How long two plain loops of half the work at once take against one of all of it: half, where the machine gives two whole cores."""
    loop = "import sys, time\nend = time.process_time() + float(sys.argv[1])\nwhile time.process_time() < end: pass"

    def wall(work: float, on: Sequence[int]) -> float:
        began = time.perf_counter()
        for process in [subprocess.Popen(["taskset", "-c", str(core), sys.executable, "-c", loop, str(work)]) for core in on]:
            process.wait()
        return time.perf_counter() - began

    return wall(seconds / 2, cores) / wall(seconds, cores[:1])


def two(folder: Path, seconds: float) -> None:
    root, whole = repository(folder, lengths(12, 10, seconds, 0.5)), folder / "whole.zip"
    cores = sorted(os.sched_getaffinity(0))[:2]
    began = time.perf_counter()
    (alone,) = wait(started(root, "run", "--bundle", str(whole), core=cores[0]))
    one = time.perf_counter() - began
    print(f"two plain loops at once against one after another: {given(cores, seconds / 4):.3f}")
    for name, before in (("without durations", None), ("by durations", whole)):
        out = folder / name.replace(" ", "-")
        out.mkdir()
        began = time.perf_counter()
        judged, walls, used = in_parts(root, out, 2, before, cores)
        both = time.perf_counter() - began
        took = " and ".join(f"{wall:.1f}" for wall in walls)
        print(f"120 tests, {name}: one run {one:.1f} s, two parts {both:.1f} s ({took} s of tests), ratio {both / one:.3f}")
        print(f"  CPU: {alone:.1f} s, and of the parts {' and '.join(f'{item:.1f}' for item in used)} s: {max(used) / alone:.3f}")
        check(root, whole, judged)


def five(folder: Path, seconds: float) -> None:
    root, whole = repository(folder, lengths(40, 25, seconds, 1.0)), folder / "whole.zip"
    cores = sorted(os.sched_getaffinity(0))[:2]
    wait(started(root, "run", "--bundle", str(whole)))
    judged, walls, used = in_parts(root, folder, 5, whole, cores[:1])
    for what, found in (("wall of the tests", walls), ("CPU", used)):
        took = ", ".join(f"{item:.2f}" for item in found)
        print(f"1,000 tests in five parts, {what}: {took} s, the slowest against the mean {max(found) / statistics.mean(found):.3f}")
    check(root, whole, judged)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/parts", description="a run in parts against one run")
    parser.add_argument("--seconds", type=float, default=60, metavar="N", help="how long the suite for two parts computes")
    parser.add_argument("--only", choices=("two", "five"), help="this one alone")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        if options.only != "five":
            two(Path(name, "two"), options.seconds)
        if options.only != "two":
            five(Path(name, "five"), options.seconds / 2)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
