"""Options that several commands share: what shapes what is observed, and how it is judged and told."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from gates.cli import output, signers
from gates.cli.sources import POLICY_FILE
from gates.errors import UsageError
from gates.evidence.trust import Trusted
from gates.model import Stage
from gates.request import jobs


def add_shaping(parser: argparse.ArgumentParser) -> None:
    """Options that say what is observed."""
    group = parser.add_argument_group("what is judged")
    group.add_argument("--stage", type=Stage, choices=list(Stage), default=Stage.CHANGE, help="which stage's rules apply (default: change)")
    group.add_argument("--policy", metavar="FILE", help=f"the policy file (default: {POLICY_FILE})")
    group.add_argument(
        "--policy-from",
        action="append",
        default=[],
        metavar="REF[#sha256:…]",
        help="a second policy, which the change can't edit: where the two differ, the stricter counts. A file, or COMMIT:FILE; repeatable",
    )
    group.add_argument(
        "--gate", action="append", default=[], metavar="NAME", help="run this gate alone; repeatable; makes the verdict partial"
    )
    group.add_argument(
        "--base", metavar="REV", help="the commit that the change is compared with (default: what CI says, else where the branch began)"
    )
    group.add_argument("--offline", action="store_true", help="use no network but this machine's own services")
    add_day(group)


def add_day(parser: argparse._ActionsContainer, default: str = "today, UTC") -> None:
    parser.add_argument("--as-of", type=_day, metavar="DAY", help=f"judge as on this day (YYYY-MM-DD) instead of {default}")


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Options that say how it is judged, and where the report and the evidence go."""
    told = parser.add_argument_group("report and evidence")
    told.add_argument("--format", choices=output.FORMATS_OF_RUN, default="text", help="what is printed (default: text)")
    told.add_argument(
        "--report",
        action="append",
        default=[],
        metavar="FORMAT=PATH",
        help=f"write a report to a file: {', '.join(output.FORMATS)}; repeatable",
    )
    told.add_argument("--bundle", type=Path, metavar="PATH", help="where the evidence goes: a .zip file or a new folder")
    told.add_argument("--previous", type=Path, metavar="BUNDLE", help="the branch's bundle before this one: this one names its digest")
    told.add_argument("--sign-key", type=Path, metavar="FILE", help="sign the bundle in this job; better in another: see `gates sign`")
    base = parser.add_argument_group("what the base's own run saw")
    base.add_argument(
        "--base-bundle",
        action="append",
        default=[],
        type=Path,
        metavar="BUNDLE",
        help="the bundle of a run at the base, or a folder of bundles, so that its gates need not run there again; it has to be signed by "
        "whom --trust, --key or --identity names",
    )
    signers.add_arguments(base)


def add_jobs(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--jobs",
        type=positive,
        default=jobs(),
        metavar="N",
        help="how many gates run at once (default: one more than cores, fewer where memory is short)",
    )


def whom_to_believe(options: argparse.Namespace) -> Trusted:
    """Who may have signed the bundle of the base. Raises `UsageError` where nobody is named and it matters, or where it does not."""
    trusted = signers.named(options)
    if bool(options.base_bundle) != bool(trusted.keys or trusted.identities):
        if options.base_bundle:
            raise UsageError(
                "--base-bundle without anybody who may have signed it: what anybody can write tells nothing of the base",
                help="name them: --trust FILE, --key FILE or --identity IDENTITY@ISSUER",
            )
        raise UsageError("--trust, --key and --identity are about --base-bundle", help="name the bundle too, or leave them out")
    return trusted


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a day such as 2026-12-31") from None


def positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1")
    return int(text)
