"""The strict scan of one text: detect-secrets' detectors on every line that they can match, every occurrence, and detectors of ours.

detect-secrets' transformers (YAML, INI) and filters are used as they are, but a filter that was made for one kind of
detector does not silence the others, an allow-list comment marks a finding and does not hide it, and one finding in a
file does not end the search in it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from detect_secrets.filters import heuristic
from detect_secrets.transformers import get_transformed_file
from detect_secrets.types import NamedIO

from gates.drivers import secrets_rules as rules
from gates.drivers import secrets_text as words
from gates.drivers.secrets_gates import Prefilter, as_data, can_be_rewritten, own
from gates.drivers.secrets_hits import Hit, NamedText, add, allow, describe, occurrences
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
_OWN = tuple((own(rule), rule, pattern) for rule, pattern in rules.OWN_RULES)
#: In which order the detectors that ordinary text can meet are asked, after all others.
_ORDER = {"high-entropy-base64": 2, "high-entropy-hex": 2, "keyword": 3}
_INTEGRITY = re.compile(r"(?:sha(?:1|224|256|384|512)|md5)[-=][A-Za-z0-9+/=_-]+")
_DIGEST = re.compile(r"[0-9a-fA-F]{7,128}|[A-Za-z0-9+/_-]{27,88}={0,2}")


#: The lines to ask about, from 1, and the detectors to ask there: all where there is no set.
Asked = Mapping[int, Collection[str] | None]


@dataclass(slots=True, kw_only=True)
class Scan:
    """What one file gave: hits, how many values each filter took for something else, and what went wrong."""

    hits: list[Hit] = field(default_factory=list)
    filtered: Counter[str] = field(default_factory=Counter)
    trouble: str = ""


def scan_readings(
    path: str,
    readings: Sequence[str],
    detectors: Detectors,
    left_out: frozenset[str] = frozenset(),
    prefilter: Prefilter | None = None,
) -> Scan:
    """All secrets of one file whose bytes can be read in several ways: what the first one shows, and what the others alone do.

    A line as another reading shows it may hold what the first one found in a form that nothing masks: it is not given.
    """
    first, *others = (scan(path, text, detectors, left_out, prefilter) for text in readings)
    known = {(hit.rule, hit.value, hit.suppressed_by) for hit in first.hits}
    for hit in (hit for other in others for hit in other.hits):
        if (hit.rule, hit.value, hit.suppressed_by) not in known:
            hit.text, hit.masks = MASK, {hit.rule: 1}
            first.hits.append(hit)
    return first


def scan(path: str, text: str, detectors: Detectors, left_out: frozenset[str] = frozenset(), prefilter: Prefilter | None = None) -> Scan:
    """All secrets of one text, by line, but those of rules that are left out. Without a prefilter every line is asked."""
    found = Scan()
    raw = NamedText(text, path).readlines()
    data = text.encode("utf-8", "surrogatepass")
    # what rules are left out of has nothing to take apart
    whole = left_out or (prefilter is not None and not can_be_rewritten(path, data))
    passes = [(raw, left_out)] if whole else list(_passes(path, text, raw, found))
    for source, (lines, without) in enumerate(passes):
        if prefilter is None:
            asked: Asked = dict.fromkeys(range(1, len(lines) + 1))
        else:
            asked = prefilter.by_line(path, as_data(lines) if source else data)
        for number, names in asked.items():
            line = lines[number - 1].rstrip()
            theirs = _their_hits(path, number, line, detectors.chosen(names, without), found.filtered) if line else ()
            for hit in (*theirs, *_own_hits(number, line, names, without)):
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
            lines = get_transformed_file(cast("NamedIO", NamedText(text, path)), use_eager_transformers=eager)
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


def _their_hits(path: str, number: int, line: str, plugins: Iterable[Any], filtered: Counter[str]) -> Iterator[Hit]:
    for plugin in plugins:
        for values in _answers(plugin, path, line, number):
            yield from _engine_hits(plugin, values, number, line, filtered)


def _answers(plugin: Any, path: str, line: str, number: int) -> Iterator[list[str]]:
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


def _own_hits(number: int, line: str, names: Collection[str] | None, left_out: frozenset[str]) -> Iterator[Hit]:
    for name, rule, pattern in _OWN:
        if rule in left_out or (names is not None and name not in names):
            continue
        for match in pattern.finditer(line):
            if rule not in rules.GENERIC or not _heuristics(match.group(1)):
                yield Hit(rule=rule, line=number, column=match.start(1) + 1, value=match.group(1), text=line)


@dataclass(frozen=True, slots=True, kw_only=True)
class Detectors:
    """detect-secrets' detectors with their rules, those with a shape of their own first."""

    plugins: tuple[tuple[str, Any], ...]

    @classmethod
    def sort(cls, plugins: Sequence[Any]) -> Detectors:
        by_rule = [(rules.rule_of(plugin.secret_type), plugin) for plugin in plugins]
        return cls(plugins=tuple(sorted(by_rule, key=lambda item: _ORDER.get(item[0], 1 if item[0] in rules.GENERIC else 0))))

    def chosen(self, names: Collection[str] | None, left_out: frozenset[str] = frozenset()) -> Iterator[Any]:
        """The detectors of those names, of all where there are none, without those that are left out."""
        for rule, plugin in self.plugins:
            if (names is None or rule in names) and rule not in left_out:
                yield plugin


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
    starts = words.places(line, value)
    found = [name.group(1) for start in starts if (name := _NAME.search(line[max(0, start - _LONGEST_NAME) : start]))]
    repeated = value in found and re.search(r"[_-]", value.strip("_-")) is not None
    return repeated or bool(found and all(_ABOUT_A_SECRET.search(name) for name in found))


def _is_checksum(value: str, line: str) -> bool:
    """Whether a random-looking value is a published sum: it says so itself, or its name does."""
    before, value = line[: line.find(value)], value.strip("\\")
    return bool(_INTEGRITY.fullmatch(value) or (_DIGEST.fullmatch(value) and _CHECKSUM_NAME.search(before)))
