"""The trust file (`trust.yaml`): keys, identities and timestamp authorities that a verifier believes, with validity and revocation."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from gates.errors import PolicyError, Problem, UsageError
from gates.evidence import keys
from gates.evidence.trust import TRUST_WORDS, Trust, Trusted, TrustedAuthority, TrustedIdentity, TrustedKey, Validity
from gates.extras import need_signatures
from gates.policy.entry import Entry
from gates.policy.nodes import Choice, Day, Key, Keys, ListOf, Text
from gates.policy.reader import read_table
from gates.policy.syntax import problem

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_LARGEST = 2**20

T = TypeVar("T")

_REVOKED = Keys(
    keys=(
        Key(name="on", of=Day(), help="the day from which nobody believes it", required=True),
        Key(name="why", of=Text(blank=False), help="what happened", required=True),
    )
)
_NAME = Key(name="name", of=Text(blank=False), help="who it is, in words", required=True)
_VALIDITY = (
    Key(name="valid-from", of=Day(), help="the first day on which its word counts"),
    Key(name="valid-until", of=Day(), help="the last day on which its word counts"),
    Key(name="revoked", of=_REVOKED, help="when and why it lost its worth"),
)
_TRUST = Key(
    name="trust",
    of=Choice(values=tuple(TRUST_WORDS)),
    help="how far what it signs is believed: `required-workflow` where no change can edit the job that signs",
    default=Trust.SELF_REPORTED.word,
)
_KEY = Keys(
    keys=(
        _NAME,
        Key(name="public-key", of=Text(), help="the key in PEM, as `gates keygen` writes it to the file that ends in .pub"),
        Key(name="file", of=Text(), help="or the file that holds it, relative to this one"),
        *_VALIDITY,
        _TRUST,
    )
)
_IDENTITY = Keys(
    keys=(
        _NAME,
        Key(name="identity", of=Text(blank=False), help="the certificate's subject alternative name, letter by letter", required=True),
        Key(
            name="issuer",
            of=Text(pattern="https://[^@]+", says="an address that begins with https://"),
            help="the OpenID issuer that vouches for it",
            required=True,
        ),
        *_VALIDITY,
        _TRUST,
    )
)
_AUTHORITY = Keys(
    keys=(
        _NAME,
        Key(name="certificates", of=Text(), help="its certificates in PEM, the root among them"),
        Key(name="file", of=Text(), help="or the file that holds them, relative to this one"),
        *_VALIDITY,
    )
)
_SIGSTORE = Keys(
    keys=(Key(name="trusted-root", of=Text(blank=False), help="a `trusted_root.json` of Sigstore, relative to this file", required=True),)
)
TABLE = Keys(
    keys=(
        Key(name="version", of=Choice(values=("1",)), help="the version of this form", required=True),
        Key(name="keys", of=ListOf(of=_KEY, at_least=1), help="keys that may sign"),
        Key(name="identities", of=ListOf(of=_IDENTITY, at_least=1), help="identities of Sigstore that may sign"),
        Key(name="sigstore", of=_SIGSTORE, help="by which root identities are held to be true; without it the public one of Sigstore"),
        Key(name="timestamp-authorities", of=ListOf(of=_AUTHORITY, at_least=1), help="who may say when something was signed"),
    ),
    some=("keys", "identities", "sigstore", "timestamp-authorities"),
)


def read(path: Path) -> Trusted:
    """What a trust file names. Raises `UsageError` where it can't be read, `PolicyError` with all that is wrong in it."""
    root, problems = read_table(path.name, _content(path, "the trust file", "see docs/evidence.md"), TABLE, "the trust file")
    if root is None:
        raise PolicyError(tuple(problems))
    reading = _Reading(path, root, problems)
    trusted = Trusted(
        keys=tuple(reading.each("keys", _key, lambda item: item.key.id)),
        identities=tuple(reading.each("identities", _identity, lambda item: (item.identity, item.issuer))),
        authorities=tuple(reading.each("timestamp-authorities", _authority, lambda item: item.certificates)),
        root=reading.trusted_root(),
        from_file=True,
    )
    if problems:
        raise PolicyError(tuple(problems))
    return trusted


class _Reading:
    """One trust file while it is read; what is wrong is gathered."""

    def __init__(self, path: Path, root: Entry, problems: list[Problem]) -> None:
        self.path = path
        self.root = root
        self.problems = problems

    def each(self, key: str, read_one: Callable[[Entry, Path], T], same: Callable[[T], Hashable]) -> Iterator[T]:
        """The entries of a list that can be read; two that are `same` are a problem."""
        seen = set()
        for entry in self.root.get(key) or ():
            try:
                item = read_one(entry, self.path.parent)
            except _WrongError as error:
                self.problems.append(error.problem)
                continue
            if same(item) in seen:
                help = "keep one: which of two validities counts would be chance"
                self.problems.append(problem(f"{_NOUNS[key]} stands twice", entry.place, help))
            seen.add(same(item))
            yield item

    def trusted_root(self) -> Path | None:
        """The file of Sigstore's root, which has to be there."""
        entry = self.root.get("sigstore")
        file = entry and entry.get("trusted-root")
        if not file:
            return None
        place: Path = self.path.parent / file.value
        if not place.is_file():
            self.problems.append(problem(f"there is no file {file.value}", file.place, "name a `trusted_root.json`, relative to this file"))
        return place


_NOUNS = {"keys": "a key", "identities": "an identity", "timestamp-authorities": "a timestamp authority"}
_OF = {"public-key": "a key", "certificates": "a timestamp authority"}


class _WrongError(Exception):
    """An entry names nothing that could be trusted."""

    def __init__(self, error: str, entry: Entry, help: str) -> None:
        super().__init__(error)
        self.problem = problem(error, entry.place, help)


def _key(entry: Entry, folder: Path) -> TrustedKey:
    content, said = _pem(entry, folder, "public-key", "the public key")
    try:
        key = keys.read_public(content, str(said.place))
    except UsageError as error:
        raise _WrongError(error.problems[0].error, said, error.problems[0].help) from error
    return TrustedKey(key=key, name=entry.said("name", ""), valid=_validity(entry), trust=_trust(entry))


def _identity(entry: Entry, folder: Path) -> TrustedIdentity:
    del folder
    return TrustedIdentity(
        identity=entry.said("identity", ""),
        issuer=entry.said("issuer", ""),
        name=entry.said("name", ""),
        valid=_validity(entry),
        trust=_trust(entry),
    )


def _authority(entry: Entry, folder: Path) -> TrustedAuthority:
    need_signatures()
    from cryptography import x509

    content, said = _pem(entry, folder, "certificates", "the certificates")
    try:
        certificates = x509.load_pem_x509_certificates(content)
        roots = [item for item in certificates if item.issuer == item.subject]
    except ValueError as error:
        raise _WrongError("there are no certificates in PEM", said, "give the chain that the authority publishes") from error
    if not roots:
        raise _WrongError("no certificate among them is a root, which signs itself", said, "give the whole chain, the root too")
    return TrustedAuthority(name=entry.said("name", ""), certificates=_once(certificates), valid=_validity(entry))


def _once(certificates: list[Certificate]) -> tuple[Certificate, ...]:
    return tuple(dict.fromkeys(certificates))


def _pem(entry: Entry, folder: Path, key: str, noun: str) -> tuple[bytes, Entry]:
    """The PEM text that an entry holds or names, and where it says so."""
    text, file = entry.get(key), entry.get("file")
    if text is not None and file is None:
        return text.value.encode(), text
    if file is not None and text is None:
        try:
            return _content(folder / file.value, noun, "name a file, relative to this one"), file
        except UsageError as error:
            raise _WrongError(error.problems[0].error, file, error.problems[0].help) from error
    raise _WrongError(f"{_OF[key]} needs either `{key}` or `file`", entry, "write the PEM itself, or name its file")


def _validity(entry: Entry) -> Validity:
    revoked = entry.get("revoked")
    return Validity(
        first=entry.said("valid-from"),
        last=entry.said("valid-until"),
        revoked=revoked.said("on") if revoked else None,
        why=revoked.said("why", "") if revoked else "",
    )


def _trust(entry: Entry) -> Trust:
    return TRUST_WORDS[entry.said("trust", Trust.SELF_REPORTED.word)]


def _content(path: Path, noun: str, help: str) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{noun} can't be read: {error.strerror or error}", where=str(path), help=help) from error
    if len(content) > _LARGEST:  # what is cut off could be a revocation
        raise UsageError(f"{noun} is larger than {_LARGEST // 2**20} MiB", where=str(path), help=help)
    return content
