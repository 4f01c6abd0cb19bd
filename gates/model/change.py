"""What lies between the base and what is judged: files, lines, and where findings of both sides stand.

It is made where both trees are at hand, and put into the evidence: with it the judge tells new findings from old ones, purely.
"""

from __future__ import annotations

from typing import Literal

from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hunk:
    """Lines of the base that others took the place of, as `git diff -U0` has it: starts count from 1. A line ends at CR, LF or both.

    Where `base_lines` is 0 the new lines follow the line `base_start`; where `lines` is 0 the old ones stood after `start`.
    """

    base_start: int
    base_lines: int
    start: int
    lines: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FileChange:
    """A file that is not the same on both sides: its path there and here, None where it is missing.

    `hunks` is None where nobody looked into it: a file without findings, or one that can't be read as text.
    """

    base: str | None = None
    path: str | None = None
    hunks: tuple[Hunk, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line on which a finding stands, by what it has in common with others.

    Numbers stand for texts: two places have the same number where their texts are the same, byte for byte. So the evidence tells
    whether lines are the same and holds nothing from which one could be guessed. `text` is the line without the space around
    it, `around` the line with the nearest ones that are not blank, `within` a line of twelve characters or more with the
    definition around it, `values` the secrets that stand in it.
    """

    path: str
    line: int
    text: int
    around: int
    within: int | None = None
    values: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How the findings of one gate are held against the base's; where `reason` says why they can't be, each counts as new.

    `by` says what a finding is known by: the line on which it stands, or its identity (a package, a page, a test).
    With `only_changed` the base was looked at in changed files alone: the gate finds in a file what it finds there, whatever
    stands in others, so what it found in the unchanged ones was there before. `bundle` is the digest of the bundle that the
    base's facts come from (sha256 of its manifest, hex).
    """

    gate: str
    by: Literal["line", "identity"] = "identity"
    only_changed: bool = False
    reason: str = ""
    bundle: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseBundle:
    """The bundle of a run at the base that this run was given: its digest (sha256 of its manifest, hex) and who vouches for it, in words.

    `unused` says why nothing was taken from it; then it may have no digest.
    """

    digest: str | None = None
    signed_by: str = ""
    unused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """From a base commit (full id) to what is judged. `found_by` says in words how that base was found.

    `files` are all files that differ, those included that git doesn't track; `links` are links and submodules that do. `here` and
    `there` are the places of findings in what is judged and in the base. `bundle` is there where the run was given one of the base.
    """

    base: str
    found_by: str
    files: tuple[FileChange, ...] = ()
    here: tuple[Place, ...] = ()
    there: tuple[Place, ...] = ()
    gates: tuple[Compared, ...] = ()
    links: tuple[str, ...] | None = None
    bundle: BaseBundle | None = None
