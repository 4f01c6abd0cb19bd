"""From the bundle of a run at the base to what a run takes from it: where somebody vouches for it whom the run was told to believe."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from gates import canonical, codec
from gates.change.earlier import Earlier
from gates.errors import BundleError, UsageError
from gates.evidence import bundle, redactions
from gates.evidence.bundle import Contents
from gates.evidence.redactions import Part, Redactions
from gates.evidence.signed import examine
from gates.evidence.trust import Trusted
from gates.model import BaseBundle
from gates.observe import Place


def find(paths: Sequence[Path], commit: str, folder: str | None, trusted: Trusted) -> tuple[Earlier | None, BaseBundle]:
    """The first of the bundles from which a run against `commit` can take something, and what the evidence says of them.

    `folder` is that of the repository which is judged; None: all of it.

    A folder stands for the bundles in it. One that is broken, or that nobody vouches for, is not used, and why is said: a run may be
    given what others can write to. Raises `UsageError` where a path leads to nothing.
    """
    said: list[BaseBundle] = []
    for path in _bundles(paths):
        try:
            contents = bundle.read(path)
        except BundleError as error:
            said.append(BaseBundle(unused=f"{path.name} is not intact: {error.problems[0].error}"))
            continue
        earlier, why_not = _earlier(contents, trusted)
        why_not = why_not or (earlier.why_not(commit, folder) if earlier is not None else "")
        if earlier is not None and not why_not:
            return earlier, BaseBundle(digest=earlier.digest, signed_by=earlier.signed_by)
        said.append(BaseBundle(digest=contents.digest, unused=f"{path.name} was not used: {why_not}"))
    if len(said) == 1:
        return None, said[0]
    return None, BaseBundle(unused="; ".join(item.unused for item in said) or "there is no bundle in the folder")


def _bundles(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"there is no {path}", where="--base-bundle", help="name the bundle of a run at the base, or a folder of such")
        if path.is_dir() and not (path / bundle.MANIFEST).exists():
            yield from sorted(path.glob("*.zip"))
        else:
            yield path


def _earlier(contents: Contents, trusted: Trusted) -> tuple[Earlier | None, str]:
    """What a bundle tells, or why it is not believed."""
    signed = examine(contents, trusted)
    if signed is None or signed.untrue or signed.by is None:
        return None, "nobody signed it" if signed is None else signed.untrue or signed.why
    record = contents.record
    earlier = Earlier(
        digest=contents.digest,
        signed_by=signed.by.name,
        context=record.context,
        version=record.run.version,
        policies={gate.name: gate for gate in record.policy.gates},
        facts={facts.gate: facts for facts in record.facts},
        raw=contents.raw,
        places=_places(contents),
    )
    return earlier, ""


def _places(contents: Contents) -> dict[str, list[Place]]:
    """What was masked in raw output, by gate and with the names of its files. Of a bundle that says it wrongly: nothing."""
    found: dict[str, list[Place]] = defaultdict(list)
    if redactions.faults(contents.members):
        return found
    for group in codec.decode(Redactions, canonical.loads(contents.members[redactions.NAME])).masked:
        folder, gate, name = group.member.split("/", 2)
        place = Place(name=name, line=0, rules=frozenset(group.rules), count=group.count)
        if folder == "raw":
            found[gate] += (
                [place] if group.part is Part.NAME else [replace(place, line=line.line, count=line.count) for line in group.lines]
            )
    return found
