"""What can change what a gate sees: named by each gate, so that a run need not look again where nothing of it did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Depends:
    """What a gate's raw output follows from, beside what counts for every gate: its options, its engine, our own code and interpreter.

    `files` are names in the tree whose content counts (None: all of them, and the links).
    `places` are files and folders wherever they lie, by content. `machine`: programs of the project or pages of others are run, so the
    variables of the environment count, the packages that are installed for the project, the files that git ignores, and the day in UTC:
    what they fetch nobody knows. `known` is what was found out beforehand, as text. `base`: what lies between the tree and its base.
    `day`: the day of evaluation.
    """

    files: Sequence[str] | None = ()
    places: Sequence[Path] = ()
    known: str = ""
    machine: bool = False
    base: bool = False
    day: bool = False
