"""How a command reads a bundle that is one of several."""

from __future__ import annotations

from pathlib import Path

from gates.errors import BundleError
from gates.evidence import bundle
from gates.evidence.bundle import Contents


def read_bundle(path: Path) -> Contents:
    """A bundle where several are named: what is wrong with it says which one it is. Raises `BundleError`."""
    try:
        return bundle.read(path)
    except BundleError as error:
        problem = error.problems[0]
        where = problem.where if problem.where == str(path) else ": ".join(filter(None, (str(path), problem.where)))
        raise BundleError(problem.error, where=where, help=problem.help, see=problem.see) from error
