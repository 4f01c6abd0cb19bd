"""Which secrets can't be searched for everywhere, since ordinary text or our own holds them too."""

from __future__ import annotations

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

#: Shorter values also stand in ordinary text by chance: they can't be searched for everywhere.
MINIMUM_LENGTH = 8
_PACKAGE = Path(__file__).parents[1]
#: Where words of ours stand: beside the code the templates of the page, and the shipped policies, in the package or beside it.
_OURS = ("**/*.py", "**/templates/*", "policies/*.yaml", "../policies/*.yaml")
_WORDS = re.compile(r"[A-Za-z]+(?:[-_./: ][A-Za-z]+)*")


class Why(StrEnum):
    """Why a secret is masked only where it was found."""

    SHORT = "short"
    #: An ordinary word, or one of ours: of a schema, a rule, a remedy.
    WORD = "word"
    #: A part of the name of a file that was examined.
    NAME = "name"


def why_unsearched(secret: str) -> Why | None:
    """Why a secret can't be searched for everywhere; None where it can."""
    if len(secret) < MINIMUM_LENGTH:
        return Why.SHORT
    text = secret.strip()
    return Why.WORD if _WORDS.fullmatch(text) and _is_own(text) else None


def _is_own(word: str) -> bool:
    """Whether a word stands as a whole in what we can say by ourselves."""
    return word in _own_text() and re.search(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])", _own_text()) is not None


@cache
def _own_text() -> str:
    """All that this package can say by itself. Whoever masks a word of it would mask the schema of the evidence."""
    paths = sorted({path for pattern in _OURS for path in _PACKAGE.glob(pattern) if path.is_file()})
    return "\n".join(path.read_text("utf-8") for path in paths)
