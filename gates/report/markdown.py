"""Markdown for a step's summary or a comment: trimmed by section, and nothing from outside is markup in it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from gates.model import BundleInfo, Outcome, Record, Verdict
from gates.report import policies
from gates.report.safe import visible, visible_lines, web_address
from gates.report.view import (
    VERDICTS,
    Claim,
    FindingView,
    GateView,
    advice,
    approval,
    base_told,
    counts,
    duration,
    gate_views,
    headline,
    is_partly_passed,
    is_shown,
    left_out,
    observed_by,
    plural,
    ranked,
    waiver_views,
    why,
    work,
)

#: A step's summary may hold 1 MiB, in bytes, and past it nothing is shown. A comment may hold 65,536 characters.
SUMMARY_LIMIT = 1024 * 1024 - 4096

_SIGNS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.ERRORED: "⚠️"}
_OUTCOME_SIGNS = {Outcome.PASSED: "✅", Outcome.WARNED: "🟡", Outcome.FAILED: "❌", Outcome.ERRORED: "⚠️", Outcome.SKIPPED: "⏭️"}
_ORDER = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED, Outcome.PASSED, Outcome.SKIPPED)
_MESSAGE_LINES = 12
#: Places shown in which the policy is looser.
_LOOSER = 10


def render(record: Record, *, bundle: BundleInfo | None, limit: int = SUMMARY_LIMIT, claim: Claim | None = None) -> str:
    """The summary in at most `limit` bytes of UTF-8: what doesn't fit is left out from the end, and said.

    `claim`: nobody has verified the bundle that it is of.
    """
    gates = gate_views(record)
    budget = _Budget(limit)
    for section in (_head(record, claim), _reasons(gates), _table(gates)):
        budget.add(section)
    budget.add(_end(record, bundle), keep=True)
    for gate in sorted((gate for gate in gates if not gate.silent), key=lambda gate: _ORDER.index(gate.decision.outcome)):
        _add_findings(budget, gate)
    budget.add(_waivers(record))
    return budget.text()


class _Budget:
    """Sections while they fit. What is to be kept is paid for at once and stands last."""

    def __init__(self, limit: int) -> None:
        self._left = limit - len(_CUT.encode())
        self._sections: list[str] = []
        self._last: list[str] = []
        self._cut = False

    def fits(self, size: int) -> bool:
        return size <= self._left

    def add(self, section: str, *, keep: bool = False) -> None:
        if not section:
            return
        size = len(section.encode())
        if not self.fits(size):
            self._cut = True
            return
        self._left -= size
        (self._last if keep else self._sections).append(section)

    def text(self) -> str:
        return "".join((*self._sections, *([_CUT] if self._cut else []), *self._last))


_CUT = "\n_Some of this did not fit here and was left out: the page in the bundle has all._\n"


def escape(text: str) -> str:
    """A text from outside as one line that Markdown and HTML show as it is; it mentions nobody and links nowhere."""
    safe = re.sub(r"[^\w\s.,;/%'?=-]|_", lambda match: f"&#{ord(match[0])};" if match[0].isascii() else match[0], visible(text))
    safe = re.sub(r"&#64;|&#35;(?=\d)|(?<=\bGH)-(?=\d)|(?<=www)\.", lambda match: f"{match[0]}&#8203;", safe, flags=re.IGNORECASE)
    return safe.replace("&#58;//", "&#58;&#8203;//")


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"


def _title(record: Record, claim: Claim | None) -> list[str]:
    """The heading; before a claim that nobody has verified, whose word it is, and in place of one that can't hold, why it can't."""
    decision = record.decision
    sign, words = "🟡" if is_partly_passed(decision) else _SIGNS[decision.verdict], headline(decision).lower()
    if claim is None:
        return [f"## {sign} Quality gates: {words}", ""]
    note = ["", f"**Not verified:** {escape(claim.words)}", ""]
    if claim.headline:
        heading = f"## {_SIGNS[Verdict.FAILED]} Quality gates: {escape(claim.headline.lower())}"
        return [heading, "", f"**Why:** {escape(claim.doubt)}", *note, f"**It claims:** {words}", ""]
    return [f"## {sign} Quality gates: {words}, as the bundle claims", *note]


def _head(record: Record, claim: Claim | None) -> str:
    verdict, context = record.decision.verdict, record.context
    facts = [f"stage **{context.stage.value}**", f"{context.day.isoformat()}"]
    if context.commit:
        dirty = " with changes that are not committed" if context.dirty else ""
        facts.insert(0, f"commit {_code(context.commit[:12])}{dirty}")
    lines = [
        *_title(record, claim),
        f"**Why:** {escape(why(record))}",
        "",
        " · ".join(facts),
    ]
    if record.decision.would_be is not verdict:
        lines += ["", f"With every gate enforced it would be: **{VERDICTS[record.decision.would_be].lower()}**"]
    lines += [line for reason in record.decision.partial for line in ("", f"**Partial:** {escape(reason)}")]
    lines += [line for said in policies.judged_by(record) for line in ("", f"**Judged too** {escape(said)}")]
    lines += ["", f"**Observed** {escape(parts)}"] if (parts := observed_by(record)) else []
    lines += ["", f"**Base** {escape(told)}"] if (told := base_told(record)) else []
    lines += ["", f"**Left out:** {escape(folders)}"] if (folders := left_out(record)) else []
    looser = [f"- **Looser:** {escape(policies.words_of(change))}" for change in policies.looser(record)]
    lines += ["", *looser[:_LOOSER]] if looser else []
    lines += [f"- and {len(looser) - _LOOSER} more: see the page"] if len(looser) > _LOOSER else []
    return "\n".join(lines) + "\n"


def _reasons(gates: Iterable[GateView]) -> str:
    lines = [_reason(gate) for gate in gates if gate.needs_person]
    return "\n### What needs you\n\n" + "\n".join(lines) + "\n" if lines else ""


def _reason(gate: GateView) -> str:
    decision = gate.decision
    owner, runbook = (gate.policy.owner, gate.policy.runbook) if gate.policy else ("", "")
    parts = (*((words, "Help") for words in advice(gate)), (owner, "Owner"), (runbook, "Runbook"))
    more = "".join(f". {label}: {escape(text)}" for text, label in parts if text)
    return f"- **{escape(gate.name)}** {decision.outcome.value}: {'; '.join(map(escape, decision.reasons))}{more}"


def _table(gates: Sequence[GateView]) -> str:
    if not gates:
        return "\nThe policy has no gate at this stage: nothing was examined.\n"
    head = "\n| Gate | Outcome | Enforcement | Examined | Findings | Time |\n|---|---|---|---|---|--:|\n"
    return head + "".join(f"| {' | '.join(_row(gate))} |\n" for gate in gates)


def _row(gate: GateView) -> tuple[str, ...]:
    outcome = gate.decision.outcome
    time = duration(gate.run.duration_ms) if gate.run else ""
    return (
        escape(gate.name),
        f"{_OUTCOME_SIGNS[outcome]} {outcome.value}",
        gate.decision.enforcement.value,
        escape(work(gate.examined)),
        counts(gate),
        time,
    )


def _add_findings(budget: _Budget, gate: GateView) -> None:
    """One gate's findings, as many as fit."""
    views = [view for view in ranked((*gate.findings, *gate.notices)) if is_shown(gate, view)]
    if not views:
        return
    title = f"{escape(gate.name)}: {plural(len(views), 'finding')}"
    start = f"\n<details><summary>{title}</summary>\n\n| Severity | Place | What and how to mend it |\n|---|---|---|\n"
    end = "\n</details>\n"
    rows = list(_fitting(budget, views, start + end + _left_out(len(views))))
    if rows:
        budget.add(start + "".join(rows) + (_left_out(len(views) - len(rows)) if len(rows) < len(views) else "") + end)
    else:
        budget.add(_left_out(len(views)))


def _fitting(budget: _Budget, views: Iterable[FindingView], frame: str) -> Iterator[str]:
    size = len(frame.encode())
    for view in views:
        row = _finding(view)
        size += len(row.encode())
        if not budget.fits(size):
            return
        yield row


def _left_out(number: int) -> str:
    return f"\n{plural(number, 'more finding')} left out here: see the page.\n"


def _finding(view: FindingView) -> str:
    finding = view.finding
    lines = visible_lines(finding.message)
    shown = [escape(line) for line in lines[:_MESSAGE_LINES]] + (["…"] if len(lines) > _MESSAGE_LINES else [])
    if view.note:
        shown.append(escape(view.note))
    if view.remedy:
        shown.append(f"<b>Remedy:</b> {'<br>'.join(escape(line) for line in visible_lines(view.remedy))}")
    address = web_address(finding.help_url)
    rule = _code(finding.rule)
    shown.append(f'<a href="{html.escape(address)}">{rule}</a>' if address and not set(address) & set("|()[]*_~") else rule)
    return f"| {finding.severity.word}, {view.state.value} | {_code(str(finding.location))} | {'<br>'.join(shown)} |\n"


def _waivers(record: Record) -> str:
    lines = []
    for view in waiver_views(record):
        if view.needs_person:
            message = view.decision.message or f"{view.decision.days_left} days left"
            lines.append(f"- {_code(view.decision.id)} {view.decision.state.value}, {escape(approval(view))}: {escape(message)}")
    return "\n### Waivers to look at\n\n" + "\n".join(lines) + "\n" if lines else ""


def _end(record: Record, bundle: BundleInfo | None) -> str:
    lines = []
    if bundle:
        signed = "signed" if bundle.signed else "not signed"
        lines.append(f"Evidence: {_code(bundle.path)} ({signed}), sha256 {_code(bundle.digest.removeprefix('sha256:'))}")
    if record.content_digest:
        lines.append(f"Content digest {_code(record.content_digest.removeprefix('sha256:'))}")
    return "\n---\n" + "<br>\n".join(lines) + "\n" if lines else ""
