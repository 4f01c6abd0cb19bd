"""What git tells of two commits: the base of a change, what differs, and a tree of the base's files."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from gates.adapters import git
from gates.dataclass import dataclass
from gates.errors import RepositoryError
from gates.model import FileChange, Hunk

_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_RAW = re.compile(rb":(?P<was>\d{6}) (?P<now>\d{6}) (?P<blob>[0-9a-f]+) [0-9a-f]+ (?P<status>[A-Z])\d*")
_SECTION = re.compile(rb"diff --git .*/(\d+)$")
_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_SHA1 = 40
#: How a file begins that Git LFS put in the place of another, and how large one may be.
_POINTER = b"version https://git-lfs.github.com/spec/"
_LARGEST_POINTER = 1024
_NO_FILES = frozenset({b"120000", b"160000"})
_LINKS = _NO_FILES | {b"000000"}
#: Nothing of the repository's configuration or attributes may run a command, or hide what differs.
_DIFF = ("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--text", "--no-relative")
#: Which files: beyond so many pairs a file that was moved and edited counts as one that is gone and one that is new.
_FILES = (*_DIFF, "--ignore-submodules=all", "--relative", "--raw", "-z", "--abbrev=64", "-l1000", "-O/dev/null")
#: Which lines. Nothing of the user's configuration decides what counts as moved.
_LINES = (
    *("-c", "core.attributesFile=/dev/null", *_DIFF, "--no-index", "--no-renames", "-U0", "--inter-hunk-context=0"),
    *("--diff-algorithm=myers", "--indent-heuristic", "--src-prefix=a/", "--dst-prefix=b/", "-O/dev/null"),
)
#: How much is compared at once: git's answer holds every line that differs.
_BATCH_FILES = 1000
_BATCH_BYTES = 16 * 2**20
#: A fetch may use these ways of transport, and no command that the repository's configuration names.
_FETCH = (
    *(part for name in ("http", "https", "ssh", "file") for part in ("-c", f"protocol.{name}.allow=always")),
    *("-c", "protocol.allow=never", "-c", "core.sshCommand=ssh", "-c", "core.askPass=", "-c", "credential.helper="),
    *("-c", "core.alternateRefsCommand=:", "-c", "http.saveCookies=false"),
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
    return commit_of(root, commit) is not None and commit_of(root, commit, kind="tree") is not None


def parents(root: Path, commit: str) -> tuple[str, ...]:
    """A commit's parents as the commit itself names them: those too that a shallow clone doesn't have."""
    content = git.ask(root, ["cat-file", "commit", commit]) or b""
    head = content.partition(b"\n\n")[0]
    return tuple(line.removeprefix(b"parent ").decode("ascii") for line in head.splitlines() if line.startswith(b"parent "))


def commit_of(root: Path, revision: str, kind: str = "commit") -> str | None:
    """The full id of the commit (or of its tree) that a revision names; None where there is none."""
    return git.line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{{kind}}}")


def merge_base(root: Path, one: str, other: str) -> str | None:
    """The commit from which two went apart; None where none is at hand."""
    return git.line(root, "merge-base", one, other)


def is_ancestor(root: Path, commit: str, other: str) -> bool:
    """Whether a commit is another or one of those before it, as far as is at hand."""
    return commit in parents(root, other) or git.ask(root, ["merge-base", "--is-ancestor", commit, other]) is not None


def is_shallow(root: Path) -> bool:
    return git.line(root, "rev-parse", "--is-shallow-repository") == "true"


def default_branch(root: Path) -> str | None:
    """The remote branch that changes go into, such as `refs/remotes/origin/main`; None where no remote has one that is known."""
    for remote in _remotes(root):
        named = git.line(root, "symbolic-ref", "--quiet", f"refs/remotes/{remote}/HEAD")
        known = [f"refs/remotes/{remote}/{name}" for name in ("main", "master")]
        found = next((ref for ref in (named, *known) if ref and commit_of(root, ref)), None)
        if found:
            return found
    return None


def _remotes(root: Path) -> list[str]:
    """The names of all remotes, that from which the repository was cloned first."""
    return sorted((git.line(root, "remote") or "").splitlines(), key=lambda name: (name != "origin", name))


def last_release(root: Path) -> str | None:
    """The nearest tag before HEAD that looks like a version; None where there is none."""
    return git.line(root, "describe", "--tags", "--abbrev=0", *_RELEASES, "--end-of-options", "HEAD^")


# -- what is not at hand -----------------------------------------------------------------------


def fetch(root: Path, commit: str) -> bool:
    """Get a commit that is not at hand from where the repository came from. Whether it is there afterwards.

    Of a shallow clone the one commit is asked for, and where the server gives none by its id, the whole history.
    """
    if is_shallow(root):
        _fetch(root, "--depth=1", wanted=[commit])
        if not has(root, commit):
            _fetch(root, "--unshallow")
    else:
        _fetch(root, wanted=[commit])
    return has(root, commit)


def deepen(root: Path) -> bool:
    """Give a shallow clone its history. Whether it has it afterwards."""
    _fetch(root, "--unshallow")
    return not is_shallow(root)


def supply(root: Path, commit: str) -> None:
    """Get into a partial clone what it lacks of a commit's files that differ from those here."""
    if not _is_partial(root):
        return
    output = git.ask(root, [*_FILES, "--no-renames", commit, "--"], git.without_filters(root)) or b""
    wanted = sorted({record["blob"].decode("ascii") for record, was, _ in _raw(output.split(b"\0")) if was is not None})
    listed = git.ask(root, ["cat-file", "--batch-check"], given="".join(f"{blob}\n" for blob in wanted).encode("ascii"))
    if wanted and (listed is None or b" missing\n" in listed):
        _fetch(root, wanted=wanted)


def _is_partial(root: Path) -> bool:
    words = ["config", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$"]
    return bool(git.ask(root, words))


def _fetch(root: Path, *options: str, wanted: Sequence[str] = ()) -> None:
    """Fetch from where the repository came from: objects by their ids, or what it is set to fetch where none is named."""
    remotes = _remotes(root)
    address = git.line(root, "config", "--get", f"remote.{remotes[0]}.url") if remotes else None
    if address is None or address.startswith("-"):
        return
    given = "".join(f"{name}\n" for name in wanted).encode("ascii")
    git.ask(root, [*_FETCH, *options, *(["--stdin"] if wanted else []), address], _own_upload_pack(root), given)


def _own_upload_pack(root: Path) -> dict[str, str]:
    """Variables by which no remote names a program: git fetches from others than the one that it is given, where a clone is partial."""
    listed = git.ask(root, ["config", "-z", "--name-only", "--get-regexp", r"^remote\."]) or b""
    names = {os.fsdecode(key).rpartition(".")[0] for key in listed.split(b"\0") if key.count(b".") > 1}
    keys = {f"GIT_CONFIG_KEY_{number}": f"{name}.uploadpack" for number, name in enumerate(sorted(names))}
    values = {f"GIT_CONFIG_VALUE_{number}": "git-upload-pack" for number in range(len(names))}
    return {"GIT_CONFIG_COUNT": str(len(names)), **keys, **values}


# -- what differs ------------------------------------------------------------------------------


def changed_files(root: Path, base: str, untracked: Iterable[str]) -> tuple[FileChange, ...]:
    """Every file below `root` that is not the same in the working tree as in the base, by its path here, what is gone at the end.

    `untracked` are files that git doesn't track. Files whose changes the index hides count as changed. Raises `RepositoryError`.
    """
    output = git.ask(root, [*_FILES, "--find-renames", base, "--"], git.without_filters(root))
    if output is None:
        partial = "this is a partial clone: fetch the base whole with `git fetch --refetch --no-filter`, or clone without --filter"
        remedy = partial if _is_partial(root) else f"see what `git diff --raw --find-renames {base[:12]}` says there"
        raise RepositoryError(f"git could not compare {base[:12]} with the working tree", help=remedy)
    found = {(was, now) for _, was, now in _raw(output.split(b"\0")) if (was, now) != (None, None)}
    gone = {was for was, now in found if now is None}
    unseen = [*((name, None) for name in untracked), *((name, name) for name in _in_base(root, base, git.unwatched(root)))]
    for name, before in unseen:
        found.discard((name, None))
        if not any(pair in found for pair in ((name, name), (None, name))):
            found.add((name if name in gone else before, name))
    changes = (FileChange(base=was, path=now) for was, now in found)
    return tuple(sorted(changes, key=lambda change: (change.path is None, change.path or "", change.base or "")))


def changed_links(root: Path, base: str) -> tuple[str, ...]:
    """Every path below `root` at which a link or a submodule stands, in the base or in the working tree, that is not the same in both.

    Raises `RepositoryError`.
    """
    words = ["--ignore-submodules=dirty" if word == "--ignore-submodules=all" else word for word in _FILES]
    argv = [*words, "--no-renames", base, "--"]
    output = git.ask(root, argv, git.without_filters(root))
    if output is None:
        raise RepositoryError(
            f"git could not compare {base[:12]} with the working tree", help="run `git diff --raw` there and see what it says"
        )
    left = iter(output.split(b"\0"))
    records = [(record, os.fsdecode(next(left))) for field in left if (record := _RAW.fullmatch(field))]
    return tuple(sorted(path for record, path in records if {record["was"], record["now"]} & _NO_FILES))


def _raw(fields: Sequence[bytes]) -> Iterator[tuple[re.Match[bytes], str | None, str | None]]:
    """Each record with the paths on both sides. Links and submodules are no files: where one is now, the file is gone."""
    left = iter(fields)
    for field in left:
        record = _RAW.fullmatch(field)
        if record is None:
            continue
        was = os.fsdecode(next(left))
        now = os.fsdecode(next(left)) if record["status"] in b"RC" else was
        yield record, None if record["was"] in _LINKS else was, None if record["now"] in _LINKS else now


def _in_base(root: Path, base: str, names: Sequence[str]) -> list[str]:
    """Those of the files, relative to `root`, that the base has."""
    listed = git.ask(root, ["ls-tree", "-r", "-z", "--name-only", base]) if names else None
    known = {os.fsdecode(name) for name in (listed or b"").split(b"\0")}
    return [name for name in names if name in known]


def altered(root: Path, base: str, names: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Those of the files whose bytes are not the base's, and whether the base has such a file. What Git LFS keeps is known by its hash."""
    listed = git.ask(root, ["ls-tree", "-r", "-z", base]) if names else b""
    entries = (entry.partition(b"\t") for entry in (listed or b"").split(b"\0") if entry)
    blobs = {os.fsdecode(name): facts.split(b" ") for facts, _, name in entries}
    for name in names:
        mode, _, blob = blobs.get(name, (b"", b"", b""))
        if mode[:3] != b"100":
            yield name, False
        elif not _is_blob(root, root / name, blob.decode("ascii")):
            yield name, True


def _is_blob(root: Path, path: Path, blob: str) -> bool:
    """Whether a file holds what a blob does, or what it points to in Git LFS."""
    try:
        content = b"" if path.is_symlink() else path.read_bytes()
    except OSError:
        return False
    digest = hashlib.sha1(usedforsecurity=False) if len(blob) == _SHA1 else hashlib.sha256()
    digest.update(b"blob %d\0" % len(content))
    digest.update(content)
    if digest.hexdigest() == blob:
        return True
    size = git.line(root, "cat-file", "-s", blob)
    if size is None or int(size) > _LARGEST_POINTER:
        return False
    pointer = git.ask(root, ["cat-file", "blob", blob]) or b""
    return pointer.startswith(_POINTER) and f"\noid sha256:{hashlib.sha256(content).hexdigest()}\n".encode() in pointer


def absent(root: Path) -> frozenset[str]:
    """Files of the commit that a sparse checkout leaves out, relative to `root`."""
    entries = (os.fsdecode(entry) for entry in (git.ask(root, ["ls-files", "-v", "-z"]) or b"").split(b"\0"))
    return frozenset(entry[2:] for entry in entries if entry[:1].upper() == "S" and not os.path.lexists(root / entry[2:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """The lines of a file on both sides, each with a newline at its end."""

    number: int
    was: bytes
    now: bytes


def hunks(folder: Path, both: Iterable[tuple[Sequence[bytes], Sequence[bytes]]]) -> list[tuple[Hunk, ...]]:
    """Of each pair of files, given as their lines: what took the place of what. `folder` is made for it, and gone afterwards.

    Raises `RepositoryError` where git can't tell.
    """
    found: list[tuple[Hunk, ...]] = []
    batch: list[_Pair] = []
    size = 0
    for was, now in both:
        pair = _Pair(number=len(found), was=_joined(was), now=_joined(now))
        found.append(())
        batch.append(pair)
        size += len(pair.was) + len(pair.now)
        if len(batch) == _BATCH_FILES or size > _BATCH_BYTES:
            found = _with_hunks(found, folder, batch)
            batch, size = [], 0
    return _with_hunks(found, folder, batch) if batch else found


def _joined(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def _with_hunks(found: Sequence[tuple[Hunk, ...]], folder: Path, batch: Sequence[_Pair]) -> list[tuple[Hunk, ...]]:
    """Two folders are compared that have a number for each file: no name, attribute or setting of the project's has a part in it."""
    try:
        for side in ("was", "now"):
            (folder / side).mkdir(parents=True)
        for pair in batch:
            (folder / "was" / str(pair.number)).write_bytes(pair.was)
            (folder / "now" / str(pair.number)).write_bytes(pair.now)
        output = git.ask(folder, [*_LINES, "was", "now"], {"GIT_CEILING_DIRECTORIES": str(folder.parent)}, fine=(0, 1))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if output is None:
        raise RepositoryError("git could not compare the lines of two files", help="see whether there is space in TMPDIR, then run again")
    by_number = dict(_sections(output))
    return [by_number.get(number, in_file) for number, in_file in enumerate(found)]


def _sections(patch: bytes) -> Iterator[tuple[int, tuple[Hunk, ...]]]:
    """The number and the hunks of each file of a patch. Lines of the files themselves are stepped over by their number."""
    number, found, left = -1, [], 0
    for line in patch.split(b"\n"):
        if left:
            left -= 1
        elif (match := _HUNK.match(line)) is not None:
            sides = [1 if part is None else int(part) for part in match.groups()]
            found.append(Hunk(base_start=sides[0], base_lines=sides[1], start=sides[2], lines=sides[3]))
            left = sides[1] + sides[3]
        elif (named := _SECTION.match(line)) is not None:
            yield number, tuple(found)
            number, found = int(named[1]), []
    yield number, tuple(found)


# -- the base's files --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseTree:
    """A repository of its own below `folder`, with the objects of another and nothing of its configuration. `root` is what is looked at."""

    folder: Path
    root: Path
    commit: str

    def names(self) -> list[str]:
        """Every file of the base below `root`, relative to it."""
        return sorted(git.tracked_files(self.root))

    def check_out(self, names: Iterable[str]) -> None:
        """Write files of the base, by their names relative to `root`. Raises `RepositoryError`."""
        argv = ["-c", "core.hooksPath=/dev/null", "checkout-index", "--quiet", "--force", "-z", "--stdin"]
        given = b"\0".join(os.fsencode(name) for name in names)
        if given and git.ask(self.root, argv, {"GIT_LFS_SKIP_SMUDGE": "1"}, given) is None:
            raise RepositoryError(
                f"files of the base {self.commit[:12]} can't be had from this repository",
                help="it may be a partial clone: fetch the base whole with `git fetch --refetch --no-filter`, or clone without --filter",
            )


@contextmanager
def base_tree(root: Path, commit: str, folder: Path) -> Iterator[BaseTree]:
    """A tree of the base beside the one that is judged, with no file in it yet; gone afterwards. Raises `RepositoryError`."""
    prefix = _path(git.ask(root, ["rev-parse", "--show-prefix"]))
    objects = _path(git.ask(root, ["rev-parse", "--path-format=absolute", "--git-path", "objects"]))
    form = git.line(root, "rev-parse", "--show-object-format")
    folder.mkdir(parents=True)
    try:
        made = objects and form and git.ask(folder, ["init", "--quiet", "--template=", f"--object-format={form}", "."])
        if made is not None and objects:
            (folder / ".git" / "objects" / "info").mkdir(parents=True, exist_ok=True)
            (folder / ".git" / "objects" / "info" / "alternates").write_bytes(_quoted(objects))
            made = git.ask(folder, ["update-ref", "--no-deref", "HEAD", commit])
            made = made if made is None else git.ask(folder, ["read-tree", commit])
        if made is None:
            raise RepositoryError(
                f"no tree could be made of the base {commit[:12]}",
                help="its objects may be missing (a clone with --filter=tree:0) or broken: see what `git fsck` says of this repository",
            )
        (folder / prefix).mkdir(parents=True, exist_ok=True)
        yield BaseTree(folder=folder, root=folder / prefix if prefix else folder, commit=commit)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _path(output: bytes | None) -> str:
    """A path as git prints it, which may begin or end with anything."""
    return os.fsdecode((output or b"").removesuffix(b"\n"))


def _quoted(path: str) -> bytes:
    """A path as a file of alternates has it: quoted, so that it may begin with `#` and hold a newline."""
    escaped = os.fsencode(path).replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n")
    return b'"' + escaped + b'"\n'
