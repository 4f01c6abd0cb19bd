"""What it costs to hold a change against its base: whole runs on the same files, with a base and without, in turn within one sitting.

Without one there is a repository with a single commit; with one the same files are the second commit of two. The change brings findings of
several gates, so that their base has to be looked at: a run in which nothing is found looks at no base.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import string
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench-changes"
FLASK, _, FLASK_COMMIT = "https://github.com/pallets/flask@c34d6e81fd8e".partition("@")
POLICY = "version: 1\nextends: [baseline]\ngates: {security: {}, secrets: {}}\n"
_GIT = ("git", "-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
FAULT = f'''

TOKEN = "ghp_{string.ascii_letters[5:41]}"


def brew(order: str) -> None:
    """Asks the kettle."""
    subprocess.run(order, shell=True, check=True)
'''


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A project twice over: what is judged, with the base behind it and alone."""

    name: str
    with_base: Path
    without: Path
    options: tuple[str, ...] = ()


def git(root: Path, *argv: str) -> str:
    return subprocess.run([*_GIT, *argv], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a state")


def made(name: str, folder: Path, fill: Callable[[Path], object], change: Callable[[Path], object]) -> Sample:
    """Both repositories of a project that `fill` writes and `change` changes."""
    roots = folder / f"{name}-with", folder / f"{name}-without"
    for root in roots:
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch=main")
        fill(root)
        if root == roots[0]:
            commit(root)
        change(root)
        commit(root)
    return Sample(name=name, with_base=roots[0], without=roots[1])


def shop(folder: Path) -> Sample:
    """The example shop; the change adds a call of a shell, and a token of the host of its code."""

    def change(root: Path) -> None:
        module = root / "shop" / "carts.py"
        text = module.read_text("utf-8").replace("import threading\n", "import subprocess\nimport threading\n")
        module.write_text(text + FAULT, "utf-8")

    return made("shop", folder, lambda root: shutil.copytree(ROOT / "examples" / "shop", root, dirs_exist_ok=True), change)


def flask(folder: Path, clone: Path) -> Sample:
    """A merged change of Flask that touches files with some hundred findings, judged by the two gates that look file by file."""

    def fill(root: Path, revision: str = f"{FLASK_COMMIT}^1") -> None:
        archive = subprocess.run(["git", "archive", revision], cwd=clone, check=True, capture_output=True).stdout
        subprocess.run(["tar", "-x"], cwd=root, input=archive, check=True)
        (root / "gates.yaml").write_text(POLICY, "utf-8")

    return made("flask", folder, fill, lambda root: fill(root, FLASK_COMMIT))


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of one run: CPU of all its processes, and on the wall."""

    cpu: float
    wall: float


def cost(root: Path, *options: str) -> Cost:
    command = [str(Path(sys.executable).with_name("gates")), "-C", str(root), "run", "--offline", *options]
    environment: Mapping[str, str] = {
        **os.environ,
        "VIRTUAL_ENV": sys.prefix,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        child = subprocess.Popen(command, env=environment, stdout=output, stderr=output)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begun
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in {0, 1}:
            output.seek(0)
            raise SystemExit(f"the run in {root} ended with {child.returncode}:\n{output.read().decode()}")
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall)


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/base", description="what holding a change against its base costs")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="so many pairs of runs of each project")
    parser.add_argument("--projects", type=Path, default=WORK, metavar="FOLDER", help="where a clone of Flask is, or goes")
    options = parser.parse_args(argv)
    clone = options.projects / "flask"
    if not clone.exists():
        options.projects.mkdir(parents=True, exist_ok=True)
        git(ROOT, "clone", "--quiet", FLASK, str(clone))
    with tempfile.TemporaryDirectory() as folder:
        for sample in (flask(Path(folder), clone), shop(Path(folder))):
            for root in (sample.with_base, sample.without):
                cost(root)  # warms caches, and shows that it comes to a verdict
            pairs = [(cost(sample.with_base, "--base", "HEAD^"), cost(sample.without)) for _ in range(options.runs)]
            for what in ("cpu", "wall"):
                values = [(getattr(a, what), getattr(b, what)) for a, b in pairs]
                ratios = sorted(a / b for a, b in values)
                print(
                    f"{sample.name:6} {what:5} with a base {statistics.median(a for a, _ in values):6.2f} s, "
                    f"without {statistics.median(b for _, b in values):6.2f} s; "
                    f"ratio: min {ratios[0]:.2f}  median {statistics.median(ratios):.2f}  max {ratios[-1]:.2f}"
                )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
