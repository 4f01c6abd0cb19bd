"""`gates sign BUNDLE`: sign a bundle that is intact and follows, in a job that runs none of the project's code; have it timestamped."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import gates
from gates import canonical
from gates.adapters import clock
from gates.errors import BundleError, EvidenceError, ExitCode, UsageError
from gates.evidence import attestation, bundle, keys, sigstore, timestamps
from gates.evidence.attestation import ATTESTATION, SIGSTORE, SUMMARY, TIMESTAMP
from gates.evidence.bundle import Contents
from gates.evidence.follows import made_by_this_version
from gates.evidence.keys import PrivateKey
from gates.evidence.verify import Expectation, Question, verify
from gates.report import html
from gates.report.safe import terminal

#: What has to hold before anyone puts a name under it: that a bundle is partial is said in what is signed.
_NEEDED = (Question.INTACT, Question.TRUSTED, Question.FOLLOWS)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", type=Path, metavar="BUNDLE", help="a bundle: a .zip file or a folder")
    parser.add_argument("--sign-key", type=Path, metavar="FILE", help="sign with this private key, as `gates keygen` makes it")
    by_identity = parser.add_mutually_exclusive_group()
    by_identity.add_argument(
        "--sigstore", action="store_true", help="sign by Sigstore, with the identity of this CI job; needs the network"
    )
    by_identity.add_argument(
        "--sigstore-bundle", type=Path, metavar="FILE", help="add what another tool signed by Sigstore about the bundle's digest"
    )
    parser.add_argument(
        "--sigstore-config", type=Path, metavar="FILE", help="with --sigstore: another instance than the public one (a ClientTrustConfig)"
    )
    parser.add_argument(
        "--plan-digest",
        metavar="SHA256",
        help="it was judged by the plan with this digest: without it, a run that ran the project's code "
        "is signed as one that the code could have taken over",
    )
    parser.add_argument(
        "--timestamp", metavar="URL", help="have the key's signature stamped by this authority (RFC 3161); needs the network"
    )


def execute(options: argparse.Namespace) -> int:
    if not (options.sign_key or options.sigstore or options.sigstore_bundle or options.timestamp):
        raise UsageError(
            "say how to sign: --sign-key, --sigstore, --sigstore-bundle or --timestamp", help="gates sign BUNDLE --sign-key FILE"
        )
    if options.sigstore_config and not options.sigstore:
        raise UsageError("--sigstore-config says nothing without --sigstore", help="add --sigstore")
    key = keys.load_private(options.sign_key) if options.sign_key else None
    found = verify(options.bundle, Expectation(allow_unsigned=True), lambda record: html.render(record, bundle=None))
    wrong = [answer for answer in found.answers if answer.question in _NEEDED and not answer.holds]
    if wrong or found.contents is None:
        raise EvidenceError(
            f"nothing was signed: {wrong[0].words}",
            where=str(options.bundle),
            help="see `gates verify`; sign the bundle that the run wrote",
        )
    if not made_by_this_version(found.contents):
        raise EvidenceError(
            f"nothing was signed: the bundle is by version {found.contents.record.run.version}, so its page can't be made again",
            where=str(options.bundle),
            help=f"sign it with the version that wrote it; this is {gates.__version__}",
        )
    signing = _Signing(options, found.contents)
    try:
        said = list(signing.steps(key))
    except BundleError as error:
        problem = error.problems[0]
        raise EvidenceError(f"nothing was signed: {problem.error}", where=str(options.bundle), help=problem.help) from error
    written = bundle.add_signatures(options.bundle, found.contents, signing.made)
    sys.stdout.write(terminal(f"signed: {written.path} (sha256:{written.digest}) {', '.join(said)}") + "\n")
    return ExitCode.PASSED


def _of_plan(contents: Contents, named: str | None) -> bool:
    """Whether the bundle is of the plan that was named. Raises `EvidenceError` for one of another, or of none."""
    if named is None:
        return False
    plan = contents.record.run.plan
    if plan is None or plan.digest.removeprefix("sha256:") != named.removeprefix("sha256:").lower():
        found = f"of the plan {plan.digest}" if plan is not None else "of no plan"
        raise EvidenceError(
            f"nothing was signed: it is {found}, not of the one that --plan-digest names", help="sign what `gates judge` wrote"
        )
    return True


class _Signing:
    """What is made to sign one bundle, member by member; nothing is written until all of it is there."""

    def __init__(self, options: argparse.Namespace, contents: Contents) -> None:
        self.options = options
        self.contents = contents
        self.made: dict[str, bytes] = {}
        self._place = attestation.place_of(contents, planned=_of_plan(contents, options.plan_digest))

    def steps(self, key: PrivateKey | None) -> Iterator[str]:
        """Do what was asked for, and say it. Raises `UsageError`, `EvidenceError` or `BundleError`."""
        if key is not None:
            self._check_new(ATTESTATION, SUMMARY, help="see by whom with `gates verify --key FILE`")
            self.made |= attestation.sign(self.contents, key, place=self._place, time=clock.now_text())
            yield f"with the key {key.public.id}"
        if self.options.sigstore or self.options.sigstore_bundle:
            self._check_new(SIGSTORE, help="see by whom with `gates verify --identity IDENTITY@ISSUER`")
            self.made[SIGSTORE] = self._by_sigstore()
            yield "by Sigstore"
        if self.options.timestamp:
            self._check_new(TIMESTAMP, help="see when with `gates verify --require timestamped`")
            stamped = self.made.get(ATTESTATION) or self.contents.members.get(ATTESTATION)
            if stamped is None:
                raise UsageError("there is no key's signature to have stamped", where="--timestamp", help="give --sign-key FILE too")
            self.made[TIMESTAMP] = timestamps.ask(stamped, self.options.timestamp)
            yield f"with a timestamp of {self.options.timestamp}"

    def _check_new(self, *names: str, help: str) -> None:
        if any(name in self.contents.members for name in names):
            raise UsageError(f"the bundle is signed already: it holds {names[0]}", where=str(self.options.bundle), help=help)

    def _by_sigstore(self) -> bytes:
        if self.options.sigstore:
            statement = canonical.dumps(attestation.statement(self.contents, self._place, manifest_alone=True))
            made = sigstore.sign(statement, self.options.sigstore_config)
        else:
            made = sigstore.load(self.options.sigstore_bundle)
        differing, _ = attestation.differences_of_other(self.contents, sigstore.read(made))
        if differing:
            raise BundleError(
                "; ".join(differing), where=str(self.options.bundle), help="give the one that was made for this bundle's digest"
            )
        return made
