"""`gates init`: write a policy that fits the repository. Never overwrites."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from gates import registry, survey
from gates.adapters import files
from gates.cli.sources import POLICY_FILE
from gates.errors import ExitCode, UsageError
from gates.model import Stage
from gates.policy import load
from gates.policy.compose import compose
from gates.report.safe import terminal

_NEXT = "next: `gates doctor` for what this machine needs, then `gates run`"
_NEXT_ADOPTED = "next: commit it; from then on `gates run` on a branch tells what it adds from what was there (`--base` names the commit)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--adopt", action="store_true", help="for a repository with old findings: run the gates once, and let the policy hold what is there"
    )
    parser.add_argument("--offline", action="store_true", help="with --adopt: use no network but this machine's own services")
    parser.add_argument("--print", action="store_true", dest="print_only", help="print the policy instead of writing it")


def execute(options: argparse.Namespace) -> int:
    path = options.root / POLICY_FILE
    if not options.print_only and (path.exists() or path.is_symlink()):
        raise _stands(path)
    proposal = survey.propose(options.root)
    text, lines = proposal.text, []
    if options.adopt:
        from gates.cli import adopt

        result, found = adopt.adopt(options, proposal)
        if found is None:
            raise KeyboardInterrupt
        text, lines = found.text, [terminal(line) for line in adopt.told(result, found)]
    _check(options.root, text)
    if options.print_only:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stdout.write(text)
        return ExitCode.PASSED
    if not files.write_new(path, text.encode("utf-8")):
        raise _stands(path)
    named = ", ".join(proposal.gates) or "no gate: nothing was found that one could examine"
    lines = [f"wrote {POLICY_FILE} with {named}", *lines, _NEXT_ADOPTED if options.adopt else _NEXT]
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    return ExitCode.PASSED


def _stands(path: Path) -> UsageError:
    return UsageError(
        f"{POLICY_FILE} exists and is never overwritten",
        where=str(path),
        help="edit it, or see what would be written with `gates init --print`",
    )


def _check(root: Path, text: str) -> None:
    """Raises `PolicyError` where what would be written is no policy."""
    sources = load.collect_text(root, POLICY_FILE, text)
    for stage in Stage:
        compose(sources, stage, registry.find)
