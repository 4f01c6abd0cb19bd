"""`gates init`: write a policy that fits the repository. Never overwrites."""

from __future__ import annotations

import argparse
import sys

from gates import registry, survey
from gates.adapters import files
from gates.cli.sources import POLICY_FILE
from gates.errors import ExitCode, UsageError
from gates.model import Stage
from gates.policy import load
from gates.policy.compose import compose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--print", action="store_true", dest="print_only", help="print the policy instead of writing it")


def execute(options: argparse.Namespace) -> int:
    proposal = survey.propose(options.root)
    compose(load.collect_text(options.root, POLICY_FILE, proposal.text), Stage.CHANGE, registry.find)
    if options.print_only:
        sys.stdout.write(proposal.text)
        return ExitCode.PASSED
    path = options.root / POLICY_FILE
    if path.exists() or path.is_symlink():
        raise UsageError(
            f"{POLICY_FILE} exists and is never overwritten",
            where=str(path),
            help="edit it, or see what would be written with `gates init --print`",
        )
    files.write_atomically(path, proposal.text.encode("utf-8"))
    found = ", ".join(proposal.gates) or "no gate: nothing was found that one could examine"
    sys.stdout.write(f"wrote {POLICY_FILE} with {found}\nnext: `gates doctor` for what this machine needs, then `gates run`\n")
    return ExitCode.PASSED
