"""Runs detect-secrets on a list of files. Its standard output holds secrets: it is for the gate's eyes alone.

usage: secrets_driver.py REQUEST

REQUEST is a JSON file: `{"root", "files", "mode", "baseline", "accepted"}`; `baseline` is the path of detect-secrets' baseline
below the root, `accepted` where to read it. Answers one JSON document: the detectors and filters in force, what the canary
gave, and for each file its hits, or why it was not examined. Nothing is ever verified over the network.
"""

from __future__ import annotations

import dataclasses
import hashlib
import importlib
import json
import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates.drivers.secrets_offline import offline

with offline():
    from detect_secrets.core.plugins.util import get_mapping_from_secret_type_to_class
    from detect_secrets.settings import get_filters, get_plugins, get_settings

    from gates.drivers import secrets_canary, secrets_compat, secrets_rules, secrets_strict, secrets_text
    from gates.drivers.secrets_hits import Hit
    from gates.drivers.secrets_strict import Detectors

    # Both would be imported only when they are asked for.
    importlib.import_module("detect_secrets.filters.common")
    CLASSES: Mapping[str, type] = get_mapping_from_secret_type_to_class()

#: The engine takes about two seconds for a MiB, and several times as long where it is one line.
LARGEST = 32 * 2**20
Baseline = frozenset[tuple[str, str, str]]
#: How a file begins whose content git-lfs keeps elsewhere.
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
IN_LFS = "its content is in Git LFS and not here"


def main(request_path: str) -> int:
    request = json.loads(Path(request_path).read_text("utf-8"))
    settings = get_settings()
    settings.configure_plugins([{"name": detector.__name__} for detector in CLASSES.values()])
    plugins = sorted(get_plugins(), key=lambda plugin: str(plugin.secret_type))
    answer: dict[str, Any] = {
        "detectors": [secrets_rules.rule_of(plugin.secret_type) for plugin in plugins],
        "filters": sorted(filter_.__name__ for filter_ in get_filters()),
        "verifies": any("verification" in name for name in settings.filters),
    }
    detectors = Detectors.sort(plugins)
    strict = request["mode"] == "strict"
    answer["own_detectors"] = sorted({rule for rule, _ in secrets_rules.OWN_RULES}) if strict else []
    answer["canary"] = _canary(detectors, strict)
    os.chdir(request["root"])
    narrowed = _narrowed(request["files"], request["baseline"]) if strict else {}
    found = _scan_strict(request["files"], detectors, narrowed) if strict else _scan_compat(request["files"], request["baseline"])
    baseline = _read_baseline(request["accepted"])
    names = "\n".join(request["files"])
    answer["files"] = [
        {
            "path": path,
            "skipped": reason,
            "narrowed": bool(narrowed.get(path)),
            "filtered": dict(filtered),
            "hits": [_plain(hit, path, names, baseline) for hit in hits],
        }
        for path, reason, filtered, hits in found
    ]
    json.dump(answer, sys.stdout)
    return 0


Scanned = tuple[str, str, Counter[str], list[Hit]]


def _narrowed(files: list[str], baseline: str) -> dict[str, frozenset[str]]:
    """The rules that each file is not searched by. A baseline is full of hashes and of words such as secret."""
    return {path: secrets_rules.GENERIC if path == baseline else secrets_rules.left_out(path) for path in files}


def _scan_strict(files: list[str], detectors: Detectors, narrowed: Mapping[str, frozenset[str]]) -> list[Scanned]:
    return [_strict(path, detectors, narrowed[path]) for path in files]


def _strict(path: str, detectors: Detectors, left_out: frozenset[str] = frozenset()) -> Scanned:
    try:
        if Path(path).stat().st_size > LARGEST:
            return path, f"larger than {LARGEST // 2**20} MiB", Counter(), []
        content = Path(path).read_bytes()
    except OSError as error:
        return path, f"can't be read: {error.strerror}", Counter(), []
    readings = secrets_text.readings(content)
    if not readings:
        return path, "binary", Counter(), []
    scan = secrets_strict.scan_readings(path, readings, detectors, left_out)
    return path, IN_LFS if content.startswith(LFS_POINTER) else scan.trouble, scan.filtered, scan.hits


def _scan_compat(files: list[str], baseline: str) -> list[Scanned]:
    """Two rounds: what detect-secrets finds, then what comments hide from it (which changes its settings)."""
    skipped: dict[str, str] = dict.fromkeys(files, "detect-secrets leaves its own baseline out")
    hits: dict[str, list[Hit]] = {path: [] for path in files}
    for path in files:
        if path != baseline:
            _attempt(path, secrets_compat.scan, hits, skipped)
    for path in files:
        if not skipped[path]:
            _attempt(path, secrets_compat.scan_allowed, hits, skipped)
    return [(path, skipped[path] or _elsewhere(path), Counter(), hits[path]) for path in files]


def _elsewhere(path: str) -> str:
    """Why the content of a file that was searched is not here; empty where it is."""
    with Path(path).open("rb") as file:
        return IN_LFS if file.read(len(LFS_POINTER)) == LFS_POINTER else ""


def _attempt(path: str, scan: Any, hits: dict[str, list[Hit]], skipped: dict[str, str]) -> None:
    try:
        skipped[path] = secrets_compat.reason_to_skip(path)
        if not skipped[path]:
            hits[path] += scan(path)
    except OSError as error:
        skipped[path] = f"can't be read: {error.strerror}"
    except Exception as error:  # what breaks on one file must not end the scan of the others
        skipped[path] = f"detect-secrets broke on it ({type(error).__name__})"


def _canary(detectors: Detectors, strict: bool) -> list[str]:
    """The planted samples that were found, by the same way as the project's files go."""
    Path(secrets_canary.PATH).write_text(secrets_canary.text(strict), "utf-8")
    hits = _strict(secrets_canary.PATH, detectors)[3] if strict else secrets_compat.scan(secrets_canary.PATH)
    return secrets_canary.seen(hits, strict)


def _read_baseline(path: str) -> Baseline:
    """(file, type, hash) of what an existing baseline accepts. Its detectors and filters are not used."""
    if not path:
        return frozenset()
    results = json.loads(Path(path).read_text("utf-8"))["results"]
    return frozenset((name, item["type"], item["hashed_secret"]) for name, items in results.items() for item in items)


def _plain(hit: Hit, path: str, names: str, baseline: Baseline) -> dict[str, Any]:
    known = any((path, kind, _sha1(value)) in baseline for kind, value in hit.engine)
    values = hit.pieces if hit.rule == "private-key" else [hit.value, *hit.pieces]
    why = {value: secrets_text.why_unsearched(value, names) for value in values}
    plain = dataclasses.asdict(hit)
    for key in ("source", "engine", "pieces"):
        del plain[key]
    return {
        **plain,
        "shape": secrets_text.shape(hit.engine[0][1] if hit.engine and hit.rule in secrets_rules.GENERIC else hit.value),
        "suppressed_by": hit.suppressed_by or (".secrets.baseline" if known else None),
        "secrets": [value for value in values if not why[value]],
        "unsearched": sorted({reason for reason in why.values() if reason}),
    }


def _sha1(value: str) -> str:
    """detect-secrets' own hash of a value."""
    return hashlib.sha1(value.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1]))
