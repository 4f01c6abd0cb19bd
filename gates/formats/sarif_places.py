"""Where SARIF's results are: addresses of artifacts, resolved to paths that are relative to the repository's root."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote, urlsplit

from gates.api import Location
from gates.formats.report import Places, mapping, objects, text

_DRIVE = re.compile(r"^/?[A-Za-z]:/")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]*:")
#: `originalUriBaseIds` may refer to each other; a loop must end.
_MAX_BASES = 8
#: No file has as many lines or columns.
_MANY_LINES = 10**9


class Artifacts:
    """The files of one run. Paths outside the repository can't be told from run to run: they have none."""

    def __init__(self, run: dict[str, Any], where: str, places: Places) -> None:
        self._where = where
        self._roots = tuple(root.replace("\\", "/").rstrip("/") for root in places.roots)
        self._bases = mapping(run.get("originalUriBaseIds"), where)
        self._artifacts = objects(run, "artifacts", where)

    def targets(self) -> Iterator[str]:
        """Paths of the artifacts that the tool was told to look at (3.24.6)."""
        for artifact in self._artifacts:
            roles = artifact.get("roles")
            if isinstance(roles, list) and "analysisTarget" in roles:
                path = self._path(mapping(artifact.get("location"), self._where))
                if path:
                    yield path

    def path(self, place: dict[str, Any]) -> str | None:
        """The path of a location object, None where it has none inside the repository."""
        return self._path(mapping(self._physical(place).get("artifactLocation"), self._where))

    def location(self, result: dict[str, Any], fallback: str) -> tuple[Location, dict[str, str]]:
        """The result's first place, and what should be said of it."""
        found = objects(result, "locations", self._where)
        place = found[0] if found else {}
        physical = self._physical(place)
        artifact = mapping(physical.get("artifactLocation") or result.get("analysisTarget"), self._where)
        address = self._address(artifact)
        if address.startswith(("http://", "https://")):
            return Location(url=address), {}
        path = self._path(artifact)
        if path:
            return Location(path=path, **_lines(mapping(physical.get("region"), self._where))), {}
        outside = posixpath.basename(unquote(address).replace("\\", "/").rstrip("/"))
        if outside and outside not in {".", ".."}:
            return Location(path=outside), {"place": "outside the repository"}
        return Location(operation=self._logical(place) or fallback), {}

    def line_text(self, result: dict[str, Any]) -> str:
        """The first line of the result's snippet, stripped; empty where the tool gave none."""
        found = objects(result, "locations", self._where)
        region = mapping(self._physical(found[0]).get("region"), self._where) if found else {}
        snippet = text(mapping(region.get("snippet"), self._where).get("text"))
        return snippet.splitlines()[0].strip() if snippet else ""

    def _physical(self, place: dict[str, Any]) -> dict[str, Any]:
        return mapping(place.get("physicalLocation"), self._where)

    def _logical(self, place: dict[str, Any]) -> str:
        for item in objects(place, "logicalLocations", self._where):
            words = text(item.get("fullyQualifiedName")) or text(item.get("name"))
            if words:
                return words
        return ""

    def _address(self, artifact: dict[str, Any]) -> str:
        """The address with its bases before it, as far as the run names them."""
        index = artifact.get("index")
        if not text(artifact.get("uri")) and isinstance(index, int) and 0 <= index < len(self._artifacts):
            artifact = mapping(self._artifacts[index].get("location"), self._where)
        address = text(artifact.get("uri"))
        base = text(artifact.get("uriBaseId"))
        for _ in range(_MAX_BASES):
            if not base or _absolute(address):
                break
            entry = mapping(self._bases.get(base), self._where)
            address, base = _join(text(entry.get("uri")), address), text(entry.get("uriBaseId"))
        return address

    def _path(self, artifact: dict[str, Any]) -> str | None:
        address = self._address(artifact)
        path = _file_path(address)
        if path is None:
            return None
        if path.startswith("/") or _DRIVE.match(path):
            return self._below_root(path) or self._elsewhere(artifact)
        inside = posixpath.normpath(path)
        return None if inside == "." or inside.startswith("../") or inside == ".." else inside

    def _below_root(self, path: str) -> str | None:
        clean = posixpath.normpath(path)
        root = next((root for root in self._roots if clean.startswith(f"{root}/")), None)
        return clean[len(root) + 1 :] if root is not None else None

    def _elsewhere(self, artifact: dict[str, Any]) -> str | None:
        """A report of another machine, whose root lay elsewhere: what it gives relative to a base is relative to its root."""
        relative = _file_path(text(artifact.get("uri")))
        if not text(artifact.get("uriBaseId")) or relative is None or relative.startswith("/") or _DRIVE.match(relative):
            return None
        inside = posixpath.normpath(relative)
        return None if inside.startswith("..") or inside == "." else inside


def below_root(name: str, places: Places) -> str | None:
    """A file's name or `file:` address as a path of the repository; None for an empty one, and for what lies outside it."""
    path = _file_path(name) if name.startswith("file:") else name.replace("\\", "/")
    roots = (root.rstrip("/") for root in places.roots)
    clean = posixpath.normpath(path) if path else "."
    inside = next((clean.removeprefix(f"{root}/") for root in roots if clean.startswith(f"{root}/")), clean)
    return None if inside in {".", ".."} or inside.startswith(("/", "../")) else inside


def _absolute(address: str) -> bool:
    return address.startswith("/") or bool(_SCHEME.match(address))


def _join(base: str, address: str) -> str:
    return f"{base.rstrip('/')}/{address}" if base else address


def _file_path(address: str) -> str | None:
    """The file path that an address stands for, None for an empty one and those of other schemes."""
    plain = address.replace("\\", "/")
    if not plain:
        return None
    if _DRIVE.match(plain):
        return unquote(plain)
    try:
        parts = urlsplit(plain)
    except ValueError:  # such as a host in brackets that is none
        return None
    if parts.scheme not in {"", "file"}:
        return None
    return unquote(parts.path) or None


def _lines(region: dict[str, Any]) -> dict[str, Any]:
    """A region's lines and columns; some tools write 0 where they know none."""
    names = {"line": "startLine", "column": "startColumn", "end_line": "endLine", "end_column": "endColumn"}
    found = {name: region.get(key) for name, key in names.items()}
    return {
        name: value for name, value in found.items() if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MANY_LINES
    }
