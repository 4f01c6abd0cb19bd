"""A recorded request as a command that makes it again, without secrets and the same on every run."""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Mapping
from typing import Any

from gates.dataclass import dataclass

_LIMIT = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """How requests are shown. `address` begins every URI, and `shown` takes its place; `variables` hold headers' secrets."""

    address: str
    shown: str
    variables: Mapping[str, str]

    def command(self, request: Mapping[str, Any]) -> str:
        """A curl command for a request: its method, uri, headers (a list of values each) and body (`$base64`)."""
        words = ["curl", "-X", request["method"], shlex.quote(plain(request["uri"].replace(self.address, self.shown, 1)))]
        for name, values in sorted(request.get("headers", {}).items()):
            variable = next((self.variables[known] for known in self.variables if known.lower() == name.lower()), None)
            words += ["-H", f'"{name}: ${variable}"' if variable else shlex.quote(plain(f"{name}: {', '.join(values)}"))]
        body = base64.b64decode(request.get("body", {}).get("$base64", ""))
        if body:
            words += ["--data-binary", shlex.quote(plain(body.decode("utf-8", "replace")))]
        return _without_boundary(" ".join(words))


def plain(text: str) -> str:
    """A text that can't attack a terminal, cut where it is long."""
    shown = "".join(letter if letter.isprintable() else letter.encode("unicode_escape", "replace").decode() for letter in text)
    return shown if len(shown) <= _LIMIT else f"{shown[:_LIMIT]}…"


def _without_boundary(command: str) -> str:
    """The parts of a form are divided by random text: a word that is always the same stands in its place."""
    found = re.search(r"boundary=([\w-]+)", command)
    return command.replace(found[1], "BOUNDARY") if found else command
