"""Which findings are new: those of both sides held against each other as multisets. Without a base everything is new.

A finding is known by its line or by its identity, as its gate is compared. By its line it is looked for in four passes, each
among those that the one before left: the same rule on the line that the change kept; on the same text in the same file,
renamed or not; on the same text between the same lines, anywhere; on the same text, long enough to tell, within the same
definition. A package goes by its advisory, in the file that names it before others; an element of a page by its selector, and
where the page changed by its line too. An old finding covers a new one only where it is as bad, counts as the same kind, and is
hidden or not as the new one is: else what weighs little, or is hidden, could be made to count by a second change that nobody
stops. The order in which findings are given decides nothing, and one more never makes another old.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from typing import TypeGuard

from gates.dataclass import dataclass
from gates.model import Change, Compared, Facts, FileChange, Finding, Hunk, Place, Severity, State, Status

#: What findings of both sides have in common where they are the same; None where a finding has no such thing.
Key = Callable[[Finding], Hashable | None]
Places = Mapping[tuple[str, int], Place]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The state of each finding, in the order of the facts' findings, and the fingerprints of what the base had beside them, sorted."""

    states: tuple[State, ...]
    mended: tuple[str, ...] = ()


def match(facts: Facts, base: Facts | None, change: Change | None) -> Matched:
    """Hold a gate's findings against those of the base."""
    compared = compared_of(change, facts.gate)
    if change is not None and (compared is None or compared.reason):
        return _all_new(facts)
    there = list(base.findings) if comparable(base) else []
    if compared is None or change is None:
        return _by_identity(facts.findings, there, None) if comparable(base) else _all_new(facts)
    if compared.by == "line":
        return _by_line(facts.findings, there, _Lines(change), only_changed=compared.only_changed)
    return _by_identity(facts.findings, there, _Lines(change)) if comparable(base) else _all_new(facts)


def compared_of(change: Change | None, gate: str) -> Compared | None:
    """How a gate is compared with its base; None where it is not."""
    return next((item for item in change.gates if item.gate == gate), None) if change else None


def comparable(base: Facts | None) -> TypeGuard[Facts]:
    """Whether the base could be observed: a base that could not tell makes nothing old."""
    return base is not None and base.status is Status.COMPLETED


def by_gate(facts: Sequence[Facts]) -> dict[str, Facts]:
    """Facts by gate; raises `ValueError` where a gate reports twice."""
    found: dict[str, Facts] = {}
    for item in facts:
        if item.gate in found:
            raise ValueError(f"the gate {item.gate!r} reports twice")
        found[item.gate] = item
    return found


def _all_new(facts: Facts) -> Matched:
    return Matched(states=(State.NEW,) * len(facts.findings))


class _Matching:
    """Pairs findings of both sides, pass by pass; each is paired once."""

    def __init__(self, here: Sequence[Finding], there: Sequence[Finding]) -> None:
        self._here, self._there = here, there
        self._old: set[int] = set()
        self._left = set(range(len(there)))

    def take(self, key_here: Key, key_there: Key) -> None:
        """Pair what has the same key. An old finding covers one that is no worse: the worst chooses first, and takes the mildest."""
        old: dict[Hashable, dict[Severity, list[int]]] = defaultdict(lambda: defaultdict(list))
        for index in sorted(self._left, key=lambda index: _order(self._there[index]), reverse=True):
            finding = self._there[index]
            key = key_there(finding)
            if key is not None:
                old[key, _kind(finding)][finding.severity].append(index)
        for index in sorted(self.open(), key=lambda index: (-self._here[index].severity, _order(self._here[index]))):
            finding = self._here[index]
            key = key_here(finding)
            fitting = old.get((key, _kind(finding)), {}) if key is not None else {}
            found = next((fitting[severity] for severity in Severity if severity >= finding.severity and fitting.get(severity)), None)
            if found:
                self.settle(index, found.pop())

    def settle(self, index: int, other: int | None = None) -> None:
        """Call a finding old, and the one of the base used up that it is."""
        self._old.add(index)
        if other is not None:
            self._left.remove(other)

    def open(self) -> list[int]:
        """The numbers of what is still new."""
        return [index for index in range(len(self._here)) if index not in self._old]

    def left(self) -> list[int]:
        """The numbers of what the base had and nothing was paired with, in an order that does not depend on how it was given."""
        return sorted(self._left, key=lambda index: _order(self._there[index]))

    def result(self) -> Matched:
        states = (State.EXISTING if index in self._old else State.NEW for index in range(len(self._here)))
        return Matched(states=tuple(states), mended=tuple(sorted(self._there[index].fingerprint for index in self._left)))


def _kind(finding: Finding) -> Hashable:
    return finding.kind, finding.suppressed_by is not None


def _order(finding: Finding) -> tuple[str | int, ...]:
    """By place, then by what else tells two findings apart."""
    where = finding.location
    return (where.path or "", where.line or 0, where.column or 0, finding.rule, finding.fingerprint, str(where), finding.message)


# -- by identity -------------------------------------------------------------------------------


def _by_identity(here: Sequence[Finding], there: Sequence[Finding], lines: _Lines | None) -> Matched:
    """Packages by advisory, without their version; elements of pages by their lines first; everything else by its fingerprint."""
    matching = _Matching(here, there)
    for what, where in ((_purl, True), (_package, True), (_purl, False), (_package, False)):
        matching.take(_pinned(what, None, where=where), _pinned(what, lines, where=where))
    if lines is None:
        matching.take(_other, _other)
    else:
        _take_elements(matching, lines)
    return matching.result()


def _take_elements(matching: _Matching, lines: _Lines) -> None:
    """Elements of pages, and with them what goes by its fingerprint.

    A selector may count what stands before an element, so it tells which one that is only where the page's file is as it was. In one
    that changed an element is first looked for by its line, in that file; then by its selector; then by its line in other files.
    """

    def standing(finding: Finding) -> Hashable | None:
        return finding.fingerprint if _is_element(finding) and not lines.is_changed(finding.location.path or "") else None

    def edited(key: Key) -> Key:
        return lambda finding: key(finding) if _is_element(finding) and lines.is_changed(finding.location.path or "") else None

    matching.take(standing, standing)
    *in_file, around, within = [(edited(of_here), edited(of_there)) for of_here, of_there in _passes(lines)]
    for of_here, of_there in (*in_file, (_other, _other), around, within):
        matching.take(of_here, of_there)


def _is_element(finding: Finding) -> bool:
    return bool(finding.location.selector and finding.location.path)


def _pinned(what: Key, lines: _Lines | None, *, where: bool) -> Key:
    """A package and its advisory, and the file that names it where that is asked for: as it is called now, by the lines of the change."""

    def key(finding: Finding) -> Hashable | None:
        found, path = what(finding), finding.location.path
        if not found:
            return None
        return (finding.rule, found, path if lines is None or path is None else lines.path(path)) if where else (finding.rule, found)

    return key


def _purl(finding: Finding) -> Hashable | None:
    return finding.location.purl


def _package(finding: Finding) -> Hashable | None:
    purl = (finding.location.purl or "").partition("#")[0].partition("?")[0]
    return purl and (purl.rpartition("@")[0] or purl)


def _other(finding: Finding) -> Hashable | None:
    return None if finding.location.purl else finding.fingerprint


# -- by line -----------------------------------------------------------------------------------


def _by_line(here: Sequence[Finding], there: Sequence[Finding], lines: _Lines, *, only_changed: bool) -> Matched:
    if only_changed:  # a run at the base that an earlier bundle tells of looked at all files
        there = [finding for finding in there if not finding.location.path or lines.is_changed(finding.location.path)]
    matching = _Matching(here, there)
    kept = []
    for index, finding in enumerate(here):
        if only_changed and finding.location.path and not lines.is_changed(finding.location.path):
            matching.settle(index)
            kept.append(finding)
    for of_here, of_there in _passes(lines):
        matching.take(of_here, of_there)
    matching.take(_without_line, _without_line)
    _take_values(matching, here, there, kept, lines)
    return matching.result()


def _passes(lines: _Lines) -> Iterator[tuple[Key, Key]]:
    """By what a line is known here and there, pass by pass."""
    for of_here, of_there in ((_itself, lines.moved), (_in_file, lines.renamed), (_around, _around), (_within, _within)):
        yield _known_by(lines.places, of_here), _known_by(lines.places_there, of_there)


def _known_by(places: Places, aspect: Callable[[Place], Hashable | None]) -> Key:
    """What is said of a line that nobody could read says nothing: then a finding has no key."""

    def key(finding: Finding) -> Hashable | None:
        place = _place(finding, places)
        known = aspect(place) if place else None
        return None if known is None else (finding.rule, known)

    return key


def _without_line(finding: Finding) -> Hashable | None:
    """A finding of a whole file, or of none, goes by its fingerprint."""
    return finding.fingerprint if finding.location.line is None else None


def _place(finding: Finding, places: Places) -> Place | None:
    where = finding.location
    return places.get((where.path, where.line)) if where.path and where.line else None


def _take_values(matching: _Matching, here: Sequence[Finding], there: Sequence[Finding], kept: Sequence[Finding], lines: _Lines) -> None:
    """A secret that the base held already is none that the change brings, however often and wherever it stands now."""
    held: dict[Hashable, Severity] = {}
    for finding, place in (
        *((item, _place(item, lines.places_there)) for item in there),
        *((item, _place(item, lines.places)) for item in kept),
    ):
        for value in place.values if place else ():
            known = (_kind(finding), value)
            held[known] = max(finding.severity, held.get(known, finding.severity))
    was = {index: set(place.values) for index in matching.left() if (place := _place(there[index], lines.places_there))}
    for index in sorted(matching.open(), key=lambda index: _order(here[index])):
        finding = here[index]
        place = _place(finding, lines.places)
        values = place.values if place else ()
        if values and all(held.get((_kind(finding), value), -1) >= finding.severity for value in values):
            other = next((other for other, found in was.items() if found.intersection(values)), None)
            was.pop(other, None) if other is not None else None
            matching.settle(index, other)


class _Lines:
    """Where lines and files of the base are now."""

    def __init__(self, change: Change) -> None:
        self._by_base: dict[str, FileChange] = {item.base: item for item in change.files if item.base is not None}
        self._changed = {path for item in change.files for path in (item.base, item.path) if path is not None}
        self.places: Places = {(place.path, place.line): place for place in change.here}
        self.places_there: Places = {(place.path, place.line): place for place in change.there}

    def is_changed(self, path: str) -> bool:
        """Whether a path has to do with the change. A file that is gone may still be found there, behind a link."""
        return path in self._changed

    def moved(self, place: Place) -> Hashable | None:
        """Where a line of the base is now, with its text; None where it is gone or nobody looked."""
        file = self._by_base.get(place.path)
        if file is None:
            return None if place.path in self._changed else (place.path, place.line, place.text)
        if file.path is None or file.hunks is None:
            return None
        line = _moved(file.hunks, place.line)
        return None if line is None else (file.path, line, place.text)

    def renamed(self, place: Place) -> Hashable | None:
        """The text of a line of the base, in the file that it was in, by the name that this has now."""
        path = self.path(place.path)
        return None if path is None else (path, place.text)

    def path(self, path: str) -> str | None:
        """What a file of the base is called now; None where it is gone."""
        file = self._by_base.get(path)
        return path if file is None else file.path


def _itself(place: Place) -> Hashable:
    return place.path, place.line, place.text


def _in_file(place: Place) -> Hashable:
    return place.path, place.text


def _around(place: Place) -> Hashable:
    return place.around


def _within(place: Place) -> Hashable | None:
    return place.within


def _moved(hunks: Sequence[Hunk], line: int) -> int | None:
    """A line's number after the change; None where it was taken out. `hunks` are in the order of their lines."""
    before = bisect_right(hunks, line, key=lambda hunk: hunk.base_start + (hunk.base_lines == 0))
    shift = 0
    for hunk in hunks[:before]:
        if hunk.base_lines and line < hunk.base_start + hunk.base_lines:
            return None
        shift += hunk.lines - hunk.base_lines
    return line + shift
