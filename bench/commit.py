"""The commit stage on five staged Python files, against pre-commit and prek with the hooks of detect-secrets and bandit. Wall time and CPU.

All ways take turns within one sitting; before each the five files are changed and staged. The hooks' programs are installed already, as in
every run of a hook but the first. What a hook's environment takes to install, and on the disk, is said below.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from measuring import GIT, measured

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = Path(sys.executable).parent
FILES = [f"src/module{number}.py" for number in range(5)]
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n"
HOOKS = {
    "plain.yaml": {"detect-secrets": f"{PROGRAMS}/detect-secrets-hook", "bandit": f"{PROGRAMS}/bandit -q"},
    "gates.yaml": {"gates": f"{PROGRAMS}/gates run --stage commit"},
}


def repository(root: Path) -> Path:
    """Five modules of 7 kB, committed."""
    (root / "src").mkdir(parents=True)
    for number, name in enumerate(FILES):
        functions = (
            f"def total_{number}_{item}(prices: list[int], rate: float = 0.2) -> float:\n"
            f'    """What somebody pays for all of it, with the rate of item {item}."""\n'
            f"    found = [price for price in prices if price > {item}]\n    return sum(found) * (1 + rate)\n"
            for item in range(30)
        )
        (root / name).write_text("\n\n".join(functions), "utf-8")
    (root / "gates.yaml").write_text(POLICY, "utf-8")
    for words in (("init", "-q", "-b", "main", "."), ("add", "--all"), ("commit", "-q", "-m", "five modules")):
        subprocess.run([*GIT, *words], cwd=root, check=True)
    return root


def configuration(folder: Path, name: str) -> str:
    """A configuration of pre-commit's whose hooks are programs that are installed."""
    lines = [
        f"      - {{id: {hook}, name: {hook}, entry: {entry}, language: system, types: [python], require_serial: true}}"
        for hook, entry in HOOKS[name].items()
    ]
    (folder / name).write_text("\n".join(["repos:", "  - repo: local", "    hooks:", *lines, ""]), "utf-8")
    return str(folder / name)


def change(root: Path, number: int) -> None:
    for name in FILES:
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(f"\nNUMBER = {number}\n")
    subprocess.run([*GIT, "add", "--all"], cwd=root, check=True)


def installed(folder: Path) -> tuple[float, float]:
    """Seconds to install the hook's environment, with packages that were downloaded before, and the megabytes that it adds."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    before, began = size(folder), time.perf_counter()
    words = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(ROOT))
    subprocess.run([str(folder / "bin" / "python"), *words], check=True, capture_output=True)
    return time.perf_counter() - began, size(folder) - before


def size(folder: Path) -> float:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink()) / 1e6


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/commit", description="the commit stage against pre-commit")
    parser.add_argument("--runs", type=int, default=7, metavar="N", help="so many runs in each way")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root = repository(folder / "repository")
        environment = {**os.environ, "GATES_CACHE_DIR": str(folder / "cache"), "PRE_COMMIT_HOME": str(folder / "pre-commit")}
        environment["PREK_HOME"] = str(folder / "prek")
        gates = [str(PROGRAMS / "gates"), "run", "--stage", "commit", *FILES]
        hooks = {file: [str(PROGRAMS / "pre-commit"), "run", "-c", configuration(folder, file)] for file in HOOKS}
        ways = {
            "pre-commit, detect-secrets and bandit": hooks["plain.yaml"],
            "gates": gates,
            "pre-commit, gates": hooks["gates.yaml"],
            "prek, detect-secrets and bandit": [str(PROGRAMS / "prek"), *hooks["plain.yaml"][1:]],
            "prek, gates": [str(PROGRAMS / "prek"), *hooks["gates.yaml"][1:]],
            "bandit alone": [str(PROGRAMS / "bandit"), "-q", *FILES],
        }
        costs: dict[str, list[tuple[float, float]]] = {way: [] for way in (*ways, "gates, the same files again")}
        for number in range(options.runs + 1):
            for way, words in ways.items():
                change(root, number * len(ways) + list(ways).index(way))
                costs[way].append(measured(words, root, environment))
                if way == "gates":
                    costs["gates, the same files again"].append(measured(words, root, environment))
        installs = [installed(folder / f"environment{number}") for number in range(3)]
    plain = costs["pre-commit, detect-secrets and bandit"][1:]
    print(f"{'way':40} {'wall':>7} {'CPU':>7}   wall against the first, median (min to max)")
    for way, found in costs.items():  # but the first of each, which loads what the others have at hand
        ratios = sorted(item[0] / other[0] for item, other in zip(found[1:], plain, strict=True))
        wall, cpu = (statistics.median(item[index] for item in found[1:]) for index in (0, 1))
        print(f"{way:40} {wall:6.2f}s {cpu:6.2f}s   {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")
    seconds, megabytes = (statistics.median(item[index] for item in installs[1:]) for index in (0, 1))
    print(f"a hook's environment: {seconds:.1f} s to install, {megabytes:.0f} MB more than an empty one")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
