"""Git's index, which is what a commit is made of, held against the files that lie in the folder."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from gates.adapters import environments, files, git
from gates.dataclass import dataclass
from gates.errors import RepositoryError

_ENTRY = re.compile(rb"(?P<tag>\S) (?P<mode>\d{6}) (?P<id>[0-9a-f]+) 0\t(?P<name>.*)", re.DOTALL)
_COMMITTED = re.compile(rb"(?P<mode>\d{6}) [a-z]+ (?P<id>[0-9a-f]+)\t(?P<name>.*)", re.DOTALL)
#: Nothing of the repository's configuration or attributes may run a command, or hide what differs.
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-renames", "--ignore-submodules=all", "--relative", "--name-only", "-z")
_FILE, _LINK = "100", "120000"
#: Attributes by which git writes another file into the folder than a commit holds; ends of lines are no other text.
_ENCODING, _IDENT = "working-tree-encoding", "ident"
#: Encodings that every gate reads as the text that was committed.
_UNICODE = re.compile(r"UTF-?(8|(16|32)(-?(LE|BE))?)(-?BOM)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file of the index: its mode as git writes it, the id of its content, and whether a sparse checkout leaves it out."""

    mode: str
    id: str
    sparse: bool


def entries(root: Path, index: Path | None = None) -> dict[str, Entry]:
    """What the index holds below `root`, by names relative to it; nothing outside a repository. None means the repository's own index.

    Git makes a commit of some files alone from an index of its own, and names it to the hooks of that commit.
    """
    listed = git.ask(root, ["ls-files", "--stage", "-v", "-z"], _at(index)) or b""
    found = (_ENTRY.fullmatch(entry) for entry in listed.split(b"\0"))
    return {
        os.fsdecode(entry["name"]): Entry(mode=entry["mode"].decode(), id=entry["id"].decode(), sparse=entry["tag"] in b"Ss")
        for entry in found
        if entry
    }


def committed(root: Path, commit: str, names: Sequence[str] = ()) -> dict[str, Entry]:
    """The same of a commit, by its full id; with `names` of those alone. Raises `RepositoryError` where git can't list it."""
    listed = git.ask(root, ["ls-tree", "-r", "-z", commit, *(["--", *names] if names else [])], {"GIT_LITERAL_PATHSPECS": "1"})
    if listed is None:
        raise RepositoryError(f"git can't list the files of {commit}", where=str(root), help="`git fsck` says what is broken")
    found = (_COMMITTED.fullmatch(entry) for entry in listed.split(b"\0"))
    return {
        os.fsdecode(entry["name"]): Entry(mode=entry["mode"].decode(), id=entry["id"].decode(), sparse=False) for entry in found if entry
    }


def untracked(root: Path) -> list[str]:
    """Files below `root` that git neither tracks nor ignores, sorted, without those of installed packages."""
    listed = git.ask(root, ["ls-files", "--others", "--exclude-standard", "-z"]) or b""
    names = sorted(os.fsdecode(name) for name in listed.split(b"\0") if name)
    return environments.without(names, git.installed_folders(root))


def unlike(root: Path, held: Mapping[str, Entry], index: Path | None = None) -> list[str]:
    """Names of those entries whose content is not what lies below `root`, sorted. No submodule counts, and of a link only its kind.

    Content is compared, never the time of a file, but for files that a filter of the repository's own configuration changes: such a
    filter is a command of the repository's and is not run. Raises `RepositoryError` where git can't read the files.
    """
    kinds = files.stamps(root, held)
    links = {name for name, entry in held.items() if entry.mode == _LINK}
    regular = {name for name, entry in held.items() if entry.mode.startswith(_FILE)}
    there = set(files.regular(root, regular))
    other = (regular - there) | {name for name in links if name not in kinds or not kinds[name].is_link}
    ids = _ids(root, sorted(there))
    suspect = [name for name, id in ids.items() if id != held[name].id]
    return sorted({*other, *(_again(root, suspect, held, index) if suspect else ())})


def reshaped(root: Path, attributes: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    """Files below `root` that a commit holds as another text than lies here, each with the attribute that makes it so.

    `attributes` are the files of the tree that are called `.gitattributes`: where nothing speaks of it, git is not asked.
    """
    if not _prefix(root) and not any(_speaks_of_it(root / name) for name in attributes):
        return {}
    given = b"".join(os.fsencode(name) + b"\0" for name in names)
    told = (git.ask(root, ["check-attr", "-z", "--stdin", _ENCODING, _IDENT], given=given) or b"").split(b"\0")
    said = [(os.fsdecode(name), attribute.decode(), os.fsdecode(value)) for name, attribute, value in zip(*[iter(told)] * 3, strict=False)]
    found = {name: _ENCODING for name, key, value in said if key == _ENCODING and not _is_read(value)}
    marked = {name for name, key, value in said if key == _IDENT and value == "set"}
    held = {name: entry for name, entry in entries(root).items() if name in marked} if marked else {}
    return dict.fromkeys(unlike(root, held), _IDENT) | found


def _speaks_of_it(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    return any(word.encode() in content for word in (_ENCODING, _IDENT))


def _is_read(encoding: str) -> bool:
    return encoding in {"unspecified", "unset", "set"} or _UNICODE.fullmatch(encoding) is not None


def _ids(root: Path, names: Sequence[str]) -> dict[str, str]:
    """The ids that git would give to the files' content, line ends and keywords written as a commit has them."""
    if not names:
        return {}
    prefix = _prefix(root)
    given = b"".join(b'"' + re.sub(rb'(["\\])', rb"\\\1", prefix + os.fsencode(name)).replace(b"\n", rb"\n") + b'"\n' for name in names)
    told = (git.ask(root, ["hash-object", "--stdin-paths"], git.without_filters(root), given) or b"").decode("ascii").split()
    if len(told) != len(names):
        raise RepositoryError(
            "git can't read the files that are staged as they lie in the folder",
            where=str(root),
            help="see that you may read them; `git status` says what is wrong",
        )
    return dict(zip(names, told, strict=True))


def _again(root: Path, names: Sequence[str], held: Mapping[str, Entry], index: Path | None) -> set[str]:
    """Those of the files that git takes for changed, asked with an index of their own that remembers no file's times.

    What git makes of a file's line ends hangs on what the index holds, which the id alone does not know.
    """
    without = git.without_filters(root)
    prefix = _prefix(root)
    lines = [f"{held[name].mode} {held[name].id}\t".encode() + prefix + os.fsencode(name) + b"\0" for name in names]
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        apart = _at(Path(folder) / "index")
        git.ask(root, ["update-index", "-z", "--index-info"], apart, b"".join(lines))
        changed = _names(git.ask(root, _DIFF, {**without, **apart}), names)
    filtered = _filtered(root, sorted(changed), without)
    return (changed - filtered) | (_names(git.ask(root, _DIFF, {**without, **_at(index)}), names) & filtered)


def _filtered(root: Path, names: Sequence[str], without: Mapping[str, str]) -> set[str]:
    """Those of the files whose content goes through one of the filters that are switched off."""
    own = {key.removeprefix("filter.").removesuffix(".clean") for key in without.values() if key.endswith(".clean")}
    if not own or not names:
        return set()
    told = git.ask(root, ["check-attr", "-z", "--stdin", "filter"], given=b"".join(os.fsencode(name) + b"\0" for name in names)) or b""
    parts = [os.fsdecode(part) for part in told.split(b"\0")]
    return {name for name, value in zip(parts[::3], parts[2::3], strict=False) if value in own}


def _names(told: bytes | None, otherwise: Collection[str]) -> set[str]:
    """The names of an answer; all that was asked about where there was none."""
    return set(otherwise) if told is None else {os.fsdecode(name) for name in told.split(b"\0") if name}


def _prefix(root: Path) -> bytes:
    """Where `root` lies below the top of its working tree, with a slash at its end: names that git is handed are relative to the top."""
    return (git.ask(root, ["rev-parse", "--show-prefix"]) or b"").removesuffix(b"\n")


def _at(index: Path | None) -> dict[str, str]:
    return {} if index is None else {"GIT_INDEX_FILE": str(index)}
