"""Statements that an advisory does not affect the project (VEX): which files hold them, and what they say of a finding."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from gates.api import GateError, ObserveContext, Raw
from gates.dataclass import dataclass
from gates.formats import vex
from gates.formats.vex import Package, Statement

#: Which files of the repository were kept, and as which members.
KEPT = "vex.json"
MAX_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What the statements say of one finding: `suppressed_by` where it counts no more, else what keeps it, and what to do about that."""

    suppressed_by: str | None = None
    kept_by: str = ""
    remedy: str = ""


# -- the first half


def keep(context: ObserveContext, paths: Sequence[str]) -> None:
    """Keep the files as they stand where the policy is from. Raises `GateError` for one that is not there, and for what is no file."""
    found = sorted({pair for path in paths for pair in _files(context, path)})
    kept = [{"path": path, "member": f"vex-{number}.json"} for number, (path, _) in enumerate(found, 1)]
    for entry, (path, file) in zip(kept, found, strict=True):
        context.raw_bytes(entry["member"], _content(path, Path(file)))
    context.raw_json(KEPT, {"files": kept})


def _files(context: ObserveContext, path: str) -> Iterator[tuple[str, str]]:
    """A file, or all that end in `.json` in a folder: by the name in the policy, and where each stands."""
    place, name = context.steering(path), posixpath.normpath(path)
    if place.is_file():
        yield name, str(place)
    elif place.is_dir():
        yield from _below(place, name)
    elif not path.endswith("/"):
        raise GateError(
            f"there is no VEX file {path!r}",
            remedy="mend `vex`: it names files, and folders as `folder/`, which may be empty; globs are not read",
        )


def _below(folder: Path, name: str) -> Iterator[tuple[str, str]]:
    """Raises for a link: what it leads to may change, and the folder stays what it was."""
    for current, folders, names in os.walk(folder):
        folders[:] = sorted(each for each in folders if each != ".git")
        for each in sorted((*folders, *names)):
            path = Path(current, each)
            shown = posixpath.join(name, path.relative_to(folder).as_posix())
            if path.is_symlink():
                raise GateError(f"{shown} is a link in a folder of VEX files", remedy="copy what it leads to into the folder")
            if path.is_file() and each.lower().endswith(".json"):
                yield shown, str(path)


def _content(name: str, file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise GateError(f"{name} can't be read: {error.strerror}", remedy="let whoever runs the gate read it") from error
    if len(content) > MAX_BYTES:
        raise GateError(f"{name} is larger than {MAX_BYTES // 2**20} MiB", remedy="keep only statements about this project in it")
    return content


# -- the second half


def read(raw: Raw) -> tuple[Statement, ...] | None:
    """The statements of all files; None where the policy names none. Raises `GateError` for what can't be read as VEX."""
    if KEPT not in raw:
        return None
    return tuple(statement for file in raw.json(KEPT)["files"] for statement in vex.read(raw, file["member"], file["path"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What VEX files say. `declared` has the names of all that the project depends on, as PEP 503 has them."""

    held: tuple[Statement, ...] = ()
    declared: frozenset[str] = frozenset()

    def about(self, package: Mapping[str, str], advisory: Iterable[str]) -> tuple[Statement, ...]:
        """The statements about an advisory, by any of its names, in a package (`name`, `version`).

        One about the use of the package by another that the project depends on is none about the project.
        """
        names = {name.lower() for name in advisory}
        known = [statement for statement in self.held if names & statement.vulnerabilities]
        return tuple(statement for statement in known if any(self._is_about(each, package) for each in statement.packages))

    def _is_about(self, said: Package, package: Mapping[str, str]) -> bool:
        return _is_of(said, package) and said.version in ("", package["version"]) and said.used_by not in self.declared

    def weigh(self, package: Mapping[str, str], advisory: Iterable[str]) -> Word:
        """What they come to for a finding: it is suppressed where the last word of every author is that it is no problem."""
        standing = _last_words(self.about(package, advisory))
        if not standing:
            return Word()
        against = next((statement for statement in standing if not _settles(statement, package)), None)
        if against is None:
            return _suppressing(standing[0])
        return _keeping(against, disputed=any(_settles(statement, package) for statement in standing))


def _is_of(said: Package, package: Mapping[str, str]) -> bool:
    return said.name == vex.normalized(package["name"])


def _settles(statement: Statement, package: Mapping[str, str]) -> bool:
    """Whether by itself it says that there is no problem: and why, or that this very version has been mended."""
    if statement.status == vex.FIXED:
        return any(_is_of(each, package) and each.version == package["version"] for each in statement.packages)
    return statement.status == vex.NOT_AFFECTED and bool(statement.reason)


def _suppressing(statement: Statement) -> Word:
    author = statement.path if statement.author == statement.path else f"{statement.author} ({statement.path})"
    return Word(suppressed_by=", ".join(filter(None, (f"vex: {statement.word}", statement.reason, author))))


def _keeping(statement: Statement, *, disputed: bool) -> Word:
    """The word of a statement that keeps a finding, and what to do where more was meant by it, or by another."""
    said = f"{statement.place}: {statement.word}"
    if statement.status == vex.NOT_AFFECTED:
        said, remedy = f"{said} without saying why", f"say why in {statement.place} (`justification`)"
    elif statement.status == vex.FIXED:
        said, remedy = f"{said} without a version", f"name the version in {statement.place}"
    else:
        return Word(
            kept_by=said, remedy=f"or settle it with the author of {statement.place}, which says {statement.word}" if disputed else ""
        )
    return Word(kept_by=f"{said}, which suppresses nothing", remedy=f"or {remedy}: as it stands it suppresses nothing")


def _last_words(found: Sequence[Statement]) -> list[Statement]:
    """The latest of each author's, and all that have no date: nobody knows whether they were taken back."""
    latest: dict[str, datetime] = {}
    for statement in found:
        if statement.made is not None:
            latest[statement.author] = max(latest.get(statement.author, statement.made), statement.made)
    return [statement for statement in found if statement.made is None or statement.made == latest[statement.author]]
