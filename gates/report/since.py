"""What became of a run since an earlier one, in the words that the terminal and the page share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from gates.codec import decimal_text
from gates.dataclass import dataclass
from gates.judge.compare import beyond
from gates.model import (
    Amount,
    Comparison,
    Context,
    Direction,
    Finding,
    GateComparison,
    MeasurementChange,
    PolicyChange,
    Record,
    ToolChange,
)
from gates.report.view import duration, plural, tree_words

#: A gate is called slower where it took this much longer, as a factor and in milliseconds.
SLOWER = 1.25
SLOWER_MS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSince:
    """A gate then and now, with the new findings themselves; the words are empty where there is nothing to say."""

    change: GateComparison
    new: tuple[Finding, ...]
    then: str
    now: str
    findings: str
    examined: str
    time: str

    @property
    def name(self) -> str:
        return self.change.gate


def gates_since(comparison: Comparison, record: Record) -> tuple[GateSince, ...]:
    """One view a gate of either run, in the comparison's order."""
    return tuple(_gate(change, record) for change in comparison.gates)


def _gate(change: GateComparison, record: Record) -> GateSince:
    facts = record.facts_of(change.gate)
    return GateSince(
        change=change,
        new=new_findings(change, facts.findings if facts else ()),
        then=change.outcome_then.value if change.outcome_then else "not there",
        now=change.outcome_now.value if change.outcome_now else "gone",
        findings=_findings(change),
        examined=_examined(change.examined_then, change.examined_now),
        time=_time(change),
    )


def new_findings(change: GateComparison, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """The findings that a comparison calls new: of a fingerprint that was there before too, the last."""
    return tuple(beyond(findings, Counter(finding.fingerprint for finding in findings) - Counter(change.new)))


def alarms(comparison: Comparison, record: Record) -> list[str]:
    """What must not be overlooked: less was examined, or less is demanded, or what counted no longer does."""
    return [
        *(words for change in comparison.gates for words in _gate_alarms(change)),
        *_policy_alarms(comparison),
        *_subject(comparison, record),
    ]


def _gate_alarms(change: GateComparison) -> Iterator[str]:
    then, now = change.examined_then, change.examined_now
    if change.outcome_then is not None and change.outcome_now is None:
        yield f"The gate {change.gate} is gone."
    elif then is not None and now is None:
        yield f"{change.gate} examined nothing; before it was {then.done:,} {then.unit}."
    elif then is not None and now is not None and then.unit == now.unit:
        if now.done < then.done:
            yield f"{change.gate} examined fewer {now.unit}: {now.done:,}; before it was {then.done:,}."
        if now.skipped > then.skipped:
            yield f"{change.gate} skipped more {now.unit}: {now.skipped:,}; before it was {then.skipped:,}."
    if change.excused:
        number = plural(len(change.excused), "finding that counted before is", "findings that counted before are")
        yield f"{change.gate}: {number} waived or suppressed now."


def _policy_alarms(comparison: Comparison) -> Iterator[str]:
    looser, unweighed = (
        [change.where for change in comparison.policy if change.direction is direction]
        for direction in (Direction.LOOSER, Direction.UNWEIGHED)
    )
    if looser:
        yield f"The policy is looser in {plural(len(looser), 'place')}: {_few(looser)}."
    if unweighed:
        number = plural(len(unweighed), "change of the policy", "changes of the policy")
        yield f"{number} can't be weighed and {'counts' if len(unweighed) == 1 else 'count'} as looser: {_few(unweighed)}."


def _few(named: list[str]) -> str:
    return ", ".join(named[:3] + ["and more"] * (len(named) > 3))


def _subject(comparison: Comparison, record: Record) -> Iterator[str]:
    """How far the two can be held against each other at all."""
    then, now = comparison.context, record.context
    if comparison.started_then > record.run.started:
        yield "The previous bundle is the later of the two: name the earlier one first."
    if then.repository != now.repository:
        yield f"The previous bundle is of another repository: {then.repository or 'none'}."
    if then.stage is not now.stage:
        yield f"The previous bundle was judged at another stage: {then.stage}."
    if then.ref != now.ref:
        yield f"The previous bundle is of another branch or tag: {then.ref or 'none'}."
    for reason in comparison.partial_then:
        yield f"The previous bundle was partial: {reason}."


def subject_then(context: Context) -> str:
    """Which run it is held against, such as `commit 9f2c4e7a1b3d, judged on 2026-11-20`."""
    return f"{tree_words(context)}, judged on {context.day}"


def _findings(change: GateComparison) -> str:
    if not change.comparable:
        return "can't be compared" if change.examined_then or change.examined_now else ""
    numbers = (
        (len(change.new), "new"),
        (len(change.mended), "mended"),
        (change.still, "still there"),
        (len(change.excused), "excused since"),
    )
    return ", ".join(f"{number:,} {word}" for number, word in numbers if number) or "none"


def _examined(then: Amount | None, now: Amount | None) -> str:
    if now is None:
        return f"nothing, was {then.done:,} {then.unit}" if then else "nothing"
    if then is None:
        return f"{now.done:,} {now.unit}"
    was = f"{then.done:,}" + (f" {then.unit}" if then.unit != now.unit else "")
    return f"{now.done:,} {now.unit}" + (f", was {was}" if (then.done, then.unit) != (now.done, now.unit) else "")


def is_slower(change: GateComparison) -> bool:
    then, now = change.duration_then_ms, change.duration_now_ms
    return then is not None and now is not None and now - then >= SLOWER_MS and now >= SLOWER * then


def _time(change: GateComparison) -> str:
    then, now = change.duration_then_ms, change.duration_now_ms
    if then is None or now is None:
        return ""
    return f"{duration(now)}, was {duration(then)}" + (": slower" if is_slower(change) else "")


def policy_words(change: PolicyChange) -> str:
    """A change of the policy in one line, with the reason of its direction."""
    words = f"{change.where}: {change.now or 'not said'}, was {change.then or 'not said'}"
    return f"{words}: {change.why}" if change.why else words


def tool_words(change: ToolChange) -> str:
    return f"{change.tool}: {change.now or 'did not run'}, was {change.then or 'not there'}"


def measurement_words(change: MeasurementChange) -> str:
    then, now = ("not measured" if value is None else decimal_text(value) for value in (change.then, change.now))
    return f"{change.name}: {now} {change.unit}, was {then}"


def version_words(comparison: Comparison) -> str:
    """Another version of Quality Gates itself, in words; empty where it is the same."""
    if comparison.version_then == comparison.version_now:
        return ""
    return f"Quality Gates: {comparison.version_now}, was {comparison.version_then}"
