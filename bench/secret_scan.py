"""The secret scan beside others: CPU of whole processes, in turn within one sitting. Called by `bench/secrets`.

Ours is started as the gate starts it, with the list of files that git would give. The others look at the same files in a folder without
git's own. They know other kinds of secret, more of them, and read no YAML or INI as such: what they cost is compared, not what they find.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

DRIVER = Path(__file__).resolve().parent.parent / "gates" / "drivers" / "secrets_driver.py"
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
ENGINE = os.environ.get("BENCH_ENGINE", "0") == "1"
#: How each of the others is started, without a way to the network.
PEERS: Mapping[str, tuple[str, ...]] = {
    "gitleaks": ("dir", ".", "--no-banner", "--exit-code", "0"),
    "betterleaks": (".",),
    "kingfisher": ("scan", ".", "--turbo", "--no-validate", "--no-update-check", "--git-history", "none", "--format", "json"),
}
STAGED = 5


def main() -> int:
    """Print costs and ratios of each folder; exit code 1 where one of the others is quicker than our default mode, or findings differ."""
    peers, folders = Path(sys.argv[1]).resolve(), [Path(word).resolve() for word in sys.argv[2:]]
    programs = {name: _program(peers, name) for name in PEERS}
    slower = 0
    with tempfile.TemporaryDirectory() as scratch:
        trees = [_tree(folder, Path(scratch) / folder.name) for folder in folders]
        for tree in [_staged(trees[0], Path(scratch) / "staged"), *trees]:
            slower += _compare(tree, programs)
    return int(slower > 0)


def _program(peers: Path, name: str) -> Path:
    """The program within its package: not the script that starts Python to start it."""
    # one of them brings a program by another's name
    (folder,) = [path for path in peers.iterdir() if name in path.name]
    found = [path for path in folder.rglob(name) if path.is_file() and path.read_bytes()[:4] == b"\x7fELF"]
    if len(found) != 1:
        raise SystemExit(f"{len(found)} programs {name} below {folder}: remove that folder, and run this again")
    return found[0]


def _tree(source: Path, target: Path) -> Path:
    """The regular files of a folder without git's own."""
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns(".git"))
    for path in target.rglob("*"):
        if path.is_symlink():
            path.unlink()
    return target


def _staged(tree: Path, target: Path) -> Path:
    """Five files of ordinary size, as of one commit: the first of Python that are neither small nor large."""
    target.mkdir()
    for path in [path for path in sorted(tree.rglob("*.py")) if 4_000 < path.stat().st_size < 12_000][:STAGED]:
        shutil.copyfile(path, target / path.name)
    return target


def _compare(tree: Path, programs: Mapping[str, Path]) -> bool:
    files = sorted(path.relative_to(tree).as_posix() for path in tree.rglob("*") if path.is_file())
    size = sum((tree / name).stat().st_size for name in files)
    print(f"\n{tree.name}: {len(files)} files, {size / 1e6:.1f} MB")
    requests = {mode: _request(tree, files, mode) for mode in ("strict", "compat")}
    sides = {mode: _ours(request) for mode, request in requests.items()}
    sides |= {name: [str(program), *PEERS[name]] for name, program in programs.items()}
    for argv in sides.values():
        cpu(argv, tree)  # warms caches, and shows that it works
    rounds = [{name: cpu(argv, tree) for name, argv in sides.items()} for _ in range(RUNS)]
    for name in sides:
        values = [costs[name] for costs in rounds]
        ratio = statistics.median(costs["strict"] / costs[name] for costs in rounds)
        spread = f"min {min(values):.3f}  median {statistics.median(values):.3f}  max {max(values):.3f}"
        print(f"{name:12} CPU s: {spread}   strict is {ratio:.2f} of it")
    slower = [name for name in programs if statistics.median(costs["strict"] / costs[name] for costs in rounds) > 1]
    same = _engine(tree, requests["compat"]) if ENGINE else True
    return bool(slower) or not same


def _request(tree: Path, files: Sequence[str], mode: str) -> Path:
    request = tree.parent / f"{tree.name}-{mode}.json"
    asked = {"root": str(tree), "files": files, "names": files, "mode": mode, "baseline": "", "accepted": ""}
    request.write_text(json.dumps(asked), "utf-8")
    return request


def _ours(request: Path) -> list[str]:
    return [sys.executable, "-I", "-B", str(DRIVER), str(request)]


def _engine(tree: Path, request: Path) -> bool:
    """detect-secrets itself, once, and once more ours in `compat`: whether both find the same in the same places."""
    argv = [str(Path(sys.executable).with_name("detect-secrets")), "scan", "-n", "--all-files", "."]
    with tempfile.TemporaryFile() as theirs, tempfile.TemporaryFile() as ours:
        whole, part = cpu(argv, tree, theirs), cpu(_ours(request), tree, ours)
        found, expected = (json.load(_begin(output)) for output in (ours, theirs))
    by_us = Counter((entry["path"], hit["line"]) for entry in found["files"] for hit in entry["hits"] if hit["suppressed_by"] is None)
    by_them = Counter((path.removeprefix("./"), item["line_number"]) for path, items in expected["results"].items() for item in items)
    print(f"detect-secrets CPU s: {whole:.1f}; ours in compat {part:.3f}, 1/{whole / part:.0f} of it")
    print(f"findings: {by_us.total()} and {by_them.total()}, {'the same' if by_us == by_them else 'NOT THE SAME'}")
    return by_us == by_them


def _begin(output: Any) -> Any:
    output.seek(0)
    return output


def cpu(argv: Sequence[str], folder: Path, output: Any = subprocess.DEVNULL) -> float:
    """CPU seconds, user and system, of one process with all its children."""
    child = subprocess.Popen(
        argv,
        cwd=folder,
        env={**os.environ, "LC_ALL": "C.UTF-8"},
        stdout=output,
        stderr=subprocess.PIPE if argv[0] == sys.executable else subprocess.DEVNULL,
    )
    said = child.stderr.read() if child.stderr else b""
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    # with findings some of them end with a code of their own
    if child.returncode < 0 or (argv[0] == sys.executable and child.returncode != 0):
        raise SystemExit(f"{argv[0]} ended with {child.returncode}\n{said.decode('utf-8', 'replace')}")
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
