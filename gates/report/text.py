"""The end of a run for a person at a terminal: the verdict first, then only what needs a person, then where the evidence is."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from gates.errors import Problem
from gates.model import BundleInfo, Outcome, Record, Severity, Stage, Verdict
from gates.report import policies
from gates.report.safe import terminal, visible_lines
from gates.report.view import (
    VERDICTS,
    Claim,
    FindingView,
    GateView,
    WaiverView,
    advice,
    approval,
    base_told,
    counts,
    duration,
    gate_views,
    headline,
    is_partly_passed,
    left_out,
    observed_by,
    plural,
    ranked,
    skipped,
    stops,
    subject,
    to_review,
    waiver_views,
    why,
    work,
)

#: Findings shown a gate, and lines of a message: the page has the rest.
MOST_FINDINGS = 10
MOST_LINES = 6
#: Places shown in which the policy is looser.
_LOOSER = 5
#: Further places shown of findings that are the same.
_PLACES = 10

_RED, _GREEN, _YELLOW, _BOLD, _DIM = "31", "32", "33", "1", "2"
_VERDICT_COLORS = {Verdict.PASSED: _GREEN, Verdict.FAILED: _RED, Verdict.ERRORED: _YELLOW}
_OUTCOME_COLORS = {Outcome.PASSED: _GREEN, Outcome.WARNED: _YELLOW, Outcome.FAILED: _RED, Outcome.ERRORED: _YELLOW, Outcome.SKIPPED: _DIM}
_OUTCOME_ORDER = (Outcome.ERRORED, Outcome.FAILED, Outcome.WARNED)


class Page:
    """Lines that are gathered; the one place where text gets its colour and is made safe to print."""

    def __init__(self, *, color: bool, width: int) -> None:
        self._color = color
        self._width = max(40, width)
        self._lines: list[str] = []

    def line(self, *parts: str | tuple[str, str]) -> None:
        """One line of plain texts and of pairs (text, colour)."""
        pairs = _without_trailing_space([(part, "") if isinstance(part, str) else part for part in parts])
        plain = "".join(text for text, _ in pairs)
        if terminal(plain) != plain:  # safe parts can still make a command together
            self._lines.append(terminal(plain))
        else:
            self._lines.append("".join(self._painted(text, color) for text, color in pairs))

    def wrapped(self, text: str, *, indent: int, label: str = "", color: str = "", most: int = MOST_LINES) -> None:
        """A text from outside, line by line, within the width; `label` stands before its first line."""
        prefix = " " * indent
        lines = list(self._wrap(f"{label}{text}", self._width - indent))
        for line in lines[:most]:
            self.line((prefix + terminal(line), color))
        if len(lines) > most:
            self.line((f"{prefix}… ({plural(len(lines) - most, 'more line')})", _DIM))

    def _wrap(self, text: str, width: int) -> Iterator[str]:
        for line in visible_lines(text):
            yield from textwrap.wrap(line, width=width, break_on_hyphens=False, break_long_words=False) or ([""] if line else [])

    def _painted(self, text: str, color: str) -> str:
        return f"\x1b[{color}m{text}\x1b[0m" if self._color and color and text else text

    def text(self) -> str:
        return "\n".join(self._lines).strip("\n") + "\n"


def _without_trailing_space(pairs: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    kept = list(pairs)
    while kept and not kept[-1][0].strip():
        kept.pop()
    return [*kept[:-1], (kept[-1][0].rstrip(), kept[-1][1])] if kept else []


def render(record: Record, *, bundle: BundleInfo | None, color: bool, width: int, claim: Claim | None = None) -> str:
    """The whole report, ending in a newline. `width` is in columns; colours are ANSI codes. `claim`: nobody has verified it.

    Of a commit that passed a few lines: it was waited for, and nobody has to do anything.
    """
    page = Page(color=color, width=width)
    gates = gate_views(record)
    of_commit = record.context.stage is Stage.COMMIT
    _verdict(page, record, claim)
    for gate in sorted((gate for gate in gates if gate.needs_person), key=lambda gate: _OUTCOME_ORDER.index(gate.decision.outcome)):
        _gate(page, gate)
    _waivers(page, [waiver for waiver in waiver_views(record) if waiver.needs_person])
    outcomes = {gate.decision.outcome for gate in gates}
    if of_commit and bundle is not None and claim is None and Outcome.PASSED in outcomes and outcomes <= {Outcome.PASSED, Outcome.SKIPPED}:
        page.line((f"  evidence: {terminal(bundle.path)}", _DIM))
        return page.text()
    _table(page, gates)
    _asides(page, gates)
    _evidence(page, bundle, has_page=not of_commit)
    return page.text()


def render_problems(problems: Sequence[Problem], color: bool) -> str:
    """Errors as `error:`, `where:`, `help:`, `see:`, a blank line between two."""
    page = Page(color=color, width=10_000)
    for index, problem in enumerate(problems):
        if index:
            page.line("")
        for line in problem.lines():
            name, _, text = line.partition(": ")
            first, *rest = visible_lines(text)
            page.line((f"{name}:", f"{_BOLD};{_RED}" if name == "error" else _BOLD), f" {first}")
            for more in rest:
                page.line(f"       {more}")
    return page.text() if problems else ""


def _claim(page: Page, claim: Claim) -> None:
    """Whose word the rest is; where that can't hold, this first."""
    if claim.headline:
        page.line((claim.headline.upper(), f"{_BOLD};{_RED}"))
        page.wrapped(claim.doubt, indent=2)
    page.wrapped(claim.words, indent=2 if claim.headline else 0, label="not verified: ", color=_YELLOW)
    page.line("")


def _verdict(page: Page, record: Record, claim: Claim | None) -> None:
    decision = record.decision
    if claim is not None:
        _claim(page, claim)
    if claim is not None and claim.headline:
        page.line(f"claimed: {headline(decision).lower()}  {terminal(why(record))}")
    else:
        color = _YELLOW if is_partly_passed(decision) else _VERDICT_COLORS[decision.verdict]
        before = "CLAIMED: " if claim is not None else ""
        page.line((before + headline(decision).upper(), f"{_BOLD};{color}"), f"  {terminal(why(record))}")
    page.line((f"  {terminal(subject(record))}", _YELLOW if record.context.dirty else _DIM))
    if decision.would_be is not decision.verdict:
        page.line((f"  with every gate enforced it would be: {VERDICTS[decision.would_be].lower()}", _DIM))
    for reason in decision.partial:
        page.wrapped(reason, indent=2, label="partial: ", color=_YELLOW)
    if record.change is not None and record.context.base:
        page.wrapped(f"{record.context.base[:12]}, {record.change.found_by}", indent=2, label="compared with: ", color=_DIM)
    for line in policies.judged_by(record):
        page.wrapped(line, indent=2, label="judged too: " if record.decision.policies else "policy: ", color=_DIM)
    for label, told in (("observed: ", observed_by(record)), ("base: ", base_told(record)), ("left out: ", left_out(record))):
        if told:
            page.wrapped(told, indent=2, label=label, color=_DIM)
    looser = policies.looser(record)
    for change in looser[:_LOOSER]:
        page.wrapped(policies.words_of(change), indent=2, label="looser: ", color=_YELLOW)
    if len(looser) > _LOOSER:
        page.line((f"  and {plural(len(looser) - _LOOSER, 'more place')} in which the policy is looser: see the page", _YELLOW))
    broken = [check.limit for gate in decision.gates for check in gate.checks if check.met is False]
    if record.context.base is None and any(limit.new_max is not None for limit in broken):
        page.line(("  there is no base to compare with: every finding counts as new; `--base REV` names one", _DIM))


def _gate(page: Page, gate: GateView) -> None:
    decision = gate.decision
    page.line("")
    page.line((gate.name, _BOLD), " ", (decision.outcome.value, f"{_BOLD};{_OUTCOME_COLORS[decision.outcome]}"), f"  {_owner(gate)}")
    for reason in decision.reasons:
        page.wrapped(reason, indent=2)
    for words in advice(gate):
        page.wrapped(words, indent=2, label="help: ", color=_BOLD)
    if gate.policy and gate.policy.why:
        page.wrapped(gate.policy.why, indent=2, label="why: ", color=_DIM)
    if gate.policy and gate.policy.runbook:
        page.wrapped(gate.policy.runbook, indent=2, label="runbook: ", color=_DIM)
    stopping = [finding for finding in ranked((*gate.findings, *gate.notices)) if stops(gate, finding)]
    _findings(page, stopping)
    others = sum(not finding.excused and not stops(gate, finding) for finding in gate.findings)
    if others:
        page.line("")
        page.line((f"  {plural(others, 'finding')} within the limits: see the page", _DIM))


def _owner(gate: GateView) -> str:
    return f"(owner {terminal(gate.policy.owner)})" if gate.policy and gate.policy.owner else ""


def _findings(page: Page, findings: Sequence[FindingView]) -> None:
    groups = _alike(findings)
    for view, *others in groups[:MOST_FINDINGS]:
        finding = view.finding
        page.line("")
        page.line("  ", (terminal(str(finding.location)), _BOLD))
        severe = _RED if finding.severity >= Severity.HIGH else _YELLOW if finding.severity is Severity.MEDIUM else _DIM
        page.line("    ", (finding.severity.word, severe), f" {view.state.value}  ", (terminal(finding.rule), _DIM))
        page.wrapped(finding.message, indent=4)
        if view.note:
            page.wrapped(view.note, indent=4, color=_YELLOW)
        if view.remedy:
            page.wrapped(view.remedy, indent=4, label="help: ")
        if finding.help_url:
            page.wrapped(finding.help_url, indent=4, label="see: ", color=_DIM)
        if others:
            _places(page, others)
    if more := sum(len(group) for group in groups[MOST_FINDINGS:]):
        page.line("")
        page.line(f"  and {more:,} more: see the page")


def _alike(findings: Sequence[FindingView]) -> list[list[FindingView]]:
    """The findings in their order, those together of which everything but the place is the same."""
    groups: dict[tuple[object, ...], list[FindingView]] = {}
    for view in findings:
        finding = view.finding
        groups.setdefault((finding.rule, finding.severity, view.state, finding.message, view.note), []).append(view)
    return list(groups.values())


def _places(page: Page, others: Sequence[FindingView]) -> None:
    """Where else the finding is that was just shown. Places that are the same stand once."""
    places = list(dict.fromkeys(str(view.finding.location) for view in others))
    page.wrapped(f"{', '.join(places[:_PLACES])}", indent=4, label=f"the same {plural(len(others), 'more time')}: ", most=2 * _PLACES)
    if len(places) > _PLACES:
        page.line(f"    and at {plural(len(places) - _PLACES, 'more place')}: see the page")


def _waivers(page: Page, waivers: Sequence[WaiverView]) -> None:
    if not waivers:
        return
    page.line("")
    page.line(("Waivers to look at", _BOLD))
    for view in waivers:
        owner = f", owner {view.waiver.owner}" if view.waiver else ""
        message = view.decision.message or f"{plural(view.decision.days_left, 'day')} left"
        page.wrapped(f"{view.decision.id} {view.decision.state.value}{owner}, {approval(view)}: {message}", indent=2)


def _table(page: Page, gates: Iterable[GateView]) -> None:
    rows = [("gate", "outcome", "examined", "findings", "time"), *(_row(gate) for gate in gates)]
    if len(rows) == 1:
        return
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    page.line("")
    for index, row in enumerate(rows):
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        color = _OUTCOME_COLORS[Outcome(row[1].split()[0])] if index else _DIM
        plain = _DIM if index == 0 else ""
        page.line((cells[0], plain), "  ", (cells[1], color), "  ", (f"{cells[2]}  {cells[3]}  {row[4]}", plain))


def _asides(page: Page, gates: Iterable[GateView]) -> None:
    """What was not examined, and why; and what a person should look at. Neither stops anything by itself."""
    for gate in gates:
        for label, said in (("not examined", skipped(gate)), ("to review", to_review(gate))):
            if said:
                page.wrapped(said, indent=2, label=f"{gate.name}, {label}: ", color=_DIM, most=2)


def _row(gate: GateView) -> tuple[str, str, str, str, str]:
    outcome = gate.decision.outcome.value
    if gate.decision.outcome is not Outcome.SKIPPED and gate.decision.enforcement != "block":
        outcome += f" ({gate.decision.enforcement.value})"
    time = f"{duration(gate.run.duration_ms)}{', cached' if gate.run.cached else ''}" if gate.run else ""
    return (gate.name, outcome, terminal(work(gate.examined)), counts(gate), time)


def _evidence(page: Page, bundle: BundleInfo | None, *, has_page: bool) -> None:
    page.line("")
    if bundle is None:
        page.line("evidence: no bundle was written")
        return
    page.line("evidence: ", (terminal(bundle.path), _BOLD), "" if bundle.signed else "  (not signed)")
    page.line((f"          sha256:{bundle.digest.removeprefix('sha256:')}", _DIM))
    where = "report.html in it, or: " if has_page else ""
    page.line((f"page:     {where}gates report {terminal(bundle.path)} --format html", _DIM))
