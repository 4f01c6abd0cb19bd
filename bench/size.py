"""A change of ten files in trees of 1,000 to 100,000: the file gates (`secrets`, `security`), warm, in wall time, CPU and memory.

Each tree is examined once, so that what did not change need not be examined again; then ten files change before each run. Besides: the
start of the command (`gates --version` against an interpreter that does nothing), and what `git status` takes on the same tree, which any
tool has to pay that wants to know what changed.
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

import plot
from measuring import GIT, largest

GATES = str(Path(sys.executable).with_name("gates"))
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {timeout: 60m}, security: {timeout: 60m}}\n"
CHANGED = 10


def tree(root: Path, files: int) -> Path:
    """A repository of so many modules of 0.4 kB, a hundred in a folder."""
    root.mkdir()
    for number in range(files):
        folder = root / f"part{number // 100:04}"
        folder.mkdir(exist_ok=True)
        functions = "".join(f"def f{item}(x: int) -> int:\n    return x * {number + item}\n\n\n" for item in range(8))
        (folder / f"module{number % 100:02}.py").write_text(f'"""Module {number}."""\n\n\n{functions}', "utf-8")
    (root / "gates.yaml").write_text(POLICY, "utf-8")
    for words in (("init", "-q", "-b", "main", "."), ("add", "--all"), ("commit", "-q", "-m", "all")):
        subprocess.run([*GIT, *words], cwd=root, check=True)
    return root


def change(root: Path, number: int) -> None:
    for name in range(CHANGED):
        with (root / "part0003" / f"module{name:02}.py").open("a", encoding="utf-8") as file:
            file.write(f"x = {number}\n")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/size", description="how a run grows with the tree")
    parser.add_argument("--files", type=int, nargs="+", default=[1_000, 10_000, 100_000], metavar="N", help="sizes of trees")
    parser.add_argument("--runs", type=int, default=3, metavar="N", help="so many runs on each")
    parser.add_argument("--plot", type=Path, metavar="PATH", help="draw how it grows into this file, as SVG")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        environment = {**os.environ, "GATES_CACHE_DIR": str(Path(name, "cache"))}
        environment.pop("CI", None)
        first: float | None = None
        lines: dict[str, list[tuple[float, float]]] = {"cold, s": [], "ten changed, s": [], "git status, s": [], "memory, GB": []}
        print(f"{'files':>8} {'cold':>8} {'warm':>8} {'CPU':>8} {'memory':>8} {'git status':>11}   warm against the first")
        for files in options.files:
            root = tree(Path(name, f"tree{files}"), files)
            run = [GATES, "run", "--base", "HEAD"]
            cold = largest(run, root, environment)
            change(root, 0)
            largest(run, root, environment)  # a first run keeps nothing of files that were written a moment before
            found = []
            for number in range(1, options.runs + 1):
                change(root, number)
                found.append(largest(run, root, environment))
            wall, cpu, memory = (statistics.median(item[index] for item in found) for index in range(3))
            status = statistics.median(largest(["git", "status", "--porcelain"], root, environment)[0] for _ in range(3))
            first = first or wall
            for line, value in zip(lines.values(), (cold[0], wall, status, memory / 1024), strict=True):
                line.append((files, value))
            print(f"{files:8} {cold[0]:7.2f}s {wall:7.2f}s {cpu:7.2f}s {memory:6.0f}MB {status:10.3f}s   {wall / first:.2f}", flush=True)
        if options.plot:
            options.plot.write_text(plot.svg(lines, across="files in the tree", up="seconds, gigabytes"), "utf-8")
        starts = {
            "gates --version": [GATES, "--version"],
            "python -I -c pass": [sys.executable, "-I", "-c", "pass"],
        }
        walls: dict[str, list[float]] = {way: [] for way in starts}
        for _ in range(21):
            for way, words in starts.items():
                walls[way].append(largest(words, Path(name), environment)[0])
        ratio = statistics.median(a / b for a, b in zip(walls["gates --version"], walls["python -I -c pass"], strict=True))
        print(f"gates --version against python -I -c pass: {ratio:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
