"""Long lines: each of detect-secrets' keyword patterns begins with a keyword, and is tried where one begins and nowhere else.

Python's `re` tries a choice of eighteen words at each character, five times over: a third of a second for a script of 400 kB in one line.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Any

import re2
from detect_secrets.plugins import keyword

#: Of a shorter line the pattern is asked as it is.
LONG = 4096
#: What folds to a letter of a keyword, or is one, beyond ASCII: where it stands, the pattern itself is asked.
_BEYOND = re.compile("[\u00f1\u00d1\u0130\u0131\u017f\u212a]")


class Anchored:
    """A pattern that stands for one of detect-secrets': the same first match."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def search(self, text: str) -> re.Match[str] | None:
        """As `re.Pattern.search`."""
        if len(text) < LONG or _BEYOND.search(text):
            return self._pattern.search(text)
        folded = bool(self._pattern.flags & re.IGNORECASE)
        return next((match for start in _beginnings(text, folded=folded) if (match := self._pattern.match(text, start))), None)


@lru_cache(maxsize=2)
def _beginnings(text: str, *, folded: bool) -> list[int]:
    """Where a keyword begins, in any case or in small letters alone, as the pattern has it.

    One within another matters nothing, since what stands behind both is taken by the end of the first: where both are keywords of the
    same pattern. `DB_password` is none of one that knows small letters alone, and holds one.
    """
    # One byte a character: what Latin-1 does not have becomes another character that no keyword has.
    return [found.start() for found in _beginning(folded=folded).finditer(text.encode("latin-1", "replace"))]


@cache
def _beginning(*, folded: bool) -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    words = "|".join(word for word in keyword.DENYLIST if word.isascii())
    return re2.compile(f"(?{'i' if folded else ''}:{words})".encode(), options)


def anchor() -> None:
    """Let the keyword detector ask patterns that are anchored. For the versions alone whose patterns are known."""
    tables: dict[int, dict[Any, int]] = {id(table): table for table in keyword.REGEX_BY_FILETYPE.values()}
    tables[id(keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP)] = keyword.QUOTES_REQUIRED_DENYLIST_REGEX_TO_GROUP
    for table in tables.values():
        anchored = {_anchored(pattern): group for pattern, group in table.items()}
        table.clear()
        table.update(anchored)


def _anchored(pattern: Any) -> Any:
    begins = isinstance(pattern, re.Pattern) and pattern.pattern.startswith(keyword.DENYLIST_REGEX)
    return Anchored(pattern) if begins else pattern
