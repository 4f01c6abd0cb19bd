"""`gates plan`: which part of a run does what, for the matrix of a CI. Runs none of the project's code."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from gates import canonical, machines
from gates.adapters import files
from gates.api.raw import MOST_PARTS
from gates.cli import output, settings
from gates.cli.bundles import bundles_here, read_bundle
from gates.cli.planned_run import request_of
from gates.errors import BundleError, ExitCode, UsageError
from gates.evidence.bundle import Contents
from gates.parts import Asking, Plan
from gates.report.safe import terminal, visible_json

#: Of the last runs so many are asked for durations: one may have been of other gates.
_MOST_ASKED = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--parts", type=settings.positive, required=True, metavar="N", help="how many machines observe")
    parser.add_argument(
        "--isolate",
        action="store_true",
        help="run what needs none of the project's code on the machine that judges, out of that code's reach",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="PLAN", help="where the plan goes; not among the files of the checkout")
    parser.add_argument(
        "--durations", type=Path, metavar="BUNDLE", help="an earlier run that tells how long tests take (default: the last one here)"
    )
    settings.add_shaping(parser)
    parser.add_argument(
        "--format", choices=("text", "json", "github"), default="text", help="what is printed; github: the lines of outputs (default: text)"
    )


def execute(options: argparse.Namespace) -> int:
    if options.parts > MOST_PARTS:
        raise UsageError(f"--parts {options.parts}: a plan has {MOST_PARTS} parts at most", help="name fewer")
    asking = Asking(
        stage=options.stage,
        policy=options.policy,
        policy_from=tuple(options.policy_from),
        gates=tuple(dict.fromkeys(options.gate)),
        base=options.base,
        offline=options.offline,
    )
    request = request_of(options.root, asking, day=options.as_of, environment=dict(os.environ))
    plan = machines.plan(request, asking, parts=options.parts, isolated=options.isolate, before=_before(options))
    files.write_atomically(options.out, canonical.of(plan))
    output.say(_PRINTED[options.format](plan, options.out))
    return ExitCode.PASSED


def _before(options: argparse.Namespace) -> Contents | None:
    """The run that tells how long things take: the one that is named, else the last one here that shared or could share its tests."""
    if options.durations:
        return read_bundle(options.durations)
    for path in bundles_here(options.root)[:_MOST_ASKED]:
        try:
            found = read_bundle(path)
        except BundleError as error:
            sys.stderr.write(terminal(f"{path.name} tells nothing of durations: {error}") + "\n")
            continue
        if not found.record.context.selection and not found.record.context.limited:
            return found
    return None


# -- what is printed ---------------------------------------------------------------------------


def _matrix(plan: Plan) -> dict[str, list[int]]:
    return {"part": list(range(1, plan.parts + 1))}


def _text(plan: Plan, path: Path) -> str:
    return "".join(f"{terminal(line)}\n" for line in _lines(plan, path))


def _lines(plan: Plan, path: Path) -> Iterator[str]:
    yield f"plan: {path} ({plan.digest})"
    for part in range(1, plan.parts + 1):
        names = [f"{step.gate} (a share)" if step.shared else step.gate for step in plan.of_part(part)]
        yield f"part {part}: {', '.join(names) or 'nothing to do'}"
    yield f"judge: {', '.join(step.gate for step in plan.steps if not step.parts) or 'observes nothing itself'}"


def _json(plan: Plan, path: Path) -> str:
    data = {
        "schema": "gates/planned/v1",
        "plan": str(path),
        "digest": plan.digest,
        "matrix": _matrix(plan),
        "commit": plan.commit,
        "base": plan.base,
        "isolated": plan.isolated,
        "gates": [{"gate": step.gate, "parts": list(step.parts), "shared": step.shared} for step in plan.steps],
    }
    return visible_json(json.dumps(data, indent=2)) + "\n"


def _github(plan: Plan, path: Path) -> str:
    """Lines for `$GITHUB_OUTPUT`: no value has a line of its own."""
    del path
    return f"matrix={json.dumps(_matrix(plan), separators=(',', ':'))}\ndigest={plan.digest}\n"


_PRINTED = {"text": _text, "json": _json, "github": _github}
