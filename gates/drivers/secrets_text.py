"""What is said of a value and its line without giving it away: a masked text, and what the value looks like."""

from __future__ import annotations

import base64
import codecs
import math
import re
from collections import Counter
from collections.abc import Mapping
from urllib.parse import unquote

MASK = "[redacted]"
_AROUND = 100
_LONGEST_WORDS = 80
#: What is shorter also stands in ordinary text by chance.
_SHORTEST_SEARCHED = 8
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_TOKEN = re.compile(r"(?=[^\d]*\d)(?=[^A-Za-z]*[A-Za-z])[A-Za-z0-9_+=-]{20,}")
_ENTROPY_OF_TOKENS = 3.9
_UNREADABLE = "\ufffd"
_NULS_IN_A_LINE_END = re.compile(r"\r\0+\n")
_CONTROLS = re.compile(rb"[\x00-\x06\x0e-\x1a\x1c-\x1f]")
_PLACEHOLDER = re.compile(
    r"(?i)example|placeholder|change[-_ ]?(?:me|this|it)|your[-_ ]|dummy|fake|redacted"
    r"|replace[-_ ]?(?:me|with)|insert[-_ ]|x{4,}|\*{3,}|\.{3,}|…"
    r"|not[-_ ](?:a|so)[-_ ]|insecure|^<.*>$|^\[.*\]$|%\(\w+\)[sd]|%[sd]\b|\{\w*\}|\$\{\w+"
)
_VOCABULARY = re.compile(
    r"(?i)(?:(?:a|abc|access|account|admin|api|auth|bad|bar|baz|bearer|client|cookie|correct|credential|credentials|data|db|debug|default|demo|dev"
    r"|development|django|empty|env|false|field|file|flask|foo|good|guest|hash|hello|id|invalid|jwt|key|letmein|local|login|long|mock|my|name|new"
    r"|nil|no|none|null|old|one|only|other|pass|passphrase|passwd|password|passwords|postgres|private|public|pwd|qux|random|required|root|safe"
    r"|sample|secret|secrets|server|session|sign|signing|simple|some|spam|string|super|temp|test|testing"
    r"|tests|text|the|this|token|true|two|type|unset|url|user|valid|value|very|world|wrong|xxx|your)[-_ .:!?]*)+\d{0,4}[!?.]?"
)
_PHRASE_WORD = re.compile(r"[^\W\d_]*[^\w\s]*")
_REFERENCE = re.compile(r"[A-Za-z_ -]+[=:]|[A-Za-z_]\w*(?:(?:\.|::|->)[A-Za-z_]\w*)+(?:\(\))?|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_PATH = re.compile(
    r"(?:\.{0,2}/|~/|https?://|file:|[A-Z]:\\)[^@\s]*|[\w.-]+(?:/[\w.-]+)*/?\.(?:json|ya?ml|pem|key|txt|env|toml|ini|cfg|crt|html?)"
)


def readings(content: bytes) -> tuple[str, ...]:
    """The texts that a file's bytes hold, the likeliest first; none where it is not text.

    Two encodings in one file, as where one shell appends to what another wrote, make no sense in either: without its NULs each shows
    its Latin letters. A NUL in the midst of a token hides it, and one behind a token sets it apart: a text is read without and with.
    """
    mark, encoding = next(((mark, encoding) for mark, encoding in _BOMS if content.startswith(mark)), (b"", _wide_encoding(content)))
    narrow = content.removeprefix(mark).replace(b"\0", b"")
    text = content.decode(encoding, "replace") if mark else _decode(content, encoding)
    if text is None or (text.count(_UNREADABLE) * 100 > len(text) and _CONTROLS.search(narrow)):
        return ()
    found = [text.replace("\0", "")]
    if "\0" in text:
        found.append(_NULS_IN_A_LINE_END.sub("\r\n", text))
    if encoding not in ("", "utf-8-sig"):
        found.append(narrow.decode("latin-1"))
    return tuple(dict.fromkeys(found))


def _decode(content: bytes, encoding: str) -> str | None:
    """The text of a file without a byte-order mark: in the encoding that its zeros say, in UTF-8, else in Latin-1 where it is text."""
    try:
        return content.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return None if _CONTROLS.search(content) else content.decode("latin-1")


def _wide_encoding(content: bytes) -> str:
    """The encoding of a text whose every second byte is zero, empty for any other."""
    zeros = [content[start::2].count(0) for start in (0, 1)]
    if len(content) % 2 or max(zeros) < len(content) // 2 * 0.9 or min(zeros):
        return ""
    return "utf-16-be" if zeros[0] else "utf-16-le"


def masked(line: str, values: Mapping[str, str]) -> tuple[str, dict[str, int]]:
    """The line without the values, stripped, and cut to what stands near the first of them; and how many masks are whole in it, by rule.

    `values` gives the rule by which each is a secret. Those that overlap are masked as one, by the rule of the longest.
    """
    text, masks, place = "", [], 0
    for start, end, rule in _spans(line, values):
        text += line[place:start]
        masks.append((len(text), rule))
        text, place = text + MASK, end
    text += line[place:]
    if not masks:
        return MASK, {}
    left = max(len(text) - len(text.lstrip()), masks[0][0] - _AROUND)
    right = min(len(text.rstrip()), masks[0][0] + len(MASK) + _AROUND)
    return text[left:right].strip(), dict(Counter(rule for start, rule in masks if start + len(MASK) <= right))


def places(text: str, value: str) -> list[int]:
    """Where a value stands in a text, without overlap."""
    found, place = [], text.find(value)
    while place >= 0:
        found.append(place)
        place = text.find(value, place + max(1, len(value)))
    return found


def _spans(line: str, values: Mapping[str, str]) -> list[tuple[int, int, str]]:
    """Where the values stand on the line, in order, those that overlap as one."""
    found = sorted((start, -start - len(value), rule) for value, rule in values.items() if value for start in places(line, value))
    spans: list[tuple[int, int, str]] = []
    for start, end, rule in found:
        if spans and start < spans[-1][1]:
            first, last, before = spans[-1]
            spans[-1] = (first, max(last, -end), before)
        else:
            spans.append((start, -end, rule))
    return spans


def shape(value: str) -> str:
    """What a value looks like: `placeholder`, `phrase`, `reference`, `path`, `random` or `word`."""
    text = _login(unquote(value.strip()))
    if _PLACEHOLDER.search(text) or len(set(text)) <= 3 or (len(text) <= _LONGEST_WORDS and _VOCABULARY.fullmatch(text)):
        return "placeholder"
    words = text.split()
    if len(words) > 1 and all(_PHRASE_WORD.fullmatch(word) for word in words):
        return "phrase"
    if _PATH.fullmatch(text):
        return "path"
    if _REFERENCE.fullmatch(text):
        return "reference"
    return "random" if len(text) >= 16 and entropy(text) >= 3.3 and re.search(r"\d", text) and re.search(r"[A-Za-z]", text) else "word"


def _login(text: str) -> str:
    """The password of a `user:password` that was written as base64, as an authorization header does; else the text itself."""
    try:
        plain = base64.b64decode(text, validate=True).decode("ascii")
    except ValueError:
        return text
    return plain.partition(":")[2] if ":" in plain and plain.isprintable() else text


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    counts = [text.count(character) / len(text) for character in set(text)]
    return -sum(share * math.log2(share) for share in counts)


def why_unsearched(value: str, paths: str) -> str:
    """Why a value can't be masked wherever it stands, empty where it can: it is `short`, an ordinary `word`, or part of a file's `name`.

    `paths` holds the names of all files. Words would be masked in the keys of other tools' reports. What no word is like is masked in
    names too, or else a file that is called like a token would save it everywhere.
    """
    is_word = re.fullmatch(r"[A-Za-z]+(?:[-_. :][A-Za-z]+)*", value) is not None and len(value) < 24
    is_token = _TOKEN.fullmatch(value) is not None and entropy(value) > _ENTROPY_OF_TOKENS
    if len(value) < _SHORTEST_SEARCHED:
        return "short"
    return "word" if is_word else "" if is_token or value not in paths else "name"
