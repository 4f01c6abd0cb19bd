"""Patterns over bytes in RE2, whose time is linear in the text: it reads a text with no match several times as fast as `re` does."""

from __future__ import annotations

from collections.abc import Callable

#: What an automaton may take, in bytes. Beyond it RE2 goes on by another way, with the same answer.
_MEMORY = 64 * 2**20


def escape(text: bytes) -> bytes:
    """The pattern of just this text."""
    return b"".join(b"\\x%02x" % byte for byte in text)


def search(pattern: bytes) -> Callable[[bytes], object]:
    """What finds a match of the pattern in a text; None where there is none. Raises `ValueError` where it is too large to be prepared."""
    import re2  # loaded where something long is searched

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = _MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options).search  # type: ignore[no-any-return]
    except re2.error as error:
        raise ValueError(f"RE2 does not take the pattern: {error}") from error
