"""How a command reads a bundle that is one of several."""

from __future__ import annotations

from pathlib import Path

from gates.adapters import git
from gates.errors import BundleError, UsageError
from gates.evidence import bundle
from gates.evidence.bundle import Contents
from gates.model import Outcome, Stage
from gates.request import EVIDENCE


def read_bundle(path: Path) -> Contents:
    """A bundle where several are named: what is wrong with it says which one it is. Raises `BundleError`."""
    try:
        return bundle.read(path)
    except BundleError as error:
        problem = error.problems[0]
        where = problem.where if problem.where == str(path) else ": ".join(filter(None, (str(path), problem.where)))
        raise BundleError(problem.error, where=where, help=problem.help, see=problem.see) from error


def bundles_here(root: Path) -> list[Path]:
    """The bundles of the runs at `root`, the newest first."""
    found = (path for path in (root / EVIDENCE).glob("*.zip") if path.is_file() and not path.is_symlink())
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def last_bundle(root: Path) -> Path:
    """The newest bundle of the runs at `root`. Raises `UsageError` where there is none."""
    bundles = bundles_here(root)
    if not bundles:
        raise UsageError(
            "there is no last run here", where=str(root / EVIDENCE), help="run `gates run` first, or name a bundle with --bundle"
        )
    return bundles[0]


def failed_gates(root: Path, stage: Stage) -> tuple[str, ...]:
    """The gates that did not pass when they last ran at this stage on the branch that is checked out.

    Each counts by its newest run, back to the last one of all gates.

    Raises `UsageError` where there was no such run, or nothing failed.
    """
    newest: dict[str, Outcome] = {}
    branch = git.checkout(root).ref
    for path in bundles_here(root):
        record = read_bundle(path).record
        if (record.context.stage, record.context.ref) != (stage, branch):
            continue
        for gate in record.decision.gates:
            if gate.outcome is not Outcome.SKIPPED:
                newest.setdefault(gate.gate, gate.would_be)
        if not record.context.selection:
            break
    failed = tuple(name for name, outcome in newest.items() if outcome is not Outcome.PASSED)
    if not failed:
        why = "every gate passed when it last ran" if newest else "there is no last run"
        raise UsageError(
            f"{why} at the stage {stage} on {branch or 'no branch'}",
            where=str(root / EVIDENCE),
            help="run them all: leave --only-failed out",
        )
    return failed
