"""How several machines share what one gate examines: each observes a part of it, and `parse` reads all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gates.api.raw import Raw
from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What this machine observes: of `parts` the one with the number `part` (from 1).

    `files` and `items` say which part has a file, or a single item of one that is shared itself. What stands in neither goes to a part by
    a rule of the gate's own that all machines follow alike.
    """

    part: int
    parts: int
    files: Mapping[str, int]
    items: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Division:
    """That a gate can be shared. All of it is asked while a run is planned, so none of it runs code of the project.

    `why_not` says of options why the gate can't be shared with them; empty where it can. `files` picks from the tree's files (relative to
    the root, sorted) those that hold what is examined. `milliseconds` reads from the raw output of an earlier run, in parts or in one, how
    long each item took, by the file that it stands in.
    """

    why_not: Callable[[Any], str]
    files: Callable[[Path, Sequence[str], Any], Sequence[str]]
    milliseconds: Callable[[Raw], Mapping[str, Mapping[str, int]]]
