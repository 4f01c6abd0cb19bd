"""`gates keygen`, `gates sign`, `gates run --sign-key`, and what `gates verify` makes of signatures: whole, moved, forged and stale."""

from __future__ import annotations

import base64
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from google.protobuf.json_format import Parse
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement

from gates import canonical
from gates.evidence import archive, attestation, dsse, keys
from gates.evidence.keys import PrivateKey
from tests.cli.conftest import Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]
Members = dict[str, bytes]
SCHEMA = Path(__file__).parents[2] / "docs" / "predicate.schema.json"
ATTESTATION, SUMMARY = attestation.ATTESTATION, attestation.SUMMARY


@pytest.fixture
def pair(gates: Gates, tmp_path: Path) -> Path:
    """A private key, with the public one beside it."""
    assert gates("keygen", tmp_path / "release").code == 0
    return tmp_path / "release"


@pytest.fixture
def made(gates: Gates, failing: Repository, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    assert gates("-C", failing.root, "run", "--bundle", path).code == 1
    return path


@pytest.fixture
def signed(gates: Gates, made: Path, pair: Path) -> Path:
    assert gates("sign", made, "--sign-key", pair).code == 0
    return made


def payload(path: Path, name: str) -> Any:
    return json.loads(base64.b64decode(json.loads(archive.unpack(path.read_bytes())[name])["payload"]))


def trusted(done: Outcome) -> str:
    (answer,) = [answer for answer in done.json()["answers"] if answer["question"] == "trusted"]
    return str(answer["words"])


def verify(gates: Gates, bundle: Path, *words: str | Path) -> Outcome:
    return gates("verify", bundle, "--format", "json", *words)


# -- what is signed


def test_a_signed_bundle_is_trusted_by_its_key_alone(gates: Gates, signed: Path, pair: Path) -> None:
    assert verify(gates, signed, "--key", f"{pair}.pub", "--require", "signed").code == 1
    done = verify(gates, signed)
    assert (done.code, trusted(done)) == (6, trusted(done))
    assert trusted(done).startswith("it is signed, and you name no key")
    assert verify(gates, signed, "--allow-unsigned").code == 1


def test_its_digest_stays_what_it_was(gates: Gates, made: Path, pair: Path) -> None:
    before = verify(gates, made).json()["digest"]
    assert gates("sign", made, "--sign-key", pair).code == 0
    assert verify(gates, made).json()["digest"] == before
    assert verify(gates, made, "--digest", before).code == 1


def test_another_key_does_not_vouch_for_it(gates: Gates, signed: Path, tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "other")
    done = verify(gates, signed, "--key", tmp_path / "other.pub")
    assert (done.code, trusted(done)) == (6, "it is signed by none of the keys that you name")


def test_a_folder_is_signed_as_a_zip_is(gates: Gates, failing: Repository, pair: Path, tmp_path: Path) -> None:
    folder = tmp_path / "bundle"
    assert gates("-C", failing.root, "run", "--bundle", folder).code == 1
    assert gates("sign", folder, "--sign-key", pair).code == 0
    assert verify(gates, folder, "--key", f"{pair}.pub").code == 1


def test_the_statement_is_one_that_others_read(signed: Path, failing: Repository) -> None:
    said = payload(signed, ATTESTATION)
    for name in (ATTESTATION, SUMMARY):
        theirs = Parse(json.dumps(payload(signed, name)), statement_pb2.Statement())
        Statement.copy_from_pb(theirs).validate()
    assert said["_type"] == "https://in-toto.io/Statement/v1"
    manifest = canonical.sha256(archive.unpack(signed.read_bytes())["manifest.json"])
    commit, tree = failing.git("rev-parse", "HEAD"), failing.git("rev-parse", "HEAD^{tree}")
    assert [item["digest"] for item in said["subject"]] == [{"sha256": manifest}, {"gitCommit": commit}, {"gitTree": tree}]
    assert said["predicate"]["verdict"] == "failed"
    jsonschema.validate(said["predicate"], json.loads(SCHEMA.read_text("utf-8")), jsonschema.Draft202012Validator)
    summary = payload(signed, SUMMARY)["predicate"]
    assert (summary["verificationResult"], summary["verifiedLevels"]) == ("FAILED", ["FAILED"])


def test_a_dirty_tree_is_never_the_commit(gates: Gates, failing: Repository, pair: Path, tmp_path: Path) -> None:
    (failing.root / "app.py").write_text("print('changed')\n")
    bundle = tmp_path / "bundle.zip"
    assert gates("-C", failing.root, "run", "--bundle", bundle, "--sign-key", pair).code == 1
    assert [item["name"] for item in payload(bundle, ATTESTATION)["subject"]] == ["manifest.json"]


# -- where it is signed


def test_a_folder_s_statement_is_not_about_the_commit(gates: Gates, passing: Repository, pair: Path, tmp_path: Path) -> None:
    """Whoever looks for the commit among subjects would take one folder's verdict for that of all."""
    passing.git("remote", "add", "origin", "https://example.org/shop")
    (passing.root / "shop").mkdir()
    for name in ("gates.yaml", "make_report.py", "app.py"):
        (passing.root / "shop" / name).write_bytes((passing.root / name).read_bytes())
    passing.commit({})
    bundle = tmp_path / "shop.zip"
    assert gates("-C", passing.root / "shop", "run", "--bundle", bundle).code == 0
    assert gates("sign", bundle, "--sign-key", pair).code == 0
    said = payload(bundle, ATTESTATION)
    assert [subject["name"] for subject in said["subject"]] == ["manifest.json"]
    assert said["predicate"]["folder"] == "shop"
    assert (
        payload(bundle, SUMMARY)["predicate"]["resourceUri"]
        == f"git+https://example.org/shop@{passing.git('rev-parse', 'HEAD')}#subdirectory=shop"
    )
    jsonschema.validate(said["predicate"], json.loads(SCHEMA.read_text("utf-8")), jsonschema.Draft202012Validator)
    assert verify(gates, bundle, "--key", f"{pair}.pub", "--folder", "shop").code == 0


def test_a_run_that_signs_where_the_projects_code_ran_says_so(gates: Gates, failing: Repository, pair: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle.zip"
    done = gates("-C", failing.root, "run", "--bundle", bundle, "--sign-key", pair, "--format", "json")
    assert (done.code, done.json()["bundle"]["signed"]) == (1, True)
    assert payload(bundle, ATTESTATION)["predicate"]["signed"] == {"where": "same-job"}
    found = verify(gates, bundle, "--key", f"{pair}.pub")
    assert (found.code, "in the job that ran the project's own code" in trusted(found)) == (1, True)


def test_a_signature_beside_the_projects_code_is_self_reported(gates: Gates, failing: Repository, pair: Path, tmp_path: Path) -> None:
    bundle, file = tmp_path / "bundle.zip", tmp_path / "trust.yaml"
    file.write_text("version: 1\nkeys: [{name: release, file: release.pub, trust: required-workflow}]\n")
    gates("-C", failing.root, "run", "--bundle", bundle, "--sign-key", pair)
    assert verify(gates, bundle, "--trust", file).code == 1
    assert verify(gates, bundle, "--trust", file, "--min-trust", "base-policy").code == 7


def test_a_signature_elsewhere_makes_a_run_beside_the_projects_code_no_truer(gates: Gates, signed: Path, tmp_path: Path) -> None:
    """Code that took over the job of its run could have written the bundle; the job that signs sees it and no more."""
    file = tmp_path / "trust.yaml"
    file.write_text("version: 1\nkeys: [{name: release, file: release.pub, trust: required-workflow}]\n")
    assert payload(signed, ATTESTATION)["predicate"]["signed"] == {"where": "same-job"}
    assert verify(gates, signed, "--trust", file).code == 1
    assert verify(gates, signed, "--trust", file, "--min-trust", "base-policy").code == 7


def test_a_plan_that_a_bundle_is_not_of_is_not_signed_as_its_own(gates: Gates, made: Path, pair: Path) -> None:
    done = gates("sign", made, "--sign-key", pair, "--plan-digest", f"sha256:{'0' * 64}")
    assert (done.code, "it is of no plan, not of the one that --plan-digest names" in done.err) == (4, True)


def test_trust_is_the_signers_and_never_the_bundles(gates: Gates, repository: Repository, pair: Path, tmp_path: Path) -> None:
    file, signed = tmp_path / "trust.yaml", tmp_path / "static.zip"
    file.write_text("version: 1\nkeys: [{name: release, file: release.pub, trust: base-policy}]\n")
    repository.commit({"gates.yaml": "version: 1\ngates: {secrets: {require: {examined: {min: 9}}}}\n", "app.py": "print('hello')\n"})
    assert gates("-C", repository.root, "run", "--bundle", signed).code == 1
    assert gates("sign", signed, "--sign-key", pair).code == 0
    assert verify(gates, signed, "--trust", file, "--min-trust", "base-policy").code == 1
    assert verify(gates, signed, "--trust", file, "--min-trust", "required-workflow").code == 7
    assert verify(gates, signed, "--key", f"{pair}.pub", "--min-trust", "base-policy").code == 7
    assert verify(gates, signed, "--allow-unsigned", "--min-trust", "base-policy").code == 7


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("valid-until: 2020-01-01", "was valid until 2020-01-01"),
        ("valid-from: 2999-01-01", "is valid from 2999-01-01"),
        ("revoked: {on: 2020-01-01, why: stolen}", "was revoked: stolen (2020-01-01)"),
    ],
)
def test_a_key_that_is_not_valid_does_not_vouch_for_it(gates: Gates, signed: Path, tmp_path: Path, more: str, words: str) -> None:
    file = tmp_path / "trust.yaml"
    file.write_text(f"version: 1\nkeys: [{{name: release, file: release.pub, {more}}}]\n")
    done = verify(gates, signed, "--trust", file)
    assert (done.code, words in trusted(done)) == (6, True)


def test_a_signer_whose_days_are_over_still_vouches_for_a_run_of_its_days(
    gates: Gates, failing: Repository, pair: Path, tmp_path: Path
) -> None:
    bundle, file = tmp_path / "then.zip", tmp_path / "trust.yaml"
    assert gates("-C", failing.root, "run", "--bundle", bundle, "--as-of", "2020-03-31").code == 1
    assert gates("sign", bundle, "--sign-key", pair).code == 0
    file.write_text("version: 1\nkeys: [{name: release, file: release.pub, valid-until: 2020-03-31}]\n")
    assert verify(gates, bundle, "--trust", file).code == 1
    file.write_text("version: 1\nkeys: [{name: release, file: release.pub, valid-until: 2020-03-30}]\n")
    done = verify(gates, bundle, "--trust", file)
    assert (done.code, "was valid until 2020-03-30, and the run is of 2020-03-31" in trusted(done)) == (6, True)


def test_a_wrong_trust_file_judges_nothing(gates: Gates, signed: Path, tmp_path: Path) -> None:
    (tmp_path / "trust.yaml").write_text("version: 1\nkeys: [{name: release}]\n")
    done = gates("verify", signed, "--trust", tmp_path / "trust.yaml")
    assert (done.code, "where: trust.yaml:2:8" in done.err) == (2, True)


# -- what is not signed


def test_what_does_not_follow_is_not_signed(gates: Gates, made: Path, pair: Path) -> None:
    content = bytearray(made.read_bytes())
    content[content.index(b'"verdict":"failed"') + 11] = ord("F")
    made.write_bytes(bytes(content))
    done = gates("sign", made, "--sign-key", pair)
    assert (done.code, "nothing was signed" in done.err) == (4, True)
    assert made.read_bytes() == bytes(content)


def test_what_is_signed_already_is_left_alone(gates: Gates, signed: Path, pair: Path) -> None:
    before = signed.read_bytes()
    done = gates("sign", signed, "--sign-key", pair)
    assert (done.code, "signed already" in done.err, signed.read_bytes()) == (2, True, before)


def test_a_bundle_that_asks_for_a_signature_is_not_taken_without(gates: Gates, made: Path, pair: Path) -> None:
    digest = verify(gates, made).json()["digest"]
    assert verify(gates, made, "--key", f"{pair}.pub").code == 6
    assert verify(gates, made, "--digest", digest, "--require", "signed").code == 6
    assert verify(gates, made, "--allow-unsigned", "--require", "signed").code == 6


@pytest.mark.parametrize("what", ["sealed", "signed,", "signed,sealed"])
def test_what_cannot_be_required_is_refused(gates: Gates, made: Path, what: str) -> None:
    done = gates("verify", made, "--require", what)
    assert (done.code, "can't be required; `signed` and `timestamped` can" in done.err) == (2, True)


def test_how_to_sign_has_to_be_said(gates: Gates, made: Path) -> None:
    done = gates("sign", made)
    assert (done.code, "say how to sign" in done.err) == (2, True)


# -- what is forged


def resigned(members: Members, key: PrivateKey, change: Callable[[Any], None], name: str = ATTESTATION) -> None:
    """Sign another statement with a key that is trusted: what its thief, or a confused signer, would do."""
    said = json.loads(base64.b64decode(json.loads(members[name])["payload"]))
    change(said)
    members[name] = dsse.encode(dsse.sign(canonical.dumps(said), key))


def _other_manifest(said: Any) -> None:
    said["subject"][0]["digest"]["sha256"] = "0" * 64


def _other_commit(said: Any) -> None:
    said["subject"][1]["digest"]["gitCommit"] = "0" * 40


def _passed(said: Any) -> None:
    said["predicate"]["verdict"] = "passed"


FORGED: dict[str, tuple[Callable[[Members, PrivateKey], object], str]] = {
    "a statement about another bundle": (
        lambda members, key: resigned(members, key, _other_manifest),
        "its subject is not",
    ),
    "a statement about another commit": (
        lambda members, key: resigned(members, key, _other_commit),
        "its subject is not",
    ),
    "a statement that says passed": (lambda members, key: resigned(members, key, _passed), "says something else of this bundle"),
    "a statement of another type": (
        lambda members, key: resigned(members, key, lambda said: said.update(predicateType="x")),
        "its predicateType is not that of this bundle",
    ),
    "a statement that says more": (
        lambda members, key: resigned(members, key, lambda said: said.update(more=1)),
        "says something else of this bundle",
    ),
    "a summary that says passed": (
        lambda members, key: resigned(members, key, lambda said: said["predicate"].update(verificationResult="PASSED"), SUMMARY),
        "vsa.dsse.json says something else",
    ),
    "a summary without the statement": (lambda members, _: members.pop(ATTESTATION), "without the attestation that belongs to it"),
    "a statement without the summary": (lambda members, _: members.pop(SUMMARY), "vsa.dsse.json is missing"),
    "an envelope that is none": (lambda members, _: members.update({ATTESTATION: b"{}"}), "the envelope can't be read"),
    "a summary that is no envelope": (lambda members, _: members.update({SUMMARY: b"{}"}), "the envelope can't be read"),
    "a summary in the statement's place": (lambda members, _: members.update({ATTESTATION: members[SUMMARY]}), "its predicateType"),
}


@pytest.mark.parametrize("how", [("--key", "release.pub"), ("--allow-unsigned",)], ids=["by its key", "unsigned"])
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_signature_is_refused(gates: Gates, signed: Path, pair: Path, name: str, how: tuple[str, ...]) -> None:
    """Also by who would take an unsigned bundle: a signature that can't be true says that somebody was at it."""
    forge, words = FORGED[name]
    members = archive.unpack(signed.read_bytes())
    forge(members, keys.load_private(pair))
    signed.write_bytes(archive.pack(members))
    done = verify(gates, signed, *(str(pair.parent / word) if word.endswith(".pub") else word for word in how))
    assert (done.code, words in trusted(done)) == (6, True), trusted(done)


def test_the_signatures_of_another_bundle_do_not_fit(gates: Gates, signed: Path, failing: Repository, pair: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.zip"
    gates("-C", failing.root, "run", "--bundle", other)
    members = archive.unpack(signed.read_bytes())
    moved = archive.unpack(other.read_bytes()) | {name: members[name] for name in (ATTESTATION, SUMMARY)}
    other.write_bytes(archive.pack(moved))
    assert verify(gates, other, "--key", f"{pair}.pub").code == 6


def test_a_summary_signed_by_another_key_is_refused(gates: Gates, signed: Path, pair: Path, tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "other")
    members = archive.unpack(signed.read_bytes())
    resigned(members, keys.load_private(tmp_path / "other"), lambda _: None, SUMMARY)
    signed.write_bytes(archive.pack(members))
    done = verify(gates, signed, "--key", f"{pair}.pub")
    assert (done.code, trusted(done)) == (6, "vsa.dsse.json is signed by another key")


def test_any_byte_of_a_signature_counts(gates: Gates, signed: Path, pair: Path) -> None:
    """Each letter of both envelopes becomes another, one after the other."""
    members = archive.unpack(signed.read_bytes())
    copy = signed.with_name("copy.zip")
    for name in (ATTESTATION, SUMMARY):
        for place in range(0, len(members[name]), 97):
            content = bytearray(members[name])
            content[place] ^= 1
            copy.write_bytes(archive.pack({**members, name: bytes(content)}))
            assert verify(gates, copy, "--key", f"{pair}.pub").code == 6, (name, place)
    shutil.copyfile(signed, copy)
    assert verify(gates, copy, "--key", f"{pair}.pub").code == 1
