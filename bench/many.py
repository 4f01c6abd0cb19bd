"""How a gate grows with what it examines: a tenth of it and the whole, cold, one gate alone, in wall time, CPU and memory.

1,000 packages, 5,000 tests, 500 pages (in one colour scheme), 1 GB of text in 100 files. Memory is the largest of any one process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from measuring import GIT, largest

GATES = str(Path(sys.executable).with_name("gates"))
LINE = b"the quick brown fox jumps over the lazy dog, and nothing of it is a secret\n"
ADVISORY = {
    "schema_version": "1.6.0",
    "id": "PYSEC-2026-1",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "A package that nobody here uses",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "elsewhere"}, "versions": ["1.0"]}],
}
PAGE = """<!doctype html>
<html lang="en"><head><title>Page {number}</title><meta name="viewport" content="width=device-width"></head>
<body><header><nav aria-label="Shop"><a href="/">Home</a></nav></header><main><h1>Page {number}</h1>{sections}</main></body></html>
"""
SECTION = "<section><h2>Item {item}</h2><p>What item {item} is.</p><label>Number <input type='number' name='n{item}'></label></section>"

Files = Iterator[tuple[str, bytes]]


def packages(number: int) -> Files:
    yield "requirements.txt", "".join(f"package-{item}=={item % 9}.{item % 7}.1\n" for item in range(number)).encode()
    yield "osv/PYSEC-2026-1.json", json.dumps(ADVISORY).encode()


def tests(number: int) -> Files:
    for module in range(number // 100):
        functions = (f"def test_{item}():\n    assert {item} < 100\n\n\n" for item in range(100))
        yield f"tests/test_module{module:03}.py", "".join(functions).encode()


def pages(number: int) -> Files:
    for page in range(number):
        sections = "".join(SECTION.format(item=item) for item in range(20))
        yield f"public/page{page:03}.html", PAGE.format(number=page, sections=sections).encode()


def text(megabytes: int) -> Files:
    for file in range(100):
        yield f"data/file{file:03}.txt", LINE * (megabytes * 10_000 // len(LINE))


#: What is examined, by name: how many of it, its files, and the gate with its options.
KINDS: dict[str, tuple[int, Callable[[int], Files], str]] = {
    "packages": (1_000, packages, "dependencies: {options: {sources: [requirements.txt], advisories: ./osv, max-age: 0s}}"),
    "tests": (5_000, tests, "tests: {options: {paths: [tests]}}"),
    "pages": (500, pages, "accessibility: {timeout: 60m, options: {pages: ['*.html'], serve: {directory: public}}}"),
    "megabytes": (1_000, text, "secrets: {}"),
}


def repository(root: Path, files: Files, gate: str) -> Path:
    policy = f"version: 1\nextends: [baseline]\ngates:\n  {gate}\n"
    for name, content in chain(files, [("gates.yaml", policy.encode())]):  # one after another: a child counts as its own what we hold here
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    for words in (("init", "-q", "-b", "main", "."), ("add", "--all"), ("commit", "-q", "-m", "all")):
        subprocess.run([*GIT, *words], cwd=root, check=True)
    return root


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/many", description="how a gate grows with what it examines")
    parser.add_argument("--only", nargs="+", choices=list(KINDS), default=list(KINDS), metavar="NAME", help=", ".join(KINDS))
    options = parser.parse_args(argv)
    environment = {**os.environ, "GATES_CACHE_DIR": ""}
    print(f"{'what':>18} {'wall':>8} {'CPU':>8} {'memory':>8}")
    for kind in options.only:
        whole, files, gate = KINDS[kind]
        for number in (whole // 10, whole):
            with tempfile.TemporaryDirectory() as name:
                root = repository(Path(name, "tree"), files(number), gate)
                wall, cpu, memory = largest([GATES, "run", "--no-cache", "--base", "HEAD"], root, environment)
            print(f"{number:8} {kind:9} {wall:7.2f}s {cpu:7.2f}s {memory:6.0f}MB", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
