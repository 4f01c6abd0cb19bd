"""`gates keygen PATH`: a pair of keys, the private one for its owner alone."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gates.errors import ExitCode
from gates.evidence import keys
from gates.policy import approvers
from gates.report.safe import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, metavar="PATH", help="the private key's file; the public one gets `.pub` after its name")


def execute(options: argparse.Namespace) -> int:
    public = keys.write_pair(options.path)
    lines = [
        f"private key: {options.path} (give it to nobody; to a CI job as a secret)",
        f"public key: {options.path}.pub (give it to whoever verifies)",
        f"id: {public.id}",
        f"in `approvers` of gates.yaml, for whoever signs waivers or changes of the policy with it: NAME {approvers.written(public.raw)}",
    ]
    sys.stdout.write("".join(f"{terminal(line)}\n" for line in lines))
    return ExitCode.PASSED
