"""What a project declares: each package and version with the places it stands at, found without the engine."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


class CannotTellError(Exception):
    """The audit can't be done or can't be trusted: `reason` and `remedy` are for a person and don't vary from run to run."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A file relative to the root and a line from 1; 0 where the line is not known."""

    path: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path


@dataclass(frozen=True, slots=True)
class Entry:
    """One package as one source lists it. `skip` says why no advisory can be looked up for it."""

    name: str
    version: str
    place: Place
    skip: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A declared package: canonical name, normalised version, every place of it in order."""

    name: str
    version: str
    places: tuple[Place, ...]
    skip: str = ""

    def as_json(self) -> dict[str, Any]:
        places = [{"path": place.path, "line": place.line} for place in self.places]
        data = {"name": self.name, "version": self.version, "places": places}
        return {**data, "reason": self.skip} if self.skip else data


def packages(entries: Iterable[Entry]) -> list[Package]:
    """Distinct packages in order of name, version and reason: what is listed twice is examined once."""
    places: defaultdict[tuple[str, str, str], set[Place]] = defaultdict(set)
    for entry in entries:
        places[_key(entry)].add(entry.place)
    return [Package(*key[:2], tuple(sorted(places[key])), key[2]) for key in sorted(places)]


def _key(entry: Entry) -> tuple[str, str, str]:
    name = str(canonicalize_name(entry.name))
    if entry.skip:
        return name, entry.version, entry.skip
    try:
        return name, str(Version(entry.version)), ""
    except InvalidVersion:
        reason = "its version can't be compared (not a PEP 440 version)" if entry.version else "the lock gives it no version"
        return name, entry.version, reason
