"""Masks secrets, as they are and in what tools make of them, and says what it masked by which rule on which line."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from hashlib import sha256
from itertools import pairwise

from gates.dataclass import dataclass
from gates.redact import views
from gates.redact.needles import Kind, Needle, Needles, Rules, in_base64, in_hex, needles_of
from gates.redact.views import Span, View
from gates.redact.words import Why, why_unsearched

MASK = b"[redacted]"
#: The rule by which something packed is masked that is too large to be searched.
TOO_LARGE = frozenset({"packed/too-large"})
#: How often what was decoded is decoded again: JSON within JSON within a form.
_DEPTH = 3
_CUT_BEFORE = re.compile(rb"(?:\.\.\.|\xe2\x80\xa6)\s?([^\s.]*)\Z")
_CUT_AFTER = re.compile(rb"([^\s.]*)\s?(?:\.\.\.|\xe2\x80\xa6)")
_MOST_DOTS = 4

Find = tuple[int, int, Rules]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """So many masks on a line (from 1) of a content, by the rules that all of them are masked by."""

    line: int
    rules: Rules
    count: int


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Unsearched:
    """A rule of which a secret is masked only where it was found, and why."""

    rule: str
    why: Why


class Redactor:
    """Masks a set of secrets, as they are and in what tools make of them.

    That is: escapes of JSON, Python, HTML and URLs, also within one another; hex and base64 of both alphabets, also in lines, and base64 of
    what is itself encoded or packed; UTF-16 and UTF-32; unsalted hashes; a secret broken into lines; the two ends that a tool leaves when
    it cuts a long text; packed files. What is masked stays on its line, and lines are not joined.

    `secrets` may give the rules by which each is one, such as `env:DEPLOY_TOKEN` or `secrets/github-token`.
    """

    def __init__(self, secrets: Iterable[str] | Mapping[str, Iterable[str]]) -> None:
        named = secrets if isinstance(secrets, Mapping) else dict.fromkeys(secrets, ())
        rules = {secret: frozenset(named[secret]) for secret in named if secret.strip()}
        why = {secret: why_unsearched(secret) for secret in rules}
        needles = needles_of({secret: rules[secret] for secret in rules if why[secret] is None})
        whole = [needle for needle in needles if needle.kind is Kind.WHOLE]
        self._needles, self._base64, self._hex = Needles(needles), Needles(in_base64(whole)), Needles(in_hex(whole))
        self._wrappable = Needles(needle for needle in whole if needle.is_wrappable)
        self._clean: set[bytes] = set()
        self.unsearched = frozenset(
            Unsearched(rule=rule, why=reason) for secret, reason in why.items() if reason is not None for rule in rules[secret]
        )

    def redact(self, content: bytes) -> bytes:
        """The content with every secret masked; a packed one that holds a secret is masked as a whole."""
        return self.mask(content)[0]

    def mask(self, content: bytes) -> tuple[bytes, tuple[Mask, ...]]:
        """The masked content, and what was masked on each of its lines."""
        finds = list(self._finds(content)) if self._needles else []
        if not finds:
            self._clean.add(sha256(content).digest())
        whole = [rules for start, end, rules in finds if (start, end) == (0, len(content))]
        if whole:
            return MASK, (Mask(line=1, rules=frozenset[str]().union(*whole), count=1),)
        pieces, counts, place, line = [], Counter[tuple[int, Rules]](), 0, 1
        for start, end, rules in _joined(_by_line(content, finds)):
            pieces += [content[place:start], MASK]
            line += content.count(b"\n", place, start)
            counts[line, rules] += 1
            place = end
        masks = (Mask(line=line, rules=rules, count=count) for (line, rules), count in counts.items())
        return b"".join([*pieces, content[place:]]), tuple(masks)

    def text(self, text: str) -> str:
        return self.redact(text.encode("utf-8", "replace")).decode("utf-8", "replace") if self._needles else text

    def finds(self, content: bytes) -> bool:
        """Whether a secret stands in the content. One in which nothing was found to mask is not searched again."""
        return bool(self._needles) and sha256(content).digest() not in self._clean and any(True for _ in self._finds(content))

    def _finds(self, content: bytes) -> Iterator[Find]:
        for packed in views.from_packed(content):
            if packed is None:
                yield 0, len(content), TOO_LARGE
            else:
                yield from _mapped(packed, self._finds_open(packed.content, _DEPTH - 1))
        yield from self._finds_open(content, _DEPTH)

    def _finds_open(self, content: bytes, depth: int) -> Iterator[Find]:
        """What stands in a text, in whatever encoding. What is encoded more than once is looked at for less."""
        yield from self._plain(content, self._needles)
        if depth >= _DEPTH - 1:
            yield from self._wrapped(content)
            for view in views.without_zeros(content):
                yield from _mapped(view, self._plain(view.content, self._needles))
            yield from self._alone(content)
            for view in views.from_runs(content):
                yield from _mapped(view, self._finds_in_run(view.content))
        for view in views.unescaped(content) if depth else ():
            yield from _mapped(view, self._finds_open(view.content, depth - 1))

    def _finds_in_run(self, content: bytes) -> Iterator[Find]:
        """What stands in runs of base64 that were decoded: it may be packed, or encoded once more."""
        for packed in views.from_packed(content):
            if packed is None:
                yield 0, len(content), TOO_LARGE
            else:
                yield from _mapped(packed, self._plain(packed.content, self._needles))
        for view in (*views.unescaped(content), *views.without_zeros(content)):
            yield from _mapped(view, self._plain(view.content, self._needles))
        yield from self._alone(content)

    def _alone(self, content: bytes) -> Iterator[Find]:
        """What stands in base64 or hex, whatever stands between its pieces."""
        for view, needles in ((views.base64_alone(content), self._base64), (views.hex_alone(content), self._hex)):
            yield from _mapped(view, self._plain(view.content, needles))

    def _plain(self, content: bytes, needles: Needles) -> Iterator[Find]:
        for start, needle in needles.find(content):
            span = _span(content, start, needle)
            if span is not None:
                yield from _by_line(content, [(*span, needle.rules)])

    def _wrapped(self, content: bytes) -> Iterator[Find]:
        """What a tool has broken into lines: nothing but white space with a line's end stands between its pieces."""
        view = views.without_breaks(content)
        for start, needle in self._wrappable.find(view.content):
            pieces = list(view.sources((start, start + len(needle.text))))
            between = [content[one[1] : other[0]] for one, other in pairwise(pieces)]
            if between and all(b"\n" in space for space in between):
                yield from ((*piece, needle.rules) for piece in pieces)


def _mapped(view: View, finds: Iterator[Find]) -> Iterator[Find]:
    """Finds in a view, as the places that they come from."""
    for start, end, rules in finds:
        yield from ((*span, rules) for span in view.sources((start, end)))


def _span(content: bytes, start: int, needle: Needle) -> Span | None:
    """What is to be masked where a needle stands; None where it is an end of a secret and nothing was cut there."""
    end = start + len(needle.text)
    if needle.kind is Kind.HEAD:
        after = _CUT_AFTER.match(content, end, end + needle.rest + _MOST_DOTS)
        return (start, after.end(1)) if after else None
    if needle.kind is Kind.TAIL:
        before = _CUT_BEFORE.search(content[max(0, start - needle.rest - _MOST_DOTS) : start])
        return (start - len(before[1]), end) if before else None
    return start, end


def _by_line(content: bytes, finds: Iterable[Find]) -> Iterator[Find]:
    """Finds line by line, without the ends of the lines: what is masked must not join them."""
    for start, end, rules in finds:
        place = start
        for line in content[start:end].split(b"\n"):
            text = line.strip(b"\r")
            if text:
                first = place + line.index(text)
                yield first, first + len(text), rules
            place += len(line) + 1


def _joined(finds: Iterable[Find]) -> list[Find]:
    """Finds in their order, those that overlap as one, by the rules of the first and longest."""
    joined: list[Find] = []
    for start, end, rules in sorted(finds, key=lambda find: (find[0], -find[1], sorted(find[2]))):
        if joined and start < joined[-1][1]:
            first, last, before = joined[-1]
            same = (start, end) == (first, last)
            joined[-1] = (first, max(last, end), before | rules if same else before)
        else:
            joined.append((start, end, rules))
    return joined
