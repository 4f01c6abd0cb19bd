"""The page: one file that works offline and without a script, where nothing from outside is markup."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
import sys
from collections import Counter
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from jinja2.bccache import Bucket
from markupsafe import Markup

from gates.codec import decimal_text
from gates.dataclass import dataclass
from gates.model import BundleInfo, Decision, Outcome, Record, Verdict
from gates.report import policies
from gates.report.lineage import GateLineage, lineages
from gates.report.rows import data, rows
from gates.report.safe import shown, unicode_text, visible, web_address
from gates.report.since import alarms, gates_since, measurement_words, subject_then, tool_words, version_words
from gates.report.view import (
    VERDICTS,
    Claim,
    GateView,
    base_told,
    counts,
    duration,
    gate_views,
    headline,
    is_partly_passed,
    left_out,
    measured,
    plural,
    ranked,
    stops,
    waiver_views,
    why,
    work,
)

_RUNNER_COMMAND = re.compile(r"##\[|^[^\S\n]*::", re.MULTILINE)
_TONES = {"passed": "good", "failed": "bad", "errored": "warn", "warned": "warn", "skipped": "dim"}
_STEPS = (Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED)
STATES = ("new", "existing", "waived", "suppressed")
#: Rows that a table of findings has without the script, and items of any other list: the rest is named with its place.
MOST_ROWS = 500
MOST_ITEMS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do next: for which gate, what is wrong, what to do, where, and who minds it."""

    gate: str
    number: int
    outcome: str
    what: str
    do: str
    place: str
    more: str
    owner: str
    runbook: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A gate's time on the run's: left edge and width in percent, as SVG writes them."""

    x: str
    width: str


def prepare() -> None:
    """Load the templates, which takes longer than to fill them where they must be compiled first: for when there is time."""
    for name in _environment().list_templates(extensions=["j2"]):
        _environment().get_template(name)


def render(record: Record, *, bundle: BundleInfo | None, claim: Claim | None = None) -> str:
    """The whole document. The same record gives the same bytes. `claim`: nobody has verified the bundle that it is of."""
    gates = gate_views(record)
    lines = lineages(record, gates)
    limits = [limit for line in lines for limit in line.limits]
    findings = rows(lines, (view for gate in gates for view in gate.findings), record.comparison)
    notices = rows(lines, (view for gate in gates for view in gate.notices), record.comparison)
    by_limit = Counter(limit.id for row in findings for limit in row.limits)
    notices_by_limit = Counter(limit.id for row in notices for limit in row.limits)
    page = (
        _environment()
        .get_template("page.html.j2")
        .render(
            record=record,
            bundle=bundle,
            claim=claim,
            claimed=headline(record.decision),
            headline=claim.headline if claim and claim.headline else headline(record.decision),
            tone=_headline_tone(record.decision, claim),
            gates=gates,
            lineages=lines,
            limits=limits,
            by_limit=by_limit,
            notices_by_limit=notices_by_limit,
            held=[limit for limit in limits if by_limit[limit.id]],
            findings=findings,
            data=Markup(data(lines, findings)),  # noqa: S704  # nosec B704 - JSON in which no markup is left
            notices=notices,
            suppressed=[view for gate in gates for view in (*gate.findings, *gate.notices) if view.finding.suppressed_by is not None],
            comparison=record.comparison,
            since=gates_since(record.comparison, record) if record.comparison else (),
            alarms=alarms(record.comparison, record) if record.comparison else (),
            since_lines=_since_lines(record),
            waivers=waiver_views(record),
            waiver_places={item.id: item.place for item in record.origins.waivers} if record.origins else {},
            steps=next_steps(gates),
            bars=_bars(record),
            checked=_checked(gates),
            silence=_silence(gates, lines),
            judged_by=list(policies.judged_by(record)),
            base_told=base_told(record),
            left_out=left_out(record),
            policy_changes=policies.changes(record),
            by_severity=Counter(row.severity.word for row in findings),
            policy=_content_policy(),
        )
    )
    # A page that is printed into the log of a CI runner is no command to it.
    return _RUNNER_COMMAND.sub(lambda match: match[0][:-1] + f"&#{ord(match[0][-1])};", unicode_text(page))


def _headline_tone(decision: Decision, claim: Claim | None) -> str:
    if claim is not None and claim.headline:
        return "bad"
    return "warn" if is_partly_passed(decision) else _tone(decision.verdict.value)


def next_steps(gates: tuple[GateView, ...]) -> list[Step]:
    """What to do next, a step for each gate that needs a person: what stops the change first."""
    red = [(number, gate) for number, gate in enumerate(gates) if gate.needs_person]
    return [_step(number, gate) for number, gate in sorted(red, key=lambda pair: _STEPS.index(pair[1].decision.outcome))]


def _step(number: int, gate: GateView) -> Step:
    """What is wrong and its remedy: of the gate itself where it could not tell, or else of the most urgent finding that stops it."""
    counting = [view for view in ranked((*gate.findings, *gate.notices)) if stops(gate, view)]
    first = counting[0].finding if counting and gate.decision.outcome is not Outcome.ERRORED else None
    more = len(counting) - 1 if first else 0
    return Step(
        gate=gate.name,
        number=number,
        outcome=gate.decision.outcome.value,
        what=first.message if first else "; ".join(gate.decision.reasons),
        do=first.remedy if first else gate.decision.remedy,
        place=str(first.location) if first else "",
        more=f"and {plural(more, 'more finding')}" if more > 0 else "",
        owner=gate.policy.owner if gate.policy else "",
        runbook=gate.policy.runbook if gate.policy else "",
    )


def _bars(record: Record) -> dict[str, Bar]:
    """Where each gate's time lies on the whole run's."""
    whole = max([record.run.duration_ms, *(run.started_ms + run.duration_ms for run in record.run.gates)], default=0)
    if whole <= 0:
        return {}
    bars = {}
    for run in record.run.gates:
        width = max(100 * run.duration_ms / whole, 0.75)
        bars[run.gate] = Bar(x=f"{min(100 * run.started_ms / whole, 100 - width):.2f}%", width=f"{width:.2f}%")
    return bars


def _checked(gates: tuple[GateView, ...]) -> str:
    """All that was examined, such as `412 files, 38 tests`; empty where nothing was. The most of a unit: gates share files."""
    most: dict[str, int] = {}
    for gate in gates:
        if gate.examined and gate.examined.done:
            most[gate.examined.unit] = max(most.get(gate.examined.unit, 0), gate.examined.done)
    return ", ".join(f"{done:,} {unit}" for unit, done in most.items())


def _silence(gates: tuple[GateView, ...], lines: tuple[GateLineage, ...]) -> str:
    """What it means that there are no findings."""
    unknown = [gate.name for gate in gates if gate.decision.outcome is Outcome.ERRORED]
    if unknown:
        return f"No findings, but that says little: {', '.join(unknown)} could not tell."
    looked = [(line, line.view.examined) for line in lines]
    seen = [f"{_by(line)} examined {examined.done:,} {examined.unit}" for line, examined in looked if examined and examined.done]
    return f"No findings: {', '.join(seen)}." if seen else "No findings, because nothing was examined."


def _by(line: GateLineage) -> str:
    """Who examined: the gate, with its tools where they were recorded, such as `secrets (detect-secrets 1.5.0)`."""
    return f"{line.name} ({line.tools})" if line.tools else line.name


def _since_lines(record: Record) -> list[str]:
    """What became of waivers, tools and measured values, a line each."""
    comparison = record.comparison
    if comparison is None:
        return []
    lines = [f"Waiver {change.id} of {change.gate} {change.fate}: {change.words}" for change in comparison.waivers]
    lines += [f"{gate.gate}: {tool_words(tool)}" for gate in comparison.gates for tool in gate.tools]
    lines += [f"{gate.gate}: {measurement_words(item)}" for gate in comparison.gates for item in gate.measurements]
    return [*lines, *filter(None, [version_words(comparison)])]


# -- the template ------------------------------------------------------------------------------


class _Compiled(jinja2.FileSystemBytecodeCache):
    """Templates as Python keeps modules: compiled, beside their source, for the versions at hand; kept only where that can be written."""

    def __init__(self) -> None:
        folder = Path(__file__).parent / "templates" / "__pycache__"
        super().__init__(str(folder), f"%s.jinja2-{jinja2.__version__}.{sys.implementation.cache_tag}.pyc")

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        with contextlib.suppress(OSError):
            Path(self.directory).mkdir(exist_ok=True)
            super().dump_bytecode(bucket)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("gates.report"),
        autoescape=True,
        bytecode_cache=_Compiled(),
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(_FILTERS)
    environment.globals.update(states=STATES, most_rows=MOST_ROWS, most_items=MOST_ITEMS, verdicts=VERDICTS, Verdict=Verdict)
    return environment


def _shown(value: Any) -> Any:
    """Every text that a template puts in is made visible, line by line; then it is escaped."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _size(number: int) -> str:
    """Bytes for people: `812 bytes`, `14.2 kB`, `1.3 MB`."""
    if number < 1000:
        return plural(number, "byte")
    return f"{number / 1000:.1f} kB" if number < 1_000_000 else f"{number / 1_000_000:.1f} MB"


def _tone(word: str) -> str:
    return _TONES.get(word, "dim")


_FILTERS: Mapping[str, Any] = {
    "address": web_address,
    "counts": counts,
    "decimal": decimal_text,
    "duration": duration,
    "line": lambda value: visible(str(value)),
    "measured": measured,
    "plural": plural,
    "size": _size,
    "subject_then": subject_then,
    "tone": _tone,
    "why": why,
    "work": work,
}


@cache
def _content_policy() -> str:
    """Nothing is loaded from anywhere, and no script or style but ours is obeyed."""
    return (
        f"default-src 'none'; style-src '{_hash('page.css')}'; script-src '{_hash('page.js')}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(name: str) -> str:
    """The hash of a file of ours as the page includes it, in the words of a content policy."""
    content = _environment().get_template(name).render()
    return f"sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}"
