"""Text from outside, made safe to show: nothing in it moves a cursor, turns the line around or commands a CI runner."""

from __future__ import annotations

import json
import re

#: C0 and C1 controls, marks that reorder or hide text, line separators, tags, and halves of surrogate pairs.
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ufffe\uffff\U000e0000-\U000e007f\ud800-\udfff]"
)
_SURROGATE = re.compile("[\ud800-\udfff]")
#: GitHub's runner obeys `##[…]` anywhere in a line and `::…::` at its start.
_RUNNER_COMMAND = re.compile(r"##\[|\A\s*::")


def visible(text: str) -> str:
    """One line in which what can't be seen is written out, such as `\\x1b` or `\\u202e`; newlines too."""
    return text if text.isprintable() else _UNSEEN.sub(_written_out, text)


def visible_lines(text: str) -> list[str]:
    """The lines of a text, each `visible`; tabs become spaces."""
    return [visible(line.expandtabs(4)) for line in text.replace("\r\n", "\n").split("\n")]


def shown(text: str) -> str:
    """A text of several lines, each `visible`."""
    return "\n".join(visible_lines(text))


def terminal(line: str) -> str:
    """A `visible` line as it may be printed, also into the log of a CI runner: it is no command to it."""
    return _RUNNER_COMMAND.sub(lambda match: match[0][:-1] + f"\\x{ord(match[0][-1]):02x}", visible(line))


def unicode_text(text: str) -> str:
    """The text without halves of surrogate pairs, which no encoding holds and strict readers refuse."""
    return _SURROGATE.sub("\ufffd", text)


def visible_json(text: str) -> str:
    """The same JSON document, in which what can't be seen stands as an escape, and nothing commands a CI runner."""
    text = text.replace("##[", "#\\u0023[")
    return _UNSEEN.sub(lambda match: match[0] if match[0] == "\n" else json.dumps(match[0])[1:-1], unicode_text(text))


def web_address(text: str) -> str:
    """The text where it is an address that a browser may be led to, else nothing: `javascript:` is one too."""
    return text if re.fullmatch(r"https?://[^\s<>\"'`\\]+", text) and visible(text) == text else ""


def _written_out(match: re.Match[str]) -> str:
    number = ord(match[0])
    short = {0x09: "\\t", 0x0A: "\\n", 0x0D: "\\r"}.get(number)
    if short:
        return short
    return f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
