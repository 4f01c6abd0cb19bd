"""What a plan asks for, as a request of a run: each part and the judge make the same of it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from gates.cli import sources
from gates.errors import PartError
from gates.parts import Asking, Plan, read_plan
from gates.request import Request


def request_of(root: Path, asking: Asking, *, day: date | None, environment: Mapping[str, str]) -> Request:
    """Raises as `sources.asked` does."""
    return Request(
        root=root,
        policy=sources.asked(root, asking.policy, asking.policy_from),
        stage=asking.stage,
        environment=environment,
        selection=asking.gates,
        as_of=day,
        offline=asking.offline,
        base=asking.base,
    )


def add_plan(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("plan", type=Path, metavar="PLAN", help="what `gates plan` wrote")
    parser.add_argument("--plan-digest", metavar="SHA256", help="refuse a plan with another digest than `gates plan` printed")


def plan_of(options: argparse.Namespace) -> Plan:
    """The plan that is named. Raises `PartError` for what is none, or another than was meant."""
    plan = read_plan(options.plan)
    if options.plan_digest is not None and options.plan_digest.removeprefix("sha256:").lower() != plan.digest.removeprefix("sha256:"):
        raise PartError(
            f"the plan is another than was meant: its digest is {plan.digest}",
            where=str(options.plan),
            help="somebody has put another in its place; see who could, and run again from the plan on",
        )
    return plan
