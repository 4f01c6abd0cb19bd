"""`gates policy check | show | schema`."""

from __future__ import annotations

import argparse
import json
import sys

from gates import registry
from gates.cli.sources import POLICY_FILE, standing
from gates.errors import ExitCode, UsageError
from gates.model import Stage
from gates.policy.compose import compose


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action", choices=("check", "show", "schema", "diff"), help="check it, show what follows from it, or print the schema for editors"
    )
    parser.add_argument("--policy", metavar="FILE", help=f"the policy file (default: {POLICY_FILE})")
    parser.add_argument("--stage", type=Stage, choices=list(Stage), default=None, help="the stage to show (default: change)")


def execute(options: argparse.Namespace) -> int:
    match options.action:
        case "schema":
            from gates.policy.schema import json_schema

            sys.stdout.write(json.dumps(json_schema(registry.every()), indent=2, ensure_ascii=False) + "\n")
        case "show":
            from gates.policy.show import show

            sys.stdout.write(show(compose(standing(options.root, options.policy), options.stage or Stage.CHANGE, registry.find)))
        case "check":
            _check(options)
        case _:
            raise UsageError("`gates policy diff` is planned and not built yet", help="compare what `gates policy show` prints")
    return ExitCode.PASSED


def _check(options: argparse.Namespace) -> None:
    sources = standing(options.root, options.policy)
    stages = [options.stage] if options.stage else list(Stage)
    counts = []
    for stage in stages:
        policy = compose(sources, stage, registry.find).policy
        counts.append(f"{stage}: {sum(stage in gate.stages for gate in policy.gates)} gates")
    sys.stdout.write(f"{sources[-1].name} is right ({', '.join(counts)})\n")
