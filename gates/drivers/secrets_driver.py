"""Runs detect-secrets on a list of files. Its standard output holds secrets: it is for the gate's eyes alone.

usage: secrets_driver.py REQUEST

REQUEST is a JSON file: `{"root", "files", "names", "mode", "baseline", "accepted"}`; `names` are those of all files of the project,
`baseline` is the path of detect-secrets' baseline below the root, `accepted` where to read it.

Answers one JSON document: the detectors and filters in force, what the canary
gave, the clean files, and for each other file its hits, or why it was not examined. Nothing is ever verified over the network.

detect-secrets is loaded when there is a line to ask it about: what the gates of `secrets_gates` do not name is proven clean.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from gates.drivers import secrets_canary, secrets_gates, secrets_rules
from gates.drivers.secrets_gates import BlindError, Prefilter

if TYPE_CHECKING:
    from types import ModuleType

    from gates.drivers.secrets_hits import Hit

#: A line that a detector must be asked about costs as much as a MiB without one, and more the longer it is.
LARGEST = 32 * 2**20
Baseline = frozenset[tuple[str, str, str]]
#: How a file begins whose content git-lfs keeps elsewhere.
LFS_POINTER = b"version https://git-lfs.github.com/spec/"
IN_LFS = "its content is in Git LFS and not here"
_MARKS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


class Scanned(NamedTuple):
    """What became of one file: why it was not examined, what each filter took for something else, and its hits."""

    skipped: str = ""
    filtered: Mapping[str, int] = {}
    hits: list[Hit] = []  # noqa: RUF012 (never changed)


class Scanner:
    """The scan of one file after the other. What it says of a file follows from its content, its path and the mode alone.

    `prefilter` is None where there is none: then every line is asked.
    """

    def __init__(self, *, strict: bool, baseline: str = "") -> None:
        self.strict = strict
        self.prefilter = Prefilter(strict=strict) if secrets_gates.is_usable() else None
        self._baseline = baseline
        #: What the canary gave: the gates that named its samples, and the samples that detect-secrets found, once it was asked at all.
        self.gated = secrets_canary.gated(self.prefilter, strict) if self.prefilter is not None else []
        self.canary: list[str] = []

    @cached_property
    def engine(self) -> ModuleType:
        """detect-secrets, loaded when there is something to ask it, and asked about the canary first."""
        from gates.drivers import secrets_engine

        secrets_engine.detectors()
        vars(self)["engine"] = secrets_engine
        sample = self._scan(secrets_canary.PATH, secrets_canary.text(self.strict).encode(), frozenset())
        self.canary = secrets_canary.seen(sample.hits, self.strict)
        return secrets_engine

    def about(self) -> dict[str, Any]:
        """The detectors and filters that were in force, and what the canary gave.

        Without gates detect-secrets is asked in any case. Where gates named no line of the project it has had no part in the answer.
        """
        if self.prefilter is None:
            self.engine  # noqa: B018 (loads it)
        engine = vars(self).get("engine")
        return {
            "prefilter": self.prefilter is not None,
            "gated": self.gated,
            "asked": engine is not None,
            "detectors": engine.rules() if engine else [secrets_rules.ENGINE_RULES[kind] for kind in sorted(secrets_rules.ENGINE_RULES)],
            "own_detectors": sorted({rule for rule, _ in secrets_gates.OWN_GATES}) if self.strict else [],
            "filters": engine.filters() if engine else [],
            "verifies": bool(engine and engine.verifies()),
            "canary": self.canary,
        }

    def file(self, path: str) -> Scanned:
        """The scan of a file of the current folder."""
        try:
            with open(path, "rb") as file:
                if os.fstat(file.fileno()).st_size > LARGEST and self.strict:
                    return Scanned(f"larger than {LARGEST // 2**20} MiB")
                content = file.read()
        except OSError as error:
            return Scanned(f"can't be read: {error.strerror}")
        return self.content(path, content)

    def content(self, path: str, content: bytes) -> Scanned:
        """The scan of a file's content."""
        if path == self._baseline and not self.strict:
            return Scanned("detect-secrets leaves its own baseline out")
        scanned = self._scan(path, content, self.narrowed(path))
        return scanned._replace(skipped=IN_LFS) if content.startswith(LFS_POINTER) and not scanned.skipped else scanned

    def _scan(self, path: str, content: bytes, left_out: frozenset[str]) -> Scanned:
        scan = self._strict if self.strict else self._compat
        try:
            return scan(path, content, left_out, self.prefilter)
        except BlindError:
            return scan(path, content, left_out, None)

    def narrowed(self, path: str) -> frozenset[str]:
        """The rules that a file is not searched by. A baseline is full of hashes and of words such as secret."""
        if not self.strict:
            return frozenset()
        return secrets_rules.GENERIC if path == self._baseline else secrets_rules.left_out(path)

    def _strict(self, path: str, content: bytes, left_out: frozenset[str], prefilter: Prefilter | None) -> Scanned:
        if _is_plain(content):
            if prefilter is not None and prefilter.is_clean(path, content, rewritten=not left_out):
                return Scanned()
            readings: tuple[str, ...] = (content.decode(),)
        else:
            from gates.drivers import secrets_text

            readings = secrets_text.readings(content)
            if not readings:
                return Scanned("binary")
            data = (reading.encode("utf-8", "surrogatepass") for reading in readings)
            if prefilter is not None and all(prefilter.is_clean(path, item, rewritten=not left_out) for item in data):
                return Scanned()
        scan = self.engine.secrets_strict.scan_readings(path, readings, self.engine.detectors(), left_out, prefilter)
        return Scanned(scan.trouble, dict(scan.filtered), scan.hits)

    def _compat(self, path: str, content: bytes, _: frozenset[str], prefilter: Prefilter | None) -> Scanned:
        reason = self.engine.secrets_compat.reason_to_skip(path, content)
        if reason:
            return Scanned(reason)
        try:
            return Scanned(hits=self.engine.secrets_compat.scan(path, content, prefilter))
        except BlindError:
            raise
        except Exception as error:  # what breaks on one file must not end the scan of the others
            return Scanned(f"detect-secrets broke on it ({type(error).__name__})")


def _is_plain(content: bytes) -> bool:
    """Whether a file is UTF-8 without a mark and without NULs: then its one reading is what it holds."""
    if b"\0" in content or content.startswith(_MARKS):
        return False
    try:
        return content.isascii() or content.decode() is not None
    except UnicodeDecodeError:
        return False


def main(request_path: str) -> int:
    request = json.loads(Path(request_path).read_text("utf-8"))
    strict = request["mode"] == "strict"
    scanner = Scanner(strict=strict, baseline=request["baseline"])
    os.chdir(request["root"])
    found = {path: scanner.file(path) for path in request["files"]}
    answer = scanner.about()
    baseline = _read_baseline(request["accepted"])
    names = "\n".join(request["names"])
    narrowed = {path: bool(scanner.narrowed(path)) for path in found}
    answer["clean"] = [path for path, scanned in found.items() if scanned == Scanned() and not narrowed[path]]
    clean = set(answer["clean"])
    answer["files"] = [
        {
            "path": path,
            "skipped": scanned.skipped,
            "narrowed": narrowed[path],
            "filtered": scanned.filtered,
            "hits": [_plain(hit, path, names, baseline) for hit in scanned.hits],
        }
        for path, scanned in found.items()
        if path not in clean
    ]
    sys.stdout.write(json.dumps(answer))  # `dump` would write it piece by piece, and slowly
    return 0


def _read_baseline(path: str) -> Baseline:
    """(file, type, hash) of what an existing baseline accepts. Its detectors and filters are not used."""
    if not path:
        return frozenset()
    results = json.loads(Path(path).read_text("utf-8"))["results"]
    return frozenset((name, item["type"], item["hashed_secret"]) for name, items in results.items() for item in items)


def _plain(hit: Hit, path: str, names: str, baseline: Baseline) -> dict[str, Any]:
    import dataclasses

    from gates.drivers import secrets_text

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
