"""The second half: facts of what axe-core said."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from gates.api import Examined, Facts, Finding, GateError, Kind, Proof, Raw, count
from gates.formats.axe import Page, merged, not_examined
from gates.runners.accessibility.visits import INVENTORY, RESULTS

#: Faults of the page with which each browser is tried: in the document, in a frame, in a shadow root.
_CANARY_FAULTS = 3
#: Pages that could not be examined and are named in the reason; the others are listed as findings alone.
_NAMED = 10
#: Why a page was not examined, and what to do, by the item of the inventory.
_Missed = dict[str, tuple[str, str]]


def parse(raw: Raw) -> Facts:
    """Facts of what axe-core said. A page of the list that was not examined leaves the whole unknown; what was found elsewhere stands."""
    inventory, results = raw.json(INVENTORY)["items"], raw.json(RESULTS)
    if not results["canaries"] or any(found != _CANARY_FAULTS for found in results["canaries"]):
        raise GateError("axe-core is blind: it did not find the faults of our own page", remedy="use an axe.min.js as it was published")
    visits = {visit["item"]: visit for visit in results["visits"]}
    missed = _missed([entry["item"] for entry in inventory], visits)
    if "login" in results:
        missed |= _untried([entry for entry in inventory if entry["item"] not in missed], visits)
    if len(missed) == len(inventory):
        raise GateError(_told(missed, inventory), remedy=_remedies(missed))
    excluded = frozenset(results["excluded"])
    seen = [entry for entry in inventory if entry["item"] not in missed]
    findings = _found(raw, seen, visits, excluded)
    review = sum(finding.kind is Kind.NEEDS_REVIEW and finding.suppressed_by is None for finding in findings)
    routes = {entry["item"]: entry["route"] for entry in inventory}
    findings += [not_examined(raw, item, routes[item], *why) for item, why in missed.items()]
    # What was not examined is no skip: nothing explains it away, and the judge says so in these words.
    facts = raw.facts(
        examined=Examined(unit="pages", expected=len(inventory), done=len(seen), proof=Proof.INVENTORY),
        findings=findings,
        measurements=[
            count("needs-review", review, "elements"),
            count("frames", sum(visits[entry["item"]]["frames"] for entry in seen), "frames"),
        ],
    )
    return dataclasses.replace(facts, reason=_told(missed, inventory), remedy=_remedies(missed)) if missed else facts


def _found(raw: Raw, seen: Sequence[Mapping[str, str]], visits: Mapping[str, dict[str, Any]], excluded: frozenset[str]) -> list[Finding]:
    found: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    for entry in seen:
        page = Page(raw=raw, route=entry["route"], visit=visits[entry["item"]], excluded=excluded)
        for finding in page.findings():
            key = (finding.rule, entry["route"], finding.location.selector or "")
            found.setdefault(key, []).append((entry["view"], finding))
    return [merged(several) for several in found.values()]


def _missed(items: Sequence[str], visits: Mapping[str, dict[str, Any]]) -> _Missed:
    """The pages that were not examined: the reason and the remedy of each."""
    missed: _Missed = {}
    for item in items:
        visit = visits.get(item, {"examined": False, "reason": "the browser never came to it"})
        if not visit["examined"]:
            missed[item] = (visit["reason"], visit.get("remedy", ""))
        elif not sum(visit["rules"].values()):
            missed[item] = ("no rule of axe-core ran", "use an axe.min.js that has the rules of the standard")
    return missed


def _untried(seen: Sequence[Mapping[str, str]], visits: Mapping[str, dict[str, Any]]) -> _Missed:
    """The pages that nobody opened without the login: nothing tells that they were seen with it."""
    tried = {_place(entry) for entry in seen if visits[entry["item"]].get("without_login")}
    why = ("it was not opened without the login, so nothing shows that it was seen with it", "run again")
    return {entry["item"]: why for entry in seen if _place(entry) not in tried}


def _place(entry: Mapping[str, str]) -> tuple[str, str]:
    """A page and the size of its window: another size may show other elements."""
    return entry["route"], entry["view"].partition(" ")[0]


def _told(missed: _Missed, inventory: Sequence[object]) -> str:
    more = f"; and {len(missed) - _NAMED} more" if len(missed) > _NAMED else ""
    reasons = "; ".join(f"{item}: {reason}" for item, (reason, _) in list(missed.items())[:_NAMED])
    return f"{len(missed)} of {len(inventory)} pages could not be examined: {reasons}{more}"


def _remedies(missed: _Missed) -> str:
    return "; ".join(dict.fromkeys(remedy for _, remedy in list(missed.values())[:_NAMED] if remedy))
