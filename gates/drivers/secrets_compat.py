"""The compatible scan: detect-secrets' own scan of one file, finding for finding, as `detect-secrets scan -n` does it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, cast

from detect_secrets.core import scan as engine
from detect_secrets.core.potential_secret import PotentialSecret
from detect_secrets.filters import heuristic
from detect_secrets.filters.allowlist import is_line_allowlisted
from detect_secrets.settings import get_filters, get_plugins, get_settings
from detect_secrets.transformers import get_transformed_file
from detect_secrets.types import NamedIO
from detect_secrets.util.code_snippet import get_code_snippet

from gates.drivers import secrets_rules as rules
from gates.drivers.secrets_gates import Prefilter, as_data, can_be_rewritten
from gates.drivers.secrets_hits import ALLOWED, Hit, NamedText, describe, occurrences

_ALLOWLIST = "detect_secrets.filters.allowlist.is_line_allowlisted"
#: What every comment that hides something holds, and what can put it into a file as a transformer makes it.
_COMMENT = b"pragma:"


def reason_to_skip(path: str, content: bytes) -> str:
    """Why detect-secrets leaves a file out without a word; empty where it scans it."""
    if heuristic.is_non_text_file(path):
        return "detect-secrets skips files with this ending"
    if heuristic.is_lock_file(path):
        return "detect-secrets skips lock files"
    if "swagger" in path and heuristic.is_swagger_file(path):  # its pattern takes the square of a path's length
        return "detect-secrets skips files with swagger in their name"
    try:
        content.decode()
    except UnicodeDecodeError:
        return "not UTF-8: detect-secrets leaves the file out"
    return ""


def scan(path: str, content: bytes, prefilter: Prefilter | None) -> list[Hit]:
    """The findings of one file: of equal ones the first alone, as detect-secrets keeps them; and what allow-list comments hide in it."""
    if prefilter is not None and prefilter.is_clean(path, content):
        return []
    text = content.decode()
    raw = NamedText(text, path).readlines()
    can_be = prefilter is None or can_be_rewritten(path, content)
    plain = _rewritten(path, text, eager=False) if can_be else None
    lines = plain or raw
    data = as_data(plain) if plain else content
    found = list(_ask(path, lines, data, prefilter))
    if not found and can_be:
        eager = _rewritten(path, text, eager=True) or []
        found = list(_ask(path, eager, as_data(eager), prefilter))
    hits = _hits(found, raw, None)
    if plain or _COMMENT in content:
        hits += _hits(_ask_allowed(path, lines, data, prefilter), raw, ALLOWED)
    return hits


def _rewritten(path: str, text: str, *, eager: bool) -> list[str] | None:
    return get_transformed_file(cast("NamedIO", NamedText(text, path)), use_eager_transformers=eager)


def _ask(path: str, lines: list[str], data: bytes, prefilter: Prefilter | None) -> Iterator[PotentialSecret]:
    """What the engine's own loop over lines and detectors finds, without the lines and the detectors that can't."""
    for number, plugins in _asked(path, lines, data, prefilter):
        known: dict[str, Any] = {"filename": path, "line": lines[number - 1].rstrip(), "context": get_code_snippet(lines, number)}
        found = [(plugin, secret) for plugin in plugins for secret in engine._scan_line(plugin=plugin, line_number=number, **known)]
        # the engine asks this first; most lines that are asked about hold nothing, and the detectors are quicker
        if not found or engine._is_filtered_out(required_filter_parameters=["line"], **known):
            continue
        for plugin, secret in found:
            about = {**known, "filename": secret.filename, "secret": secret.secret_value, "plugin": plugin}
            if not engine._is_filtered_out(required_filter_parameters=["context"], **about):
                yield secret


def _ask_allowed(path: str, lines: list[str], data: bytes, prefilter: Prefilter | None) -> Iterator[PotentialSecret]:
    """The same for the engine's loop over the lines that comments allow, which does not filter by context, and strips what it looks at."""
    stripped = [line.rstrip() for line in lines]
    with _without_allowlist():
        for number, plugins in _asked(path, lines, data, prefilter):
            known: dict[str, Any] = {"filename": path, "line": stripped[number - 1], "context": get_code_snippet(stripped, number)}
            if not is_line_allowlisted(**known) or engine._is_filtered_out(
                required_filter_parameters=["line"], filename=path, line=known["line"]
            ):
                continue
            for plugin in plugins:
                yield from engine._scan_line(plugin=plugin, line_number=number, **known)


@contextmanager
def _without_allowlist() -> Iterator[None]:
    """The engine's filters but for the one that drops allowed lines."""
    settings = get_settings()
    filters = dict(settings.filters)
    settings.disable_filters(_ALLOWLIST)
    try:
        yield
    finally:
        settings.filters = filters
        get_filters.cache_clear()


def _asked(path: str, lines: list[str], data: bytes, prefilter: Prefilter | None) -> Iterator[tuple[int, list[Any]]]:
    if prefilter is None:
        yield from ((number, get_plugins()) for number in range(1, len(lines) + 1))
        return
    for number, names in prefilter.by_line(path, data).items():
        yield number, [plugin for plugin in get_plugins() if rules.rule_of(plugin.secret_type) in names]


def _hits(found: Iterable[PotentialSecret], raw: Sequence[str], suppressed_by: str | None) -> list[Hit]:
    first: dict[tuple[str, str], PotentialSecret] = {}
    for secret in found:
        first.setdefault((secret.type, secret.secret_hash), secret)
    lines = [line.removesuffix("\n") for line in raw] if first else []
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
