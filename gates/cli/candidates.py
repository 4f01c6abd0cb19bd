"""What of a run a waiver could be for, and which of it somebody means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

from gates.cli import asking
from gates.dataclass import dataclass
from gates.errors import UsageError
from gates.judge import waivers
from gates.model import Finding, Policy, Record, Waiver

_SHOWN = 20
#: A fingerprint is named by its beginning from this many characters on.
_SHORTEST = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Findings of a gate that one waiver would cover, and the waiver that is there for them already."""

    gate: str
    match: Mapping[str, str]
    findings: tuple[Finding, ...]
    waived: str | None

    @property
    def line(self) -> str:
        finding, more = self.findings[0], len(self.findings) - 1
        also = f" (and {more} more like it)" if more else ""
        return f"{finding.location}: {finding.message}{also}, rule {finding.rule}, {finding.fingerprint}"


def candidates(record: Record, policy: Policy, day: date) -> list[Candidate]:
    """What of a run a waiver of the policy could be for, the most severe first. The policy may be another by now than the run's."""
    found: dict[tuple[str, tuple[tuple[str, str], ...]], list[Finding]] = {}
    names = {gate.name for gate in policy.gates}
    for facts in record.facts:
        for finding in facts.findings if facts.gate in names else ():
            found.setdefault((facts.gate, tuple(waivers.match_of(finding).items())), []).append(finding)
    standing = [waiver for waiver in policy.waivers if waiver.expires >= day]
    candidates = [
        Candidate(gate=gate, match=dict(match), findings=tuple(findings), waived=_waived(gate, findings, standing))
        for (gate, match), findings in found.items()
    ]
    return sorted(candidates, key=lambda item: (-item.findings[0].severity, item.gate))


def _waived(gate: str, findings: Sequence[Finding], standing: Sequence[Waiver]) -> str | None:
    """The waiver that is for all of the findings, whether or not it counts yet."""
    own = (waiver for waiver in standing if waiver.gate == gate)
    return next((waiver.id for waiver in own if all(waivers.matches(waiver, finding) for finding in findings)), None)


def _fits(word: str, candidate: Candidate) -> bool:
    """Whether a word names the gate, the rule, the place or the fingerprint of any of the findings."""
    if word == candidate.gate:
        return True
    return any(names(word, finding) for finding in candidate.findings)


def names(word: str, finding: Finding) -> bool:
    """Whether a word is the finding's rule, its place as a report shows it, the end of its path, or the beginning of its fingerprint."""
    where = finding.location
    places = {str(where), where.path, where.url, where.selector, where.operation, where.purl, finding.properties.get("package")}
    places |= {f"{where.path}:{where.line}"} if where.path and where.line else set()
    by_fingerprint = len(word) >= _SHORTEST and finding.fingerprint.startswith(word)
    by_rule = word in {finding.rule, finding.rule.partition("/")[2], *finding.properties.get("aliases", "").replace(" ", "").split(",")}
    return by_fingerprint or by_rule or any(place and (place == word or place.endswith(f"/{word}")) for place in places)


def chosen(words: Sequence[str], known: Sequence[Candidate], path: Path, *, asked: bool) -> Candidate:
    """The one that all words fit, of a run whose bundle lies at `path`. Of several, the answer of whoever may be asked.

    Raises `UsageError` where there is none, or several and nobody to ask.
    """
    named, fitting = " ".join(words), [item for item in known if all(_fits(word, item) for word in words)]
    if not fitting:
        what = f"no finding of the last run fits {named!r}" if named else "the last run found nothing"
        raise UsageError(what, where=str(path), help="name one as the report shows it, or run `gates run` again")
    open_ones = [item for item in fitting if item.waived is None]
    if not open_ones:
        waived = ", ".join(dict.fromkeys(str(item.waived) for item in fitting))
        help = "edit that waiver where it should say more; `gates run` says whether it counts, and what it lacks"
        raise UsageError(f"there is a waiver for it already: {waived}", where=str(path), help=help)
    if len(open_ones) == 1:
        return open_ones[0]
    lines = [item.line for item in open_ones]
    if asked:
        return open_ones[asking.choose("which one?", lines)]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    listed = "\n".join(f"  {line}" for line in (*lines[:_SHOWN], *more))
    raise UsageError(
        f"{len(lines)} findings fit; name one by its fingerprint:\n{listed}", where=str(path), help="`gates waive FINGERPRINT`"
    )
