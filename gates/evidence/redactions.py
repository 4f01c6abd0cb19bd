"""`redactions.json`: what was masked in raw output of both sides, by rule, member and line; never the value."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise

from gates import canonical, codec
from gates.dataclass import dataclass
from gates.observe import Place
from gates.redact import MASK, Redactor, Unsearched, Why

NAME = "redactions.json"
SCHEMA = "gates/redactions/v1"
#: `[redacted]` as a member's name can hold it.
NAME_MASK = "@5bredacted@5d"
#: So many groups are listed, lines of each, secrets that are masked only where they were found, and rules of one mask.
MOST_GROUPS, MOST_LINES, MOST_UNSEARCHED, MOST_RULES = 500, 50, 500, 20


class Part(StrEnum):
    CONTENT = "content"
    NAME = "name"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """So many masks on a line of a member, which is counted from 1."""

    line: int
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """All masks in a member's content or in its name by the same rules. `lines` are the first of them, in order; a name has none."""

    member: str
    part: Part
    rules: tuple[str, ...]
    count: int
    lines: tuple[Line, ...]
    lines_left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskedWhereFound:
    """A rule of which a secret is not searched for everywhere, and why."""

    rule: str
    why: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactions:
    """What was masked in a run's raw output. `count` is all of it, `left_out` what of it no group tells."""

    schema: str
    count: int
    masked: tuple[Group, ...]
    left_out: int = 0
    not_searched_for: tuple[MaskedWhereFound, ...] = ()
    not_searched_for_left_out: int = 0


_Key = tuple[str, Part, tuple[str, ...]]


def of(
    members: Mapping[str, bytes], places: Iterable[Place] = (), unsearched: Iterable[Unsearched] = (), redactor: Redactor | None = None
) -> bytes:
    """The member's content. `places` name members of the bundle; what is no longer masked there is left out of it.

    `redactor` masks what the names of rules hold of secrets: the value of one variable may be the name of another.
    """
    say = redactor.text if redactor is not None else str
    found: dict[_Key, Counter[int]] = defaultdict(Counter)
    for place in places:
        part = Part.CONTENT if place.line else Part.NAME
        found[place.name, part, _few(sorted(map(say, place.rules)))][place.line] += place.count
    groups = _groups(_held(found, members))
    listed = groups[:MOST_GROUPS]
    not_searched = sorted({(say(item.rule), item.why) for item in unsearched})
    return canonical.of(
        Redactions(
            schema=SCHEMA,
            count=sum(group.count for group in groups),
            masked=tuple(listed),
            left_out=sum(group.count for group in groups[MOST_GROUPS:]),
            not_searched_for=tuple(MaskedWhereFound(rule=rule, why=why) for rule, why in not_searched[:MOST_UNSEARCHED]),
            not_searched_for_left_out=max(0, len(not_searched) - MOST_UNSEARCHED),
        )
    )


def _few(rules: list[str]) -> tuple[str, ...]:
    return tuple(rules) if len(rules) <= MOST_RULES else (*rules[: MOST_RULES - 1], f"and {len(rules) - MOST_RULES + 1} more")


def _held(found: Mapping[_Key, Counter[int]], members: Mapping[str, bytes]) -> dict[_Key, Counter[int]]:
    """What is really masked of what is said: on no line more than there are masks."""
    left = {name: _masks(name, members[name]) for name in {key[0] for key in found} if name in members}
    held: dict[_Key, Counter[int]] = {}
    for key in sorted(found):
        there, counts = left.get(key[0], Counter()), Counter[int]()
        for line, count in sorted(found[key].items()):
            counts[line] = min(count, there[line])
            there[line] -= counts[line]
        held[key] = +counts
    return {key: counts for key, counts in held.items() if counts}


def _masks(name: str, content: bytes) -> Counter[int]:
    """How many masks stand on each line of a member, and at 0 in its name."""
    counts = Counter({number: count for number, line in enumerate(content.split(b"\n"), 1) if (count := line.count(MASK))})
    counts[0] = name.count(NAME_MASK)
    return counts


def _groups(found: Mapping[_Key, Counter[int]]) -> list[Group]:
    groups = []
    for member, part, rules in sorted(found):
        counts = found[member, part, rules]
        lines = [Line(line=line, count=count) for line, count in sorted(counts.items()) if line]
        groups.append(
            Group(
                member=member,
                part=part,
                rules=rules,
                count=counts.total(),
                lines=tuple(lines[:MOST_LINES]),
                lines_left_out=max(0, len(lines) - MOST_LINES),
            )
        )
    return groups


def faults(members: Mapping[str, bytes]) -> list[str]:
    """What is wrong with a bundle's `redactions.json`, in words: its form, and whether what it names is there and masked."""
    if NAME not in members:
        return [f"there is no {NAME}"]
    try:
        redactions = codec.decode(Redactions, canonical.loads(members[NAME]))
    except (ValueError, TypeError) as error:
        return [f"{NAME} does not have the form that it should: {error}"]
    fault = _fault(redactions) or _fault_of_places(redactions.masked, members)
    return [f"{NAME}: {fault}"] if fault else []


def _fault(redactions: Redactions) -> str:
    """What does not fit together in it; empty where all does."""
    if redactions.schema != SCHEMA:
        return f"its schema is not {SCHEMA}"
    if not _is_sorted([(group.member, group.part, group.rules) for group in redactions.masked]):
        return "its places are not sorted, or one is named twice"
    if not _is_sorted([(item.rule, item.why) for item in redactions.not_searched_for]):
        return "what is not searched for is not sorted, or named twice"
    if min(redactions.left_out, redactions.not_searched_for_left_out) < 0:
        return "it leaves out less than nothing"
    if redactions.count != sum(group.count for group in redactions.masked) + redactions.left_out:
        return "its count is not that of its places"
    return next((fault for group in redactions.masked if (fault := _fault_of_group(group))), "")


def _fault_of_group(group: Group) -> str:
    numbers = [line.line for line in group.lines]
    listed = sum(line.count for line in group.lines)
    if not _is_sorted(numbers) or any(line.line < 1 or line.count < 1 for line in group.lines):
        return f"the lines of {group.member} are not lines, or not sorted"
    if bool(numbers) != (group.part is Part.CONTENT) or not group.rules or group.count < 1:
        return f"nothing is said of {group.member}"
    left = 0 if group.part is Part.NAME else group.count - listed
    is_whole = left >= group.lines_left_out >= 0 and bool(left) == bool(group.lines_left_out)
    return "" if is_whole else f"the count of {group.member} is not that of its lines"


def _fault_of_places(groups: Sequence[Group], members: Mapping[str, bytes]) -> str:
    """Which place that it names is not there, or is not masked; empty where all are."""
    said: dict[str, Counter[int]] = defaultdict(Counter)
    for group in groups:
        if not group.member.startswith(("raw/", "base-raw/")) or group.member not in members:
            return f"there is no raw output {group.member}"
        said[group.member].update({line.line: line.count for line in group.lines} or {0: group.count})
    for member, counts in said.items():
        there = _masks(member, members[member])
        for line, count in counts.items():
            if count > there[line]:
                return f"{f'line {line}' if line else 'the name'} of {member} does not hold what it says was masked there"
    return ""


def _is_sorted(items: Sequence[object]) -> bool:
    return all(one < other for one, other in pairwise(items))  # type: ignore[operator]  # all of one kind, as it was decoded
