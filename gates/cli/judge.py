"""`gates judge`: join the parts of a plan, judge, print the report, write the bundle. Runs none of the project's code."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gates import machines, redact
from gates.adapters import own
from gates.cli import output, settings
from gates.cli.bundles import read_bundle
from gates.cli.planned_run import add_plan, plan_of, request_of
from gates.cli.progress import progress_for
from gates.evidence import keys

INTERMIXED = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_plan(parser)
    parser.add_argument("parts", type=Path, nargs="*", metavar="PART", help="what `gates observe` wrote; a folder stands for those in it")
    settings.add_judging(parser)
    settings.add_day(parser, "the plan's")
    settings.add_jobs(parser)


def execute(options: argparse.Namespace) -> int:
    """The exit code is that of the verdict, as of `gates run`."""
    reports = [output.parse_destination(text) for text in options.report]
    plan = plan_of(options)
    request = replace(
        request_of(options.root, plan.asked, day=options.as_of or plan.day, environment=dict(os.environ)),
        bundle_path=options.bundle,
        jobs=options.jobs,
        sign_key=keys.load_private(options.sign_key) if options.sign_key else None,
        previous=read_bundle(options.previous) if options.previous else None,
        base_bundles=tuple(options.base_bundle),
        base_trusted=settings.whom_to_believe(options),
    )
    own.withdraw_variables(request.environment.keys() - redact.child_environment(request.environment).keys())
    with progress_for(sys.stderr, os.environ) as progress:
        result = machines.judge(request, plan, tuple(_parts(options.parts)), progress, named=options.plan_digest is not None)
    return output.tell(result, options.format, reports)


def _parts(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from sorted(path.glob("*.zip"))
        else:
            yield path
