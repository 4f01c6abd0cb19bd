"""Finds a policy file and everything that it extends, lowest precedence first."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable
from importlib import resources
from pathlib import Path

from gates import canonical
from gates.errors import PolicyError, Problem
from gates.model import PolicySource
from gates.policy.compose import SHIPPED
from gates.policy.reader import read, suggest
from gates.policy.syntax import MAX_BYTES, Place, problem

NAMES = ("baseline", "strict", "regulated")

#: What the evidence calls the policy that all files make together.
EFFECTIVE = "effective.json"
#: What evidence can carry as a member's name.
_NAME = re.compile(r"[A-Za-z0-9._/@-]{1,180}")

#: The bytes of a file by its path in the repository, None where there is none.
ReadFile = Callable[[str], bytes | None]


def collect(root: Path, path: Path) -> tuple[PolicySource, ...]:
    """The policy file at `path` and all that it extends, from the working tree at `root`. Lowest precedence first.

    `path` is absolute, or relative to `root`, and lies in the repository. Sources are named as in the evidence:
    `shipped/baseline.yaml`, or the path in the repository. Raises `PolicyError`.
    """
    top = root.resolve()
    try:
        name = (top / path).resolve().relative_to(top).as_posix()
    except ValueError:
        wrong = problem(f"{path} lies outside the repository", Place(str(path)), "a policy is part of what is judged: keep it inside")
        raise PolicyError((wrong,)) from None
    return collect_from(name, lambda member: _read_inside(top, member))


def collect_text(root: Path, name: str, text: str) -> tuple[PolicySource, ...]:
    """The same for a policy that stands in no file yet, as though `text` were the file `name` of the working tree."""
    top = root.resolve()
    return collect_from(name, lambda member: text.encode() if member == name else _read_inside(top, member))


def collect_from(name: str, read_file: ReadFile) -> tuple[PolicySource, ...]:
    """The same for any tree of files, such as a commit's: `read_file` gives the bytes of a path in the repository."""
    search = _Search(read_file)
    search.take(name, Place(name), ())
    if search.problems:
        reading = [wrong for source in search.found.values() for wrong in read(source).problems]
        raise PolicyError((*search.problems, *reading))
    return tuple(search.found.values())


def shipped(name: str) -> PolicySource:
    """A policy that comes with Quality Gates; raises `KeyError` for any other name."""
    if name not in NAMES:
        raise KeyError(name)
    package = resources.files("gates")
    inside = package / "policies" / f"{name}.yaml"
    # An editable checkout has them beside the package.
    content = inside.read_bytes() if inside.is_file() else (Path(str(package)).parent / "policies" / f"{name}.yaml").read_bytes()
    return _source(f"{SHIPPED}{name}.yaml", content)


def _source(name: str, content: bytes) -> PolicySource:
    return PolicySource(name=name, content=content, sha256=canonical.sha256(content))


def _read_inside(top: Path, name: str) -> bytes | None:
    """A file's bytes, cut just past what a policy may have; None where it is missing or a link leads out of the repository."""
    path = (top / name).resolve()
    if not path.is_file() or not path.is_relative_to(top):
        return None
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES + 1)


class _Search:
    """Follows `extends` depth first; a file that is reached twice keeps its first, lowest place."""

    def __init__(self, read_file: ReadFile) -> None:
        self.found: dict[str, PolicySource] = {}
        self.problems: list[Problem] = []
        self._read_file = read_file

    def take(self, name: str, where: Place, within: tuple[str, ...]) -> None:
        """Add a file of the repository after all that it extends. `within` are the files that led here."""
        if name in within:
            chain = " → ".join((*within[within.index(name) :], name))
            self._say(f"policies extend each other in a circle: {chain}", where, "remove one of these `extends`")
        elif name in self.found:
            return
        elif not _NAME.fullmatch(name) or name.startswith((SHIPPED, "@")) or name == EFFECTIVE:
            help = (
                "use letters, digits and `.`, `_`, `-`, `/`, `@` not as the first; "
                f"and neither a folder called {SHIPPED} nor the name {EFFECTIVE}"
            )
            self._say(f"a policy file can't be called {name!r}", where, help)
        elif (content := self._read_file(name)) is None:
            help = "name a file of this repository" if within else "let `gates init` write one, or name another with `--policy`"
            self._say(f"there is no policy file {name}", where, help)
        else:
            self._add(_source(name, content), within)

    def _add(self, source: PolicySource, within: tuple[str, ...]) -> None:
        root = read(source).root
        for entry in (root and root.get("extends")) or ():
            self._extend(entry.value, entry.place, source.name, (*within, source.name))
        self.found[source.name] = source

    def _extend(self, word: str, where: Place, name: str, within: tuple[str, ...]) -> None:
        if word in NAMES:
            policy = shipped(word)
            if policy.name not in self.found:
                self._add(policy, within)
            return
        path = posixpath.normpath(posixpath.join(posixpath.dirname(name), word))
        if word.startswith("/") or "\\" in word or re.match(r"[A-Za-z]:", word):
            self._say(f"{word!r} is not a path relative to this file", where, "write it with forward slashes, as in `../team/gates.yaml`")
        elif path == ".." or path.startswith("../"):
            self._say(f"{word!r} leads out of the repository", where, "keep the policies that this one extends in the repository")
        elif "/" not in word and "." not in word:
            known = f"shipped policies: {', '.join(NAMES)}; a path has an ending, such as `team.yaml`"
            self._say(f"there is no shipped policy {word!r}{suggest(word, NAMES)}", where, known)
        else:
            self.take(path, where, within)

    def _say(self, error: str, where: Place, help: str) -> None:
        self.problems.append(problem(error, where, help))
