"""What a reader of a format gives back, and the checks that all readers share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from decimal import Decimal, InvalidOperation
from typing import Any

from gates import jsontext
from gates.api import Finding, GateError, Measurement, Raw, Severity, Skip
from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Folders that varied on the machine that wrote the report: each absolute path with its placeholder, such as `{root}`."""

    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def roots(self) -> tuple[str, ...]:
        """The repository's root, by all names that it had."""
        return tuple(path for path, placeholder in self.known.items() if placeholder == "{root}")

    def scrub(self, text: str) -> str:
        """A text with paths relative to the root, and placeholders for the other folders."""
        for path in sorted(self.known, key=len, reverse=True):
            if self.known[path] == "{root}":
                text = text.replace(f"{path}/", "")
            text = text.replace(path, self.known[path])
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it was read.

    `examined` names what the report itself says was looked at, one entry an item; None where it says nothing.
    `tool` and `version` are the report's own words, empty where it has none. `succeeded` is whether the report says
    that the tool came to its end: None where it does not say.
    """

    findings: tuple[Finding, ...]
    examined: tuple[str, ...] | None
    skipped: tuple[Skip, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    tool: str = ""
    version: str = ""
    succeeded: bool | None = None


def document(raw: Raw, name: str, shown: str = "") -> Any:
    """A member's JSON data, as every reader would understand it; raises `GateError` for what two readers could read differently.

    `shown` is what the file is called in the repository, where it was kept under another name.
    """
    content, shown = raw.content(name), shown or name
    try:
        data = jsontext.loads(content)
        if b"\\u" in content:  # half of a pair of code units is no text: nothing could write it again
            data = json.loads(json.dumps(data, ensure_ascii=False).encode("utf-8", "replace"))
    except RecursionError as error:
        raise GateError(
            f"{shown} is not JSON that can be read: it is nested too deeply", remedy="find out what wrote it: it may be an attack"
        ) from error
    except ValueError as error:
        raise GateError(
            f"{shown} is not JSON that can be read: {error}", remedy="the tool may have been stopped while it wrote it"
        ) from error
    return data


def objects(data: Any, key: str, where: str) -> list[dict[str, Any]]:
    """The list of objects under a key, empty where the key is missing; raises `GateError` for any other shape."""
    value = mapping(data, where).get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise GateError(f"{where}: {key!r} is not a list of objects", remedy=BROKEN)
    return value


def mapping(data: Any, where: str) -> dict[str, Any]:
    """The data as an object, empty where there is none; raises `GateError` for any other shape."""
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise GateError(f"{where} is not an object", remedy=BROKEN)
    return data


def text(value: Any) -> str:
    """A value that should be text: anything else counts as not given."""
    return value.strip() if isinstance(value, str) else ""


def severity_of_score(score: Any) -> Severity | None:
    """The severity of a CVSS score of 0 to 10 (bands of CVSS 3.1, 5), None for anything else."""
    try:
        value = Decimal(str(score).strip())
    except InvalidOperation:
        return None
    if not value.is_finite() or not 0 <= value <= 10:
        return None
    bands = ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.MEDIUM))
    return next((severity for least, severity in bands if value >= least), Severity.LOW if value > 0 else Severity.INFO)


BROKEN = "it does not follow its format; update the tool that wrote it, or report this to its authors"
