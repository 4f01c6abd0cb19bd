"""Waivers, overrides, recorded decisions and the approval of a policy: held against its gates, then built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from gates.errors import Problem
from gates.model import Override, PolicyApproval, RecordedDecision, Waiver
from gates.policy.entry import Entry
from gates.policy.reader import suggest
from gates.policy.syntax import problem
from gates.policy.table import APPROVAL_DAYS, APPROVED, OVERRIDE, OVERRIDE_DAYS, WAIVER

#: What may have wildcards; the rest is compared whole.
_PATTERNS = ("path", "operation", "url", "selector")
#: What narrows a rule.
_PLACES = ("path", "package", "operation", "url", "selector")
_ONLY_WILDCARDS = re.compile(r"[*?./]*")


def read_waivers(entries: Iterable[Entry], uses: Mapping[str, str], problems: list[Problem]) -> tuple[Waiver, ...]:
    """The waivers of a policy whose gates are `uses` (name to gate id). Adds what is wrong to `problems`, and leaves those out."""
    waivers = []
    for entry in _unique(entries, "waiver", problems):
        before = len(problems)
        _check_waiver(entry, uses, problems)
        if len(problems) == before and all(entry.get(key.name) for key in WAIVER.keys if key.required):
            waivers.append(_waiver(entry))
    return tuple(waivers)


def read_overrides(entries: Iterable[Entry], problems: list[Problem]) -> tuple[Override, ...] | None:
    """The overrides of a policy; None where it has none. Adds what is wrong to `problems`, and leaves those out."""
    overrides = []
    for entry in _unique(entries, "override", problems):
        before = len(problems)
        created, expires = entry.get("created"), entry.get("expires")
        if created and expires and not 0 <= (expires.value - created.value).days <= OVERRIDE_DAYS:
            error = f"the override would count from {created.value} to {expires.value}"
            remedy = f"it lasts at most {OVERRIDE_DAYS} days; what has to last longer is a waiver, or another limit"
            problems.append(problem(error, expires.place, remedy))
        if len(problems) == before and all(entry.get(key.name) for key in OVERRIDE.keys if key.required):
            overrides.append(_override(entry))
    return tuple(overrides) or None


def read_decisions(entries: Iterable[Entry], problems: list[Problem]) -> tuple[RecordedDecision, ...]:
    """The decisions of people that a policy records."""
    return tuple(
        RecordedDecision(
            id=entry.said("id", ""),
            date=date.value,
            by=entry.said("by", ""),
            why=entry.said("why", ""),
            record=entry.said("record", ""),
        )
        for entry in _unique(entries, "decision", problems)
        if (date := entry.get("date")) is not None
    )


def read_approved(entry: Entry | None, problems: list[Problem]) -> PolicyApproval | None:
    """The approval that a policy bears; None where it bears none. Adds what is wrong to `problems`."""
    if entry is None or not all(entry.get(key.name) for key in APPROVED.keys if key.required):
        return None
    created, expires = entry.value["created"], entry.value["expires"]
    if not 0 <= (expires.value - created.value).days <= APPROVAL_DAYS:
        error = f"the approval would count from {created.value} to {expires.value}"
        problems.append(problem(error, expires.place, f"it lasts at most {APPROVAL_DAYS} days: let it be signed again"))
    return PolicyApproval(**{key.name: entry.said(key.name) for key in APPROVED.keys})


def _unique(entries: Iterable[Entry], noun: str, problems: list[Problem]) -> list[Entry]:
    seen: dict[str, Entry] = {}
    found = []
    for entry in entries:
        id = entry.get("id")
        if id is not None and id.value in seen:
            first = seen[id.value]
            problems.append(problem(f"the {noun} {id.value!r} stands twice, first at {first.place}", id.place, "give it an id of its own"))
        elif id is not None:
            seen[id.value] = id
        found.append(entry)
    return found


def _check_waiver(entry: Entry, uses: Mapping[str, str], problems: list[Problem]) -> None:
    gate, match = entry.get("gate"), entry.get("match")
    created, expires = entry.get("created"), entry.get("expires")
    if gate and gate.value not in uses:
        error = f"the waiver is for the gate {gate.value!r}, which this policy does not have{suggest(gate.value, uses)}"
        problems.append(problem(error, gate.place, f"gates of this policy: {', '.join(uses) or 'none'}"))
    if created and expires and expires.value < created.value:
        error = f"the waiver expires on {expires.value}, before it was created on {created.value}"
        problems.append(problem(error, expires.place, "set `expires` to the last day on which it counts"))
    if match:
        _check_match(match, problems)


def _check_match(match: Entry, problems: list[Problem]) -> None:
    for key, entry in match.items():
        if key not in _PATTERNS and "*" in entry.value:
            error = f"{key} {entry.value!r} has a wildcard, and is compared whole"
            problems.append(problem(error, entry.place, f"name each {key} in a waiver of its own"))
        elif key in _PATTERNS and _ONLY_WILDCARDS.fullmatch(entry.value):
            error = f"{key} {entry.value!r} matches everything"
            problems.append(problem(error, entry.place, "a waiver is narrow: name the thing itself, or leave the key out"))
    if all(key == "rule" for key, _ in match.items()) and (rule := match.get("rule")):
        error = f"the rule {rule.value!r} alone would be waived everywhere, and in what is yet to be written"
        problems.append(problem(error, match.place, f"add where: {', '.join(_PLACES)}; or waive one finding by its fingerprint"))


def _waiver(entry: Entry) -> Waiver:
    return Waiver(
        id=entry.value["id"].value,
        gate=entry.value["gate"].value,
        match={key: found.value for key, found in entry.value["match"].items()},
        waiver_class=entry.value["class"].value,
        reason=entry.value["reason"].value,
        owner=entry.value["owner"].value,
        approver=entry.value["approver"].value,
        created=entry.value["created"].value,
        expires=entry.value["expires"].value,
        folder=entry.said("folder"),
        signature=entry.said("signature"),
    )


def _override(entry: Entry) -> Override:
    said = entry.get("of")
    return Override(
        id=entry.value["id"].value,
        subject={key: found.value for key, found in entry.value["for"].items()},
        of=tuple(item.value for item in said) if said else ("failed",),
        reason=entry.value["reason"].value,
        owner=entry.value["owner"].value,
        created=entry.value["created"].value,
        expires=entry.value["expires"].value,
        signature=entry.said("signature"),
    )
