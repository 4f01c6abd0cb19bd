"""What a signature says of a bundle: an in-toto statement with a predicate of ours, and a SLSA verification summary beside it.

https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md and https://slsa.dev/spec/v1.1/verification_summary.
Both are made from the bundle alone, so whoever verifies makes them again and compares: a signature can't say more than the bundle.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal
from urllib.parse import quote

import gates
from gates import canonical, codec, registry
from gates.errors import BundleError, PluginError
from gates.evidence import dsse
from gates.evidence.bundle import Contents
from gates.evidence.dsse import Envelope
from gates.evidence.keys import PrivateKey
from gates.model import Context, Record, Verdict

ATTESTATION = "attestation.dsse.json"
SUMMARY = "vsa.dsse.json"
SIGSTORE = "bundle.sigstore.json"
TIMESTAMP = "timestamp.tsr"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
HOME = "https://github.com/quality-gates/quality-gates"
#: The predicate of ours; its JSON Schema is docs/predicate.schema.json.
PREDICATE_TYPE = f"{HOME}/blob/main/docs/predicate.schema.json?v=1"
SUMMARY_TYPE = "https://slsa.dev/verification_summary/v1"
#: What a summary calls a verdict; the standard knows these two results, and wants the levels named.
_RESULTS = {Verdict.PASSED: ("PASSED", "QUALITY_GATES_PASSED")}
_FAILED = ("FAILED", "FAILED")
_OVERRIDDEN = ("PASSED", "QUALITY_GATES_OVERRIDDEN")

#: Where the verdict that is signed was made: apart from the project's code, or in the job that ran it.
Place = Literal["apart", "same-job"]


def statement(contents: Contents, place: Place, *, manifest_alone: bool = False) -> dict[str, Any]:
    """What is signed: the manifest, the commit and the tree that it is about, and what was decided.

    `manifest_alone`: the manifest is the only subject, for signers that know no digests of git.
    """
    return {
        "_type": STATEMENT_TYPE,
        "subject": _subjects(contents)[: 1 if manifest_alone else None],
        "predicateType": PREDICATE_TYPE,
        "predicate": _predicate(contents, place),
    }


def summary(contents: Contents, attestation: bytes, time: str) -> dict[str, Any]:
    """The same in the words of SLSA. `attestation` are the bytes of our own envelope, `time` is when it was made (RFC 3339)."""
    context, decision = contents.record.context, contents.record.decision
    result, level = _RESULTS.get(decision.verdict, _FAILED) if decision.override is None else _OVERRIDDEN
    subjects = _subjects(contents)
    resource = _resource(context)
    return {
        "_type": STATEMENT_TYPE,
        "subject": subjects,
        "predicateType": SUMMARY_TYPE,
        "predicate": {
            "verifier": {"id": HOME, "version": {"quality-gates": gates.__version__}},
            "timeVerified": time,
            "resourceUri": resource,
            "policy": {"uri": f"{HOME}#effective-policy", "digest": {"sha256": decision.policy_digest.removeprefix("sha256:")}},
            "inputAttestations": [{"uri": ATTESTATION, "digest": {"sha256": canonical.sha256(attestation)}}],
            "verificationResult": result,
            "verifiedLevels": [level],
        },
    }


def _resource(context: Context) -> str:
    """What was judged, as an address (SPDX's form for version control, and pip's for a folder of a repository)."""
    at = f"@{context.commit}" if context.commit and not context.dirty else ""
    if not context.repository:
        return f"{HOME}#bundle{at}"
    folder = f"#subdirectory={quote(context.folder)}" if context.folder else ""
    return f"git+{context.repository}{at}{folder}"


def sign(contents: Contents, key: PrivateKey, *, place: Place, time: str) -> dict[str, bytes]:
    """The two members that sign a bundle. Raises `BundleError` where it says more than a signed payload may hold."""
    try:
        attestation = dsse.encode(dsse.sign(canonical.dumps(statement(contents, place)), key))
        vsa = dsse.encode(dsse.sign(canonical.dumps(summary(contents, attestation, time)), key))
    except ValueError as error:
        raise BundleError(str(error), help="a policy with fewer gates has a smaller statement") from error
    return {ATTESTATION: attestation, SUMMARY: vsa}


def place_of(contents: Contents, *, planned: bool = False) -> Place:
    """Where the verdict of a bundle was made: beside the project's code, unless no gate of it runs any, or an isolated plan was kept.

    `planned`: whoever signs named the plan by its digest. Code that took over the job of its run can write what it likes into the bundle,
    also that there was a plan; that the signature is made in another job makes it no truer.
    """
    plan = contents.record.run.plan
    if planned and plan is not None and plan.isolated:
        return "apart"
    return "same-job" if any(_executes(facts.uses) for facts in contents.record.facts) else "apart"


def _executes(uses: str) -> bool:
    try:
        return registry.find(uses).executes_project
    except (KeyError, PluginError):
        return True


def differences(contents: Contents, envelope: Envelope, vsa: bytes | None, attestation: bytes) -> tuple[list[str], Place]:
    """What the signed statements say otherwise than the bundle, in words, and where the signature was made. Raises `BundleError`."""
    said = dsse.read_payload(envelope, ATTESTATION)
    place = _place(said)
    differing = _compared(said, statement(contents, place), ATTESTATION)
    if vsa is None:
        return [*differing, f"{SUMMARY} is missing"], place
    sealed = dsse.decode_member(vsa, SUMMARY)
    if len(sealed.signatures) != 1:  # nothing says which others belong to it, as the summary does of the attestation's
        differing.append(f"{SUMMARY} has {len(sealed.signatures)} signatures, not one")
    summed = dsse.read_payload(sealed, SUMMARY)
    time = _at(summed, "predicate", "timeVerified")
    expected = summary(contents, attestation, time if isinstance(time, str) else "")
    # Who made the summary with another version says so; that is no difference.
    expected["predicate"]["verifier"]["version"] = _at(summed, "predicate", "verifier", "version")
    return [*differing, *_compared(summed, expected, SUMMARY)], place


def differences_of_other(contents: Contents, envelope: Envelope) -> tuple[list[str], Place | None]:
    """The same for a signature that Sigstore made: of our statement, or of another tool's that names the manifest's digest.

    What another tool says of the bundle (such as SLSA provenance) is its own, and it does not say where it was made. Raises `BundleError`.
    """
    said = dsse.read_payload(envelope, SIGSTORE)
    if said.get("predicateType") == PREDICATE_TYPE:
        place, alone = _place(said), said.get("subject") == _subjects(contents)[:1]
        return _compared(said, statement(contents, place, manifest_alone=alone), SIGSTORE), place
    subjects = said.get("subject") if said.get("_type") == STATEMENT_TYPE else None
    named = [_at(item, "digest", "sha256") for item in subjects] if isinstance(subjects, list) else []
    differing = (
        [] if contents.digest in named else [f"{SIGSTORE} is a statement about something else: it does not name the manifest's digest"]
    )
    return differing, None


def _place(said: Mapping[str, Any]) -> Place:
    return "apart" if _at(said, "predicate", "signed", "where") == "apart" else "same-job"


def _at(data: Any, *keys: str) -> Any:
    for key in keys:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _compared(said: Mapping[str, Any], expected: Mapping[str, Any], name: str) -> list[str]:
    if said == expected:
        return []
    for key in ("_type", "predicateType", "subject"):
        if said.get(key) != expected[key]:
            return [f"{name} is a statement about something else: its {key} is not that of this bundle"]
    return [f"{name} says something else of this bundle than the bundle itself"]


def _subjects(contents: Contents) -> list[dict[str, Any]]:
    """The manifest; and the commit and its tree, unless what was judged is not what was committed, or a folder of it alone."""
    context = contents.record.context
    subjects: list[dict[str, Any]] = [{"name": "manifest.json", "digest": {"sha256": contents.digest}}]
    if not context.dirty and not context.folder:
        named = (("commit", "gitCommit", context.commit), ("tree", "gitTree", context.tree))
        subjects += [{"name": name, "digest": {algorithm: id}} for name, algorithm, id in named if id]
    return subjects


def _predicate(contents: Contents, place: Place) -> dict[str, Any]:
    record, manifest = contents.record, contents.manifest
    context, decision = record.context, record.decision
    data = {
        "schema": "gates/predicate/v1",
        "verdict": decision.verdict,
        "would_be": decision.would_be,
        "enforced": decision.enforced,
        "partial": decision.partial,
        "override": decision.override.id if decision.override else None,
        "day": context.day,
        "stage": context.stage,
        "repository": context.repository,
        "ref": context.ref,
        "dirty": context.dirty,
        **({"folder": context.folder} if context.folder else {}),
        "policy_digest": decision.policy_digest,
        "content_digest": manifest.content_digest,
        "previous": manifest.previous,
        "sequence": manifest.sequence,
        "judge": manifest.judge,
        "gates": tuple(_gate(record)),
        "waivers": tuple(waiver.id for waiver in decision.waivers if waiver.matched),
        "signed": {"where": place},
    }
    encoded: dict[str, Any] = codec.encode(data)
    return encoded


def _gate(record: Record) -> Iterable[dict[str, Any]]:
    for gate in record.decision.gates:
        facts = record.facts_of(gate.gate)
        examined = facts.examined if facts else None
        yield {
            "gate": gate.gate,
            "uses": gate.uses,
            "outcome": gate.outcome,
            "enforcement": gate.enforcement,
            "examined": {"unit": examined.unit, "done": examined.done, "expected": examined.expected} if examined else None,
            "findings": gate.counts.findings,
            "new": gate.counts.new,
            "waived": gate.counts.waived,
        }
