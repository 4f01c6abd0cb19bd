"""The end of a run: its record and all that is kept beside it, as a bundle in its place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from gates import redact
from gates.adapters import clock, files, interrupts
from gates.dataclass import dataclass
from gates.errors import EvidenceError
from gates.evidence import bundle, redactions
from gates.evidence.bundle import Previous, RawByGate
from gates.model import PolicySource, Record, Stage
from gates.observe import Place
from gates.request import EVIDENCE, Request, Result

if TYPE_CHECKING:
    from gates.evidence.attestation import Place as SignedAt


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


def write(
    record: Record,
    request: Request,
    kept: Kept,
    previous: Previous | None,
    *,
    interrupted: bool,
    place: SignedAt | None = None,
) -> Result:
    """Write the bundle, signed where the request has a key. Raises `EvidenceError` where its place can't be written to."""
    members = bundle.members_of(record, kept.sources, kept.raw, kept.base_raw)
    record = replace(record, content_digest=bundle.content_digest(members))
    said = redactions.of(members, kept.places, kept.unsearched, kept.redactor)
    members |= {redactions.NAME: said}
    if has_page(request):
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


def has_page(request: Request) -> bool:
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
