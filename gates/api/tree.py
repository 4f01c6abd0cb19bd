"""The files of a checkout, as they stood before any gate ran."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gates.adapters import files, git


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of a checkout before any gate ran, relative to its root: those to examine, sorted, those that git tracks, and links.

    `left_out` are folders that were passed over, for want of a git that says what belongs to the project.
    """

    files: tuple[str, ...]
    tracked: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @classmethod
    def of(cls, root: Path) -> Tree:
        listed = git.list_files(root)
        if listed is not None:
            links = tuple(name for name in listed if (root / name).is_symlink())
            return cls(files=tuple(listed), tracked=git.tracked_files(root), links=links)
        left_out: set[str] = set()
        found = tuple(files.walk(root, left_out))
        return cls(files=found, links=tuple(sorted(files.walk_links(root))), left_out=tuple(sorted(left_out)))
