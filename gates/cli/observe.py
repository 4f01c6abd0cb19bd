"""`gates observe`: one part of a plan. It writes what was seen and judges nothing."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import replace
from pathlib import Path

from gates import machines, redact
from gates.adapters import own
from gates.cli import output, settings
from gates.cli.planned_run import add_plan, plan_of, request_of
from gates.cli.progress import progress_for
from gates.errors import ExitCode
from gates.report.safe import terminal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_plan(parser)
    parser.add_argument("--part", type=settings.positive, required=True, metavar="K", help="which part, from 1")
    parser.add_argument("--out", type=Path, required=True, metavar="PART", help="where what was seen goes: a .zip file")
    settings.add_jobs(parser)


def execute(options: argparse.Namespace) -> int:
    """Exit code 0 where the part was written, whatever was seen."""
    plan = plan_of(options)
    request = replace(request_of(options.root, plan.asked, day=plan.day, environment=dict(os.environ)), jobs=options.jobs)
    own.withdraw_variables(request.environment.keys() - redact.child_environment(request.environment).keys())
    with progress_for(sys.stderr, os.environ) as progress:
        part = machines.observe_part(request, plan, options.part, options.out, progress)
    gates = ", ".join(gate.run.gate for gate in part.gates) or "nothing to observe"
    output.say(terminal(f"part {part.part} of {plan.parts}: {gates}; written to {options.out}, and not judged") + "\n")
    return ExitCode.PASSED
