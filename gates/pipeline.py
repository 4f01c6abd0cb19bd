"""The main job, in one go: policy, plan, observe, redact, parse, judge, bundle. What `gates run` does before it prints."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cache, partial
from pathlib import Path

import gates
from gates.adapters import clock, files, git, guard, history, host, index
from gates.cache import Cache
from gates.change.base import Base
from gates.change.compare import added_lines, against, base_files
from gates.change.earlier import Earlier
from gates.change.policies import Policies, steered_from
from gates.dataclass import dataclass
from gates.errors import EvidenceError, GatesError, RepositoryError
from gates.evidence import bundle
from gates.evidence.bundle import RawByGate
from gates.facts import OBSERVED
from gates.judge.compare import compare
from gates.judge.strictest import judge
from gates.model import TIP_POLICY, BaseBundle, BundleInfo, CachedFrom, Context, Decision, Judging, Outcome, Record, Reviews, Run, Status
from gates.observe import Observation, Observed, Progress, Setting, entry_of, observe
from gates.plan import Step
from gates.policy import approvers
from gates.policy.compose import origins
from gates.request import Request, Result
from gates.seen import Seen, places_in, with_base
from gates.start import Start, begin, refuse_secrets
from gates.written import Kept, has_page, write


def run(request: Request, progress: Progress) -> Result:
    """Judge a checkout and write the bundle. Raises `PolicyError`, `UsageError`, `RepositoryError`, `EvidenceError`; gates never raise."""
    start = begin(request)
    seen, changed = look(request, start, progress)
    context = start.context
    if changed:
        context = replace(context, limited=(*context.limited, changed))
    if seen.interrupted:
        context = replace(context, limited=(*context.limited, "the run was interrupted"))
    record, kept = judged(request, replace(start, context=context), seen, changed)
    result = write(record, request, kept, start.previous, interrupted=seen.interrupted)
    result = replace(result, answers=tuple(item.answer for item in seen.here if item.answer is not None))
    if start.cache is not None and not changed and not seen.interrupted:
        _keep(start.cache, record, seen, result.bundle)
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What others saw, by gate: those gates don't look here, and not at the base where that was seen too."""

    here: Mapping[str, Observation] = field(default_factory=dict)
    there: Mapping[str, Observation] = field(default_factory=dict)


NOT_GIVEN = Given()


def look(request: Request, start: Start, progress: Progress, given: Given = NOT_GIVEN) -> tuple[Seen, str]:
    """What the gates see, here and at the base, and what was changed in the checkout meanwhile, in words; empty where nothing was."""
    base = start.base
    with _work_folder() as folder:
        setting = Setting(
            root=request.root,
            work=Path(folder),
            environment=request.environment,
            offline=request.offline,
            selected=request.selected_files,
            tree=start.tree,
            day=start.context.day,
            cache=start.cache,
            expected=start.cache.expected() if start.cache else {},
        )
        if base is not None:
            setting = replace(
                setting, base=base.commit, added_lines=partial(added_lines, base, setting), base_files=partial(base_files, base, setting)
            )
        earlier = cache(partial(_earlier, request, base, start.context.folder))
        setting = replace(setting, meanwhile=partial(_do_meanwhile, earlier, page=has_page(request)))
        with steered_from(start.policies, start.steps, request.root, setting.work) as steered:
            own = [step for step in steered.steps if step.name not in given.here]
            observed = _observe(own, setting, jobs=request.jobs, progress=progress)
            stamps = start.stamps
            rewritten = [] if observed.interrupted else _rewritten(request.root, stamps)
            if rewritten and _are_put_back(request.root, start, rewritten):
                stamps = {**stamps, **files.stamps(request.root, rewritten)}
                observed = _look_again(own, observed, setting, jobs=request.jobs, progress=progress)
            known = {**given.here, **{item.name: item for item in observed.observations}}
            here = [known[step.name] for step in steered.steps if step.name in known]
            seen = Seen(steps=steered.steps, secrets=start.secrets, here=here, interrupted=observed.interrupted)
            if base is not None and not observed.interrupted:
                before, said = earlier()
                compare_with = partial(against, base, setting, jobs=request.jobs, progress=progress, earlier=before, given=given.there)
                seen = with_base(seen, start.policies, compare_with).told_of(said)
            return seen, _changed(request.root, start.context, stamps) or steered.touched()


def _do_meanwhile(earlier: Callable[[], object], *, page: bool) -> None:
    """What can be done while gates look, since their engines are programs of their own. What goes wrong is told when it is asked for."""
    if page:
        from gates.report import html

        html.prepare()
    with contextlib.suppress(GatesError):
        earlier()


def judged(request: Request, start: Start, seen: Seen, changed: str) -> tuple[Record, Kept]:
    """The verdict on what was seen, with all that the evidence keeps of it."""
    policies, context = start.policies, start.context
    refuse_secrets(policies.all_sources, seen.redactor)
    masked, masked_base = seen.masked(seen.here), seen.masked(seen.there)
    raw: RawByGate = {name: item.members for name, item in masked.items()}
    facts, base_facts = seen.facts(raw), seen.facts({name: item.members for name, item in masked_base.items()})
    reviews = _reviews(request, policies, context)
    decision = judge(policies.judgings, context, facts, base_facts, seen.change, reviews=reviews)
    if changed:
        raw = _unproven(raw, decision, changed)
        facts = seen.facts(raw)
        decision = judge(policies.judgings, context, facts, base_facts, seen.change, reviews=reviews)
    record = Record(
        context=context,
        policy=policies.own.policy,
        facts=facts,
        base=base_facts,
        decision=decision,
        run=_run(start.started, start.begun, seen, request.environment),
        origins=origins(policies.effective),
        artifacts=bundle.artifacts(raw),
        change=seen.change,
        others=policies.judgings[1:],
        reviews=reviews,
    )
    if request.previous:
        record = replace(record, comparison=compare(request.previous.record, record, previous=request.previous.digest))
    kept = Kept(
        sources=(*policies.sources, *(source for name, found in policies.others.items() for source in bundle.beside(name, found))),
        raw=raw,
        base_raw={name: item.members for name, item in masked_base.items()},
        redactor=seen.redactor,
        places=[*places_in("raw", masked), *places_in("base-raw", masked_base)],
        unsearched=seen.redactor.unsearched.union(*(item.unsearched for item in seen.all)),
    )
    return record, kept


def _keep(kept_in: Cache, record: Record, seen: Seen, written: BundleInfo) -> None:
    """Let later runs have what this one saw, of both sides.

    Not what could not tell; not what met a secret, which is not kept and so would be masked nowhere; and of what runs the project's own
    code only what passed: who runs it again wants to know whether it fails again.
    """
    origin = CachedFrom(started=record.run.started, commit=record.context.commit, bundle=written.digest)
    passed = {gate.gate for gate in record.decision.gates if gate.would_be is Outcome.PASSED}
    gates_by_name = {step.name: step.gate for step in seen.steps}
    for observations, facts in ((seen.here, record.facts), (seen.there, record.base)):
        known = {item.gate for item in facts if item.status is Status.COMPLETED}
        for item in observations:
            answer = item.answer
            if answer is None or not answer.parts or answer.entry is not None or item.name not in known:
                continue
            lasting = item.name in passed or not gates_by_name[item.name].executes_project
            sound = lasting and not item.secrets and not item.unsearched
            entry = entry_of(seen.mask(item), origin) if sound else None
            kept_in.keep(answer, entry, origin=origin, duration_ms=item.run.duration_ms)
    kept_in.close()


def _observe(steps: Sequence[Step], setting: Setting, *, jobs: int, progress: Progress) -> Observed:
    """Observe all steps. What runs the project's own code for another policy waits: two runs in one checkout would meet each other."""
    waiting = [step for step in steps if step.policy != steps[0].policy and step.gate.executes_project]
    begun = clock.monotonic()
    first = observe([step for step in steps if step not in waiting], setting, jobs=jobs, progress=progress)
    if not waiting or first.interrupted:
        return first
    passed = round((clock.monotonic() - begun) * 1000)
    return _joined(steps, first, observe(waiting, setting, jobs=jobs, progress=progress), passed)


def _look_again(steps: Sequence[Step], first: Observed, setting: Setting, *, jobs: int, progress: Progress) -> Observed:
    """Let all look once more but those whose code may write to files and put them back: meanwhile, some held something else.

    One of the others that writes to them does it again now, and is noticed by that.
    """
    looked = {item.name for item in first.observations if item.answer is None or item.answer.entry is None}
    again = [step for step in steps if step.name in looked and not step.gate.puts_back]
    passed = max(item.run.started_ms + item.run.duration_ms for item in first.observations)
    setting = replace(setting, work=setting.work / "again", cache=None, expected={})
    return _joined(steps, first, observe(again, setting, jobs=jobs, progress=progress), passed)


def _joined(steps: Sequence[Step], first: Observed, second: Observed, passed: int) -> Observed:
    """Both, where the second began so many milliseconds after the first; what looked twice counts as it saw it then."""
    later = [replace(item, run=replace(item.run, started_ms=item.run.started_ms + passed)) for item in second.observations]
    found = {item.name: item for item in (*first.observations, *later)}
    return Observed(observations=tuple(found[step.name] for step in steps if step.name in found), interrupted=second.interrupted)


def _earlier(request: Request, base: Base | None, folder: str | None) -> tuple[Earlier | None, BaseBundle | None]:
    """What a run at the base tells, and what is said of its bundle; nothing where none was given."""
    if base is None or not request.base_bundles:
        return None, None
    from gates.evidence.earlier import find as find_earlier  # brings all that signatures need

    return find_earlier(request.base_bundles, base.commit, folder, request.base_trusted)


def _reviews(request: Request, policies: Policies, context: Context) -> Reviews | None:
    """What people said of the change on the code host, where an approval could count: of a waiver, or of a policy that is loosened."""
    asking = [item for item in policies.judgings if _wants_reviews(item)]
    if not asking:
        return None
    from gates.adapters import github  # most runs ask nobody, and it brings all of HTTP

    named = [approvers.parse(text) for item in asking for text in item.policy.approvers]
    return github.reviews(
        request.environment,
        commit=context.commit,
        parents=history.parents(request.root, context.commit) if context.commit else (),
        teams=list(dict.fromkeys(who.name for who in named if who.team)),
        offline=request.offline,
    )


def _wants_reviews(item: Judging) -> bool:
    policy = item.policy
    return bool(policy.approvers) and (item.name == TIP_POLICY or bool(policy.waivers and policy.waiver_rules.approval == "reviewed"))


@contextlib.contextmanager
def _work_folder() -> Iterator[str]:
    """A folder for raw output, gone afterwards. Raises `EvidenceError` where there is no place for one."""
    try:
        folder = tempfile.TemporaryDirectory(prefix=guard.work_prefix(os.getpid()), ignore_cleanup_errors=True)
    except OSError as error:
        raise EvidenceError(
            f"there is no folder for temporary files: {error.strerror or error}",
            help="name one that you may write to and that has space with TMPDIR, then run again",
        ) from error
    with folder as name:
        yield name


def _changed(root: Path, context: Context, before: Mapping[str, files.Stamp]) -> str:
    """What was changed in the checkout while the gates looked at it, in words; empty where nothing was.

    `before` are the files that git tracked then; others may come and go: a test writes its report.
    """
    if context.commit is not None:
        commit = git.head(root)
        if commit != context.commit:
            return f"the checkout went from commit {context.commit} to {commit or 'none'} while the gates ran"
    rewritten = _rewritten(root, before)
    return f"{rewritten[0]} was changed while the gates ran" if rewritten else ""


def _rewritten(root: Path, before: Mapping[str, files.Stamp]) -> list[str]:
    """The files that were written to, replaced or taken away since then, whatever they hold now, sorted."""
    after = files.stamps(root, before)
    return [name for name in sorted(before) if after.get(name) != before[name]]


def _are_put_back(root: Path, start: Start, names: Sequence[str]) -> bool:
    """Whether files that were written to hold what they held: what the commit has, as when the run began. A test may do so each time."""
    commit = start.context.commit
    known = commit is not None and start.modified is not None and start.modified.isdisjoint(names)
    if commit is None or not known or len(files.stamps(root, names)) < len(names):  # of a checkout that is gone git can't be asked
        return False
    with contextlib.suppress(RepositoryError):
        held = index.committed(root, commit)
        return held.keys() >= set(names) and not index.unlike(root, {name: held[name] for name in names})
    return False


_LEAVE_IT = (
    "run again, and change nothing in the checkout meanwhile; where a test writes to it, let it write to a copy (`tmp_path`), or commit "
    "what lies there first: a file that the commit has, and that is put back, is looked at again"
)


def _unproven(raw: RawByGate, decision: Decision, changed: str) -> dict[str, Mapping[str, bytes]]:
    """Raw output in which no gate that passed says so: what it looked at is not what is there. What failed keeps its findings."""
    said = {"status": Status.ERROR.value, "reason": changed, "remedy": _LEAVE_IT}
    passed = {gate.gate for gate in decision.gates if gate.would_be is Outcome.PASSED}
    return {name: {**members, OBSERVED: json.dumps(said).encode()} if name in passed else members for name, members in raw.items()}


def _run(started: str, begun: float, seen: Seen, environment: Mapping[str, str]) -> Run:
    ci_url = ""
    if environment.get("GITHUB_RUN_ID"):
        parts = (
            environment.get("GITHUB_SERVER_URL", ""),
            environment.get("GITHUB_REPOSITORY", ""),
            "actions/runs",
            environment["GITHUB_RUN_ID"],
        )
        ci_url = "/".join(parts)
    return Run(
        started=started,
        duration_ms=round((clock.monotonic() - begun) * 1000),
        version=gates.__version__,
        python=platform.python_version(),
        platform=host.described(),
        gates=tuple(item.run for item in seen.here),
        base=tuple(item.run for item in seen.there) if seen.there else None,
        ci_url=ci_url,
    )
