"""`gates init`: write a policy that fits the repository, and what runs it on GitHub and in hooks. Never overwrites."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from gates import registry, survey
from gates.adapters import files
from gates.cli import beginnings
from gates.cli.sources import POLICY_FILE
from gates.errors import ExitCode, UsageError
from gates.model import PolicySource, Stage
from gates.plan import why_not
from gates.policy import load
from gates.policy.compose import compose
from gates.report.safe import terminal

_NEXT = "next: `gates doctor` for what this machine needs, then `gates run`"
_NEXT_ADOPTED = "next: commit it; from then on `gates run` on a branch tells what it adds from what was there (`--base` names the commit)"
_MORE = "`gates init --workflow --hooks` adds the check on GitHub and the hooks of pre-commit and prek"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--adopt", action="store_true", help="for a repository with old findings: run the gates once, and let the policy hold what is there"
    )
    parser.add_argument("--offline", action="store_true", help="with --adopt: use no network but this machine's own services")
    parser.add_argument(
        "--workflow", action="store_true", help=f"write {beginnings.WORKFLOW} too: the check on GitHub; a policy that stands stays"
    )
    parser.add_argument(
        "--hooks", action="store_true", help=f"write {beginnings.HOOKS} too, or print the lines to add to it; a policy that stands stays"
    )
    parser.add_argument("--print", action="store_true", dest="print_only", help="print what would be written instead of writing it")


def execute(options: argparse.Namespace) -> int:
    """Write the policy and what is asked for beside it; all of it is made, and refused, before anything is written."""
    path = options.root / POLICY_FILE
    stands = path.exists() or path.is_symlink()
    beside = options.workflow or options.hooks
    if stands and not options.print_only and (options.adopt or not beside):
        raise _stands(path)
    if options.workflow and not options.print_only:
        beginnings.refuse_workflow(options.root)
    new, lines = (None, [f"{POLICY_FILE} stands, and is left as it is"]) if stands and beside else _policy(options)
    if beside:
        sources = load.collect(options.root, path) if new is None else load.collect_text(options.root, POLICY_FILE, new)
        wanted, said = _beside(options, sources)
    else:
        wanted, said = {}, [_NEXT_ADOPTED if options.adopt else f"{_NEXT}; {_MORE}"]
    wanted = ({} if new is None else {POLICY_FILE: new}) | wanted
    if options.print_only:
        sys.stderr.write("".join(f"{line}\n" for line in lines[1:]))
        sys.stdout.write(
            wanted[POLICY_FILE] if list(wanted) == [POLICY_FILE] else "".join(f"# {name}\n{wanted[name]}\n" for name in wanted)
        )
        return ExitCode.PASSED
    for name, text in wanted.items():
        if not files.write_new(options.root / name, text.encode("utf-8")):
            raise _stands(options.root / name)
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, *said)))
    return ExitCode.PASSED


def _policy(options: argparse.Namespace) -> tuple[str, list[str]]:
    """The policy that fits, and what is said of it: what it holds first."""
    proposal = survey.propose(options.root)
    text, lines = proposal.text, []
    if options.adopt:
        from gates.cli import adopt

        result, found = adopt.adopt(options, proposal)
        if found is None:
            raise KeyboardInterrupt
        text, lines = found.text, [terminal(line) for line in adopt.told(result, found)]
    _check(options.root, text)
    named = ", ".join(proposal.gates) or "no gate: nothing was found that one could examine"
    return text, [f"wrote {POLICY_FILE} with {named}", *lines]


def _beside(options: argparse.Namespace, sources: Sequence[PolicySource]) -> tuple[dict[str, str], list[str]]:
    """The files beside the policy that are to be written, by their names, and what is said of each."""
    at_commit, at_change = (_run_at(stage, sources) for stage in (Stage.COMMIT, Stage.CHANGE))
    planned = beginnings.Planned(at_commit=bool(at_commit), at_change=at_change)
    wanted, said = {}, []
    if options.workflow:
        wanted[beginnings.WORKFLOW] = beginnings.workflow(survey.look(options.root), planned)
        said += [f"wrote {beginnings.WORKFLOW}; put the full commit id in the place of the tag: `{beginnings.PIN}`"]
    standing = beginnings.standing_hooks(options.root) if options.hooks else None
    if standing is not None and beginnings.ADDRESS in standing[1]:
        said += [f"{standing[0]} names the hooks already, and is left as it is"]
    elif standing is not None:
        install = " ".join(f"--hook-type {name}" for name in beginnings.hook_types(planned))
        said += [f"{standing[0]} stands, and is left as it is; add below its `repos:`", beginnings.hooks(planned).rstrip("\n")]
        said += [f"then, in each clone: `pre-commit install {install}`"]
    elif options.hooks:
        wanted[beginnings.HOOKS] = beginnings.hook_file(planned)
        said += [f"wrote {beginnings.HOOKS}; in each clone: `pre-commit install`, or `prek install`"]
    return wanted, [*said, "next: `gates doctor` for what this machine needs, then commit them"]


def _run_at(stage: Stage, sources: Sequence[PolicySource]) -> frozenset[str]:
    """The names of the gates that a policy runs at a stage."""
    return frozenset(gate.name for gate in compose(sources, stage, registry.find).policy.gates if not why_not(gate, stage))


def _stands(path: Path) -> UsageError:
    return UsageError(
        f"{path.name} exists and is never overwritten",
        where=str(path),
        help="edit it, or see what would be written with `gates init --print`",
    )


def _check(root: Path, text: str) -> None:
    """Raises `PolicyError` where what would be written is no policy."""
    sources = load.collect_text(root, POLICY_FILE, text)
    for stage in Stage:
        compose(sources, stage, registry.find)
