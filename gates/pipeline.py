"""The main job, in one go: policy, plan, observe, redact, parse, judge, bundle. What `gates run` does before it prints."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import gates
from gates import redact
from gates.adapters import clock, files, git, guard, history, host, interrupts
from gates.api.tree import Tree
from gates.cache import Answer, Cache
from gates.change import hook
from gates.change.base import Base
from gates.change.base import find as find_base
from gates.change.compare import added_lines, against, base_files
from gates.change.earlier import Earlier
from gates.change.policies import Asked, Policies, steered_from
from gates.change.policies import find as find_policies
from gates.dataclass import dataclass
from gates.errors import EvidenceError, GatesError, PolicyError, Problem, UsageError
from gates.evidence import bundle, redactions
from gates.evidence.bundle import Contents, Previous, RawByGate
from gates.evidence.keys import PrivateKey
from gates.evidence.trust import Trusted
from gates.facts import OBSERVED
from gates.judge.compare import compare
from gates.judge.strictest import judge
from gates.model import (
    TIP_POLICY,
    BaseBundle,
    BundleInfo,
    CachedFrom,
    Context,
    Decision,
    Judging,
    Outcome,
    PolicySource,
    Record,
    Reviews,
    Run,
    Stage,
    Status,
)
from gates.observe import Observation, Observed, Place, Progress, Setting, entry_of, observe
from gates.plan import Step
from gates.policy import approvers
from gates.policy.compose import origins
from gates.seen import Seen, places_in, with_base

if TYPE_CHECKING:
    from gates.evidence.attestation import Place as SignedAt

EVIDENCE = Path(".gates/evidence")
#: What a gate may take with its engine, service and browser, in bytes: most take less, a browser with a large page that much.
MEMORY_OF_A_GATE = 400 * 2**20


def jobs() -> int:
    """How many gates run at once: one more than there are cores, since each waits for a service or a browser now and then.

    Fewer where memory is short: the system would end an engine that found none.
    """
    memory = host.memory()
    most = host.cores() + 1
    return most if memory is None else max(1, min(most, memory // MEMORY_OF_A_GATE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a run is asked for. `environment` is the user's; `bundle_path` None means the default place, `base` None the base that fits.

    `named_files` are what somebody named at a commit, `selected_files` those of them that can be looked at; None for the whole tree.
    `whole`: the tree is judged as it is, against no base. `cache` is the folder in which what was seen is kept for later runs, None for
    no such; with `cached` false nothing is taken from it. What a run at the base saw is taken from the first of `base_bundles` that is of
    that commit and that somebody of `base_trusted` signed.
    """

    root: Path
    policy: Asked
    stage: Stage
    environment: Mapping[str, str]
    selection: tuple[str, ...] = ()
    selected_files: tuple[str, ...] | None = None
    named_files: tuple[str, ...] | None = None
    bundle_path: Path | None = None
    as_of: date | None = None
    jobs: int = field(default_factory=jobs)
    offline: bool = False
    sign_key: PrivateKey | None = None
    previous: Contents | None = None
    base: str | None = None
    base_bundles: tuple[Path, ...] = ()
    base_trusted: Trusted = field(default_factory=Trusted)
    whole: bool = False
    cache: Path | None = None
    cached: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a run gave: the record, the bundle that was written, and whether it was interrupted."""

    record: Record
    bundle: BundleInfo
    interrupted: bool
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What is kept of a run beside its record: the files of all policies, and raw output of both sides.

    With it, what masks the secrets in both, what was masked, and what can't be searched for everywhere.
    """

    sources: Sequence[PolicySource]
    raw: RawByGate
    base_raw: RawByGate
    redactor: redact.Redactor
    places: Sequence[Place]
    unsearched: frozenset[redact.Unsearched]


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
class Start:
    """What is known before any gate looks. `stamps` tell afterwards which of the tracked files were written to."""

    base: Base | None
    tree: Tree
    policies: Policies
    steps: Sequence[Step]
    context: Context
    previous: Previous | None
    secrets: Mapping[str, frozenset[str]]
    stamps: Mapping[str, files.Stamp]
    cache: Cache | None
    started: str
    begun: float


def begin(request: Request) -> Start:
    started, begun = clock.now_text(), clock.monotonic()
    secrets = redact.secrets_of(request.environment)
    with git.remembering():
        base = None if request.whole else _base(request)
        tree = Tree.of(request.root)
        policies = find_policies(request.root, request.policy, request.stage, base, tree)
        _refuse_secrets(policies.all_sources, redact.Redactor(secrets))
        steps = policies.steps(request.selection)
        context = _context(request, tree, base, policies)
        context = replace(context, limited=(*context.limited, *_of_hook(request, policies)))
    return Start(
        base=base,
        tree=tree,
        policies=policies,
        steps=steps,
        context=context,
        previous=_follows(context, request.previous) if request.previous else None,
        secrets=secrets,
        stamps={name: seen for name, seen in tree.stamps.items() if name in tree.tracked},
        cache=_cache(request, tree),
        started=started,
        begun=begun,
    )


def _of_hook(request: Request, policies: Policies) -> tuple[str, ...]:
    return hook.limits(
        request.root,
        stage=request.stage,
        environment=request.environment,
        named=request.named_files,
        policies=[source.name for source in policies.all_sources],
    )


def _base(request: Request) -> Base | None:
    return find_base(request.root, named=request.base, stage=request.stage, environment=request.environment, offline=request.offline)


def _cache(request: Request, tree: Tree) -> Cache | None:
    """A release is examined anew: it is what people lean on longest."""
    if request.cache is None:
        return None
    return Cache(request.cache, request.root, tree, fresh=request.stage is Stage.RELEASE or not request.cached)


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
        setting = replace(setting, meanwhile=partial(_do_meanwhile, earlier, page=_has_page(request)))
        with steered_from(start.policies, start.steps, request.root, setting.work) as steered:
            own = [step for step in steered.steps if step.name not in given.here]
            observed = _observe(own, setting, jobs=request.jobs, progress=progress)
            known = {**given.here, **{item.name: item for item in observed.observations}}
            here = [known[step.name] for step in steered.steps if step.name in known]
            seen = Seen(steps=steered.steps, secrets=start.secrets, here=here, interrupted=observed.interrupted)
            if base is not None and not observed.interrupted:
                before, said = earlier()
                compare_with = partial(against, base, setting, jobs=request.jobs, progress=progress, earlier=before, given=given.there)
                seen = with_base(seen, start.policies, compare_with).told_of(said)
            return seen, _changed(request.root, start.context, start.stamps) or steered.touched()


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
    _refuse_secrets(policies.all_sources, seen.redactor)
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
    second = observe(waiting, setting, jobs=jobs, progress=progress)
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
    after = files.stamps(root, before)
    touched = [name for name in sorted(before) if after.get(name) != before[name]]
    return f"{touched[0]} was changed while the gates ran" if touched else ""


def _unproven(raw: RawByGate, decision: Decision, changed: str) -> dict[str, Mapping[str, bytes]]:
    """Raw output in which no gate that passed says so: what it looked at is not what is there. What failed keeps its findings."""
    said = {"status": Status.ERROR.value, "reason": changed, "remedy": "run again, and change nothing in the checkout meanwhile"}
    passed = {gate.gate for gate in decision.gates if gate.would_be is Outcome.PASSED}
    return {name: {**members, OBSERVED: json.dumps(said).encode()} if name in passed else members for name, members in raw.items()}


def _follows(context: Context, before: Contents) -> Previous:
    """The run before this one. Raises `UsageError` where it can't be: a chain is the runs of one branch, in the order of their days."""
    then = before.record.context
    named = (
        ("repository", then.repository, context.repository),
        ("ref", then.ref, context.ref),
        ("folder", then.folder, context.folder),
    )
    for name, was, is_ in named:
        if was != is_:
            raise UsageError(
                f"the previous bundle is of the {name} {was or 'not known'}, and this run is of {is_ or 'not known'}",
                help="a chain is the runs of one branch: name its last bundle with --previous, or leave that out to begin a chain",
            )
    if context.day < then.day:
        raise UsageError(
            f"this run is judged as on {context.day}, and the previous one was on {then.day}",
            help="runs of a chain follow each other in time: judge as on that day or later",
        )
    return Previous(digest=before.digest, sequence=before.manifest.sequence)


def write(
    record: Record,
    request: Request,
    kept: Kept,
    previous: Previous | None,
    *,
    interrupted: bool,
    place: SignedAt | None = None,
) -> Result:
    members = bundle.members_of(record, kept.sources, kept.raw, kept.base_raw)
    record = replace(record, content_digest=bundle.content_digest(members))
    said = redactions.of(members, kept.places, kept.unsearched, kept.redactor)
    members |= {redactions.NAME: said}
    if _has_page(request):
        from gates.report import html  # not needed for a commit

        members[bundle.PAGE] = html.render(record, bundle=None).encode("utf-8")
    sealed = bundle.seal(record, members, kept.redactor, previous)
    if request.sign_key is not None:
        from gates.evidence import attestation

        contents = bundle.open_members(sealed)
        sealed |= attestation.sign(contents, request.sign_key, place=place or attestation.place_of(contents), time=clock.now_text())
    if request.bundle_path:
        written = bundle.write(request.bundle_path, sealed)
    else:
        written = bundle.write_beside(_default_path(request.root, record), sealed)
    written = replace(written, signed=request.sign_key is not None)
    return Result(record=record, bundle=written, interrupted=interrupted or interrupts.arrived())


def _has_page(request: Request) -> bool:
    """A commit waits for its gates, and its page is hardly ever opened: `gates report` makes it."""
    return request.stage is not Stage.COMMIT


def _default_path(root: Path, record: Record) -> Path:
    """`.gates/evidence/<time>-<commit>.zip`; `.gates/` ignores itself, so that it never enters a commit."""
    ignore = root / ".gates" / ".gitignore"
    for link in (ignore.parent, ignore, root / EVIDENCE):
        if link.is_symlink():
            raise EvidenceError(
                f"{link.relative_to(root)} is a link, so the evidence would be written to another place",
                where=str(link),
                help="take the link away, or name the place with --bundle",
            )
    if not ignore.exists():
        files.write_atomically(ignore, b"*\n")
    time = record.run.started.replace(":", "").replace("-", "")
    commit = (record.context.commit or "no-commit")[:12]
    return root / EVIDENCE / f"{time}-{commit}.zip"


def _refuse_secrets(sources: Sequence[PolicySource], redactor: redact.Redactor) -> None:
    """A policy's bytes go into the evidence as they are, so no secret may stand in them. Raises `PolicyError` with each place."""
    problems = tuple(
        _secret_in_policy(f"{source.name}:{place.line}", sorted(map(redactor.text, place.rules)))
        for source in sources
        for place in redactor.mask(source.content)[1]
    )
    if problems:
        raise PolicyError(problems)


def _secret_in_policy(where: str, rules: Sequence[str]) -> Problem:
    """One secret in a policy, in words that say how it is known to be one."""
    variables = [rule.partition(":")[2] for rule in rules if ":" in rule]
    if variables:
        said = f"the value of a secret variable of this environment: {', '.join(variables)}"
        return Problem(error=f"the policy holds {said}", where=where, help="revoke it, take it out, and name the variable instead")
    remedy = "revoke it, take it out, and let the environment give it; where it is no secret, keep it in a file that is no policy"
    return Problem(error=f"the policy holds a secret: {', '.join(rules)}", where=where, help=remedy)


def _context(request: Request, tree: Tree, base: Base | None, policies: Policies) -> Context:
    checkout = git.checkout(request.root)
    environment = request.environment
    limited = () if request.selected_files is None else (f"{_counted(request.selected_files)} named, not the whole tree",)
    if checkout.absent:
        limited = (*limited, f"{checkout.absent} files of the commit are not checked out, so no gate saw them")
    if tree.left_out:
        limited = (*limited, f"without git it is not known what belongs to the project: {_few(tree.left_out)} was passed over")
    repository = checkout.repository
    if environment.get("GITHUB_REPOSITORY"):
        repository = f"{environment.get('GITHUB_SERVER_URL', 'https://github.com')}/{environment['GITHUB_REPOSITORY']}"
    return Context(
        day=request.as_of or clock.today(),
        stage=request.stage,
        commit=checkout.commit,
        tree=checkout.tree,
        dirty=checkout.dirty,
        repository=repository,
        ref=environment.get("GITHUB_REF") or checkout.ref,
        base=base.commit if base else None,
        selection=request.selection,
        limited=limited,
        policies=policies.named,
        folder=checkout.folder,
        named=None if request.selected_files is None else len(request.selected_files),
    )


def _counted(names: Sequence[str]) -> str:
    return "1 file that was" if len(names) == 1 else f"{len(names):,} files that were"


def _few(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


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
