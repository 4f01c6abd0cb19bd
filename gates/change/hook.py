"""What a hook of git's is asked about, held against what lies in the folder: gates look at the folder and nothing else."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from gates.adapters import git, history, index
from gates.errors import UsageError
from gates.model import Stage

#: Set by git for the hooks of a commit: the index that the commit is made of, relative to where the hook is started.
INDEX = "GIT_INDEX_FILE"
#: Set by pre-commit and prek before a push: the commit that is pushed, else the revision that stands for it.
PUSHED = ("PRE_COMMIT_TO_REF", "PRE_COMMIT_LOCAL_BRANCH")


def limits(
    root: Path, *, stage: Stage, environment: Mapping[str, str], named: Sequence[str] | None, policies: Iterable[str]
) -> tuple[str, ...]:
    """What has to be said of a verdict on what lies at `root`, in words, where it is not what is staged or pushed.

    `named` are the files that somebody named, relative to `root`; None for the whole tree. `policies` are files that the policy was read
    from. Raises `UsageError` in a hook whose commit or push holds something else than would be judged: its answer would be about that.
    """
    if stage is Stage.COMMIT:
        return _staged(root, environment.get(INDEX, ""), named, policies)
    return _pushed(root, environment)


def _staged(root: Path, given: str, named: Sequence[str] | None, policies: Iterable[str]) -> tuple[str, ...]:
    if not given and named is None:
        return ()  # somebody looks at the whole folder, and commits nothing
    where = Path.cwd() / given if given else None
    held = index.entries(root, where)
    if named is None:
        wanted = {name for name, entry in held.items() if not entry.sparse}
    else:
        wanted = {*named, *(name for name in policies if name in held)}
        _refuse_unheard_of(root, [name for name in named if name not in held and not os.path.lexists(root / name)])
    present = {name: held[name] for name in wanted if name in held}
    new = [name for name in wanted if name not in held and os.path.lexists(root / name) and not (root / name).is_dir()]
    other = sorted({*index.unlike(root, present, where), *new})
    if not other:
        return ()
    if not given:
        return (f"{_few(other)} as it lies in the folder, which is not what is staged",)
    raise UsageError(
        f"what lies in the folder is not what will be committed, so nothing was judged: {_few(other)}",
        where=other[0],
        help="stage it (`git add`), or put it aside first (`git stash push --keep-index`), as pre-commit and prek do by themselves",
    )


def _refuse_unheard_of(root: Path, gone: Sequence[str]) -> None:
    """A file whose removal is committed may well be named. Raises `UsageError` for one that never was."""
    head = git.head(root) if gone else None
    known = index.committed(root, head, gone) if head else {}
    missing = [name for name in gone if name not in known]
    if missing:
        raise UsageError(f"there is no file {_few(missing)}", where=str(root), help="name files that are there, relative to this folder")


def _pushed(root: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    revision = next((environment[name] for name in PUSHED if environment.get(name)), "")
    if not revision:
        return ()
    commit, head = history.commit_of(root, revision), git.head(root)
    if commit is None or commit != head:
        raise UsageError(
            f"{commit[:12] if commit else revision} is pushed, and {head[:12] if head else 'no commit'} is checked out: "
            "nothing was judged of what is pushed",
            help="check it out and push from there, or leave it to CI: `SKIP=HOOK git push` passes over this hook",
        )
    held, there = index.entries(root), index.committed(root, commit)
    sparse = {name for name, entry in held.items() if entry.sparse}
    changed = index.unlike(root, {name: entry for name, entry in there.items() if name not in sparse})
    other = sorted({*changed, *(held.keys() - there.keys())})
    if other:
        raise UsageError(
            f"what lies in the folder is not what is pushed ({commit[:12]}), so nothing was judged: {_few(other)}",
            where=other[0],
            help="commit it, or put it aside first (`git stash`), then push again",
        )
    beside = index.untracked(root)
    return (f"{_few(beside)} lies in the folder and is not pushed, since git does not track it",) if beside else ()


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
