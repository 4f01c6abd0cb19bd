"""What axe-core says of a page, as findings."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable
from typing import Any

from gates.api import Finding, Kind, Location, Raw, Severity
from gates.dataclass import dataclass

IMPACTS = {"minor": Severity.LOW, "moderate": Severity.MEDIUM, "serious": Severity.HIGH, "critical": Severity.CRITICAL}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page that was examined: its route, its record, and the rules whose findings are suppressed."""

    raw: Raw
    route: str
    visit: dict[str, Any]
    excluded: frozenset[str]

    def findings(self) -> Iterable[Finding]:
        for kind, results in ((Kind.FINDING, self.visit["violations"]), (Kind.NEEDS_REVIEW, self.visit["incomplete"])):
            for result in results:
                for node in result["nodes"]:
                    yield self._finding(kind, result, node)
        unseen = [("frame-tested", frame["selector"], f"A frame was not examined: {frame['reason']}") for frame in self.visit["unseen"]]
        closed = [
            ("closed-shadow-root", selector, "What is in a closed shadow root can't be examined") for selector in self.visit["closed"]
        ]
        for rule, selector, message in (*unseen, *closed):
            node = {"target": [selector], "summary": "Examine this part by hand, or where it comes from.", "line": None}
            yield self._finding(Kind.NEEDS_REVIEW, {"id": rule, "help": message, "helpUrl": "", "impact": "serious"}, node)

    def _finding(self, kind: Kind, result: dict[str, Any], node: dict[str, Any]) -> Finding:
        selector = " > ".join(step if isinstance(step, str) else " >>> ".join(step) for step in node["target"])
        word = node["impact"] if node.get("impact") else result["impact"] or ""
        summary = re.sub(r"\s*\n\s*", "\n", node["summary"]).strip()
        _, *faults = summary.splitlines() or [""]  # below a heading such as "Fix any of the following:"
        return self.raw.finding(
            rule=result["id"],
            severity=IMPACTS.get(word, Severity.HIGH),
            message=f"{result['help']}: {faults[0]}" if faults else result["help"],
            location=Location(url=self.route, selector=selector, path=self.visit.get("path"), line=node["line"]),
            identity=(self.route, selector),
            kind=kind,
            remedy=summary,
            help_url=result["helpUrl"],
            suppressed_by="exclude-rules" if result["id"] in self.excluded else None,
            properties={"impact": word},
        )


def not_examined(raw: Raw, item: str, route: str, reason: str, remedy: str) -> Finding:
    """What stands for a page of the list that could not be examined, beside what was found on the others. `item` names its view too."""
    return raw.finding(
        rule="not-examined",
        severity=Severity.HIGH,
        message=f"{item} was not examined: {reason}",
        location=Location(url=route),
        identity=(item,),
        kind=Kind.NEEDS_REVIEW,
        remedy=remedy,
    )


def merged(several: list[tuple[str, Finding]]) -> Finding:
    """One finding of those of one element and rule at several sizes and in several schemes: a fault before a doubt, the worst first."""
    views = ", ".join(sorted({view for view, _ in several}))
    worst = max((finding for _, finding in several), key=lambda finding: (finding.kind is Kind.FINDING, finding.severity))
    return dataclasses.replace(worst, properties={**worst.properties, "seen-at": views})
