"""Secrets out of everything that is written: what gates found, and the values of secret-looking variables."""

from __future__ import annotations

import base64
import html
import json
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, quote_plus, unquote

MASK = b"[redacted]"
#: Shorter values also stand in ordinary text by chance: they can't be searched for everywhere.
MINIMUM_LENGTH = 8
#: A line of a longer secret, such as a private key, is searched for by itself from this length.
_MINIMUM_LINE = 16

_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|passphrase|pass$|(^|_)pass_|pwd$|(^|_)creds?($|_)|(^|_)pat$|api_?key|access_?key|private|credential"
    r"|auth(?!ors?(_|$))|signing|signature|session|cookie|jwt|dsn$|_key$|^key$|connection_?string|webhook)"
)
#: A user and a password in an address. A password that is a plain word can't be masked: it stands in ordinary text.
_LOGIN = re.compile(r"://(?P<login>[^\s/?#@:]*:(?![A-Za-z]+@)(?P<password>[^\s/?#@]+)@)")
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
    """What engines and the project's code get: everything but secrets and the runner's command files."""
    return {name: value for name, value in environment.items() if not is_secret_name(name) and not _COMMAND_NAME.match(name)}


def secret_values(environment: Mapping[str, str]) -> set[str]:
    """Values of secret-looking variables, and the passwords in the addresses that other variables hold."""
    logins = [match for value in environment.values() for match in _LOGIN.finditer(value)]
    passwords = {text for match in logins for text in (match["login"], match["password"], unquote(match["password"]))}
    return passwords | {value for name, value in environment.items() if value and is_secret_name(name)}


class Redactor:
    """Masks a set of secrets, as they are and in the encodings that tools write: JSON, HTML, URL, hex and base64."""

    def __init__(self, secrets: Iterable[str]) -> None:
        parts = {part for secret in secrets for part in _parts(secret)}
        forms = {form for part in parts for form in _forms(part)}
        self._pattern = (
            re.compile(b"|".join(re.escape(form) for form in sorted(forms, key=lambda form: (-len(form), form)))) if forms else None
        )

    def redact(self, content: bytes) -> bytes:
        return self._pattern.sub(MASK, content) if self._pattern else content

    def text(self, text: str) -> str:
        return self.redact(text.encode("utf-8", "replace")).decode("utf-8", "replace") if self._pattern else text

    def finds(self, content: bytes) -> bool:
        """Whether a secret stands in the content."""
        return self._pattern is not None and self._pattern.search(content) is not None


def _parts(secret: str) -> set[str]:
    """A secret as it is, without the white space around it (such as a file's last newline), and its long lines one by one."""
    lines = {line.strip() for line in secret.splitlines() if "-----" not in line}
    whole = {part for part in (secret, secret.strip()) if len(part) >= MINIMUM_LENGTH}
    return whole | {line for line in lines if len(line) >= _MINIMUM_LINE}


def _forms(secret: str) -> set[bytes]:
    raw = secret.encode("utf-8", "surrogateescape")
    texts = {
        secret,
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
        html.escape(secret, quote=False),
        quote(secret, safe="", errors="surrogateescape"),
        quote_plus(secret, errors="surrogateescape"),
        raw.hex(),
        raw.hex().upper(),
    }
    return {text.encode("utf-8", "surrogateescape") for text in texts} | {
        form for form in _base64_forms(raw) if len(form) >= MINIMUM_LENGTH
    }


def _base64_forms(raw: bytes) -> set[bytes]:
    """The middle of the secret's base64 at each of the three alignments, in both alphabets: what is the same whatever stands around it."""
    forms = set()
    for shift in range(3):
        padded = base64.b64encode(b"\0" * shift + raw)
        start = -(-shift * 8 // 6)
        end = (shift + len(raw)) * 8 // 6
        forms |= {padded[start:end], padded[start:end].translate(bytes.maketrans(b"+/", b"-_"))}
    return forms
