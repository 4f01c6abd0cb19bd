"""What every report shows, paired once: each gate's facts with the judge's word on them, in one order, in the same words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from gates.codec import decimal_text
from gates.dataclass import dataclass
from gates.judge import waivers as judged
from gates.model import (
    Context,
    Decision,
    Enforcement,
    Examined,
    Facts,
    Finding,
    FindingState,
    GateDecision,
    GatePolicy,
    GateRun,
    Kind,
    Limit,
    Measurement,
    Outcome,
    Record,
    Severity,
    State,
    Verdict,
    Waiver,
    WaiverDecision,
    WaiverState,
)

_NO_MARKER = (
    "The policy lets nothing more be suppressed here: mend it, or waive it with the reason (`gates waive`), which counts once it stands "
    "where the change goes."
)
#: Reasons and rules that are named where many are counted.
_REASONS = 3
#: Kinds that count as findings; the others are notices, shown on their own.
COUNTED = frozenset({Kind.FINDING, Kind.FAILURE})
_COUNTED_BY = {
    "findings": COUNTED,
    "failures": frozenset({Kind.FAILURE}),
    "needs-review": frozenset({Kind.NEEDS_REVIEW}),
    "flakes": frozenset({Kind.FLAKE}),
    "suppressed": frozenset(Kind),
}
VERDICTS = {Verdict.PASSED: "Passed", Verdict.FAILED: "Failed", Verdict.ERRORED: "Could not tell"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a report says before all else of a bundle that nobody has verified.

    `headline` takes the place of the verdict where this can't be what it claims, or can't be judged again; `doubt` says why. Both are
    empty where nothing speaks against it, which says nothing of who made it.
    """

    bundle: str
    headline: str = ""
    doubt: str = ""

    @property
    def words(self) -> str:
        """One line: whose word this is, and what tells whether it is true."""
        told = f"`gates verify {self.bundle}` tells whether it is true and who vouches for it"
        return f"this is what the bundle claims, whoever made it; {told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding with its state and its waiver's id; `lapsed` says why a waiver that is for it does not cover it."""

    finding: Finding
    state: State
    waiver: str | None
    lapsed: str = ""

    @property
    def note(self) -> str:
        """What is to be said of it beside what it is: why it does not count, or why it does though there is a waiver."""
        return self.excused or self.lapsed

    @property
    def remedy(self) -> str:
        """What to do about it where it counts: a marker that hides it from its tool does not help."""
        return self.finding.remedy if self.finding.suppressed_by is None or self.waiver is not None else _NO_MARKER

    @property
    def excused(self) -> str:
        """Why it doesn't count against the gate, in words; empty where it counts."""
        if self.waiver is not None:
            return f"waived by {self.waiver}"
        return f"suppressed by {self.finding.suppressed_by}" if self.finding.suppressed_by is not None else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateView:
    """All that is known of one gate. `findings` and `notices` are in the order of the facts.

    `folder` is that of the repository which was judged, to which their places are relative; empty for all of it.
    """

    decision: GateDecision
    facts: Facts | None
    policy: GatePolicy | None
    run: GateRun | None
    findings: tuple[FindingView, ...]
    notices: tuple[FindingView, ...]
    folder: str = ""

    @property
    def name(self) -> str:
        return self.decision.gate

    @property
    def examined(self) -> Examined | None:
        return self.facts.examined if self.facts else None

    @property
    def silent(self) -> bool:
        """Whether the policy only records this gate: it stands in JSON and on the page, and disturbs nobody."""
        return self.decision.enforcement in {Enforcement.SHADOW, Enforcement.OFF}

    @property
    def needs_person(self) -> bool:
        return not self.silent and self.decision.outcome in {Outcome.FAILED, Outcome.ERRORED, Outcome.WARNED}


@dataclass(frozen=True, slots=True, kw_only=True)
class WaiverView:
    """A waiver of the policy with what became of it; `waiver` is None where the policy read has none of that id."""

    decision: WaiverDecision
    waiver: Waiver | None

    @property
    def needs_person(self) -> bool:
        return self.decision.state is not WaiverState.ACTIVE


def gate_views(record: Record) -> tuple[GateView, ...]:
    """One view a gate, in the decision's order."""
    runs = {run.gate: run for run in record.run.gates}
    views = (
        _gate_view(decision, record.facts_of(decision.gate), record.policy_of(decision.gate), runs.get(decision.gate), _lapsed(record))
        for decision in record.decision.gates
    )
    return tuple(replace(view, folder=record.context.folder) if record.context.folder else view for view in views)


#: Why a waiver that is for a finding does not cover it.
_LAPSED: Mapping[WaiverState, str] = {
    WaiverState.EXPIRED: "{0.id} waived it until {0.expires}, and is over",
    WaiverState.NOT_YET: "{0.id} waives it from {0.created} on",
    WaiverState.NOT_APPROVED: "{0.id} would waive it, and is not approved as the policy wants",
    WaiverState.TOO_LONG: "{0.id} would waive it, and lasts longer than the policy allows",
}


_ELSEWHERE = "{0.id} would waive it in the folder {0.folder}"


def _lapsed(record: Record) -> tuple[tuple[Waiver, str], ...]:
    """The waivers that match something and do not count, each with why."""
    waivers = {waiver.id: waiver for waiver in record.policy.waivers}
    return tuple(
        (
            waiver,
            _ELSEWHERE.format(waiver) if waiver.folder not in {None, record.context.folder} else _LAPSED[decision.state].format(waiver),
        )
        for decision in record.decision.waivers
        if (waiver := waivers.get(decision.id)) and decision.state in _LAPSED and not judged.counts(decision, record.policy.waiver_rules)
    )


def waiver_views(record: Record) -> tuple[WaiverView, ...]:
    """One view a waiver: those that need a person first, then by days left."""
    waivers = {waiver.id: waiver for waiver in record.policy.waivers}
    views = [WaiverView(decision=decision, waiver=waivers.get(decision.id)) for decision in record.decision.waivers]
    return tuple(sorted(views, key=lambda view: (not view.needs_person, view.decision.days_left, view.decision.id)))


def approval(view: WaiverView) -> str:
    """How a waiver was approved, and by whom where that is known."""
    by = view.decision.approved_by
    return f"approval {view.decision.approval}" + (f" by {by}" if by else "")


def _gate_view(
    decision: GateDecision,
    facts: Facts | None,
    policy: GatePolicy | None,
    run: GateRun | None,
    lapsed: Sequence[tuple[Waiver, str]],
) -> GateView:
    findings = facts.findings if facts else ()
    own = [(waiver, why) for waiver, why in lapsed if waiver.gate == decision.gate]
    views = [_finding_view(finding, decision.findings, index, own) for index, finding in enumerate(findings)]
    return GateView(
        decision=decision,
        facts=facts,
        policy=policy,
        run=run,
        findings=tuple(view for view in views if view.finding.kind in COUNTED),
        notices=tuple(view for view in views if view.finding.kind not in COUNTED),
    )


def _finding_view(finding: Finding, states: tuple[FindingState, ...], index: int, lapsed: Sequence[tuple[Waiver, str]]) -> FindingView:
    """A gate that could not be judged has no states: its findings are shown as new, which excuses none."""
    if index >= len(states):
        return FindingView(finding=finding, state=State.NEW, waiver=None)
    why = next((why for waiver, why in lapsed if judged.matches(waiver, finding)), "") if states[index].waiver is None else ""
    return FindingView(finding=finding, state=states[index].state, waiver=states[index].waiver, lapsed=why)


def stops(gate: GateView, view: FindingView) -> bool:
    """Whether a broken limit of the gate counts this finding. Where none counts findings at all, none stops it."""
    return any(check.met is False and _is_counted(check.limit, view) for check in gate.decision.checks)


def counted(limit: Limit, view: FindingView) -> bool:
    """Whether a limit's name, severity and kinds take the finding in, new or not: what is excused counts against none."""
    kinds = _COUNTED_BY.get(limit.name, frozenset())
    if view.finding.kind not in kinds or view.waiver is not None:
        return False
    if (view.finding.suppressed_by is not None) != (limit.name == "suppressed"):
        return False
    return view.finding.severity >= (limit.severity or Severity.INFO)


def is_shown(gate: GateView, view: FindingView) -> bool:
    """Whether a person must see it: it counts against the gate, or is excused and stops it all the same."""
    return not view.excused or stops(gate, view)


def _is_counted(limit: Limit, view: FindingView) -> bool:
    only_new = limit.max is None and limit.new_max is not None
    return counted(limit, view) and (view.state is State.NEW or not only_new)


def ranked(findings: Iterable[FindingView]) -> list[FindingView]:
    """What a person should read first: what counts before what is excused, new before old, severe before mild, then by place."""
    return sorted(findings, key=_rank)


def _rank(view: FindingView) -> tuple[bool, bool, int, str, int, str, str, str]:
    finding = view.finding
    where = finding.location
    return (
        bool(view.excused),
        view.state is not State.NEW,
        -finding.severity,
        where.path or str(where),
        where.line or 0,
        finding.rule,
        finding.message,
        finding.fingerprint,
    )


# -- words -------------------------------------------------------------------------------------


def advice(gate: GateView) -> tuple[str, ...]:
    """What mends a gate: its own remedy, and what names the finding that is one too many where some are allowed."""
    stopping = [view for view in gate.findings if stops(gate, view)]
    broken = [check.limit for check in gate.decision.checks if check.met is False]
    some_allowed = any(limit.max and limit.name in _COUNTED_BY for limit in broken)
    number_alone = some_allowed and stopping and all(view.state is State.NEW for view in stopping)
    which = "a number does not tell old ones from new: `gates diff EARLIER LATER` names those that an earlier bundle does not have"
    return (*filter(None, [gate.decision.remedy]), *([which] if number_alone else []))


def headline(decision: Decision) -> str:
    """The verdict as the large word of a report: what passed only in part does not read as though it had passed."""
    if decision.override is not None:
        return f"{VERDICTS[decision.verdict]}, by override"
    return f"{VERDICTS[decision.verdict]}, in part" if is_partly_passed(decision) else VERDICTS[decision.verdict]


def is_partly_passed(decision: Decision) -> bool:
    """Whether less was judged than the policy asks for, and that passed; or an override let pass what gates stop."""
    return decision.verdict is Verdict.PASSED and bool(decision.partial or decision.override)


def why(record: Record) -> str:
    """The verdict's reason in one line."""
    decision = record.decision
    if decision.reasons:
        more = len(decision.reasons) - 1
        return decision.reasons[0] + (f" (and {plural(more, 'more reason')})" if more else "")
    gates = "1 gate is" if decision.enforced == 1 else f"{decision.enforced} gates are"
    return f"{gates} enforced, and every limit is met"


def subject(record: Record) -> str:
    """What the verdict is about, in one line: it is worth nothing for another commit, day or stage."""
    context = record.context
    ref = f" of {context.ref}" if context.ref else ""
    return f"{tree_words(context)}{ref}, stage {context.stage}, judged on {context.day}"


def tree_words(context: Context) -> str:
    """What was judged, such as `commit 9f2c4e7a1b3d with uncommitted changes`."""
    commit = f"commit {context.commit[:12]}" if context.commit else "no commit"
    commit = f"folder {context.folder} of {commit}" if context.folder else commit
    return f"{commit} with uncommitted changes" if context.dirty and context.commit else commit


def work(examined: Examined | None) -> str:
    """What was examined, such as `37 of 38 tests`."""
    return f"{examined.done} of {examined.expected} {examined.unit}" if examined else ""


def counts(view: GateView) -> str:
    """The findings of a gate in numbers, such as `2 new, 3 existing, 1 waived`; where only some break a limit, how many."""
    number, states = view.decision.counts, view.decision.findings
    counting = [finding for finding in view.findings if not finding.excused]
    stopping = sum(stops(view, finding) for finding in counting)
    if 0 < stopping < len(counting):
        told = [(stopping, "over a limit"), (len(counting) - stopping, "within")]
    else:
        told = [(sum(finding.state is state for finding in counting if states), state.value) for state in (State.NEW, State.EXISTING)]
    parts = (*told, (number.waived, "waived"), (number.suppressed, "suppressed"))
    kinds = [(sum(notice.finding.kind is kind for notice in view.notices), word) for kind, word in _NOTICE_WORDS.items()]
    said = [f"{count} {word}" for count, word in (*parts, *kinds) if count]
    return ", ".join(said) or ("none" if view.examined else "")


def skipped(view: GateView) -> str:
    """Why things were not examined, the most frequent reasons first, such as `binary (40), larger than 1 MiB (5)`."""
    return _most(Counter(skip.reason for skip in view.examined.skipped)) if view.examined else ""


def to_review(view: GateView) -> str:
    """What should be looked at, by rule, such as `tests/removed (11)`."""
    return _most(Counter(item.finding.rule for item in view.notices if item.finding.kind is Kind.NEEDS_REVIEW and not item.excused))


def _most(numbers: Counter[str]) -> str:
    found = sorted(numbers.items(), key=lambda item: (-item[1], item[0]))
    more = sum(number for _, number in found[_REASONS:])
    return ", ".join([*(f"{words} ({number:,})" for words, number in found[:_REASONS]), *([f"others ({more:,})"] if more else [])])


_NOTICE_WORDS = {Kind.NEEDS_REVIEW: "to review", Kind.FLAKE: "flaky"}


def duration(milliseconds: int) -> str:
    """A time for people: `48 ms`, `5.3 s`, `2 min 5 s`."""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


def measured(measurement: Measurement) -> str:
    """A measurement for people: `line-coverage 87 percent`."""
    return f"{measurement.name} {decimal_text(measurement.value)} {measurement.unit}".strip()


def plural(number: int, one: str, many: str = "") -> str:
    """`1 finding`, `2 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def observed_by(record: Record) -> str:
    """Whose word the raw output is where several machines observed, in words; empty where one did all of it."""
    plan = record.run.plan
    if plan is None:
        return ""
    parts = f"{plural(len(plan.parts), 'part')} of a plan, each in a job of its own"
    if plan.isolated:
        return f"in {parts}, whose word it is; what runs none of the project's code was observed by the judge"
    return f"in {parts}, whose word it is"


def base_told(record: Record) -> str:
    """What a bundle of the base that the run was given told of it, in words; empty where none was given."""
    change = record.change
    if change is None or change.bundle is None:
        return ""
    if change.bundle.unused:
        return f"its bundle was not believed, and nothing was taken from it: {change.bundle.unused}"
    gates = [gate.gate for gate in change.gates if gate.bundle is not None]
    by = f"the bundle {(change.bundle.digest or '')[:12]} of a run there, signed by {change.bundle.signed_by}"
    return f"what {', '.join(gates)} saw there is told by {by}" if gates else f"nothing was needed of {by}"


def left_out(record: Record) -> str:
    """The folders of installed packages that no gate was shown, in words; empty where there are none."""
    folders = record.context.left_out or ()
    if not folders:
        return ""
    named = ", ".join(f"{folder}/" for folder in folders[:_FOLDERS])
    more = f" and {len(folders) - _FOLDERS} more" if len(folders) > _FOLDERS else ""
    return f"{named}{more}: installed packages, of which git tracks nothing; name them in .gitignore"


#: How many folders are named that no gate was shown.
_FOLDERS = 3
