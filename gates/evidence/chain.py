"""`gates verify --chain`: the bundles of one branch, one after another. Finds what is missing, doubled, reordered or rewritten.

Each bundle names the digest of the one before it, so that who knows the last one's digest knows them all. What was taken off the
end leaves no trace in the rest: only a number (or digest) that the verifier remembers can tell.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise
from pathlib import Path

from gates.dataclass import dataclass
from gates.errors import BundleError, UsageError, VerifyCode
from gates.evidence import bundle
from gates.evidence.verify import Expectation, Render, Verification, not_intact, verify
from gates.judge.compare import compare
from gates.model import Record, Verdict

_HELP = "name the folder that holds the bundles of a branch (.zip files or folders), and the branch in full: refs/heads/main"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One bundle of a chain. `digest` and `previous` are the sha256 of manifests, in hex."""

    path: Path
    digest: str
    sequence: int
    previous: str | None
    day: date
    commit: str | None
    verdict: Verdict
    repository: str | None
    ref: str | None
    folder: str | None

    @property
    def branch(self) -> tuple[str | None, ...]:
        return (self.repository, self.ref, self.folder) if self.folder else (self.repository, self.ref)

    def __str__(self) -> str:
        return f"{self.path.name} (number {self.sequence})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was found of one bundle; `link` is None where it is not intact."""

    path: Path
    link: Link | None
    verification: Verification


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainVerification:
    """All bundles by their number, what is wrong between them in words, and the exit code that follows: of the last one where all holds."""

    bundles: tuple[Verified, ...]
    faults: tuple[str, ...]
    code: VerifyCode


def verify_chain(folder: Path, expected: Expectation, render_page: Render | None = None) -> ChainVerification:
    """Verify every bundle in `folder`, and that each follows the one before it. Never raises for what is wrong with a bundle.

    Repository, ref, keys and trust are expected of each; commit, stage, policy, age and number of the last. `expected.digest` vouches
    for the bundle that has it and for all before it; where it is not there, the chain may begin right after it. Raises `UsageError`
    where there is no bundle, or bundles of several branches and nothing that says which.
    """
    links, broken = _read(folder)
    if not links and not broken:
        raise UsageError("there is no bundle in this folder", where=str(folder), help=_HELP)
    chosen = sorted(_chosen(links, expected, folder), key=lambda link: (link.sequence, link.path)) if links else []
    vouched = _vouched(chosen, expected.digest)
    bundles: list[Verified] = []
    faults = list(_faults(chosen, expected.digest))
    read: dict[str, Record] = {}
    for link in chosen:
        asked = replace(expected if link is chosen[-1] else _of_each(expected), digest=link.digest if link.digest in vouched else None)
        found = verify(link.path, asked, render_page)
        same = found.contents is not None and found.contents.digest == link.digest
        bundles.append(Verified(path=link.path, link=link if same else None, verification=replace(found, contents=None)))
        if not same:
            faults.append(f"{link.path.name} was changed while it was read")
        elif found.contents is not None:
            faults += _compared(read.get(link.previous or ""), found.contents.record, link)
            read = {link.digest: found.contents.record}
    bundles += [Verified(path=path, link=None, verification=found) for path, found in broken.items()]
    codes = [item.verification.code for item in bundles if item.verification.code >= VerifyCode.NOT_INTACT]
    codes += [VerifyCode.DOES_NOT_FOLLOW] if faults else []
    return ChainVerification(
        bundles=tuple(bundles), faults=tuple(faults), code=min(codes) if codes else bundles[len(chosen) - 1].verification.code
    )


def _compared(before: Record | None, after: Record, link: Link) -> Iterator[str]:
    """Whether what a run says of the one before it is what comes of holding both side by side."""
    said = after.comparison
    if before is not None and said is not None and compare(before, after, previous=link.previous or "") != said:
        yield f"{link} says something else of what changed since the run before it than the two bundles do"


def _read(folder: Path) -> tuple[list[Link], dict[Path, Verification]]:
    """What each bundle says of itself; and the answer for those that are not intact."""
    if not folder.is_dir():
        raise UsageError(f"{folder} is not a folder", help="name the folder that holds the bundles of a branch")
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".zip" or (path / bundle.MANIFEST).exists())
    links, broken = [], {}
    for path in paths:
        try:
            contents = bundle.read(path)
        except BundleError as error:
            broken[path] = not_intact(error)
            continue
        context, manifest = contents.record.context, contents.manifest
        links.append(
            Link(
                path=path,
                digest=contents.digest,
                sequence=manifest.sequence,
                previous=manifest.previous,
                day=context.day,
                commit=context.commit,
                verdict=contents.record.decision.verdict,
                repository=context.repository,
                ref=context.ref,
                folder=context.folder,
            )
        )
    return links, broken


def _chosen(links: Sequence[Link], expected: Expectation, folder: Path) -> list[Link]:
    """The bundles of the one branch that is asked about, each once."""
    chosen = {link.digest: link for link in links if _is_asked(link, expected)}
    branches = sorted({" ".join(part or "not known" for part in link.branch) for link in chosen.values()})
    if len(branches) > 1:
        raise UsageError(
            f"the bundles are of {len(branches)} branches: {'; '.join(branches)}",
            where=str(folder),
            help="name one with --ref, --repository and --folder",
        )
    if not chosen:
        raise UsageError("there is no bundle of that branch in this folder", where=str(folder), help=_HELP)
    return list(chosen.values())


def _is_asked(link: Link, expected: Expectation) -> bool:
    pairs = ((expected.repository, link.repository), (expected.ref, link.ref), (expected.folder, link.folder))
    return all(wanted in (None, is_) for wanted, is_ in pairs)


def _of_each(expected: Expectation) -> Expectation:
    """What is expected of a bundle that others follow."""
    return replace(expected, commit=None, stage=None, policy_digest=None, not_before=None, min_sequence=None)


def _vouched(links: Sequence[Link], digest: str | None) -> set[str]:
    """The digests for which a digest vouches: its own, and those that lead up to it."""
    by_digest: Mapping[str, Link] = {link.digest: link for link in links}
    vouched: set[str] = set()
    at = digest.removeprefix("sha256:").lower() if digest else None
    while at is not None and at in by_digest and at not in vouched:
        vouched.add(at)
        at = by_digest[at].previous
    return vouched


def _faults(links: Sequence[Link], digest: str | None) -> Iterator[str]:
    """What is wrong between the bundles, in words."""
    if not links:
        return
    first, known = links[0], digest.removeprefix("sha256:").lower() if digest else None
    if first.sequence and known not in {first.previous, first.digest}:
        yield f"{_missing(0, first.sequence - 1)}: the chain begins with {first}, and you name no --digest that it begins with"
    if known and known not in {first.previous, *(link.digest for link in links)}:
        yield f"the bundle sha256:{known} that you name is not of this chain"
    for before, after in pairwise(links):
        if after.sequence == before.sequence:
            yield f"number {after.sequence} is there twice: {before.path.name} and {after.path.name} claim the same place"
        elif after.sequence > before.sequence + 1:
            yield f"{_missing(before.sequence + 1, after.sequence - 1)}, between {before} and {after}"
        elif after.previous != before.digest:
            yield f"{after} follows a run of the digest {after.previous}, and {before} has {before.digest}: that one was rewritten"
        if after.day < before.day:
            yield f"{after} was judged on {after.day}, before {before} on {before.day}: they stand in another order than they were made in"


def _missing(first: int, last: int) -> str:
    return f"number {first} is missing" if first == last else f"numbers {first} to {last} are missing"
