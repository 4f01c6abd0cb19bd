"""The strict scan of one text: detect-secrets' detectors on every line, every occurrence, and detectors of ours.

detect-secrets' transformers (YAML, INI) and filters are used as they are, but a filter that was made for one kind of
detector does not silence the others, an allow-list comment marks a finding and does not hide it, and one finding in a
file does not end the search in it.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from detect_secrets.filters import heuristic
from detect_secrets.plugins.keyword import DENYLIST
from detect_secrets.transformers import get_transformed_file
from detect_secrets.types import NamedIO

from gates.drivers import secrets_rules as rules
from gates.drivers.secrets_hits import Hit, add, allow, describe, occurrences
from gates.drivers.secrets_text import MASK

_CHECKSUM_NAME = re.compile(
    r"(?i)(?:^|[^a-z])(?:sha-?\d*|md5(?:sum)?|blake2[bs]?|check_?sums?|integrity|digest|etag|rev|revision|commit|commit_?sha|git_?(?:sha|ref|hash))"
    r"[^a-z0-9]*[\"']?\]?\s*[:=(,]"
)
_NAME = re.compile(r"([A-Za-z_][\w-]*)[\"']?\]?\s*[:=]\s*[\"']?$")
_LONGEST_NAME = 200
#: A name's last word that says that it holds something about a secret, not the secret.
_ABOUT_A_SECRET = re.compile(r"(?i)[_-](?:status|state|type|label|field|hint|policy|length|prompt)$")
#: A detector may be asked again and again about one line until it has read so many characters of it.
_CHARACTERS_ASKED_AGAIN = 200_000
_INTEGRITY = re.compile(r"(?:sha(?:1|224|256|384|512)|md5)[-=][A-Za-z0-9+/=_-]+")
_DIGEST = re.compile(r"[0-9a-fA-F]{7,128}|[A-Za-z0-9+/_-]{27,88}={0,2}")


@dataclass(slots=True, kw_only=True)
class Scan:
    """What one file gave: hits, how many values each filter took for something else, and what went wrong."""

    hits: list[Hit] = field(default_factory=list)
    filtered: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


class _NamedText(io.StringIO):
    """A text with a file's name, as detect-secrets' transformers want it."""

    def __init__(self, text: str, name: str) -> None:
        super().__init__(text, newline=None)
        self.name = name


def _cores_hold() -> bool:
    """Whether each of the engine's keywords holds one of our cores, so that looking for these first loses nothing."""
    return all(any(core in word for core in rules.KEYWORD_CORES) for word in DENYLIST)


def scan_readings(path: str, readings: Sequence[str], detectors: Detectors, left_out: frozenset[str] = frozenset()) -> Scan:
    """All secrets of one file whose bytes can be read in several ways: what the first one shows, and what the others alone do.

    A line as another reading shows it may hold what the first one found in a form that nothing masks: it is not given.
    """
    first, *others = (scan(path, text, detectors, left_out) for text in readings)
    known = {(hit.rule, hit.value, hit.suppressed_by) for hit in first.hits}
    for hit in (hit for other in others for hit in other.hits):
        if (hit.rule, hit.value, hit.suppressed_by) not in known:
            hit.text, hit.masks = MASK, {hit.rule: 1}
            first.hits.append(hit)
    return first


def scan(path: str, text: str, detectors: Detectors, left_out: frozenset[str] = frozenset()) -> Scan:
    """All secrets of one text, by line, but those of rules that are left out."""
    found = Scan()
    raw = _NamedText(text, path).readlines()
    # what rules are left out of has nothing to take apart
    passes = [(raw, left_out)] if left_out else list(_passes(path, text, raw, found))
    for source, (lines, without) in enumerate(passes):
        for hit in _scan_lines(path, lines, detectors, without, found.filtered):
            hit.source = source
            add(found.hits, hit)
    describe(found.hits, raw)
    allow(found.hits, path, [lines for lines, _ in passes])
    return found


def _passes(path: str, text: str, raw: list[str], found: Scan) -> Iterator[tuple[list[str], frozenset[str]]]:
    """The file as it is, and as the engine's transformers rewrite it: those see values without quotes."""
    rewritten = []
    for eager in (False, True):
        try:
            lines = get_transformed_file(cast("NamedIO", _NamedText(text, path)), use_eager_transformers=eager)
        except Exception as error:  # whatever a parser raises on one file must not end the scan of the others
            found.trouble = f"detect-secrets could not take it apart ({type(error).__name__}); only its plain lines were searched"
            lines = None
        rewritten.append(lines)
    plain, eager_lines = rewritten
    yield raw, rules.GENERIC if plain else frozenset()
    if plain:
        yield plain, frozenset()
    if eager_lines:
        yield eager_lines, frozenset()


def _scan_lines(path: str, lines: Sequence[str], detectors: Detectors, left_out: frozenset[str], filtered: Counter[str]) -> Iterator[Hit]:
    for number, raw in enumerate(lines, 1):
        line = raw.rstrip()
        if not line:
            continue
        for plugin in detectors.for_line(line, left_out):
            for values in _asked(plugin, path, line, number):
                yield from _engine_hits(plugin, values, number, line, filtered)
        yield from _own_hits(number, line, left_out)


def _asked(plugin: Any, path: str, line: str, number: int) -> Iterator[list[str]]:
    """What a detector finds on a line. That of keywords names one value a line, and is asked again without those that it has named."""
    again = rules.rule_of(plugin.secret_type) == "keyword"
    for _ in range(max(1, _CHARACTERS_ASKED_AGAIN // len(line)) if again else 1):
        found = plugin.analyze_line(filename=path, line=line, line_number=number)
        if not found:
            return
        values = sorted(str(secret.secret_value) for secret in found)
        yield values
        rest = line
        for value in values:
            rest = rest.replace(value, " " * len(value))
        if rest == line:
            return
        line = rest


def _engine_hits(plugin: Any, values: Sequence[str], number: int, line: str, filtered: Counter[str]) -> Iterator[Hit]:
    rule = rules.rule_of(plugin.secret_type)
    for value in values:
        reason = _filter(rule, plugin, value, line)
        if reason:
            filtered[reason] += 1
            continue
        for column, token in occurrences(plugin, value, line):
            yield Hit(rule=rule, line=number, column=column, value=token, text=line, engine=[(plugin.secret_type, value)])


def _own_hits(number: int, line: str, left_out: frozenset[str]) -> Iterator[Hit]:
    for rule, pattern in rules.OWN_RULES:
        if rule in left_out:
            continue
        for match in pattern.finditer(line):
            if rule not in rules.GENERIC or not _heuristics(match.group(1)):
                yield Hit(rule=rule, line=number, column=match.start(1) + 1, value=match.group(1), text=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectors:
    """detect-secrets' detectors, by what a line must hold for them to find anything: only what provably can't match is left out."""

    always: tuple[Any, ...]
    generic: tuple[Any, ...]
    quoted: tuple[Any, ...]
    named: tuple[Any, ...]

    @classmethod
    def sort(cls, plugins: Sequence[Any]) -> Detectors:
        by_rule = [(rules.rule_of(plugin.secret_type), plugin) for plugin in plugins]
        # a newer engine may know keywords without any of our cores: then every line is asked
        narrowed = rules.ENTROPY | ({"keyword"} if _cores_hold() else set())
        return cls(
            always=tuple(plugin for rule, plugin in by_rule if rule not in rules.GENERIC),
            generic=tuple(plugin for rule, plugin in by_rule if rule in rules.GENERIC - narrowed),
            quoted=tuple(plugin for rule, plugin in by_rule if rule in rules.ENTROPY),
            named=tuple(plugin for rule, plugin in by_rule if rule in narrowed - rules.ENTROPY),
        )

    def for_line(self, line: str, left_out: frozenset[str]) -> Iterator[Any]:
        yield from self.always
        for plugin in self._generic_for(line):
            if rules.rule_of(plugin.secret_type) not in left_out:
                yield plugin

    def _generic_for(self, line: str) -> Iterator[Any]:
        yield from self.generic
        if '"' in line or "'" in line:
            yield from self.quoted
        folded = line.casefold()
        if any(core in folded for core in rules.KEYWORD_CORES):
            yield from self.named


def _filter(rule: str, plugin: Any, value: str, line: str) -> str:
    """Why a value is taken for something else than a secret; empty where it isn't. What has a shape of its own is taken as it is."""
    if rule not in rules.GENERIC:
        return ""
    if rule in rules.ENTROPY and _is_checksum(value, line):
        return "checksum"
    if rule == "keyword" and heuristic.is_indirect_reference(line):
        return "indirect-reference"
    if rule == "keyword" and _says_something_else(value, line):
        return "name"
    if heuristic.is_likely_id_string(value, line, plugin):
        return "identifier"
    return _heuristics(value)


def _heuristics(value: str) -> str:
    checks = {
        "uuid": heuristic.is_potential_uuid,
        "sequence": heuristic.is_sequential_string,
        "template": heuristic.is_templated_secret,
        "variable": heuristic.is_prefixed_with_dollar_sign,
        "no-letter": heuristic.is_not_alphanumeric_string,
    }
    return next((name for name, check in checks.items() if check(value)), "")


def _says_something_else(value: str, line: str) -> bool:
    """Whether the name is not one of a secret after all: its last word says so, or its several words are the value, as of a field."""
    # a name further away than this is none: looked for from the line's beginning, a long line would take hours
    starts = [match.start() for match in re.finditer(re.escape(value), line)]
    found = [name.group(1) for start in starts if (name := _NAME.search(line[max(0, start - _LONGEST_NAME) : start]))]
    repeated = value in found and re.search(r"[_-]", value.strip("_-")) is not None
    return repeated or bool(found and all(_ABOUT_A_SECRET.search(name) for name in found))


def _is_checksum(value: str, line: str) -> bool:
    """Whether a random-looking value is a published sum: it says so itself, or its name does."""
    before, value = line[: line.find(value)], value.strip("\\")
    return bool(_INTEGRITY.fullmatch(value) or (_DIGEST.fullmatch(value) and _CHECKSUM_NAME.search(before)))
