"""What it takes to write 10,000 findings to every report and to a bundle, against the same facts as JSON. Called by `bench/findings`.

The findings are those of `bench/page`. As JSON the facts are written by the standard library, from plain dictionaries and from our own
objects; all ways take turns, by the CPU of this process.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]  # for the tests' records, which are no part of the package

from page import realistic  # noqa: E402

from gates import codec  # noqa: E402
from gates.cli import output  # noqa: E402
from gates.evidence import bundle, redactions  # noqa: E402
from gates.model import Record  # noqa: E402
from gates.redact import Redactor  # noqa: E402
from gates.report import html  # noqa: E402

#: As many secrets as a run may meet: all that is written is searched for them.
SECRETS = {f"correct-horse-battery-{number:04}-staple": [f"env:NAME_{number}"] for number in range(20)}


def ways(record: Record, folder: Path) -> dict[str, Callable[[], object]]:
    facts = [codec.encode(item) for item in record.facts]
    said = json.dumps(facts).encode()
    found: dict[str, Callable[[], object]] = {
        "facts as JSON": lambda: (folder / "facts.json").write_text(json.dumps(facts), "utf-8"),
        "facts as JSON, from objects": lambda: (folder / "facts.json").write_text(
            json.dumps([codec.encode(item) for item in record.facts]), "utf-8"
        ),
        "bundle, with its page": lambda: _bundle(record, folder, said),
    }
    return found | {kind: partial(_report, record, folder, kind) for kind in output.FORMATS}


def _report(record: Record, folder: Path, kind: str) -> None:
    output.write_report(folder / kind, output.render(kind, record, bundle=None, code=1))


def _bundle(record: Record, folder: Path, raw: bytes) -> None:
    """As `gates run` writes it: every member is searched for secrets, listed with its digest, and packed."""
    redactor, seen = Redactor(SECRETS), {"security": {"scan.json": raw}}
    redactor.mask(raw)
    members = bundle.members_of(record, (), seen)
    whole = replace(record, content_digest=bundle.content_digest(members))
    members |= {bundle.PAGE: html.render(whole, bundle=None).encode(), redactions.NAME: redactions.of(members, (), frozenset(), redactor)}
    bundle.write(folder / "bundle.zip", bundle.seal(whole, members, redactor))


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/findings", description="every report and the bundle, against the facts as JSON")
    parser.add_argument("--findings", type=int, default=10_000, metavar="N")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="so many times in each way")
    options = parser.parse_args(argv)
    record = realistic(options.findings)
    with tempfile.TemporaryDirectory() as folder:
        timed: dict[str, list[float]] = {}
        for _ in range(options.runs):
            for name, work in ways(record, Path(folder)).items():
                begun = time.process_time()
                work()
                timed.setdefault(name, []).append(time.process_time() - begun)
    middle = {name: statistics.median(values) for name, values in timed.items()}
    for name, seconds in middle.items():
        print(f"{name:28} {seconds:6.2f} s  {seconds / middle['facts as JSON']:5.1f}")
    written = sum(seconds for name, seconds in middle.items() if not name.startswith("facts"))
    print(f"{'all reports and the bundle':28} {written:6.2f} s  {written / middle['facts as JSON']:5.1f}")
    print(f"{'the same, against objects':28} {written:6.2f} s  {written / middle['facts as JSON, from objects']:5.1f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
