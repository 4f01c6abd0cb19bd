"""A Python file as bandit's findings need it: its lines without the text of literals, and its `# nosec` comments."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import defaultdict

from bandit.core.manager import _parse_nosec_comment

MASK = "[redacted]"
#: Shorter literals stand in ordinary messages by chance.
_SHORTEST = 3
_NAMES_VALUE = "hardcoded password: "
_TEXT_STARTS = frozenset({"FSTRING_START", "TSTRING_START"})
_TEXT_ENDS = frozenset({"FSTRING_END", "TSTRING_END"})

Span = tuple[int, int, int, int]


class Source:
    """One file that has been parsed: its tokens are known to be readable."""

    def __init__(self, content: bytes) -> None:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        self._lines = io.TextIOWrapper(io.BytesIO(content), encoding, errors="replace").read().split("\n")
        self._strings: list[Span] = []
        self._nosec: dict[int, set[str]] = {}
        self._read_tokens(content)
        self._strings_on: dict[int, list[Span]] = defaultdict(list)
        for span in sorted(self._strings):
            for number in range(span[0], span[2] + 1):
                self._strings_on[number].append(span)
        self._literals_on: dict[int, set[str]] = defaultdict(set)
        for node in ast.walk(ast.parse(content)):
            if isinstance(node, ast.Constant) and isinstance(value := node.value, str | bytes) and len(value) >= _SHORTEST:
                text = value if isinstance(value, str) else value.decode("utf-8", "replace")
                for number in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                    self._literals_on[number].add(text)

    def _read_tokens(self, content: bytes) -> None:
        opened: list[tuple[int, int]] = []
        try:
            for token in tokenize.tokenize(io.BytesIO(content).readline):
                kind = tokenize.tok_name[token.type]
                if kind in _TEXT_STARTS:
                    opened.append(token.start)
                elif kind in _TEXT_ENDS:
                    start = opened.pop()
                    if not opened:
                        self._strings.append((*start, *token.end))
                elif kind == "STRING" and not opened:
                    self._strings.append((*token.start, *token.end))
                elif kind == "COMMENT" and (tests := _parse_nosec_comment(token.string)) is not None:
                    self._nosec[token.start[0]] = tests
        except tokenize.TokenError:
            return  # bandit too goes on with the comments up to here

    def masked(self, number: int) -> tuple[str, int]:
        """A line, stripped, with a mask for the text of every string that stands on it, and how many these are."""
        if not 0 < number <= len(self._lines):
            return "", 0
        line = self._lines[number - 1]
        for first, start, last, end in reversed(self._strings_on[number]):
            left = start if first == number else 0
            right = end if last == number else len(line)
            line = f"{line[:left]}{MASK}{line[right:]}"
        return line.strip(), len(self._strings_on[number])

    def without_literals(self, text: str, first: int, last: int) -> tuple[str, int, str]:
        """bandit's message about some lines without the strings on them that it quotes, their number, and the password that it names."""
        before, colon, password = text.partition(_NAMES_VALUE)
        if colon:
            return f"{before}{colon}{MASK}", 1, password.strip().removeprefix("'").removesuffix("'")
        masks = 0
        found = {value for number in range(first, last + 1) for value in self._literals_on[number]}
        for literal in sorted(found, key=lambda value: (-len(value), value)):
            for quoted in (f"'{literal}'", f'"{literal}"', f"({literal})"):
                masks += text.count(quoted)
                text = text.replace(quoted, f"{quoted[0]}{MASK}{quoted[-1]}")
        return text, masks, ""

    def column(self, number: int, offset: int) -> int | None:
        """A column from 1 for the parser's offset, which counts bytes of UTF-8."""
        if offset < 0 or not 0 < number <= len(self._lines):
            return None
        return len(self._lines[number - 1].encode("utf-8", "replace")[:offset].decode("utf-8", "replace")) + 1

    def is_nosec(self, test: str, number: int, lines: list[int]) -> bool:
        """Whether a comment makes bandit drop a finding: one on its line or on the first commented line of its statement."""
        own = self._nosec.get(number)
        around = next((self._nosec[line] for line in lines if line in self._nosec), None)
        if own is None and around is None:
            return False
        tests = (own or set()) | (around or set())
        return not tests or test in tests
