"""Two policies held against each other, for a terminal and for scripts: what is looser first, each with its place in both."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from gates.model import Direction, PolicyChange, Stage
from gates.policy.difference import Difference
from gates.report.safe import terminal, visible_json
from gates.report.text import Page
from gates.report.view import plural

SCHEMA = "gates/policy-diff/v1"
_RED, _GREEN, _YELLOW, _BOLD, _DIM = "31", "32", "33", "1", "2"
_TITLES = {
    Direction.LOOSER: ("Looser", _RED),
    Direction.UNWEIGHED: ("Can't be weighed: counts as looser", _YELLOW),
    Direction.TIGHTER: ("Tighter", _GREEN),
    Direction.CHANGED: ("Neither: it demands as much as before", _DIM),
}


def render(base: str, head: str, note: str, differences: Sequence[Difference], *, color: bool, width: int) -> str:
    """The difference as text, ending in a newline. `base` and `head` say in words what was compared, `note` what is missing."""
    page = Page(color=color, width=width)
    page.line((summary(differences), _BOLD))
    page.line((f"  base  {terminal(base)}", _DIM))
    page.line((f"  head  {terminal(head)}", _DIM))
    if note:
        page.wrapped(note, indent=2, color=_YELLOW)
    for direction, (title, shade) in _TITLES.items():
        of_this = [item for item in differences if item.change.direction is direction]
        if of_this:
            page.line("")
            page.line((title, f"{_BOLD};{shade}"))
        for item in of_this:
            _change(page, item)
    return page.text()


def render_json(base: dict[str, Any], head: dict[str, Any], stages: Sequence[Stage], differences: Sequence[Difference]) -> str:
    """The difference as one JSON document. `base` and `head` are plain data about the two policies."""
    looser = sum(item.change.direction.counts_as_looser for item in differences)
    document = {
        "schema": SCHEMA,
        "base": base,
        "head": head,
        "stages": [stage.value for stage in stages],
        "looser": looser,
        "changes": [_data(item) for item in differences],
    }
    return visible_json(json.dumps(document, indent=2)) + "\n"


def summary(differences: Sequence[Difference]) -> str:
    """What a reviewer has to know, in a sentence."""
    if not differences:
        return "The policies demand the same."
    number = {direction: sum(item.change.direction is direction for item in differences) for direction in Direction}
    looser, unweighed = number[Direction.LOOSER], number[Direction.UNWEIGHED]
    if not looser and not unweighed and not number[Direction.TIGHTER]:
        return "Nothing is looser or tighter."
    if not looser and not unweighed:
        return f"Nothing is looser; {plural(number[Direction.TIGHTER], 'change is', 'changes are')} tighter."
    words = [f"looser in {plural(looser, 'place')}"] if looser else []
    words += [f"changed in {plural(unweighed, 'place')} that can't be weighed"] if unweighed else []
    words += [f"tighter in {number[Direction.TIGHTER]:,}"] if number[Direction.TIGHTER] else []
    return f"The policy is {', '.join(words)}."


def _change(page: Page, item: Difference) -> None:
    change = item.change
    stages = f"  (at {', '.join(item.stages)} alone)" if item.partly else ""
    page.line("")
    page.line("  ", (terminal(change.where), _BOLD), (stages, _DIM))
    page.wrapped(f"{change.now or 'not said'}, was {change.then or 'not said'}", indent=4)
    if change.why:
        page.wrapped(change.why, indent=4)
    page.wrapped(_places(change), indent=4, color=_DIM)


def _places(change: PolicyChange) -> str:
    """`at gates.yaml:7, was at gates.yaml:5`; a place that is the same, or known on one side alone, is said once."""
    then, now = change.then_at, change.now_at
    parts = [f"at {now}"] if now else []
    parts += [f"was at {then}"] if then and then != now else []
    return ", ".join(parts)


def _data(item: Difference) -> dict[str, Any]:
    change = item.change
    return {
        "change": change.direction.value,
        "counts_as_looser": change.direction.counts_as_looser,
        "where": change.where,
        "was": change.then,
        "is": change.now,
        "why": change.why or "",
        "was_at": change.then_at,
        "is_at": change.now_at,
        "stages": [stage.value for stage in item.stages],
    }
