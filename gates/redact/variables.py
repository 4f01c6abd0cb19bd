"""Which variables of the environment hold secrets, and what children may see of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

_SECRET_NAME = re.compile(
    r"(?i)(token|secret|passw|passphrase|pass$|(^|_)pass_|pwd$|(^|_)creds?($|_)|(^|_)pat$|api_?key|access_?key|private|credential"
    r"|auth(?!ors?(_|$))|signing|signature|session|cookie|jwt|dsn$|connection_?string|webhook|_b(ase)?64$"
    r"|(^|_)(keys?|pat|pass|pw)\d*($|_(?!(path|file|dir|ids?|names?|length|size|url|type|layout|alg(orithm)?)(_|$))))"
)
#: A user and a password in an address. A password that is a plain word can't be masked: it stands in ordinary text.
_LOGIN = re.compile(r"://(?P<login>[^\s/?#@:]*:(?!(?:[A-Z]?[a-z]{0,15}|[A-Z]{1,16})@)(?P<password>[^\s/?#@]+)@)")
_LONGEST_NAME = 100
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


def secrets_of(environment: Mapping[str, str]) -> dict[str, frozenset[str]]:
    """Every secret value of an environment, and the rules by which it is one: `env:NAME`, or `login:NAME` for one in an address.

    These are the values of secret-looking variables, and the passwords in the addresses that other variables hold.
    """
    found: dict[str, frozenset[str]] = {}
    for name, value in environment.items():
        for rule, secret in _secrets_in(name, value):
            found[secret] = found.get(secret, frozenset()) | {rule}
    return found


def secret_values(environment: Mapping[str, str]) -> set[str]:
    """The values of `secrets_of`."""
    return set(secrets_of(environment))


def rule_of(name: str) -> str:
    """The rule that a variable's value is a secret by. What no variable's name has is left out, and so is the rest of a long one."""
    return f"env:{_shown(name)}"


def _secrets_in(name: str, value: str) -> Iterator[tuple[str, str]]:
    for match in _LOGIN.finditer(value):
        for secret in (match["login"], match["password"], unquote(match["password"])):
            yield f"login:{_shown(name)}", secret
    if value and is_secret_name(name):
        yield rule_of(name), value


def _shown(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "?", name)[:_LONGEST_NAME]
