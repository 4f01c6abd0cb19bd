"""What it takes to verify, and to write, a bundle of some 60 files and 20 MB: against reading and hashing the same bytes.

Everything is measured within one sitting, in turn, each in a process of its own. The bundle is a real run's: pytest, bandit and the
secret scan look at a small project, and further gates read reports of real runs, repeated until they are large.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests, which are no part of the package

from defusedxml.ElementTree import fromstring  # noqa: E402

from gates import canonical, registry  # noqa: E402
from gates.cli.main import main as gates  # noqa: E402
from gates.evidence import archive, bundle  # noqa: E402
from gates.evidence.verify import Expectation, verify  # noqa: E402
from gates.facts import read_facts  # noqa: E402
from gates.judge.decide import decide  # noqa: E402
from gates.policy.compose import compose  # noqa: E402
from gates.report import html  # noqa: E402
from tests.repository import Repository  # noqa: E402

KINDS = {"junit": "xml", "sarif": "sarif"}
RUNS = int(os.environ.get("BENCH_RUNS", "7"))
SUITES, SUITE_COPIES, SCANS, SCAN_COPIES = 5, 950, 2, 300
POLICY: dict[str, Any] = {
    "version": 1,
    "extends": ["baseline"],
    "gates": {"tests": {"options": {"paths": ["tests"]}}, "secrets": {}, "security": {"options": {"paths": ["app"]}}},
}
TESTS = """\
import pytest
from app.shop import price

@pytest.mark.parametrize("count", range(40))
def test_price(count):
    assert price(count) == count * 3
"""
APP = '''\
"""What tea costs."""
import subprocess

def price(count):
    return count * 3

def brew():
    subprocess.call("kettle on", shell=True)
'''
#: Children: each prints the seconds of CPU that its work took, and its peak memory.
ROLES: dict[str, Callable[[Path], object]] = {}


def role(function: Callable[[Path], object]) -> Callable[[Path], object]:
    ROLES[function.__name__] = function
    return function


@role
def nothing(path: Path) -> None:
    """Nothing: the process, with all that is imported."""


@role
def hashing(path: Path) -> None:
    """Read the bytes once and hash them: the least that any verifier does."""
    with path.open("rb") as stream:
        hashlib.file_digest(stream, "sha256")


@role
def reading(path: Path) -> None:
    """The archive: each byte read, its checksum, the canonical form."""
    archive.read_file(path)


@role
def opening(path: Path) -> None:
    """The archive and the manifest: each member's hash, and our own JSON in it."""
    bundle.read(path)


@role
def verifying(path: Path) -> None:
    """The whole of `gates verify` but its words."""
    found = verify(path, Expectation(allow_unsigned=True), lambda record: html.render(record, bundle=None))
    if found.code > 3:
        raise SystemExit(f"the bundle does not verify: {[answer.words for answer in found.answers]}")


@role
def writing(path: Path) -> None:
    """Pack and write the members that `opening` gave."""
    bundle.write(path.with_name("again.zip"), MEMBERS)


@role
def hashing_members(path: Path) -> None:
    """Hash the members and write them in one go: the least that any writer does."""
    with path.with_name("plain").open("wb") as stream:
        for content in MEMBERS.values():
            hashlib.sha256(content)
            stream.write(content)
        os.fsync(stream.fileno())


MEMBERS: dict[str, bytes] = {}
_WRITERS = {"writing", "hashing_members"}


def child(name: str, path: Path) -> None:
    if name in _WRITERS:
        MEMBERS.update(archive.read_file(path))
    for gate in ("tests", "external", "secrets", "security"):
        registry.find(gate)
    begun = time.process_time()
    ROLES[name](path)
    print(json.dumps({"seconds": time.process_time() - begun, "memory": peak()}))


def peak() -> int:
    """The most memory that this process had, in bytes. What `getrusage` says on Linux may be its parent's."""
    status = Path("/proc/self/status")
    if status.exists():
        return int(status.read_text().partition("VmHWM:")[2].split()[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measured(name: str, path: Path) -> dict[str, float]:
    done = subprocess.run([sys.executable, __file__, name, str(path)], check=True, capture_output=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def command(*argv: str) -> float:
    """Wall seconds of one command, start of the process and all."""
    begun = time.perf_counter()
    done = subprocess.run([str(Path(sys.executable).with_name("gates")), *argv], capture_output=True, check=False)
    if done.returncode > 3:
        raise SystemExit(done.stdout.decode() + done.stderr.decode())
    return time.perf_counter() - begun


def main() -> int:
    """Print what each step takes, in how much memory, and how often the least that any verifier or writer does fits into it."""
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder))
        members = archive.read_file(path)
        size = sum(map(len, members.values()))
        print(f"{len(members)} members, {size / 1e6:.1f} MB; medians of {RUNS} runs, in seconds of CPU")
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in ROLES}
        commands = {"gates --version": ["--version"], "gates verify": ["verify", str(path), "--allow-unsigned"]}
        whole: dict[str, list[float]] = {name: [] for name in commands}
        for _ in range(RUNS):
            for name in ROLES:
                runs[name].append(measured(name, path))
            for name, argv in commands.items():
                whole[name].append(command(*argv))
        bare = statistics.median(run["memory"] for run in runs["nothing"])
        for name, found in runs.items():
            base = "hashing_members" if name in _WRITERS else "hashing"
            ratio = statistics.median(run["seconds"] / of["seconds"] for run, of in zip(found, runs[base], strict=True))
            memory = statistics.median(run["memory"] for run in found)
            figures = f"{_middle(found):8.1f} ms {ratio:6.2f} x {base:15} {memory / 2**20:5.0f} MiB ({(memory - bare) / 2**20:+.0f})"
            print(f"{name:16} {figures}  {' '.join((ROLES[name].__doc__ or '').split())}")
        for name, seconds in whole.items():
            print(f"{name:16} {statistics.median(seconds) * 1000:8.1f} ms, the process and all")
        split(path)
    return 0


def _middle(found: list[dict[str, float]]) -> float:
    return statistics.median(run["seconds"] for run in found) * 1000


def split(path: Path) -> None:
    """Where the time of verifying goes, gate by gate, beside the parsers of Python alone."""
    contents = bundle.read(path)
    record = contents.record
    hashed = timed(lambda: [canonical.sha256(content) for content in contents.members.values()])
    print(f"\nhashing the members in this process: {hashed * 1000:.1f} ms; of the rest, in ms:")
    for facts in record.facts:
        raw = contents.raw[facts.gate]
        seconds = timed(lambda: read_facts(registry.find(facts.uses), facts.gate, raw, facts.parser))  # noqa: B023 (called at once)
        print(f"{seconds * 1000:8.1f}  parsing {facts.gate} again, {sum(map(len, raw.values())) / 1e6:.1f} MB")
    print(f"{timed(lambda: [canonical.of(facts) for facts in record.facts]) * 1000:8.1f}  writing facts again, canonically")
    print(f"{timed(lambda: compose(contents.sources, record.context.stage, registry.find)) * 1000:8.1f}  composing the policy again")
    print(f"{timed(lambda: decide(record.policy, record.context, record.facts, record.base)) * 1000:8.1f}  judging again")
    print(f"{timed(lambda: html.render(record, bundle=None)) * 1000:8.1f}  rendering the page again")
    print(f"{timed(lambda: plainly(contents.members)) * 1000:8.1f}  the floor: Python's own parsers of JSON and XML, on raw output")


def plainly(members: Mapping[str, bytes]) -> None:
    """Parse raw output, and do nothing with it."""
    for name, content in members.items():
        if name.startswith("raw/") and name.endswith((".json", ".sarif")):
            json.loads(content)
        elif name.startswith("raw/") and name.endswith(".xml"):
            fromstring(content)


def timed(work: Callable[[], object]) -> float:
    """Seconds of the quickest of three."""
    return min(_once(work) for _ in range(3))


def _once(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


# -- the bundle


def make(folder: Path) -> Path:
    """A run of a small project, then one whose further gates read what that run gave, many times over."""
    repository = Repository(folder)
    files = {"gates.yaml": json.dumps(POLICY), "app/__init__.py": "", "app/shop.py": APP, "tests/test_shop.py": TESTS}
    repository.commit(files)
    small, large = folder / "small.zip", folder / "large.zip"
    run(repository, small)
    members = archive.read_file(small)
    gates_of = dict(POLICY["gates"])
    for name, kind, content in reports(members, small):
        (repository.root / f"{name}.{kind}").write_bytes(content)
        copy = ["{python}", "-c", "import shutil, sys; shutil.copy(*sys.argv[1:])", f"{name}.{kind}", f"{{raw}}/report.{KINDS[kind]}"]
        options = {"command": copy, kind: f"report.{KINDS[kind]}"} | ({"inventory": ["app/**/*.py"]} if kind == "sarif" else {})
        gates_of[name] = {"uses": "external", "enforcement": "warn", "options": options}
    repository.commit({".gitignore": "*.junit\n*.sarif\n", "gates.yaml": json.dumps(POLICY | {"gates": gates_of})})
    run(repository, large)
    return large


def reports(members: dict[str, bytes], small: Path) -> Iterator[tuple[str, str, bytes]]:
    """Reports of the real run, each many times over with other names and lines in it."""
    junit = members["raw/tests/run-junit.xml"]
    suite = junit[junit.index(b"<testsuite ") : junit.rindex(b"</testsuite>") + len(b"</testsuite>")]
    for number in range(SUITES):
        many = (suite.replace(b"test_shop", b"test_%d_%d" % (number, copy)) for copy in range(SUITE_COPIES))
        yield f"suite-{number}", "junit", b"<testsuites>" + b"".join(many) + b"</testsuites>"
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        gates(["report", str(small), "--format", "sarif"])
    for number in range(SCANS):
        log = json.loads(output.getvalue())
        for run in log["runs"]:
            run["results"] = [moved(result, copy) for copy in range(SCAN_COPIES) for result in run["results"]]
        yield f"scan-{number}", "sarif", json.dumps(log).encode()


def moved(result: dict[str, Any], copy: int) -> dict[str, Any]:
    """A finding of the scan in another line."""
    other: dict[str, Any] = json.loads(json.dumps(result))
    for place in other.get("locations", ()):
        place["physicalLocation"]["region"]["startLine"] += copy
    other.pop("partialFingerprints", None)
    return other


def run(repository: Repository, path: Path) -> None:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = gates(["-C", str(repository.root), "run", "--bundle", str(path)])
    if code not in {0, 1}:
        raise SystemExit(f"the run ended with {code}")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        child(sys.argv[1], Path(sys.argv[2]))
    else:
        sys.exit(main())
