"""The compatible scan: detect-secrets' own scan of one file, finding for finding, as `detect-secrets scan -n` does it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.core.scan import scan_file, scan_for_allowlisted_secrets_in_file
from detect_secrets.filters import heuristic
from detect_secrets.settings import get_plugins

from gates.drivers import secrets_rules as rules
from gates.drivers.secrets_hits import ALLOWED, Hit, describe, occurrences


def reason_to_skip(path: str) -> str:
    """Why detect-secrets leaves a file of the current folder out without a word; empty where it scans it."""
    if heuristic.is_non_text_file(path):
        return "detect-secrets skips files with this ending"
    if heuristic.is_lock_file(path):
        return "detect-secrets skips lock files"
    if heuristic.is_swagger_file(path):
        return "detect-secrets skips files with swagger in their name"
    try:
        Path(path).read_text("utf-8")
    except UnicodeDecodeError:
        return "not UTF-8: detect-secrets leaves the file out"
    return ""


def scan(path: str) -> list[Hit]:
    """The findings of one file: of equal ones the first alone, as detect-secrets keeps them."""
    return _hits(path, scan_file(path), None)


def scan_allowed(path: str) -> list[Hit]:
    """What allow-list comments hide in one file. Changes detect-secrets' settings: call it after all scans."""
    return _hits(path, scan_for_allowlisted_secrets_in_file(path), ALLOWED)


def _hits(path: str, found: Iterable[PotentialSecret], suppressed_by: str | None) -> list[Hit]:
    first: dict[tuple[str, str], PotentialSecret] = {}
    for secret in found:
        first.setdefault((secret.type, secret.secret_hash), secret)
    lines = Path(path).read_text("utf-8").split("\n") if first else []
    hits = [_hit(secret, lines, suppressed_by) for secret in first.values()]
    describe(hits, lines)
    return hits


def _hit(secret: PotentialSecret, lines: Sequence[str], suppressed_by: str | None) -> Hit:
    line = lines[secret.line_number - 1] if 0 < secret.line_number <= len(lines) else ""
    plugin = next(plugin for plugin in get_plugins() if plugin.secret_type == secret.type)
    column, value = occurrences(plugin, str(secret.secret_value), line)[0]
    return Hit(
        rule=rules.rule_of(secret.type),
        line=secret.line_number,
        column=column,
        value=value,
        text=line,
        engine=[(secret.type, str(secret.secret_value))],
        suppressed_by=suppressed_by,
    )
