"""Installed distributions: which version there is, and whether it is one that this version of ours was made for."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from gates.errors import ToolMissingError

if TYPE_CHECKING:  # both take longer to import than a run takes in which nothing changed
    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet

OURS = "quality-gates"


def version(name: str) -> str:
    """The version of an installed distribution.

    Raises `ToolMissingError`, with the command that mends it, where it is missing or is none of the versions that our own
    metadata asks for: of an environment in which they don't fit together pip only warns.
    """
    from importlib import metadata

    wanted, install = _asked(name)
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        raise ToolMissingError(f"{name} is not installed", remedy=install) from None
    if not wanted.contains(found, prereleases=True):
        raise ToolMissingError(f"{name} {found} is installed, and {wanted} is needed", remedy=f"{install} '{name}{wanted}'")
    return found


@cache
def _asked(name: str) -> tuple[SpecifierSet, str]:
    """What our metadata says of a distribution, and the command that brings it. Anything will do where it says nothing."""
    from importlib import metadata

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.utils import canonicalize_name

    try:
        ours = metadata.metadata(OURS)
    except metadata.PackageNotFoundError:  # run from its source alone
        return SpecifierSet(), f"pip install {name}"
    lines = [Requirement(line) for line in ours.get_all("Requires-Dist", ())]
    named = [line for line in lines if canonicalize_name(line.name) == canonicalize_name(name)]
    specifiers = SpecifierSet(",".join(str(line.specifier) for line in named if line.specifier))
    # What `all` brings, an extra of its own brings too.
    extras = ["", *sorted(ours.get_all("Provides-Extra", ()), key="all".__eq__)]
    brought_by = next((extra for extra in extras for line in named if _is_asked_by(line, extra)), None)
    install = name if brought_by is None else f"'{OURS}[{brought_by}]'" if brought_by else OURS
    return specifiers, f"pip install {install}"


def _is_asked_by(line: Requirement, extra: str) -> bool:
    return line.marker is None or line.marker.evaluate({"extra": extra})
