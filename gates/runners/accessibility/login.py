"""The session that pages behind a login are visited with: what a program of the project gives, once a run."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gates.api import GateError, ObserveContext, Site, ToolResult, ToolTimeoutError
from gates.formats.storage_state import State, read_state
from gates.runners.accessibility.options import Login

#: A state of more than this is none.
_LIMIT = 4 * 2**20
#: What may be a secret that nobody knows by then, in the words of a program that failed: a header, what is assigned to a name, a token.
_HEADER = re.compile(r"(?i)\b((?:set-)?cookie|authorization)(\s*:).*")
_ASSIGNED = re.compile(r"(?i)([\w-]*(?:cookie|session|token|secret|auth|passw|key)[\w-]*(?:=|[\"']\s*:\s*))[^\s,;}]+")
_TOKEN = re.compile(r"(?=[\w+=-]*\d)[\w+=-]{16,}")


def signed_in(context: ObserveContext, login: Login, site: Site, given: Mapping[str, str], pages: Iterable[str]) -> dict[str, Any]:
    """What the driver is told of the session. Every value of it is masked from here on. Raises `GateError` where there is none.

    `given` are the variables that the program gets besides; `pages` are the policy's own words, which are no secrets.
    """
    context.report_progress("signing in")
    file = context.scratch / "login" / "state.json"
    file.parent.mkdir()
    words = [
        word.replace("{url}", site.address).replace("{state}", str(file)).replace("{python}", context.python) for word in login.command
    ]
    done = _run(context, [context.program(words[0]), *words[1:]], login, {**given, "GATES_BASE_URL": site.address})
    content = _content(login, done, _read(file))
    if done.exit_code != 0:
        with contextlib.suppress(GateError):
            _add_secrets(context, read_state(content), site, pages)
        raise GateError(
            f"the program of `login` ended with {done.exit_code}: {_words(done)}",
            remedy="run it by hand while the application runs, with its address in GATES_BASE_URL",
        )
    if not content.strip() or len(content) > _LIMIT:
        raise GateError(
            f"the program of `login` gave {'no state' if not content.strip() else f'a state of more than {_LIMIT // 2**20} MiB'}",
            remedy="let it print the storage state and nothing else, or write it to a file that its `command` names with {state}",
        )
    state = read_state(content)
    _add_secrets(context, state, site, pages)
    return {"proof": login.proof, "cookies": list(state.cookies), "origins": state.origins, "remedy": _remedy(state, site)}


def _run(context: ObserveContext, words: list[str], login: Login, environment: Mapping[str, str]) -> ToolResult:
    try:
        # Not kept: what it prints is the session.
        return context.run_tool(words, tool="login", env=environment, timeout=float(login.timeout), keep_output=False)
    except ToolTimeoutError as error:
        raise ToolTimeoutError(
            "the program of `login` did not end in time and was stopped",
            remedy="find out what it waits for, or allow it more time with `login.timeout`",
        ) from error


def _read(file: Path) -> bytes:
    """What the program wrote, which no other program needs from here on."""
    if not file.is_file():
        return b""
    with file.open("rb") as stream:
        content = stream.read(_LIMIT + 1)
    file.unlink()
    return content


def _content(login: Login, done: ToolResult, written: bytes) -> bytes:
    """The state, from where the command says that it is."""
    return written if any("{state}" in word for word in login.command) else done.stdout


def _add_secrets(context: ObserveContext, state: State, site: Site, pages: Iterable[str]) -> None:
    known = (site.address, *pages)
    for secret in state.secrets():
        if not any(secret in text for text in known):
            context.add_secret(secret, "session")


def _words(done: ToolResult) -> str:
    """Its last words on standard error, without what may be of a session: the state that it did not give is not known."""
    if not done.stderr.strip():
        return "it printed nothing on standard error"
    words = replace(done, stdout=b"").last_words()
    return _TOKEN.sub("…", _ASSIGNED.sub(r"\1…", _HEADER.sub(r"\1\2 …", words)))


def _remedy(state: State, site: Site) -> str:
    if not state.fits(site.address):
        return "the state that `login` gave is for another host or port than the pages are at: let the program sign in at GATES_BASE_URL"
    return (
        "see that the program of `login` signs in, to a session that has not ended; `login.proof` must be there for all who are signed in"
    )
