"""Which policy a command reads: the one that is named, else the one that stands in the repository, else what fits it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from gates import survey
from gates.adapters import git
from gates.change.policies import Asked, Floor
from gates.errors import UsageError
from gates.model import PolicySource
from gates.policy import load

POLICY_FILE = "gates.yaml"
_PINNED = re.compile(r"sha256:[0-9a-f]{64}")


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


def asked(root: Path, named: str | None, floors: Sequence[str]) -> Asked:
    """The policy that a run is judged by, and those that are laid under it.

    Raises as `refuse_nowhere`, `standing_or_proposed` and `floor` do.
    """
    if not named:
        refuse_nowhere(root)
    found = standing_or_proposed(root, named)
    return Asked(
        sources=found,
        path=(named and _below(root, named)) or POLICY_FILE,
        proposed=not _stands(root, named),
        floors=tuple(floor(root, text) for text in floors),
    )


def refuse_nowhere(root: Path) -> None:
    """Raise `UsageError` where neither git nor a policy says that a project is here: all that lies below would be judged."""
    if not _stands(root, None) and not git.is_repository(root):
        raise UsageError(
            f"there is neither a git repository here nor a {POLICY_FILE}, so nothing says where the project begins",
            where=str(root),
            help="go to the project's folder (or name it: `gates -C DIR`); where this is it, `git init`, or `gates init` for a policy",
        )


def floor(root: Path, text: str) -> Floor:
    """A policy that judges too, as `--policy-from` names it: a file, or a commit's (`COMMIT:FILE`), with or without its sha256.

    With a colon it is a commit's, also where a file is called so: a change could add one, and put itself in the commit's place. A path
    that begins with `/` or `./` is a file's.
    Raises `UsageError` where there is none or it is another, and `PolicyError`.
    """
    named, _, pinned = text.partition("#")
    if pinned and not _PINNED.fullmatch(pinned):
        raise UsageError(f"--policy-from {text}: `#` is followed by sha256: and 64 hex digits", help="`sha256sum FILE` prints them")
    revision, colon, path = named.partition(":")
    by_path = not colon or named.startswith(("/", "./", "../"))
    if by_path and (Path.cwd() / named).is_file():
        found, words, inside = anywhere(root, named), f"the policy {named}", None if pinned else _below(root, named)
    elif not by_path:
        commit = git.resolve(root, revision)
        if git.file_at(root, commit, path) is None:
            raise UsageError(
                f"--policy-from {text}: {revision} has no file {path}", help="name a file of that commit, from the folder of the run"
            )
        found, words, inside = (
            load.collect_from(path, lambda member: git.file_at(root, commit, member)),
            f"the policy {path} of {revision} ({commit[:12]})",
            None,
        )
    else:
        raise UsageError(
            f"--policy-from {text}: there is no such file", help="name a file, or COMMIT:FILE; get it here first where it lies elsewhere"
        )
    if pinned and found[-1].sha256 != pinned.removeprefix("sha256:"):
        raise UsageError(
            f"--policy-from {named} is another file than was pinned: its sha256 is {found[-1].sha256}",
            help="see who changed it and why; where it is right, pin this one",
        )
    return Floor(words=words, sources=found, path=inside)


def _below(root: Path, named: str) -> str | None:
    """The path below `root` that names a file, its links not followed: a change could let one lead elsewhere. None for one outside."""
    path = Path(os.path.normpath(Path.cwd() / named))
    top = next((top for top in (root, root.resolve()) if path.is_relative_to(top)), None)
    return path.relative_to(top).as_posix() if top is not None else None


def _stands(root: Path, named: str | None) -> bool:
    return bool(named) or (root / POLICY_FILE).exists()


def standing_or_proposed(root: Path, named: str | None) -> tuple[PolicySource, ...]:
    """The same; where no file stands or is named, `baseline` on what is found here, said aloud."""
    if _stands(root, named):
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
