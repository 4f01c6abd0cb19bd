"""What git tells of two commits: the base of a change, what differs, and a tree of the base's files."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gates.adapters import git
from gates.errors import RepositoryError
from gates.model import FileChange, Hunk

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_RAW = re.compile(rb":(?P<was>\d{6}) (?P<now>\d{6}) [0-9a-f]+\.* [0-9a-f]+\.* (?P<status>[A-Z])\d*")
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_ESCAPES = {
    **{letter: ord(code) for letter, code in zip(b"abtnvfr", "\a\b\t\n\v\f\r", strict=True)},
    ord('"'): ord('"'),
    ord("\\"): ord("\\"),
}
_NO_FILES = frozenset({b"120000", b"160000"})
_LINKS = _NO_FILES | {b"000000"}
#: Nothing of the repository's configuration or attributes may run a command, or hide what differs.
_DIFF = (
    "diff",
    "--no-ext-diff",
    "--no-textconv",
    "--no-color",
    "--ignore-submodules=all",
    "--relative",
    "--text",
    "--find-renames",
    "-l4000",
    "--src-prefix=a/",
    "--dst-prefix=b/",
    "-O/dev/null",
)
#: How many paths one command is given.
_BATCH = 400
#: A fetch may use these ways of transport, and no command that the repository's configuration names.
_FETCH = (
    *(part for name in ("http", "https", "ssh", "file") for part in ("-c", f"protocol.{name}.allow=always")),
    *("-c", "protocol.allow=never", "-c", "core.sshCommand=ssh", "-c", "core.askPass=", "-c", "credential.helper="),
    "fetch",
    "--quiet",
    "--no-tags",
    "--no-recurse-submodules",
    "--no-write-fetch-head",
    "--no-auto-maintenance",
    "--upload-pack=git-upload-pack",
)
_RELEASES = ("--match=v[0-9]*", "--match=[0-9]*")


def is_commit_id(text: object) -> bool:
    """Whether a text is a full commit id that names something: code hosts write zeros where there is none."""
    return isinstance(text, str) and bool(_COMMIT.fullmatch(text)) and set(text) != {"0"}


def has(root: Path, commit: str) -> bool:
    """Whether a commit and its tree are at hand."""
    return git.line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{tree}}") is not None


def parents(root: Path, commit: str) -> tuple[str, ...]:
    """A commit's parents as the commit itself names them: those too that a shallow clone doesn't have."""
    content = git.ask(root, ["cat-file", "commit", commit]) or b""
    head = content.partition(b"\n\n")[0]
    return tuple(line.removeprefix(b"parent ").decode("ascii") for line in head.splitlines() if line.startswith(b"parent "))


def commit_of(root: Path, revision: str) -> str | None:
    """The full id of the commit that a revision names; None where there is none."""
    return git.line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")


def merge_base(root: Path, one: str, other: str) -> str | None:
    """The commit from which two went apart; None where none is at hand."""
    return git.line(root, "merge-base", one, other)


def is_shallow(root: Path) -> bool:
    return git.line(root, "rev-parse", "--is-shallow-repository") == "true"


def default_branch(root: Path) -> str | None:
    """The remote branch that changes go into, such as `refs/remotes/origin/main`; None where no remote has one that is known."""
    remotes = (git.line(root, "remote") or "").split()
    for remote in sorted(remotes, key=lambda name: name != "origin"):
        named = git.line(root, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
        known = [f"refs/remotes/{remote}/{name}" for name in ("main", "master")]
        found = next((ref for ref in (named, *known) if ref and commit_of(root, ref)), None)
        if found:
            return found
    return None


def last_release(root: Path) -> str | None:
    """The nearest tag before HEAD that looks like a version; None where there is none."""
    return git.line(root, "describe", "--tags", "--abbrev=0", *_RELEASES, "--end-of-options", "HEAD^")


def fetch(root: Path, commit: str) -> bool:
    """Get a commit that is not at hand from where the repository came from. Whether it is there afterwards.

    Of a shallow clone the one commit is asked for, and where the server gives none by its id, the whole history.
    """
    address = git.line(root, "config", "--get", "remote.origin.url")
    if address is None or address.startswith("-"):
        return False
    if is_shallow(root):
        git.ask(root, [*_FETCH, "--depth=1", address, commit])
        if not has(root, commit):
            git.ask(root, [*_FETCH, "--unshallow", address])
    else:
        git.ask(root, [*_FETCH, address, commit])
    return has(root, commit)


def deepen(root: Path) -> bool:
    """Give a shallow clone its history. Whether it has it afterwards."""
    address = git.line(root, "config", "--get", "remote.origin.url")
    if address is None or address.startswith("-"):
        return False
    git.ask(root, [*_FETCH, "--unshallow", address])
    return not is_shallow(root)


# -- what differs ------------------------------------------------------------------------------


def changed_files(root: Path, base: str, untracked: Iterable[str]) -> tuple[FileChange, ...]:
    """Every file below `root` that is not the same in the working tree as in the base, by its path here, what is gone at the end.

    `untracked` are files that git doesn't track. Files whose changes the index hides count as changed. Raises `RepositoryError`.
    """
    output = git.ask(root, [*_DIFF, "--raw", "-z", "--abbrev=64", base, "--"], git.without_filters(root))
    if output is None:
        raise RepositoryError(
            f"git could not compare {base[:12]} with the working tree", help="run `git diff --raw` there and see what it says"
        )
    found = [change for was, now in _raw(output.split(b"\0")) if (change := _change(was, now)) is not None]
    known = {change.path for change in found}
    found += [FileChange(path=name) for name in untracked if name not in known]
    found += [FileChange(base=name, path=name) for name in git.unwatched(root) if name not in known]
    return tuple(sorted(found, key=lambda change: (change.path is None, change.path or "", change.base or "")))


def changed_links(root: Path, base: str) -> tuple[str, ...]:
    """Every path below `root` at which a link or a submodule stands, in the base or in the working tree, that is not the same in both.

    Raises `RepositoryError`.
    """
    words = [word for word in _DIFF if word not in {"--ignore-submodules=all", "--find-renames"}]
    argv = [*words, "--ignore-submodules=dirty", "--no-renames", "--raw", "-z", "--abbrev=64", base, "--"]
    output = git.ask(root, argv, git.without_filters(root))
    if output is None:
        raise RepositoryError(
            f"git could not compare {base[:12]} with the working tree", help="run `git diff --raw` there and see what it says"
        )
    left = iter(output.split(b"\0"))
    records = [(record, os.fsdecode(next(left))) for field in left if (record := _RAW.fullmatch(field))]
    return tuple(sorted(path for record, path in records if {record["was"], record["now"]} & _NO_FILES))


def _raw(fields: Sequence[bytes]) -> Iterator[tuple[str | None, str | None]]:
    """The paths on both sides of each record. Links and submodules are no files: where one is now, the file is gone."""
    left = iter(fields)
    for field in left:
        record = _RAW.fullmatch(field)
        if record is None:
            continue
        was = os.fsdecode(next(left))
        now = os.fsdecode(next(left)) if record["status"] in b"RC" else was
        yield (None if record["was"] in _LINKS else was, None if record["now"] in _LINKS else now)


def _change(base: str | None, path: str | None) -> FileChange | None:
    return None if base is None and path is None else FileChange(base=base, path=path)


def hunks(root: Path, base: str, changes: Sequence[FileChange]) -> dict[str, tuple[Hunk, ...]]:
    """By its path here: what took the place of what in each file that is on both sides and that git watches. Raises `RepositoryError`."""
    hidden = set(git.unwatched(root))
    both = [change for change in changes if change.base is not None and change.path is not None and change.path not in hidden]
    found: dict[str, tuple[Hunk, ...]] = {str(change.path): () for change in both}
    for start in range(0, len(both), _BATCH):
        names = {name for change in both[start : start + _BATCH] for name in (str(change.base), str(change.path))}
        argv = ["--literal-pathspecs", *_DIFF, "-U0", "--inter-hunk-context=0", base, "--", *sorted(names)]
        output = git.ask(root, argv, git.without_filters(root))
        if output is None:
            raise RepositoryError(
                f"git could not compare {base[:12]} with the working tree", help="run `git diff -U0` there and see what it says"
            )
        for path, in_file in _sections(output):
            if path in found:
                found[path] = (*found[path], *in_file)
    return found


def _sections(patch: bytes) -> Iterator[tuple[str, list[Hunk]]]:
    """The path here and the hunks of each file of a patch. Lines of the files themselves are stepped over by their number."""
    path, found, left = "", [], 0
    for line in patch.split(b"\n"):
        if left:
            left -= not line.startswith(b"\\")
        elif (match := _HUNK.match(line)) is not None:
            numbers = [1 if part is None else int(part) for part in match.groups()]
            found.append(Hunk(base_start=numbers[0], base_lines=numbers[1], start=numbers[2], lines=numbers[3]))
            left = numbers[1] + numbers[3]
        elif line.startswith(b"diff --git "):
            if path:
                yield path, found
            path, found = "", []
        elif line.startswith(b"+++ "):
            path = _name(line.removeprefix(b"+++ "))
    if path:
        yield path, found


def _name(written: bytes) -> str:
    """A path as a patch has it: behind its prefix, quoted as C does where a character is unusual, before a tab where it has a space."""
    written = written.removesuffix(b"\t")
    if not written.startswith(b'"'):
        return os.fsdecode(written.removeprefix(b"b/"))
    inner, plain, index = written[1:-1], bytearray(), 0
    while index < len(inner):
        if inner[index] != ord("\\"):
            plain.append(inner[index])
            index += 1
        elif inner[index + 1] in _ESCAPES:
            plain.append(_ESCAPES[inner[index + 1]])
            index += 2
        else:
            plain.append(int(inner[index + 1 : index + 4], 8))
            index += 4
    return os.fsdecode(bytes(plain).removeprefix(b"b/"))


# -- the base's files --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTree:
    """A repository of its own below `folder`, with the objects of another and nothing of its configuration. `root` is what is looked at."""

    folder: Path
    root: Path
    commit: str

    def check_out(self, names: Sequence[str] | None = None) -> None:
        """Write the base's files below `root`: those named, relative to it, or all. Raises `RepositoryError`."""
        prefix = self.root.relative_to(self.folder).as_posix()
        options = ["-c", "core.hooksPath=/dev/null", "checkout-index", "--quiet", "--force"]
        skip = {"GIT_LFS_SKIP_SMUDGE": "1"}
        if names is None:
            done = git.ask(self.folder, [*options, "--all"], skip)
        else:
            inside = [name if prefix == "." else f"{prefix}/{name}" for name in names]
            done = git.ask(self.folder, [*options, "-z", "--stdin"], skip, b"\0".join(os.fsencode(name) for name in inside))
        if done is None:
            raise RepositoryError(
                f"files of the base {self.commit[:12]} can't be had from this repository",
                help="it may be a partial clone: fetch the base whole with `git fetch --refetch --no-filter`, or clone without --filter",
            )


@contextmanager
def base_tree(root: Path, commit: str, folder: Path) -> Iterator[BaseTree]:
    """A tree of the base beside the one that is judged, with no file in it yet; gone afterwards. Raises `RepositoryError`."""
    prefix = git.line(root, "rev-parse", "--show-prefix") or ""
    objects = git.ask(root, ["rev-parse", "--path-format=absolute", "--git-path", "objects"])
    form = git.line(root, "rev-parse", "--show-object-format")
    folder.mkdir(parents=True)
    try:
        made = objects and form and git.ask(folder, ["init", "--quiet", "--template=", f"--object-format={form}", "."])
        if made is not None and objects:
            (folder / ".git" / "objects" / "info").mkdir(parents=True, exist_ok=True)
            (folder / ".git" / "objects" / "info" / "alternates").write_bytes(objects)
            made = git.ask(folder, ["update-ref", "--no-deref", "HEAD", commit])
            made = made if made is None else git.ask(folder, ["read-tree", commit])
        if made is None:
            raise RepositoryError(f"no tree could be made of the base {commit[:12]}", help="see what `git fsck` says of this repository")
        (folder / prefix).mkdir(parents=True, exist_ok=True)
        yield BaseTree(folder=folder, root=folder / prefix if prefix else folder, commit=commit)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
