"""`gates policy check | show | schema | diff | approve`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gates import registry
from gates.cli import output
from gates.cli.sides import Side, at_side, both
from gates.cli.sources import POLICY_FILE, standing
from gates.errors import ExitCode, PolicyError, UsageError
from gates.model import Stage
from gates.policy.compose import compose

#: `gates policy diff --exit-code main` and `gates policy diff main --exit-code` are the same.
INTERMIXED = True


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "action",
        choices=("check", "show", "schema", "diff", "approve"),
        metavar="ACTION",
        help="check, show, schema, diff or approve: see above",
    )
    parser.add_argument(
        "revisions",
        nargs="*",
        default=[],
        metavar="BASE [HEAD]",
        help="diff: two commits, branches, tags or policy files; approve: where the change goes (default: as `gates run` finds it)",
    )
    parser.add_argument("--policy", metavar="FILE", help=f"the policy file (default: {POLICY_FILE})")
    parser.add_argument(
        "--stage", type=Stage, choices=list(Stage), default=None, help="the stage to look at (default: show change, check and diff all)"
    )
    parser.add_argument("--format", choices=("text", "json"), default="text", help="diff: what is printed (default: text)")
    parser.add_argument(
        "--sign-key", type=Path, metavar="FILE", help="approve: sign with this private key, whose public half `approvers` names"
    )
    parser.add_argument("--yes", action="store_true", help="approve: ask nothing")
    parser.add_argument("--exit-code", action="store_true", help="diff: end with 1 where anything is looser, or can't be weighed")


def execute(options: argparse.Namespace) -> int:
    if options.action == "diff":
        return _diff(options)
    if options.action == "approve":
        from gates.cli.approve import approve

        return approve(options)
    if options.sign_key:
        raise UsageError(f"`gates policy {options.action}` signs nothing", help="`gates policy approve --sign-key FILE` does")
    if options.revisions:
        raise UsageError(f"`gates policy {options.action}` takes no revision", help="name a policy file with --policy")
    match options.action:
        case "schema":
            from gates.policy.schema import json_schema

            sys.stdout.write(json.dumps(json_schema(registry.every()), indent=2, ensure_ascii=False) + "\n")
        case "show":
            from gates.policy.show import show

            sys.stdout.write(show(compose(standing(options.root, options.policy), options.stage or Stage.CHANGE, registry.find)))
        case _:
            _check(options)
    return ExitCode.PASSED


def _check(options: argparse.Namespace) -> None:
    sources = standing(options.root, options.policy)
    stages = [options.stage] if options.stage else list(Stage)
    counts = []
    for stage in stages:
        policy = compose(sources, stage, registry.find).policy
        counts.append(f"{stage}: {sum(stage in gate.stages for gate in policy.gates)} gates")
    sys.stdout.write(f"{sources[-1].name} is right ({', '.join(counts)})\n")


def _diff(options: argparse.Namespace) -> int:
    from gates.policy.difference import difference
    from gates.report import policy_diff

    if not 1 <= len(options.revisions) <= 2:
        raise UsageError(
            "`gates policy diff` takes BASE and, where it is not the working tree, HEAD", help="as in `gates policy diff main`"
        )
    stages = (options.stage,) if options.stage else tuple(Stage)
    base, head = both(options.root, options.revisions, options.policy)
    for side in (base, head):
        _compose_all(side, stages)
    found = difference(base.sources, head.sources, stages)
    if options.format == "json":
        text = policy_diff.render_json(_data(base), _data(head), stages, found)
    else:
        color, width = output.wants_color(sys.stdout), output.width(sys.stdout)
        text = policy_diff.render(_words(base), _words(head), _missing(base, head), found, color=color, width=width)
    sys.stdout.write(text)
    looser = any(item.change.direction.counts_as_looser for item in found)
    return ExitCode.FAILED if options.exit_code and looser else ExitCode.PASSED


def _compose_all(side: Side, stages: Sequence[Stage]) -> None:
    """Raises `PolicyError` that says which of the two policies is wrong."""
    try:
        for stage in stages if side.sources else ():
            compose(side.sources or (), stage, registry.find)
    except PolicyError as error:
        raise at_side(error, side.name) from error


def _data(side: Side) -> dict[str, Any]:
    return {"name": side.name, "commit": side.commit, "sources": [source.name for source in side.sources or ()]}


def _words(side: Side) -> str:
    return f"{side.name} (commit {side.commit[:12]})" if side.commit else side.name


def _missing(base: Side, head: Side) -> str:
    if base.sources is None:
        return f"{base.name} has no policy: this is the first one, and all of it is new"
    if head.sources is None:
        return f"{head.name} has no policy: nothing is judged any more"
    return ""
