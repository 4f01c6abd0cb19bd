"""Changes real bundles by chance and asks the verifier, for a time or a number of tries; exit code 1 where it finds a fault.

nice python scripts/fuzz.py --seconds 600 --seed 7        many tries
python scripts/fuzz.py --seed 7 --only 1234               one of them again
"""

from __future__ import annotations

import argparse
import contextlib
import io
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests, which are no part of the package

from tests.evidence.forging import forge  # noqa: E402
from tests.evidence.fuzzing import Fuzzer, Tally  # noqa: E402


def main() -> int:
    """Try, and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="for how long (default: 60)")
    parser.add_argument("--seed", type=int, default=0, help="what chance begins with (default: 0)")
    parser.add_argument("--only", type=int, help="the number of one try")
    options = parser.parse_args()
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            made = forge(Path(folder))
        scratch = Path(folder) / "scratch"
        scratch.mkdir()
        numbers = iter([options.only]) if options.only is not None else _until(time.monotonic() + options.seconds)
        Fuzzer(made, options.seed, scratch).run(numbers, tally)
    for answer, count in sorted(tally.answers.items()):
        print(f"{count:8}  {answer}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{tally.tries} tries, seed {options.seed}, slowest {tally.slowest:.2f} s of CPU, peak memory {peak:.0f} MiB")
    for fault in tally.found[:100]:
        print(f"FAULT {fault}")
    return int(bool(tally.found))


def _until(end: float) -> Iterator[int]:
    return itertools.takewhile(lambda _: time.monotonic() < end, itertools.count())


if __name__ == "__main__":
    sys.exit(main())
