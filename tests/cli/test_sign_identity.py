"""`gates sign --sigstore`, `--sigstore-bundle` and `--timestamp`, and what `gates verify` makes of identities and timestamps."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.evidence import archive, attestation, bundle, keys
from gates.evidence.attestation import ATTESTATION, SIGSTORE, TIMESTAMP
from tests.cli.conftest import Outcome
from tests.evidence.authorities.instance import GITHUB, WORKFLOW, Instance
from tests.evidence.authorities.serving import served
from tests.evidence.authorities.timestamping import Authority
from tests.repository import Repository

Gates = Callable[..., Outcome]
Place = attestation.Place
#: The day of the bundles that are made here, and a time on it.
DAY = "2026-11-25"
AT = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)
INSTANCE = Instance()
AUTHORITY = Authority()
NAMED = f"{WORKFLOW}@{GITHUB}"


@pytest.fixture
def made(gates: Gates, failing: Repository, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    assert gates("-C", failing.root, "run", "--bundle", path, "--as-of", DAY).code == 1
    return path


@pytest.fixture
def pair(tmp_path: Path) -> Path:
    keys.write_pair(tmp_path / "release")
    return tmp_path / "release"


@pytest.fixture
def trust(tmp_path: Path) -> Callable[..., Path]:
    """Writes a trust file: the instance's root and the authority, and the lines that a test adds."""
    (tmp_path / "root.json").write_text(json.dumps(INSTANCE.trusted_root()))
    (tmp_path / "tsa.pem").write_text(AUTHORITY.pem)

    def write(*lines: str, stamping: str = "{name: ours, file: tsa.pem}") -> Path:
        path = tmp_path / "trust.yaml"
        text = ["version: 1", "sigstore: {trusted-root: root.json}", f"timestamp-authorities: [{stamping}]", *lines]
        path.write_text("\n".join(text) + "\n")
        return path

    return write


def verify(gates: Gates, path: Path, *words: str | Path) -> Outcome:
    return gates("verify", path, "--format", "json", *words)


def answer(done: Outcome, question: str) -> str:
    (found,) = [answer for answer in done.json()["answers"] if answer["question"] == question]
    return str(found["words"])


def statement(path: Path, place: Place = "apart") -> dict[str, Any]:
    return attestation.statement(bundle.read(path), place)


def add(path: Path, **members: bytes) -> None:
    path.write_bytes(archive.pack({**archive.unpack(path.read_bytes()), **members}))


def by_identity(path: Path, said: Mapping[str, Any] | None = None, at: datetime = AT) -> None:
    """Put a Sigstore bundle into a bundle, of its own statement or another."""
    signed = INSTANCE.sign(canonical.dumps(said or statement(path)), at)
    add(path, **{SIGSTORE: canonical.dumps(signed)})


def stamped(path: Path, at: datetime = AT, authority: Authority = AUTHORITY) -> None:
    """Put a timestamp of its attestation into a bundle."""
    add(path, **{TIMESTAMP: authority.stamp(archive.unpack(path.read_bytes())[ATTESTATION], at)})


# -- identities


def test_an_identity_that_is_named_vouches_for_a_bundle(gates: Gates, made: Path, trust: Callable[..., Path]) -> None:
    by_identity(made)
    done = verify(gates, made, "--trust", trust(), "--identity", NAMED, "--require", "signed")
    assert (done.code, answer(done, "trusted")) == (
        1,
        f"signed by {WORKFLOW} of {GITHUB}, apart from the project's code, seen 2026-11-25T12:30:00Z by Sigstore's log",
    )
    done = verify(gates, made, "--trust", trust())
    assert (done.code, "signed by an identity of Sigstore, and you name none" in answer(done, "trusted")) == (6, True)
    assert verify(gates, made, "--allow-unsigned").code == 1


def test_another_identity_or_root_does_not(gates: Gates, made: Path, trust: Callable[..., Path]) -> None:
    by_identity(made)
    done = verify(gates, made, "--trust", trust(), "--identity", f"someone@example.org@{GITHUB}")
    assert (done.code, "which you do not name" in answer(done, "trusted")) == (6, True)
    done = verify(gates, made, "--identity", NAMED)
    assert (done.code, "no authority of the trusted root issued its certificate" in answer(done, "trusted")) == (6, True)


@pytest.mark.parametrize("named", [WORKFLOW, "someone", f"@{GITHUB}"])
def test_an_identity_needs_its_issuer(gates: Gates, made: Path, named: str) -> None:
    done = gates("verify", made, "--identity", named)
    assert (done.code, "is not IDENTITY@ISSUER" in done.err) == (2, True)


@pytest.mark.parametrize(
    "case",
    [
        ("trust: base-policy", 1, "signed by release (identity"),
        (
            "trust: base-policy, valid-until: 2026-11-24",
            6,
            "the identity 'release' was valid until 2026-11-24, and the run is of 2026-11-25",
        ),
        ("trust: base-policy, valid-from: 2026-11-26", 6, "the identity 'release' is valid from 2026-11-26"),
        ("trust: base-policy, revoked: {on: 2026-11-25, why: left}", 6, "the identity 'release' was revoked: left (2026-11-25)"),
        ("trust: base-policy, revoked: {on: 2026-11-26, why: left}", 1, "signed by release (identity"),
        ("trust: self-reported", 7, "signed by release (identity"),
    ],
)
def test_an_identity_of_the_trust_file_has_its_days(
    gates: Gates, made: Path, trust: Callable[..., Path], case: tuple[str, int, str]
) -> None:
    more, code, words = case
    by_identity(made)
    file = trust(f"identities: [{{name: release, identity: '{WORKFLOW}', issuer: '{GITHUB}', {more}}}]")
    done = verify(gates, made, "--trust", file, "--min-trust", "base-policy")
    assert (done.code, words in answer(done, "trusted")) == (code, True), answer(done, "trusted")


def _other_bundle(said: Any) -> None:
    said["subject"][0]["digest"]["sha256"] = "0" * 64


def _passed(said: Any) -> None:
    said["predicate"]["verdict"] = "passed"


@pytest.mark.parametrize("change", [_other_bundle, _passed])
@pytest.mark.parametrize("how", ["identity", "unsigned"])
def test_a_statement_about_something_else_is_refused(
    gates: Gates, made: Path, trust: Callable[..., Path], change: Callable[[Any], None], how: str
) -> None:
    """Also by who would take an unsigned bundle, and with no library: what it says is in plain sight."""
    said = statement(made)
    change(said)
    by_identity(made, said)
    words = ["--allow-unsigned"] if how == "unsigned" else ["--trust", str(trust()), "--identity", NAMED]
    done = verify(gates, made, *words)
    assert (done.code, "its signature can't be true: bundle.sigstore.json" in answer(done, "trusted")) == (6, True)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b"[" * 5000], ids=["empty", "no envelope", "no text", "deep"])
def test_what_is_no_sigstore_bundle_is_refused(gates: Gates, made: Path, content: bytes) -> None:
    add(made, **{SIGSTORE: content})
    done = verify(gates, made, "--allow-unsigned")
    assert (done.code, "bundle.sigstore.json can't be read" in answer(done, "trusted")) == (6, True)


def provenance(digest: str) -> dict[str, Any]:
    """A statement in the shape of those that GitHub's own action makes."""
    build = {"buildType": "https://actions.github.io/buildtypes/workflow/v1", "externalParameters": {}}
    return {
        "_type": "https://in-toto.io/Statement/v1",
        "subject": [{"name": "another.whl", "digest": {"sha256": "0" * 64}}, {"name": "manifest.json", "digest": {"sha256": digest}}],
        "predicateType": "https://slsa.dev/provenance/v1",
        "predicate": {"buildDefinition": build, "runDetails": {"builder": {"id": "https://github.com/actions/runner/github-hosted"}}},
    }


def test_what_another_tool_attests_of_its_digest_vouches_for_it(gates: Gates, made: Path, trust: Callable[..., Path]) -> None:
    """It is taken from that tool's own file, however it is written there; as it does not say where it was made, it is self-reported."""
    file = made.with_name("provenance.json")
    file.write_text(json.dumps(INSTANCE.sign(canonical.dumps(provenance(bundle.read(made).digest)), AT), indent=2))
    assert gates("sign", made, "--sigstore-bundle", file).code == 0
    named = trust(f"identities: [{{name: ci, identity: '{WORKFLOW}', issuer: '{GITHUB}', trust: required-workflow}}]")
    done = verify(gates, made, "--trust", named)
    assert (done.code, "signed by ci (identity" in answer(done, "trusted")) == (1, True)
    assert "and does not say where" in answer(done, "trusted")
    assert verify(gates, made, "--trust", named, "--min-trust", "base-policy").code == 7


def test_what_another_tool_attests_of_something_else_is_not_added(gates: Gates, made: Path) -> None:
    before, file = made.read_bytes(), made.with_name("provenance.json")
    file.write_text(json.dumps(INSTANCE.sign(canonical.dumps(provenance("1" * 64)), AT)))
    done = gates("sign", made, "--sigstore-bundle", file)
    assert (done.code, "it does not name the manifest's digest" in done.err, made.read_bytes()) == (4, True, before)
    file.write_text("{}")
    done = gates("sign", made, "--sigstore-bundle", file)
    assert (done.code, "holds no Sigstore bundle" in done.err, made.read_bytes()) == (2, True, before)
    assert gates("sign", made, "--sigstore-bundle", made.with_name("missing.json")).code == 2


# -- signing with an identity


def in_a_job(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """The environment of a CI job that may have an identity token."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_URL", f"{address}/token?x=1")


def test_a_job_signs_with_its_identity(gates: Gates, made: Path, trust: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Token, certificate and log entry are asked for over the network, of an instance on this machine."""
    with served(INSTANCE.answer) as address:
        in_a_job(monkeypatch, address)
        config = made.with_name("config.json")
        config.write_text(json.dumps(INSTANCE.config(address)))
        done = gates("sign", made, "--sigstore", "--sigstore-config", config)
        assert (done.code, "by Sigstore" in done.out) == (0, True), done.err
        again = gates("sign", made, "--sigstore", "--sigstore-config", config)
        assert (again.code, "signed already: it holds bundle.sigstore.json" in again.err) == (2, True)
    done = verify(gates, made, "--trust", trust(), "--identity", NAMED)
    assert (done.code, f"signed by {WORKFLOW}" in answer(done, "trusted")) == (1, True)


def test_without_an_identity_nothing_is_signed(gates: Gates, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_ACTIONS", "GITLAB_CI", "CIRCLECI", "BUILDKITE"):
        monkeypatch.delenv(name, raising=False)
    before = made.read_bytes()
    done = gates("sign", made, "--sigstore")
    assert (done.code, "there is no identity to sign with" in done.err, made.read_bytes()) == (2, True, before)
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    done = gates("sign", made, "--sigstore")
    assert (done.code, "id-token: write" in done.err, made.read_bytes()) == (2, True, before)


def test_where_a_service_does_not_do_its_part_nothing_is_signed(gates: Gates, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, config = made.read_bytes(), made.with_name("config.json")

    def without_certificates(path: str, body: bytes) -> tuple[int, str, bytes]:
        return INSTANCE.answer(path, body) if path.startswith("/token") else (500, "application/json", b'{"message": "not now"}')

    with served(without_certificates) as address:
        in_a_job(monkeypatch, address)
        config.write_text(json.dumps(INSTANCE.config(address)))
        done = gates("sign", made, "--sigstore", "--sigstore-config", config)
        assert (done.code, "Sigstore did not do its part" in done.err, made.read_bytes()) == (4, True, before)
        config.write_text("{}")
        done = gates("sign", made, "--sigstore", "--sigstore-config", config)
        assert (done.code, "no configuration of Sigstore can be read" in done.err, made.read_bytes()) == (2, True, before)
    assert gates("sign", made, "--sign-key", "x", "--sigstore-config", config).code == 2


@pytest.mark.parametrize("case", [("sigstore.sign", ("--sigstore",)), ("rfc3161_client", ("--timestamp", "http://127.0.0.1:9"))])
def test_without_its_library_the_way_to_get_it_is_said(
    gates: Gates, made: Path, pair: Path, monkeypatch: pytest.MonkeyPatch, case: tuple[str, tuple[str, ...]]
) -> None:
    library, words = case
    monkeypatch.setitem(sys.modules, library, None)
    done = gates("sign", made, "--sign-key", pair, *words)
    assert (done.code, "pip install 'quality-gates[" in done.err) == (2, True)


# -- timestamps


def test_a_signature_is_stamped_as_it_is_made(gates: Gates, made: Path, pair: Path, trust: Callable[..., Path]) -> None:
    with served(lambda _, question: (200, "application/timestamp-reply", AUTHORITY.reply(question, AT))) as address:
        done = gates("sign", made, "--sign-key", pair, "--timestamp", address)
    assert (done.code, f"with a timestamp of {address}" in done.out) == (0, True), done.err
    named = trust("keys: [{name: release, file: release.pub}]")
    done = verify(gates, made, "--trust", named, "--require", "signed,timestamped")
    assert (done.code, answer(done, "trusted").endswith("seen 2026-11-25T12:30:00Z by ours")) == (1, True), answer(done, "trusted")


def test_a_signature_is_stamped_later(gates: Gates, made: Path, pair: Path, trust: Callable[..., Path]) -> None:
    with served(lambda _, question: (200, "application/timestamp-reply", AUTHORITY.reply(question, AT))) as address:
        done = gates("sign", made, "--timestamp", address)
        assert (done.code, "there is no key's signature to have stamped" in done.err) == (2, True)
        assert gates("sign", made, "--sign-key", pair).code == 0
        assert gates("sign", made, "--timestamp", address).code == 0
        done = gates("sign", made, "--timestamp", address)
        assert (done.code, "it holds timestamp.tsr" in done.err) == (2, True)
    assert verify(gates, made, "--trust", trust(), "--key", f"{pair}.pub", "--require", "timestamped").code == 1


def test_what_nobody_stamped_writes_nothing(gates: Gates, made: Path, pair: Path) -> None:
    before = made.read_bytes()
    with served(lambda _, __: (200, "text/html", b"<html>")) as address:
        done = gates("sign", made, "--sign-key", pair, "--timestamp", address)
    assert (done.code, "is no timestamp" in done.err, made.read_bytes()) == (4, True, before)


@pytest.fixture
def signed(gates: Gates, made: Path, pair: Path) -> Path:
    assert gates("sign", made, "--sign-key", pair).code == 0
    return made


@pytest.mark.parametrize(
    "case",
    [
        (AT.replace(hour=0, minute=0), 1, "about"),
        (AT.replace(hour=23, minute=59, second=59), 1, "about"),
        (AT + timedelta(days=1), 7, "it was judged as on 2026-11-25, and its timestamp is of 2026-11-26"),
        (AT - timedelta(days=1), 7, "it was judged as on 2026-11-25, and its timestamp is of 2026-11-24"),
    ],
)
def test_the_day_of_evaluation_has_to_be_the_timestamps(
    gates: Gates, signed: Path, pair: Path, trust: Callable[..., Path], case: tuple[datetime, int, str]
) -> None:
    at, code, words = case
    stamped(signed, at)
    done = verify(gates, signed, "--trust", trust(), "--key", f"{pair}.pub", "--require", "timestamped")
    assert (done.code, code == 1 or words in answer(done, "about")) == (code, True), answer(done, "about")
    assert verify(gates, signed, "--trust", trust(), "--key", f"{pair}.pub").code == 1


def test_a_timestamp_has_to_be_there_and_by_whom_the_verifier_names(
    gates: Gates, signed: Path, pair: Path, trust: Callable[..., Path]
) -> None:
    key = ("--key", f"{pair}.pub", "--require", "timestamped")
    done = verify(gates, signed, "--trust", trust(), *key)
    assert (done.code, answer(done, "trusted")) == (6, "you ask for a timestamp: it has no timestamp")
    stamped(signed, authority=Authority())
    done = verify(gates, signed, "--trust", trust(), *key)
    assert (done.code, "its timestamp is by no authority that you name (ours: " in answer(done, "trusted")) == (6, True)
    assert verify(gates, signed, "--trust", trust(), "--key", f"{pair}.pub").code == 1
    stamped(signed)
    done = verify(gates, signed, *key)
    assert (done.code, "you name no timestamp authority" in answer(done, "trusted")) == (6, True)
    revoked = trust(stamping="{name: ours, file: tsa.pem, revoked: {on: 2030-01-01, why: stolen}}")
    done = verify(gates, signed, "--trust", revoked, *key)
    assert (done.code, "the timestamp authority 'ours' was revoked: stolen" in answer(done, "trusted")) == (6, True)


def test_an_unsigned_bundle_is_never_timestamped(gates: Gates, made: Path, trust: Callable[..., Path]) -> None:
    done = verify(gates, made, "--allow-unsigned", "--trust", trust(), "--require", "timestamped")
    assert (done.code, answer(done, "trusted")) == (6, "you ask for a timestamp: it has none")


def test_a_digest_that_is_named_may_be_timestamped(gates: Gates, signed: Path, trust: Callable[..., Path]) -> None:
    """Nobody's key is trusted here; the digest is named, and the timestamp says when a statement about it was there."""
    stamped(signed)
    digest = verify(gates, signed).json()["digest"]
    assert verify(gates, signed, "--digest", digest, "--trust", trust(), "--require", "timestamped").code == 1


def test_sigstores_own_time_is_a_timestamp(gates: Gates, made: Path, trust: Callable[..., Path]) -> None:
    by_identity(made)
    asked = ("--trust", trust(), "--identity", NAMED, "--require", "timestamped")
    assert verify(gates, made, *asked).code == 1
    by_identity(made, at=AT + timedelta(days=1))
    assert verify(gates, made, *asked).code == 7


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"\x30\x80" * 1000, AUTHORITY.stamp(b"another", AT)], ids=["empty", "a page", "DER", "other"]
)
def test_what_is_no_timestamp_of_it_is_refused_where_it_is_looked_at(
    gates: Gates, signed: Path, pair: Path, trust: Callable[..., Path], content: bytes
) -> None:
    add(signed, **{TIMESTAMP: content})
    done = verify(gates, signed, "--trust", trust(), "--key", f"{pair}.pub")
    assert (done.code, "its signature can't be true: timestamp.tsr is" in answer(done, "trusted")) == (6, True)
    assert verify(gates, signed, "--key", f"{pair}.pub", "--require", "timestamped").code == 6


def test_a_timestamp_without_a_signature_is_refused(gates: Gates, made: Path) -> None:
    add(made, **{TIMESTAMP: AUTHORITY.stamp(b"x", AT)})
    done = verify(gates, made, "--allow-unsigned")
    assert (done.code, "without the attestation that belongs to it" in answer(done, "trusted")) == (6, True)


@pytest.mark.parametrize(
    "case",
    [
        (AT, True, 1, "signed by release"),
        (AT + timedelta(days=1), True, 6, "was revoked: stolen (2026-11-26), and its signature is stamped 2026-11-26"),
        (AT, False, 6, "was revoked: stolen (2026-11-26)"),
        (None, True, 6, "was revoked: stolen (2026-11-26)"),
    ],
    ids=["stamped before", "stamped after", "by nobody whom the verifier names", "not stamped"],
)
def test_what_a_revoked_key_signed_before_is_worth_what_a_timestamp_says(
    gates: Gates, signed: Path, trust: Callable[..., Path], case: tuple[datetime | None, bool, int, str]
) -> None:
    at, named, code, words = case
    if at is not None:
        stamped(signed, at)
    file = trust("keys: [{name: release, file: release.pub, revoked: {on: 2026-11-26, why: stolen}}]")
    if not named:
        file.write_text("".join(line for line in file.read_text().splitlines(keepends=True) if not line.startswith("timestamp")))
    done = verify(gates, signed, "--trust", file)
    assert (done.code, words in answer(done, "trusted")) == (code, True), answer(done, "trusted")


def test_a_key_and_an_identity_may_both_sign(gates: Gates, signed: Path, pair: Path, trust: Callable[..., Path]) -> None:
    """Either vouches alone; of both, the one that is believed furthest counts."""
    by_identity(signed)
    assert verify(gates, signed, "--key", f"{pair}.pub").code == 1
    assert verify(gates, signed, "--trust", trust(), "--identity", NAMED).code == 1
    file = trust(
        "keys: [{name: release, file: release.pub}]",
        f"identities: [{{name: ci, identity: '{WORKFLOW}', issuer: '{GITHUB}', trust: base-policy}}]",
    )
    done = verify(gates, signed, "--trust", file, "--min-trust", "base-policy")
    assert (done.code, "signed by ci" in answer(done, "trusted")) == (1, True)


def test_what_the_file_revokes_stays_revoked_whatever_the_command_line_names(
    gates: Gates, signed: Path, pair: Path, trust: Callable[..., Path]
) -> None:
    by_identity(signed)
    revoked = "revoked: {on: 2020-01-01, why: stolen}"
    file = trust(
        f"keys: [{{name: release, file: release.pub, {revoked}}}]",
        f"identities: [{{name: ci, identity: '{WORKFLOW}', issuer: '{GITHUB}', {revoked}}}]",
    )
    done = verify(gates, signed, "--trust", file, "--key", f"{pair}.pub", "--identity", NAMED)
    assert (done.code, answer(done, "trusted").count("was revoked: stolen")) == (6, 2), answer(done, "trusted")


def test_who_names_keys_alone_waits_for_neither_library(signed: Path, pair: Path) -> None:
    """They are slow to load: Sigstore's where no identity is named, that of timestamps where there is none."""
    by_identity(signed)
    assert loaded_by("verify", str(signed), "--key", f"{pair}.pub") == set()
    stamped(signed)
    assert loaded_by("verify", str(signed), "--key", f"{pair}.pub") == {"rfc3161_client"}


def loaded_by(*argv: str) -> set[str]:
    """Which of the heavy libraries a command loads that answers with the verdict of a bundle that failed."""
    script = (
        "import json, sys\nfrom gates.cli.main import main\n"
        "code = main(sys.argv[1:])\n"
        "heavy = {'sigstore', 'sigstore_models', 'rfc3161_client', 'pydantic', 'requests'}\n"
        "print(json.dumps([code, sorted(heavy & set(sys.modules))]), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, *argv], capture_output=True, text=True, check=True)
    code, loaded = json.loads(done.stderr)
    assert (code, "trusted: yes" in done.stdout) == (1, True), done.stdout
    return set(loaded)
