"""The files of a checkout, as they stood before any gate ran."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from gates.adapters import files, git
from gates.adapters.files import Stamp
from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The files of a checkout before any gate ran, relative to its root: those to examine, sorted, those that git tracks, and links.

    `left_out` are folders that were passed over, for want of a git that says what belongs to the project. `installed` are those of
    installed packages that git neither tracks nor ignores. `stamps` tell whether a file was written to since.
    """

    files: tuple[str, ...]
    tracked: frozenset[str] = frozenset()
    links: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    installed: tuple[str, ...] = ()
    stamps: Mapping[str, Stamp] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Path) -> Tree:
        listed = git.list_files(root)
        if listed is not None:
            stamps = files.stamps(root, listed)
            links = tuple(name for name, seen in stamps.items() if seen.is_link)
            tracked, installed = git.tracked_files(root), git.installed_folders(root)
            return cls(files=tuple(listed), tracked=tracked, links=links, installed=installed, stamps=stamps)
        left_out: set[str] = set()
        found = tuple(files.walk(root, left_out))
        return cls(files=found, links=tuple(sorted(files.walk_links(root))), left_out=tuple(sorted(left_out)))
