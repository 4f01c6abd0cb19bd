"""Six gates in one run against the same six tools by hand: `make -j2`, and one after another. Wall time, and CPU of all children.

All ways take turns within one sitting. The shop is copied to a repository of its own, with a cache of its own; "cold" is a run without
what earlier ones saw. The orchestrator's own CPU is told from its engines' by what the system counts for its process and for its children.
"""

from __future__ import annotations

import argparse
import http.server
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from measuring import GIT, measured

from gates.adapters.browser import newest_axe

ROOT = Path(__file__).resolve().parent.parent
SHOP = ROOT / "examples" / "shop"


#: What the shop's gates look at, said in its policy: which option each line comes after.
_INPUTS = {
    "      paths: [tests]\n": "      inputs: [shop, tests, openapi.yaml, pyproject.toml]\n",
    "      schema: openapi.yaml\n": "      inputs: [shop, requirements.txt]\n",
    "      standard: wcag22aa\n": "      inputs: [shop, requirements.txt]\n",
}
#: Runs the command line, and writes what the process used itself and what its children did, in seconds of CPU.
_COUNTED = """
import resource, sys
import gates.cli.run as command
from gates.cli.main import main
execute = command.execute
def counted(options):
    code = execute(options)
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    with open(sys.argv[1], "w") as file:
        file.write(" ".join(str(each.ru_utime + each.ru_stime) for each in used))
    return code
command.execute = counted
sys.exit(main(sys.argv[2:]))
"""


class Advisories(http.server.BaseHTTPRequestHandler):
    """A service that knows of no vulnerability, and says so at once: what pip-audit waits for elsewhere is not counted here."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None: ...


def copied(folder: Path, name: str = "shop", *, inputs: bool = False) -> Path:
    root = folder / name
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns("__pycache__", ".gates", ".venv"))
    if inputs:
        policy = (root / "gates.yaml").read_text("utf-8")
        for line, more in _INPUTS.items():
            policy = policy.replace(line, line + more)
        (root / "gates.yaml").write_text(policy, "utf-8")
    for words in (("init", "-q", "-b", "main", "."), ("add", "--all"), ("commit", "-q", "-m", "the shop")):
        subprocess.run([*GIT, *words], cwd=root, check=True)
    return root


def share(root: Path, environment: dict[str, str], folder: Path) -> float:
    """The CPU of a cold run's own process as a share of that of its engines."""
    said = folder / "used"
    measured([sys.executable, "-c", _COUNTED, str(said), "run", "--base", "HEAD", "--no-cache"], root, environment)
    own, children = map(float, said.read_text("utf-8").split())
    return own / children


def three_files(root: Path, number: int) -> None:
    """What a change of words is: two documents and the style."""
    for name in ("README.md", "docs/runbooks/tests.md", "docs/runbooks/secrets.md"):
        with (root / name).open("a", encoding="utf-8") as file:
            file.write(f"\nA line more, the {number}th.\n")


def three_modules(root: Path, number: int) -> None:
    """Three modules of the service: nearly all depends on them."""
    for path in sorted((root / "shop").glob("*.py"))[:3]:
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n# a line more, the {number}th\n")


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/shop", description="six gates against the same tools by hand")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="so many runs in each way")
    options = parser.parse_args(argv)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Advisories)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        root, named, out = copied(folder), copied(folder, "named", inputs=True), folder / "out"
        out.mkdir()
        environment = {**os.environ, "GATES_CACHE_DIR": str(folder / "cache")}
        environment.pop("CI", None)
        run = [str(Path(sys.executable).with_name("gates")), "run", "--base", "HEAD"]
        by_hand = ["make", "-s", "-f", str(ROOT / "bench" / "by_hand.mk"), f"OUT={out}", f"BENCH={ROOT / 'bench'}"]
        by_hand.append(f"AXE={newest_axe().path}")
        by_hand.append(f"ADVISORIES=http://127.0.0.1:{server.server_address[1]}")

        def after(change: Callable[[Path, int], None], number: int, root: Path = root) -> tuple[float, float]:
            change(root, number)
            return measured(run, root, environment)

        ways: dict[str, Callable[[int], tuple[float, float]]] = {
            "cold": lambda _: measured([*run, "--no-cache"], root, environment),
            "nothing changed": lambda _: measured(run, root, environment),
            "three documents": lambda number: after(three_files, number),
            "three documents, inputs named": lambda number: after(three_files, number, named),
            "three modules": lambda number: after(three_modules, number),
            "make -j2": lambda _: measured([*by_hand, "-j2", "all"], root, environment),
            "one after another": lambda _: measured([*by_hand, "-j1", "all"], root, environment),
        }
        for each in (root, named):
            measured(run, each, environment)
        time.sleep(3)  # what was written a moment ago is not believed to be as it was
        costs: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
        for number in range(options.runs):
            for way, work in ways.items():
                costs[way].append(work(number))
        shares = sorted(share(root, environment, folder) for _ in range(options.runs))
    print(f"{'way':30} {'wall':>7} {'CPU':>7}   wall against cold, median (min to max)")
    for way, found in costs.items():
        ratios = sorted(item[0] / cold[0] for item, cold in zip(found, costs["cold"], strict=True))
        wall, cpu = (statistics.median(item[index] for item in found) for index in (0, 1))
        print(f"{way:30} {wall:6.2f}s {cpu:6.2f}s   {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    for way in ("make -j2", "one after another"):
        ratios = sorted(cold[0] / item[0] for item, cold in zip(costs[way], costs["cold"], strict=True))
        print(f"cold against {way}: {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})")
    print(f"CPU of its own process to that of its engines: {statistics.median(shares):.3f} ({shares[0]:.3f} to {shares[-1]:.3f})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
