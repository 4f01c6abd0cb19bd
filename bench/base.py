"""What it costs to hold a change against its base: whole runs on the same files, with a base and without, in turn within one sitting.

Without one there is a repository with a single commit; with one the same files are the second commit of two. The change brings findings of
several gates, so that their base has to be looked at: a run in which nothing is found looks at no base. With a bundle, what the gates saw
there is taken from the signed evidence of a run on the first commit.
"""

from __future__ import annotations

import argparse
import json
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
    """A project twice over: what is judged, with the base behind it and alone. `bundle` is that of a run at the base, signed by `key`."""

    name: str
    with_base: Path
    without: Path
    bundle: Path
    key: Path

    def ways(self) -> dict[str, tuple[Path, tuple[str, ...]]]:
        """How the same is judged: in which repository, and with which options."""
        base = ("--base", "HEAD^")
        by_bundle = (*base, "--base-bundle", str(self.bundle), "--key", f"{self.key}.pub")
        return {"with a base": (self.with_base, base), "by a bundle": (self.with_base, by_bundle), "without": (self.without, ())}


def git(root: Path, *argv: str) -> str:
    return subprocess.run([*_GIT, *argv], cwd=root, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path) -> None:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "a state")


def made(name: str, folder: Path, fill: Callable[[Path], object], change: Callable[[Path], object]) -> Sample:
    """Both repositories of a project that `fill` writes and `change` changes."""
    roots = folder / f"{name}-with", folder / f"{name}-without"
    bundle, key = folder / f"{name}.zip", folder / f"{name}-key"
    for root in roots:
        root.mkdir()
        git(root, "init", "--quiet", "--initial-branch=main")
        fill(root)
        if root == roots[0]:
            commit(root)
            cost(root, "run", "--no-cache", "--offline", "--bundle", str(bundle))
            cost(root, "keygen", str(key))
            cost(root, "sign", str(bundle), "--sign-key", str(key))
        change(root)
        commit(root)
    return Sample(name=name, with_base=roots[0], without=roots[1], bundle=bundle, key=key)


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
    """Seconds of one command: CPU of all its processes, and on the wall."""

    cpu: float
    wall: float


def cost(root: Path, *argv: str) -> Cost:
    command = [str(Path(sys.executable).with_name("gates")), "-C", str(root), *argv]
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
            raise SystemExit(f"{argv[0]} in {root} ended with {child.returncode}:\n{output.read().decode()}")
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall)


def runs_of(sample: Sample, count: int) -> dict[str, list[Cost]]:
    """So many runs in each way, in turn. The first of each is not counted: it warms caches, and shows that it comes to a verdict."""
    ways = sample.ways()
    found: dict[str, list[Cost]] = {way: [] for way in ways}
    for _ in range(count + 1):
        for way, (root, options) in ways.items():
            found[way].append(cost(root, "run", "--no-cache", "--offline", *options))
    proves_its_use(sample)
    return {way: costs[1:] for way, costs in found.items()}


def proves_its_use(sample: Sample) -> None:
    """Stops where the bundle told nothing of any gate: then it was measured what it costs to look again."""
    root, options = sample.ways()["by a bundle"]
    made = sample.bundle.with_name(f"{sample.name}-judged")
    cost(root, "run", "--no-cache", "--offline", "--bundle", str(made), *options)
    gates = json.loads((made / "change.json").read_bytes())["gates"]
    if not any(gate.get("bundle") for gate in gates):
        raise SystemExit(f"nothing was taken from the bundle of the base of {sample.name}: {gates}")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/base", description="what holding a change against its base costs")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="so many runs of each project in each way")
    parser.add_argument("--projects", type=Path, default=WORK, metavar="FOLDER", help="where a clone of Flask is, or goes")
    options = parser.parse_args(argv)
    clone = options.projects / "flask"
    if not clone.exists():
        options.projects.mkdir(parents=True, exist_ok=True)
        git(ROOT, "clone", "--quiet", FLASK, str(clone))
    with tempfile.TemporaryDirectory() as folder:
        for sample in (flask(Path(folder), clone), shop(Path(folder))):
            costs = runs_of(sample, options.runs)
            for what in ("cpu", "wall"):
                values = {way: [getattr(item, what) for item in found] for way, found in costs.items()}
                for way, found in values.items():
                    ratios = sorted(a / b for a, b in zip(found, values["without"], strict=True))
                    print(
                        f"{sample.name:6} {what:5} {way:12} {statistics.median(found):6.2f} s; "
                        f"ratio: min {ratios[0]:.2f}  median {statistics.median(ratios):.2f}  max {ratios[-1]:.2f}",
                        flush=True,
                    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
