"""Which policy a command reads: the one that is named, else the one that stands in the repository, else what fits it."""

from __future__ import annotations

import sys
from pathlib import Path

from gates import survey
from gates.errors import UsageError
from gates.model import PolicySource
from gates.policy import load

POLICY_FILE = "gates.yaml"


def standing(root: Path, named: str | None) -> tuple[PolicySource, ...]:
    """The policy that stands in a file, with all that it extends. Raises `UsageError` where there is none, and `PolicyError`."""
    path = (Path.cwd() / named).resolve() if named else root / POLICY_FILE
    if not path.exists():
        raise UsageError(f"there is no {path.name}", where=str(path), help="`gates init` writes one that fits the repository")
    return load.collect(root, path)


def anywhere(root: Path, named: str) -> tuple[PolicySource, ...]:
    """A policy file of this repository or of any other place, with all that it extends there. Raises as `standing` does."""
    path = (Path.cwd() / named).resolve()
    return standing(root if path.is_relative_to(root) else path.parent, str(path))


def standing_or_proposed(root: Path, named: str | None) -> tuple[PolicySource, ...]:
    """The same; where no file stands or is named, `baseline` on what is found here, said aloud."""
    if named or (root / POLICY_FILE).exists():
        return standing(root, named)
    proposal = survey.propose(root)
    if not proposal.gates:
        raise UsageError(
            f"there is no {POLICY_FILE}, and nothing was found that a gate could examine",
            where=str(root),
            help="write one: see docs/policy.md",
        )
    found = ", ".join(proposal.gates)
    sys.stderr.write(f"no {POLICY_FILE}: judging by `baseline` with what was found here: {found}; `gates init` writes it down\n")
    return load.collect_text(root, POLICY_FILE, proposal.text)
