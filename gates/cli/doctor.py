"""`gates doctor`: what the policy needs on this machine, what is there, and the command that gets the rest."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence

from gates import codec, extras, registry
from gates.adapters import distributions, git, host
from gates.api import Gate, Need
from gates.cli import checkup
from gates.cli.sources import standing_or_proposed
from gates.errors import ExitCode, ToolMissingError
from gates.model import Enforcement, GatePolicy, Policy, Stage
from gates.policy import approvers
from gates.policy.compose import compose
from gates.report.safe import terminal

#: By job, whether it observes gates that run the project's code, and whether those that don't.
_WANTED = {"run": (True, False), "plan": (), "observe": (True,), "judge": (False,)}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--stage", type=Stage, choices=list(Stage), default=Stage.CHANGE, help="the stage to look at (default: change)")
    parser.add_argument("--policy", metavar="FILE", help="the policy file (default: gates.yaml)")
    parser.add_argument(
        "--extras",
        nargs="?",
        const="run",
        choices=list(_WANTED),
        metavar="JOB",
        help=f"print the extras that the policy names, for pip: of all, or of one job of an isolated plan ({', '.join(_WANTED)})",
    )


def execute(options: argparse.Namespace) -> int:
    """Print a line a need. Exit code 3 where something is missing: a gate would be errored."""
    policy = compose(standing_or_proposed(options.root, options.policy), options.stage, registry.find).policy
    gates = [
        gate
        for gate in policy.gates
        if gate.enforcement is not Enforcement.OFF and not gate.not_applicable and options.stage in gate.stages
    ]
    if options.extras:
        sys.stdout.write(",".join(sorted(_extras(policy, gates, options.extras) - {""})) + "\n")
        return ExitCode.PASSED
    system = host.system(sys.platform, host.os_release())
    missing = 0
    about = list(checkup.of_machine(system, git.version()))
    notes = list(checkup.of_repository(options.root, named=options.policy, in_ci=bool(os.environ.get("CI"))))
    sys.stdout.write("this machine and repository\n" + "".join(_line(need, system) for need in about) + "".join(map(_note, notes)))
    missing += sum(need.found is None for need in about)
    for gate in gates:
        needs = list(_needs(gate, registry.find(gate.uses), options))
        missing += sum(need.found is None for need in needs)
        sys.stdout.write(f"{gate.name}\n" + "".join(_line(need, system) for need in needs))
    sys.stdout.write("everything is there\n" if not missing else f"{missing} missing: without it the gate is errored, never green\n")
    return ExitCode.ERRORED if missing else ExitCode.PASSED


def _extras(policy: Policy, gates: Sequence[GatePolicy], job: str) -> set[str]:
    """What a job needs: whoever observes, its gates' engines; whoever judges, what keys need."""
    found = {gate.extra for gate in (registry.find(item.uses) for item in gates) if gate.executes_project in _WANTED[job]}
    if job in ("run", "judge") and any(approvers.parse(text).key for text in policy.approvers):
        found.add(extras.SIGNATURES)
    return found


def _needs(policy: GatePolicy, gate: Gate, options: argparse.Namespace) -> Iterator[Need]:
    for name in gate.requires:
        yield _installed(name)
    if gate.needs:
        yield from gate.needs(options.root, codec.decode(gate.options, dict(policy.options), "options"))


def _installed(name: str) -> Need:
    try:
        return Need(name=name, found=distributions.version(name), remedy="")
    except ToolMissingError as error:
        return Need(name=name, found=None, remedy=f"{error.reason}: {error.remedy}")


def _line(need: Need, system: str) -> str:
    if need.found is not None:
        return terminal(f"  ok       {need.name}: {need.found}") + "\n"
    return terminal(f"  MISSING  {need.name}: {need.commands.get(system, need.remedy)}") + "\n"


def _note(note: checkup.Note) -> str:
    return terminal(f"  note     {note.what}: {note.remedy}") + "\n"
