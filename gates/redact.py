"""Secrets out of everything that is written: what gates found, and the values of secret-looking variables."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import os
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

MASK = b"[redacted]"
#: Shorter values also stand in ordinary text by chance: they can't be searched for everywhere.
MINIMUM_LENGTH = 8
#: A line of a longer secret, such as a private key, is searched for by itself from this length.
_MINIMUM_LINE = 16
#: So many characters of the beginning or the end of a cut secret say which it is.
_MINIMUM_CUT = 10
#: The beginning of what gzip packs, and of a packed member of a zip archive.
_PACKED = re.compile(rb"\x1f\x8b\x08|PK\x03\x04.{4}\x08\x00.{16}(?P<name>..)(?P<extra>..)", re.DOTALL)
_UNPACKED_LIMIT = 64 * 2**20
#: What may be a hash of 16 to 32 bytes, in hex or base64.
_HASH = re.compile(rb"[A-Za-z0-9+/_-]{22,64}={0,2}")
_BREAK = re.compile(rb"\s+|\\[rn]")
_DOTS = b"..."
_FOR_ADDRESSES = bytes.maketrans(b"+/", b"-_")

_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|passphrase|pass$|(^|_)pass_|pwd$|(^|_)creds?($|_)|(^|_)pat$|api_?key|access_?key|private|credential"
    r"|auth(?!ors?(_|$))|signing|signature|session|cookie|jwt|dsn$|connection_?string|webhook|_b(ase)?64$"
    r"|(^|_)(keys?|pat|pass|pw)\d*($|_(?!(path|file|dir|ids?|names?|length|size|url|type|layout|alg(orithm)?)(_|$))))"
)
#: A user and a password in an address. A password that is a plain word can't be masked: it stands in ordinary text.
_LOGIN = re.compile(r"://(?P<login>[^\s/?#@:]*:(?!(?:[A-Z]?[a-z]{0,15}|[A-Z]{1,16})@)(?P<password>[^\s/?#@]+)@)")
#: Files through which a process can command the CI runner, and addresses that hand out identities.
_COMMAND_NAME = re.compile(
    r"^(GITHUB_(ENV|OUTPUT|PATH|STATE|STEP_SUMMARY|TOKEN)|ACTIONS_.*|RUNNER_TRACKING_ID|SSH_AUTH_SOCK|SSH_AGENT_PID|GPG_AGENT_INFO)$"
)
#: Names that look secret and are not: paths and switches that children need.
_HARMLESS = frozenset(
    {
        "PWD",
        "OLDPWD",
        "XAUTHORITY",
        "DBUS_SESSION_BUS_ADDRESS",
        "XDG_SESSION_ID",
        "XDG_SESSION_TYPE",
        "XDG_SESSION_CLASS",
        "DESKTOP_SESSION",
        "SESSION_MANAGER",
    }
)


def is_secret_name(name: str) -> bool:
    """Whether a variable's name says that its value is a secret."""
    return name not in _HARMLESS and bool(_SECRET_NAME.search(name))


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What engines and the project's code get: everything but secrets and the runner's command files.

    PATH is without folders that depend on where a program is started: the project could fill them.
    """
    kept = {name: value for name, value in environment.items() if not is_secret_name(name) and not _COMMAND_NAME.match(name)}
    if "PATH" in kept:
        kept["PATH"] = os.pathsep.join(folder for folder in kept["PATH"].split(os.pathsep) if Path(folder).is_absolute())
    return kept


def secret_values(environment: Mapping[str, str]) -> set[str]:
    """Values of secret-looking variables, and the passwords in the addresses that other variables hold."""
    logins = [match for value in environment.values() for match in _LOGIN.finditer(value)]
    passwords = {text for match in logins for text in (match["login"], match["password"], unquote(match["password"]))}
    return passwords | {value for name, value in environment.items() if value and is_secret_name(name)}


class Redactor:
    """Masks a set of secrets, as they are and in what tools make of them.

    That is: JSON, HTML, URL, hex, base64 (also in lines), UTF-16, escapes of every character, unsalted hashes, the two ends that a
    tool leaves when it cuts a long text, and packed files.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = sorted({part for secret in secrets for part in _parts(secret)})
        encoded = {form for part in parts for form in _base64_forms(_raw(part)) if len(form) >= MINIMUM_LENGTH}
        self._literal = _compiled(_any_of(sorted(encoded.union(*map(_forms, parts)))))
        self._encoded = _compiled(_any_of(sorted(encoded)))
        self._in_lines = _compiled(b"|".join(map(_in_lines, sorted(encoded))))
        self._cut = _compiled(b"|".join(pattern for part in parts for pattern in _cut_forms(_raw(part))))
        self._hashes = {digest for part in parts for digest in _hashes(_raw(part))}

    def redact(self, content: bytes) -> bytes:
        """The content with every secret masked; a packed one that holds a secret is masked as a whole."""
        if self._literal is None:
            return content
        if self._is_packed_in(content):
            return MASK
        content = self._literal.sub(MASK, content)
        content = _HASH.sub(lambda match: MASK if match[0] in self._hashes else match[0], content)
        if self._in_lines and self._is_in_lines(content):
            content = self._in_lines.sub(MASK, content)
        return self._cut.sub(lambda match: _DOTS + MASK if match[0].startswith(_DOTS) else MASK, content) if self._cut else content

    def text(self, text: str) -> str:
        return self.redact(text.encode("utf-8", "replace")).decode("utf-8", "replace") if self._literal else text

    def finds(self, content: bytes) -> bool:
        """Whether a secret stands in the content."""
        return self._literal is not None and (self._finds_open(content) or self._is_packed_in(content))

    def _finds_open(self, content: bytes) -> bool:
        return bool(
            (self._literal and self._literal.search(content))
            or (self._cut and self._cut.search(content))
            or any(match[0] in self._hashes for match in _HASH.finditer(content))
            or self._is_in_lines(content)
        )

    def _is_in_lines(self, content: bytes) -> bool:
        """Whether base64 of a secret stands in the content once its lines are joined."""
        return self._encoded is not None and self._encoded.search(_BREAK.sub(b"", content)) is not None

    def _is_packed_in(self, content: bytes) -> bool:
        """Whether a secret stands packed in the content, or what is packed is too large to be searched."""
        return any(unpacked is None or self._finds_open(unpacked) for unpacked in _unpacked(content))


def _compiled(pattern: bytes) -> re.Pattern[bytes] | None:
    return re.compile(pattern) if pattern else None


def _any_of(forms: Sequence[bytes]) -> bytes:
    """A pattern for the longest of some sorted texts, which looks at each place for those alone that begin as it does."""
    patterns = []
    for _, group in groupby((form for form in forms if form), key=lambda form: form[:1]):
        alike = list(group)
        first, last = alike[0], alike[-1]
        same = next((place for place, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), min(len(first), len(last)))
        start = first[:same]
        rest = _any_of([form[len(start) :] for form in alike])
        patterns.append(re.escape(start) + (b"(?:%b)?" % rest if rest and start in alike else rest))
    return b"(?:%b)" % b"|".join(patterns) if len(patterns) > 1 else b"".join(patterns)


def _unpacked(content: bytes) -> Iterator[bytes | None]:
    """What is packed in the content, by gzip or as members of a zip archive; None for what is too large."""
    for found in _PACKED.finditer(content):
        is_zip = found["name"] is not None
        start = found.end() + sum(map(_little_endian, (found["name"], found["extra"]))) if is_zip else found.start()
        unpacker = zlib.decompressobj(-zlib.MAX_WBITS if is_zip else zlib.MAX_WBITS | 16)
        try:
            unpacked = unpacker.decompress(content[start:], _UNPACKED_LIMIT)
        except zlib.error:
            continue
        yield None if unpacker.unconsumed_tail else unpacked


def _little_endian(number: bytes) -> int:
    return int.from_bytes(number, "little")


def _parts(secret: str) -> set[str]:
    """A secret as it is, without the white space around it (such as a file's last newline), and its long lines one by one."""
    lines = {line.strip() for line in secret.splitlines() if "-----" not in line}
    whole = {part for part in (secret, secret.strip()) if len(part) >= MINIMUM_LENGTH}
    return whole | {line for line in lines if len(line) >= _MINIMUM_LINE}


def _raw(secret: str) -> bytes:
    return secret.encode("utf-8", "surrogateescape")


def _forms(secret: str) -> set[bytes]:
    raw = _raw(secret)
    percent = quote(secret, safe="", errors="surrogateescape")
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        *("".join(pattern.format(ord(char)) for char in secret) for pattern in ("&#{};", "&#x{:x};", "\\u{:04x}")),
        *("".join(pattern.format(byte) for byte in raw) for pattern in ("\\x{:02x}", "%{:02X}", "%{:02x}", "{:02x}", "{:02X}")),
        percent,
        quote(percent, safe=""),
        quote_plus(secret, errors="surrogateescape"),
    }
    utf16 = {secret.encode(name, "surrogatepass") for name in ("utf-16-le", "utf-16-be")}
    return {_raw(text) for text in texts} | utf16


def _hashes(raw: bytes) -> set[bytes]:
    """Unsalted hashes: a weak secret is guessed from them."""
    digests = [hashlib.new(name, text, usedforsecurity=False) for name in ("md5", "sha1", "sha256") for text in (raw, raw + b"\n")]
    texts = {text for digest in digests for text in (digest.hexdigest(), digest.hexdigest().upper())}
    encoded = {base64.b64encode(digest.digest()) for digest in digests}
    return {text.encode() for text in texts} | encoded | {text.translate(_FOR_ADDRESSES) for text in encoded}


def _base64_forms(raw: bytes) -> set[bytes]:
    """The middle of the secret's base64 at each of the three alignments, in both alphabets: what is the same whatever stands around it."""
    forms = set()
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + raw)
        start = -(-shift * 8 // 6)
        end = (shift + len(raw)) * 8 // 6
        forms |= {padded[start:end], padded[start:end].translate(_FOR_ADDRESSES)}
    return forms


def _in_lines(form: bytes) -> bytes:
    """A pattern for base64 that may be broken into lines, also where those stand in JSON."""
    return rb"(?:\s|\\[rn])*+".join(re.escape(form[place : place + 1]) for place in range(len(form)))


def _cut_forms(raw: bytes) -> list[bytes]:
    """Patterns for the beginning and the end of a long secret beside the dots of a text that was cut there."""
    if len(raw) < 2 * _MINIMUM_CUT or b"://" in raw:
        return []
    start, end, rest = re.escape(raw[:_MINIMUM_CUT]), re.escape(raw[-_MINIMUM_CUT:]), len(raw) - _MINIMUM_CUT
    return [rb"%b[^\s.]{0,%d}(?=\s?(?:\.\.\.|\xe2\x80\xa6))" % (start, rest), rb"\.\.\.\s?[^\s.]{0,%d}?%b" % (rest, end)]
