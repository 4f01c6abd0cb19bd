"""What a gate found in one file, where that follows from the file alone: taken from an earlier run for files that did not change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Pieces:
    """A gate asks for each file before it looks at it, and hands in what it found. Without a cache there is nothing to be had.

    A piece is JSON data, and never holds what must not be kept: of a file with a secret in it there is none.
    """

    def __init__(self, find: Callable[[str], Any] = lambda _: None) -> None:
        self._find = find
        #: How many files were taken from earlier runs.
        self.taken = 0
        self.made: dict[str, Any] = {}

    def of(self, name: str) -> Any:
        """What was found in a file (by its name relative to the root) as it is now; None where nobody knows."""
        piece = self._find(name)
        if piece is not None:
            self.taken += 1
            self.made[name] = piece
        return piece

    def put(self, name: str, piece: Any) -> None:
        """What was found in a file, for later runs."""
        self.made[name] = piece
