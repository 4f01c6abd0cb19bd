"""`gates init`: write a policy that fits the repository, and what runs it on GitHub and in hooks. Never overwrites."""

from __future__ import annotations

import argparse
import stat
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from gates import registry, survey
from gates.adapters import files
from gates.cli import beginnings
from gates.cli.sources import POLICY_FILE
from gates.dataclass import dataclass
from gates.errors import ExitCode, UsageError
from gates.model import PolicySource, Stage
from gates.plan import why_not
from gates.policy import load
from gates.policy.compose import compose
from gates.report.safe import terminal
from gates.survey import Proposal

_NEXT = "next: `gates doctor` for what this machine needs, then `gates run`"
_NEXT_ADOPTED = "next: commit it; from then on `gates run` on a branch tells what it adds from what was there (`--base` names the commit)"
_EDITED = ", unless it is what `gates init` wrote, to the byte: this one says more, or other files are here since"
_UNKNOWN = (
    "could not tell: {gates}. On `warn` that stops nobody. Mend what is said of it above, then run `gates init --adopt` again, which "
    "takes the place of this file as long as nobody has edited it"
)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Policy:
    """The policy to be written, what is said of it (what it holds first), and the gates that could not tell when it was made."""

    text: str
    lines: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def execute(options: argparse.Namespace) -> int:
    """Write the policy and what is asked for beside it; all of it is made, and refused, before anything is written.

    Exit code 3 where a gate could not tell, so that adopting left it to warn.
    """
    path = options.root / POLICY_FILE
    stands = path.exists() or path.is_symlink()
    beside = options.workflow or options.hooks
    proposal = survey.propose(options.root)
    own = None
    if stands and not options.print_only and (options.adopt or not beside):
        own = _own(path, proposal) if options.adopt else None
        if own is None:
            raise _stands(path, adopting=options.adopt)
    if options.workflow and not options.print_only:
        beginnings.refuse_workflow(options.root)
    new = None if stands and beside and not options.adopt else _policy(options, proposal)
    lines = [f"{POLICY_FILE} stands, and is left as it is"] if new is None else list(new.lines)
    if beside:
        sources = load.collect(options.root, path) if new is None else load.collect_text(options.root, POLICY_FILE, new.text)
        wanted, said = _beside(options, sources)
    else:
        wanted, said = {}, [_NEXT_ADOPTED if options.adopt else f"{_NEXT}; {_MORE}"]
    wanted = ({} if new is None else {POLICY_FILE: new.text}) | wanted
    said += [_UNKNOWN.format(gates=", ".join(new.unknown))] if new is not None and new.unknown else []
    code = ExitCode.ERRORED if new is not None and new.unknown else ExitCode.PASSED
    if options.print_only:
        sys.stderr.write("".join(f"{line}\n" for line in (*lines[1:], *(said[-1:] if code else []))))
        sys.stdout.write(
            wanted[POLICY_FILE] if list(wanted) == [POLICY_FILE] else "".join(f"# {name}\n{wanted[name]}\n" for name in wanted)
        )
        return code
    _write(options.root, wanted, own)
    sys.stdout.write("".join(f"{line}\n" for line in (*lines, *said)))
    return code


def _own(path: Path, proposal: Proposal) -> bytes | None:
    """The bytes of a policy file in which nothing is a person's, so that another may take its place; None for any other."""
    from gates.cli import adopt

    content = None if path.is_symlink() or not path.is_file() else path.read_bytes()
    return content if content is not None and adopt.is_unedited(path.parent, content, proposal) else None


def _holds(path: Path, content: bytes) -> bool:
    try:
        return not path.is_symlink() and path.read_bytes() == content
    except OSError:
        return False


def _write(root: Path, wanted: Mapping[str, str], own: bytes | None) -> None:
    """Write new files; the policy in the place of `own`, where that is what stands. Raises `UsageError`, and `EvidenceError`."""
    for name, text in wanted.items():
        path, content = root / name, text.encode("utf-8")
        if name == POLICY_FILE and own is not None and _holds(path, own):
            mode = stat.S_IMODE(path.stat().st_mode)
            files.write_atomically(path, content)
            path.chmod(mode)
        elif not files.write_new(path, content):
            raise _stands(path)


def _policy(options: argparse.Namespace, proposal: Proposal) -> _Policy:
    """The policy that fits; where it is to adopt what is there, after a run of its gates."""
    text, lines, unknown = proposal.text, list[str](), tuple[str, ...]()
    if options.adopt:
        from gates.cli import adopt

        result, found = adopt.adopt(options, proposal)
        if found is None:
            raise KeyboardInterrupt
        text, lines, unknown = found.text, [terminal(line) for line in adopt.told(result, found)], found.unknown
    _check(options.root, text)
    named = ", ".join(proposal.gates) or "no gate: nothing was found that one could examine"
    return _Policy(text=text, lines=(f"wrote {POLICY_FILE} with {named}", *lines), unknown=unknown)


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


def _stands(path: Path, *, adopting: bool = False) -> UsageError:
    help = f"`mv {path.name} {path.name}.before`, run `gates init --adopt` again, and carry over what was written by hand"
    return UsageError(
        f"{path.name} exists and is never overwritten{_EDITED if adopting else ''}",
        where=str(path),
        help=help if adopting else "edit it, or see what would be written with `gates init --print`",
    )


def _check(root: Path, text: str) -> None:
    """Raises `PolicyError` where what would be written is no policy."""
    sources = load.collect_text(root, POLICY_FILE, text)
    for stage in Stage:
        compose(sources, stage, registry.find)
