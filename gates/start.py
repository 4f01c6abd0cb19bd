"""What is known before any gate looks: the checkout, its base, the policies that judge, and the steps that follow from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gates import redact
from gates.adapters import clock, files, git
from gates.api.tree import Tree
from gates.cache import Cache
from gates.change import hook
from gates.change.base import Base
from gates.change.base import find as find_base
from gates.change.compare import shown
from gates.change.policies import Policies
from gates.change.policies import find as find_policies
from gates.dataclass import dataclass
from gates.errors import PolicyError, Problem, UsageError
from gates.evidence.bundle import Contents, Previous
from gates.model import Context, PolicySource, Stage
from gates.plan import Step
from gates.request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What is known before any gate looks. `stamps` tell afterwards which of the tracked files were written to.

    `modified` are those that were not as the commit has them; None: not known.
    """

    base: Base | None
    tree: Tree
    policies: Policies
    steps: Sequence[Step]
    context: Context
    previous: Previous | None
    secrets: Mapping[str, frozenset[str]]
    stamps: Mapping[str, files.Stamp]
    modified: frozenset[str] | None
    cache: Cache | None
    started: str
    begun: float


def begin(request: Request) -> Start:
    """Raises `PolicyError`, `UsageError` and `RepositoryError` where it can't be known what is to be judged, or by what."""
    started, begun = clock.now_text(), clock.monotonic()
    secrets = redact.secrets_of(request.environment)
    with git.remembering():
        base = None if request.whole else _base(request)
        tree = Tree.of(request.root)
        policies = find_policies(request.root, request.policy, request.stage, base, tree)
        redactor = redact.Redactor(secrets)
        refuse_secrets(policies.all_sources, redactor)
        steps = policies.steps(request.selection)
        checkout = git.checkout(request.root)
        context = _context(request, checkout, tree, base, policies)
        left_out = tuple(redactor.text(shown(name)) for name in tree.installed) or None
        context = replace(context, limited=(*context.limited, *_of_hook(request, policies)), left_out=left_out)
    return Start(
        base=base,
        tree=tree,
        policies=policies,
        steps=steps,
        context=context,
        previous=_follows(context, request.previous) if request.previous else None,
        secrets=secrets,
        stamps={name: seen for name, seen in tree.stamps.items() if name in tree.tracked},
        modified=checkout.modified,
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


def _context(request: Request, checkout: git.Checkout, tree: Tree, base: Base | None, policies: Policies) -> Context:
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


def refuse_secrets(sources: Sequence[PolicySource], redactor: redact.Redactor) -> None:
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
