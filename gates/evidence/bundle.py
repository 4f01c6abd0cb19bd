"""The layout of a bundle, version 1: from a record to members, and from members back to the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any, TypeVar

from gates import canonical, codec, judge
from gates.adapters import files
from gates.dataclass import dataclass
from gates.errors import BundleError, EvidenceError
from gates.evidence import archive, redactions
from gates.model import (
    Artifact,
    BundleInfo,
    Change,
    Comparison,
    Context,
    Decision,
    Facts,
    Judging,
    JudgingPolicy,
    Origins,
    Policy,
    PolicySource,
    Record,
    Reviews,
    Run,
)
from gates.redact import Redactor

SCHEMA = "gates/bundle/v1"
MANIFEST = "manifest.json"
PAGE = "report.html"
#: Where the policies say what they say. It follows from their files, so it is no part of the content digest.
ORIGINS = "origins.json"
#: What became of the run since an earlier bundle: there where the run was told of one, and no part of the content digest.
COMPARISON = "comparison.json"
#: What lies between the base and what was judged: there where there is a base.
CHANGE = "change.json"
#: What people said of the change on the code host: there where the policy wants waivers to be reviewed.
REVIEWS = "reviews.json"
MANIFEST_LIMIT = 2**20
#: The members that sign stand beside the manifest and are not listed in it.
SIGNATURES = frozenset({"attestation.dsse.json", "vsa.dsse.json", "timestamp.tsr", "bundle.sigstore.json"})
#: What a run writes beside the members that its record gives.
BESIDE = frozenset({MANIFEST, redactions.NAME, PAGE})
#: What the content digest covers: two runs on the same inputs with the same tools agree on it.
_CONTENT = ("policies/", "facts/", "base/")
_CONTENT_FILES = frozenset({"context.json", CHANGE, "decision.json", REVIEWS})
_MEDIA_TYPES = {
    ".json": "application/json",
    ".html": "text/html",
    ".xml": "application/xml",
    ".sarif": "application/sarif+json",
    ".yaml": "application/yaml",
}

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One line of the manifest."""

    path: str
    size: int
    sha256: str
    media_type: str
    role: str
    gate: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """The closed list of every member but those that sign, and what the bundle is about."""

    schema: str
    members: tuple[Member, ...]
    context: Context
    content_digest: str
    judge: int
    parsers: Mapping[str, int]
    previous: str | None = None
    sequence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Previous:
    """The run before this one on its branch: the digest of its bundle (sha256 of the manifest, hex) and its number."""

    digest: str
    sequence: int


#: Raw output: the files of each gate, by their names.
RawByGate = Mapping[str, Mapping[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """A bundle that was read: its record, manifest, policy files, raw output by gate, and its digest (sha256 of the manifest, hex)."""

    record: Record
    manifest: Manifest
    sources: tuple[PolicySource, ...]
    raw: RawByGate
    base_raw: RawByGate
    others: Mapping[str, tuple[PolicySource, ...]]
    members: Mapping[str, bytes]
    digest: str
    signatures: tuple[str, ...] = field(default=())

    @property
    def all_sources(self) -> tuple[PolicySource, ...]:
        """The files of all policies, as `members_of` takes them."""
        return (*self.sources, *(source for name, sources in self.others.items() for source in beside(name, sources)))


def beside(name: str, sources: Sequence[PolicySource]) -> tuple[PolicySource, ...]:
    """The files of a policy that judges beside the run's own, called as its bundle does."""
    return tuple(replace(source, name=f"@{name}/{source.name}") for source in sources)


def members_of(record: Record, sources: Sequence[PolicySource], raw: RawByGate, base_raw: RawByGate | None = None) -> dict[str, bytes]:
    """All members of a run's bundle but the page and the manifest. `sources` are the files of all policies (see `beside`)."""
    members = {f"policies/{source.name}": source.content for source in sources}
    members["policies/effective.json"] = canonical.of(record.policy)
    members |= {f"policies/@{other.name}/effective.json": canonical.of(other.policy) for other in record.others}
    members["context.json"] = canonical.of(record.context)
    members["decision.json"] = canonical.of(record.decision)
    members["run.json"] = canonical.of(record.run)
    for folder, side in (("facts", record.facts), ("base", record.base)):
        members |= {f"{folder}/{facts.gate}.json": canonical.of(facts) for facts in side}
    for folder, held in (("raw", raw), ("base-raw", base_raw or {})):
        for gate, files_of_gate in held.items():
            members |= {f"{folder}/{gate}/{name}": content for name, content in files_of_gate.items()}
    if record.change is not None:
        members[CHANGE] = canonical.of(record.change)
    if record.reviews is not None:
        members[REVIEWS] = canonical.of(record.reviews)
    if record.origins is not None:
        members[ORIGINS] = canonical.of(record.origins)
    if record.comparison is not None:
        members[COMPARISON] = canonical.of(record.comparison)
    return members


def artifacts(raw: RawByGate) -> tuple[Artifact, ...]:
    """The files of raw output as reports name them, by path."""
    return _artifacts([_member(f"raw/{gate}/{name}", content) for gate, held in raw.items() for name, content in held.items()])


def _artifacts(members: Sequence[Member]) -> tuple[Artifact, ...]:
    raw = [(member, member.gate) for member in sorted(members, key=lambda member: member.path) if member.role == "raw"]
    return tuple(Artifact(gate=gate, path=member.path, size=member.size, sha256=member.sha256) for member, gate in raw if gate)


def content_digest(members: Mapping[str, bytes]) -> str:
    """The digest of policies, context, facts, base, reviews and decision: `sha256:` and hex."""
    return _content_digest({name: canonical.sha256(content) for name, content in members.items() if _is_content(name)})


def _is_content(name: str) -> bool:
    return name.startswith(_CONTENT) or name in _CONTENT_FILES


def _content_digest(digests: Mapping[str, str]) -> str:
    """The same from the sha256 of each member."""
    listing = [{"path": name, "sha256": digests[name]} for name in sorted(digests) if _is_content(name)]
    return f"sha256:{canonical.sha256(canonical.dumps(listing))}"


def seal(record: Record, members: Mapping[str, bytes], redactor: Redactor, previous: Previous | None = None) -> dict[str, bytes]:
    """The members with the manifest that closes their list. Raises `EvidenceError` where a secret stands in any of them."""
    sealed = {redactions.NAME: redactions.of({})} | dict(members)
    leaking = sorted(name for name, content in sealed.items() if redactor.finds(content) or redactor.finds(name.encode()))
    if leaking:
        raise EvidenceError(
            "the bundle would hold a secret that this run saw, so nothing was written",
            where=redactor.text(leaking[0]),
            help="find out how the secret comes there (a policy file, a file's name); take it out, revoke it, and run again",
        )
    manifest = Manifest(
        schema=SCHEMA,
        members=tuple(_member(name, sealed[name]) for name in sorted(sealed)),
        context=record.context,
        content_digest=record.content_digest,
        judge=judge.VERSION,
        parsers={facts.gate: facts.parser for facts in record.facts},
        previous=previous.digest if previous else None,
        sequence=previous.sequence + 1 if previous else 0,
    )
    return sealed | {MANIFEST: canonical.of(manifest)}


def write(path: Path, members: Mapping[str, bytes]) -> BundleInfo:
    """Write a sealed bundle, as a zip or (where the path does not end in .zip) a folder. Raises `EvidenceError`."""
    content = _packed(members)
    if path.suffix == ".zip":
        files.write_atomically(path, content)
    else:
        files.write_folder_atomically(path, members)
    return BundleInfo(path=str(path), digest=canonical.sha256(members[MANIFEST]))


def write_beside(path: Path, members: Mapping[str, bytes]) -> BundleInfo:
    """Write a sealed bundle as a zip under a name of its own: where it is taken, by a run at the same time too, a number is added."""
    place, number = path, 1
    while not files.write_new(place, _packed(members)):
        number += 1
        place = path.with_name(f"{path.stem}-{number}{path.suffix}")
    return BundleInfo(path=str(place), digest=canonical.sha256(members[MANIFEST]))


def add_signatures(path: Path, contents: Contents, signatures: Mapping[str, bytes]) -> BundleInfo:
    """Write what signs a bundle into it: a zip is replaced whole, into a folder the attestation comes last. Raises `EvidenceError`."""
    if path.is_dir():
        for name in sorted(signatures, reverse=True):
            files.write_atomically(path / name, signatures[name])
    else:
        files.write_atomically(path, _packed({**contents.members, **signatures}))
    return BundleInfo(path=str(path), digest=contents.digest, signed=True)


def _packed(members: Mapping[str, bytes]) -> Iterator[bytes]:
    """The archive in pieces, so that it is never held whole beside its members. Raises `EvidenceError` beyond the bounds, at once."""
    try:
        return archive.pieces(members)
    except BundleError as error:
        problem = error.problems[0]
        raise EvidenceError(problem.error, where=problem.where, help=problem.help) from error


def read(path: Path) -> Contents:
    """Read a bundle once, whole, and check that it is intact. Raises `BundleError` with what is wrong."""
    try:
        members = archive.read_folder(path) if path.is_dir() else archive.read_file(path)
    except OSError as error:
        raise BundleError(
            f"the bundle can't be read: {error.strerror or error}", where=str(path), help="name a bundle: a .zip file or a folder"
        ) from error
    return open_members(members)


def open_members(members: Mapping[str, bytes]) -> Contents:
    """The contents of a bundle's members, each held against the manifest. Raises `BundleError`."""
    manifest = _manifest(members)
    signatures = tuple(sorted(SIGNATURES & set(members)))
    listed = {member.path for member in manifest.members}
    for name in sorted(set(members) - listed - SIGNATURES - {MANIFEST}):
        raise BundleError("a member is not listed in the manifest", where=name)
    for member in manifest.members:
        if member.path not in members:
            raise BundleError("a member is missing", where=member.path)
        if member != _member(member.path, members[member.path]):
            raise BundleError("a member is not what the manifest says", where=member.path)
    if manifest.content_digest != _content_digest({member.path: member.sha256 for member in manifest.members}):
        raise BundleError("the content digest is not that of the content", where=MANIFEST)
    record = _record(members, manifest)
    return Contents(
        record=record,
        manifest=manifest,
        sources=_sources(members, record.policy),
        raw=_raw(members, "raw/"),
        base_raw=_raw(members, "base-raw/"),
        others={other.name: _sources(members, other.policy, f"@{other.name}/") for other in record.others},
        members=members,
        digest=canonical.sha256(members[MANIFEST]),
        signatures=signatures,
    )


def _manifest(members: Mapping[str, bytes]) -> Manifest:
    if MANIFEST not in members:
        raise BundleError("there is no manifest.json: this is not a bundle", where=MANIFEST)
    if len(members[MANIFEST]) > MANIFEST_LIMIT:
        raise BundleError(f"the manifest is larger than {MANIFEST_LIMIT // 2**20} MiB", where=MANIFEST)
    data = _json(members, MANIFEST)
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise BundleError(
            f"the bundle's schema is not {SCHEMA}", where=MANIFEST, help="verify it with a version of gates that knows its schema"
        )
    manifest = _decode(Manifest, data, MANIFEST)
    paths = [member.path for member in manifest.members]
    if paths != sorted(set(paths)) or MANIFEST in paths or SIGNATURES & set(paths):
        raise BundleError("the manifest's list is not sorted, or lists what it must not", where=MANIFEST)
    if (manifest.previous is None) != (manifest.sequence == 0) or manifest.sequence < 0:
        raise BundleError("the manifest's number does not fit the bundle that it names as the one before", where=MANIFEST)
    return manifest


def _record(members: Mapping[str, bytes], manifest: Manifest) -> Record:
    for name in ("context.json", "decision.json", "run.json", "policies/effective.json"):
        if name not in members:
            raise BundleError("a member is missing", where=name)
    context = _decode(Context, _json(members, "context.json"), "context.json")
    record = Record(
        context=context,
        policy=_decode(Policy, _json(members, "policies/effective.json"), "policies/effective.json"),
        facts=_facts(members, "facts/"),
        base=_facts(members, "base/"),
        decision=_decode(Decision, _json(members, "decision.json"), "decision.json"),
        run=_decode(Run, _json(members, "run.json"), "run.json"),
        content_digest=manifest.content_digest,
        origins=_decode(Origins, _json(members, ORIGINS), ORIGINS) if ORIGINS in members else None,
        artifacts=_artifacts(manifest.members),
        change=_decode(Change, _json(members, CHANGE), CHANGE) if CHANGE in members else None,
        others=tuple(_other(members, named) for named in (context.policies or ())[1:]),
        reviews=_decode(Reviews, _json(members, REVIEWS), REVIEWS) if REVIEWS in members else None,
        comparison=_decode(Comparison, _json(members, COMPARISON), COMPARISON) if COMPARISON in members else None,
    )
    if record.context != manifest.context:
        raise BundleError("the manifest is about another context than the content", where=MANIFEST)
    order = [gate.name for gate in record.policy.gates]
    return replace(
        record, facts=tuple(sorted(record.facts, key=lambda facts: order.index(facts.gate) if facts.gate in order else len(order)))
    )


def _other(members: Mapping[str, bytes], named: JudgingPolicy) -> Judging:
    """A policy that judges beside the run's own."""
    name = f"policies/@{named.name}/effective.json"
    if name not in members:
        raise BundleError("a member is missing", where=name)
    policy = _decode(Policy, _json(members, name), name)
    return Judging.of(named, policy)


def _facts(members: Mapping[str, bytes], folder: str) -> tuple[Facts, ...]:
    found = []
    for name in sorted(name for name in members if name.startswith(folder)):
        facts = _decode(Facts, _json(members, name), name)
        if name != f"{folder}{facts.gate}.json":
            raise BundleError(f"the facts are of the gate {facts.gate!r}", where=name)
        found.append(facts)
    return tuple(found)


def _sources(members: Mapping[str, bytes], policy: Policy, folder: str = "") -> tuple[PolicySource, ...]:
    """The policy files in the order in which they were composed."""
    found = []
    for source in policy.sources:
        name = f"policies/{folder}{source.name}"
        content = members.get(name)
        if content is None or canonical.sha256(content) != source.sha256:
            raise BundleError("a policy file is missing or is another than was composed", where=name)
        found.append(PolicySource(name=source.name, content=content, sha256=source.sha256))
    return tuple(found)


def _raw(members: Mapping[str, bytes], folder: str) -> dict[str, dict[str, bytes]]:
    raw: dict[str, dict[str, bytes]] = {}
    for name, content in members.items():
        if name.startswith(folder):
            gate, _, rest = name.removeprefix(folder).partition("/")
            raw.setdefault(gate, {})[rest] = content
    return raw


def _member(name: str, content: bytes) -> Member:
    role, _, rest = name.partition("/") if "/" in name else (name.partition(".")[0], "", "")
    return Member(
        path=name,
        size=len(content),
        sha256=canonical.sha256(content),
        media_type=_MEDIA_TYPES.get(Path(name).suffix, "application/octet-stream"),
        role=role,
        gate=rest.partition("/")[0].removesuffix(".json") if role in {"facts", "base", "raw", "base-raw"} else None,
    )


def _json(members: Mapping[str, bytes], name: str) -> Any:
    try:
        return canonical.loads(members[name])
    except ValueError as error:
        raise BundleError(str(error), where=name) from error


def _decode(cls: type[T], data: Any, where: str) -> T:
    try:
        return codec.decode(cls, data)
    except (ValueError, TypeError) as error:
        raise BundleError(f"it does not have the form that it should: {error}", where=where) from error
