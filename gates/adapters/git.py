"""Git, asked with configuration that can't execute anything of the repository's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

from gates.adapters import environments
from gates.adapters.files import outside
from gates.dataclass import dataclass
from gates.errors import RepositoryError

_SCP_ADDRESS = re.compile(r"(?:[^\s:/@]+(?::[^\s/@]+)?@)?(?P<place>[\w.-]{2,}:(?!:|//)[^\s@]+)")
_ADDRESS = re.compile(
    r"(?P<scheme>https?|ssh|git|ftps?)://(?:[^\s/?#]*@)?(?P<host>[\w.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:\d+)?(?P<path>/[^\s?#@]*)?"
)
_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    # What would let a changed file pass for the committed one.
    "core.trustctime=true",
    "core.checkStat=default",
    # A partial clone fetches what it lacks, by commands that its configuration names.
    *(f"protocol.{name}.allow=never" for name in ("ext", "file", "git", "http", "https", "ssh")),
    # A folder that looks like a repository without a working tree is a part of the project, not its repository.
    "safe.bareRepository=explicit",
    # CI containers often run as another user than the checkout's owner; nothing above can execute its configuration.
    "safe.directory=*",
)
#: Scopes of configuration that a repository can't write.
_OF_THE_USER = frozenset({b"system", b"global", b"command"})
_LFS = frozenset({"git-lfs clean -- %f", "git-lfs smudge -- %f", "git-lfs filter-process", "true"})
_SUBMODULE = re.compile(rb"160000 [^\t]*\t(.*)", re.DOTALL)
_ENTRY = re.compile(rb"(?P<mode>\d{6}) [a-z]+ (?P<id>[0-9a-f]+)\t.*", re.DOTALL)
_LINK = b"120000"
#: How many links may lead to a file: as many as Linux follows.
_MOST_LINKS = 40
_REGULAR = re.compile(rb"100\d{3} blob (?P<id>[0-9a-f]+) +(?P<size>\S+)\t(?P<path>.*)", re.DOTALL)
#: A pipe in the place of a file that git reads would hold it for ever.
_SECONDS = 300
#: What is read of one file of a commit, at most.
MOST_BYTES = 64 * 1024 * 1024
#: Commands that change nothing, so that their answers can be remembered.
_QUESTIONS = frozenset(
    {
        "rev-parse",
        "ls-files",
        "ls-tree",
        "cat-file",
        "check-attr",
        "config",
        "diff",
        "hash-object",
        "status",
        "symbolic-ref",
        "merge-base",
        "remote",
        "describe",
        "rev-list",
        "for-each-ref",
    }
)
_answers: ContextVar[dict[object, bytes | None] | None] = ContextVar("answers", default=None)
#: What may follow the name of a branch or tag in a revision.
_AFTER_A_NAME = re.compile(r"[~^:]|@\{")
_SHORT_ID = re.compile(r"[0-9a-fA-F]{4,39}")
_NO_FILTER = (("clean", ""), ("smudge", ""), ("process", ""), ("required", "false"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What git says of a working tree: full ids in hex. `ref` is the full name of the branch, None when detached.

    `absent` counts files of the commit that a sparse checkout leaves out: no gate can see them. `folder` is that of the repository which is
    looked at, where it is not the whole. `modified` are the tracked files in it that are not as the commit has them; None: not known.
    """

    commit: str | None
    tree: str | None
    dirty: bool
    ref: str | None
    repository: str | None
    absent: int = 0
    folder: str | None = None
    modified: frozenset[str] | None = None


def search_path(root: Path) -> str:
    """PATH without what the project could fill."""
    return outside(root, os.environ.get("PATH", os.defpath))


@lru_cache(maxsize=8)
def _git(path: str) -> str | None:
    return shutil.which("git", path=path)


def ask(
    root: Path, argv: Sequence[str], extra: Mapping[str, str] | None = None, given: bytes | None = None, fine: Sequence[int] = (0,)
) -> bytes | None:
    """Output of a git command, None where git is missing, this is no repository, or it said no. `given` is its standard input.

    `fine` are the exit codes that mean yes. See `remembering`.
    """
    known = _answers.get()
    if known is None or argv[0] not in _QUESTIONS:
        if known is not None:
            known.clear()
        return _ask(root, argv, extra, given, fine)
    asked = (root, *argv, *sorted((extra or {}).items()), given, *fine)
    if asked not in known:
        known[asked] = _ask(root, argv, extra, given, fine)
    return known[asked]


@contextmanager
def remembering() -> Iterator[None]:
    """Meanwhile no question is put to git twice by this thread, unless it was told to do something in between.

    For when nothing else changes a repository or its files.
    """
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def _ask(root: Path, argv: Sequence[str], extra: Mapping[str, str] | None, given: bytes | None, fine: Sequence[int]) -> bytes | None:
    path = search_path(root)
    program = _git(path)
    if program is None:
        return None
    settings = [part for setting in _SAFE for part in ("-c", setting)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "PATH": path,
        "GIT_NO_REPLACE_OBJECTS": "1",
        "GIT_GRAFT_FILE": os.devnull,
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
        **(extra or {}),
    }
    command = [program, "--no-pager", *settings, *argv]
    try:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, input=given or b"", check=False, timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        return None
    return done.stdout if done.returncode in fine else None


def version() -> str | None:
    """The version of the git on PATH, as it says it; None where there is none."""
    said = line(Path.cwd(), "version") or ""
    return said.removeprefix("git version ") or None


def line(root: Path, *argv: str) -> str | None:
    """Output of a git command without the space around it; None where there is none, as `ask` has it."""
    output = ask(root, argv)
    return output.decode("utf-8", "replace").strip() or None if output is not None else None


def is_repository(root: Path) -> bool:
    """Whether git answers for the folder itself: a configuration can name a working tree that lies elsewhere."""
    top = _top(root)
    return top is not None and root.resolve().is_relative_to(top)


def _top(root: Path) -> Path | None:
    top = ask(root, ["rev-parse", "--show-toplevel"])
    return None if top is None else Path(os.fsdecode(top.removesuffix(b"\n"))).resolve()


def up_to_top(root: Path) -> list[Path]:
    """`root` and the folders above it, up to the top of its working tree; outside a repository `root` alone."""
    top = _top(root)
    here = root.resolve()
    above = [folder for folder in here.parents if top is not None and folder.is_relative_to(top)]
    return [root, *above] if top is not None and here.is_relative_to(top) else [root]


def _folder(root: Path) -> str | None:
    """The folder of the repository that `root` is, with slashes; None for all of it."""
    top = _top(root)
    within = root.resolve().relative_to(top).as_posix() if top is not None else "."
    return None if within == "." else within


def checkout(root: Path) -> Checkout:
    """Commit, tree, branch and remote of the working tree at `root`; all None outside a repository."""
    if not is_repository(root):
        return Checkout(commit=None, tree=None, dirty=True, ref=None, repository=None)
    absent, unwatched = _flagged(root)
    told, folder = _status(root), _folder(root)
    return Checkout(
        commit=line(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
        tree=line(root, "rev-parse", "--verify", "--quiet", "HEAD^{tree}"),
        dirty=unwatched or told != b"" or not _are_submodules_clean(root),
        absent=absent,
        ref=line(root, "symbolic-ref", "--quiet", "HEAD"),
        repository=_without_credentials(line(root, "config", "--get", "remote.origin.url")),
        folder=folder,
        modified=None if unwatched or told is None else frozenset(_modified(told, f"{folder}/" if folder else "")),
    )


def _status(root: Path) -> bytes | None:
    words = ["status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignore-submodules=dirty"]
    return ask(root, words, without_filters(root))


def _modified(told: bytes, prefix: str) -> Iterator[str]:
    """The tracked files of an answer of `git status`, by their names below a folder of the repository."""
    entries = iter(told.split(b"\0"))
    for entry in entries:
        code, names = entry[:2], [entry[3:]]
        if b"R" in code or b"C" in code:  # the name that it had follows by itself
            names.append(next(entries, b""))
        if code != b"??":
            yield from (name.removeprefix(prefix) for name in map(os.fsdecode, names) if name.startswith(prefix) and name)


def _are_submodules_clean(root: Path) -> bool:
    """Whether the working tree of every submodule is its commit.

    Git would ask submodules itself, and run what their own configuration names: they are asked one by one, as the root is.
    """
    entries = (ask(root, ["ls-files", "--stage", "-z"]) or b"").split(b"\0")
    folders = [root / os.fsdecode(found[1]) for entry in entries if (found := _SUBMODULE.fullmatch(entry))]
    present = [folder for folder in folders if os.path.lexists(folder / ".git")]
    return all(
        is_repository(folder) and not _flagged(folder)[1] and _status(folder) == b"" and _are_submodules_clean(folder) for folder in present
    )


def without_filters(root: Path) -> dict[str, str]:
    """Variables that switch off the filters of the repository's own configuration: `git status` would run their commands.

    Those of the user's stay, and so does Git LFS as it sets itself up in a repository.
    """
    listed = (ask(root, ["config", "--list", "-z", "--show-scope", "--includes"]) or b"").split(b"\0")
    own = [os.fsdecode(entry).partition("\n") for scope, entry in zip(listed[::2], listed[1::2], strict=False) if scope not in _OF_THE_USER]
    names = {key.rpartition(".")[0] for key, _, value in own if key.startswith("filter.") and value not in _LFS}
    settings = [(f"{name}.{key}", value) for name in sorted(names) for key, value in _NO_FILTER]
    keys = {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(settings)}
    values = {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(settings)}
    return {"GIT_CONFIG_COUNT": str(len(settings)), **keys, **values}


def _flagged(root: Path) -> tuple[int, bool]:
    """How many files the index marks as not checked out, and whether it hides changes of others from `git status`."""
    entries = [os.fsdecode(entry) for entry in (ask(root, ["ls-files", "-v", "-z"]) or b"").split(b"\0") if entry]
    marked = [(entry[0], root / entry[2:]) for entry in entries if entry[0] == "S" or entry[0].islower()]
    absent = sum(not os.path.lexists(path) for _, path in marked)
    return absent, absent < len(marked)


def unwatched(root: Path) -> list[str]:
    """Files that are there and whose changes the index hides, relative to `root`: marked with `--assume-unchanged` and the like."""
    entries = [os.fsdecode(entry) for entry in (ask(root, ["ls-files", "-v", "-z"]) or b"").split(b"\0") if entry]
    return [entry[2:] for entry in entries if (entry[0] == "S" or entry[0].islower()) and os.path.lexists(root / entry[2:])]


def _without_credentials(address: str | None) -> str | None:
    """A remote's address without user, password or query (those may be secrets); None for a folder of this machine.

    None too for an address in which it can't be told where the password ends.
    """
    if address is None:
        return None
    if "://" not in address:
        short = _SCP_ADDRESS.fullmatch(address)
        return short["place"] if short else None
    found = _ADDRESS.match(address)
    if found is None or address[found.end() : found.end() + 1] not in ("", "?", "#"):
        return None
    return f"{found['scheme']}://{found['host']}{found['port'] or ''}{found['path'] or ''}"


def list_files(root: Path) -> list[str] | None:
    """Tracked files and untracked ones that are not ignored, below `root` and relative to it; None outside a repository.

    Without those of `installed_folders`. Names that git can't show as UTF-8 are kept with surrogate escapes, as `os.fsdecode` does.
    """
    found = _list(root)
    return None if found is None else environments.without(found, _installed(root, found))


def installed_folders(root: Path) -> tuple[str, ...]:
    """Folders below `root` that hold installed packages and are neither tracked nor ignored; none outside a repository."""
    return _installed(root, _list(root) or ())


def _list(root: Path) -> list[str] | None:
    words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"]
    output = ask(root, words) if is_repository(root) else None
    return None if output is None else sorted({os.fsdecode(name) for name in output.split(b"\0") if name})


def _installed(root: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Most trees hold none: then git is not asked what it tracks."""
    return environments.installed(names, tracked_files(root)) if environments.installed(names, ()) else ()


def tracked_files(root: Path) -> frozenset[str]:
    """What the index holds below `root`, relative to it; nothing outside a repository."""
    output = ask(root, ["ls-files", "-z", "--cached"]) if is_repository(root) else None
    return frozenset(os.fsdecode(name) for name in (output or b"").split(b"\0") if name)


def committed_at(root: Path) -> int | None:
    """When the commit of the working tree was made, in seconds since 1970; None where there is none."""
    found = line(root, "rev-list", "--max-count=1", "--timestamp", "HEAD") if is_repository(root) else None
    return int(found.partition(" ")[0]) if found else None


def head(root: Path) -> str | None:
    """The full id of the commit that is checked out; None outside a repository, and where there is none."""
    return line(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}") if root.is_dir() and is_repository(root) else None


def check_one(root: Path, revision: str) -> None:
    """Raise `RepositoryError` where a revision's name means several commits: git takes a tag for a branch that is called the same.

    Whoever may push a tag called `origin/main` would else say what a change is held against.
    """
    name = _AFTER_A_NAME.split(revision, maxsplit=1)[0]
    if not name or name.startswith("refs/"):
        return
    places = [f"refs/{name}", f"refs/tags/{name}", f"refs/heads/{name}", f"refs/remotes/{name}", f"refs/remotes/{name}/HEAD"]
    listed = line(root, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)", "--", *places) or ""
    meant = {words[0]: words[-1] for item in listed.splitlines() if (words := item.split()) and words[0] in places}
    if meant and _SHORT_ID.fullmatch(name):
        meant |= {found: found for found in (line(root, "rev-parse", f"--disambiguate={name}") or "").split()}
    if len(set(meant.values())) > 1:
        raise RepositoryError(f"{revision!r} may mean {' or '.join(meant)}", help="say which, by its full name or the full commit id")


def resolve(root: Path, revision: str) -> str:
    """The full commit id of a revision; raises `RepositoryError` where there is none, or several (see `check_one`)."""
    check_one(root, revision)
    commit = line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise RepositoryError(
            f"{revision!r} is not a commit of this repository",
            help="name a commit, branch or tag that exists here; a shallow clone may need `git fetch --unshallow`",
        )
    return commit


def file_at(root: Path, commit: str, path: str) -> bytes | None:
    """The bytes of a regular file as a commit has it, `path` being relative to `root`; None where it has none.

    `commit` is a full id (see `resolve`). No link is followed, no submodule entered, no filter run. Raises
    `RepositoryError` where git can't say, the content is not on this machine, or it is larger than 64 MiB.
    """
    listed = ask(root, ["ls-tree", "-z", "-l", commit, "--", path], {"GIT_LITERAL_PATHSPECS": "1"})
    if listed is None:
        remedy = "where the clone is shallow or partial, get the rest with `git fetch`; `git fsck` says what is broken"
        raise RepositoryError(f"git can't list the files of {commit}", help=remedy)
    found = next(
        (entry for item in listed.split(b"\0") if (entry := _REGULAR.fullmatch(item)) and os.fsdecode(entry["path"]) == path), None
    )
    if found is None:
        return None
    if not found["size"].isdigit():
        raise _absent(commit, path)
    if int(found["size"]) > MOST_BYTES:
        raise RepositoryError(
            f"{path} in {commit} is larger than {MOST_BYTES // 2**20} MiB", help="nothing that large is read from a commit"
        )
    content = ask(root, ["cat-file", "blob", found["id"].decode()])
    if content is None:
        raise _absent(commit, path)
    return content


def real_at(root: Path, commit: str, path: str) -> str | None:
    """Where a path leads in a commit, its links followed as `Path.resolve` does; None where nothing is there, or it leads out of `root`."""
    prefix = (line(root, "rev-parse", "--show-prefix") or "").strip("/")
    left, done, links = path.split("/")[::-1], prefix.split("/") if prefix else [], 0
    while left:
        part = left.pop()
        if part == ".." and done:
            done.pop()
        elif part == ".." or links > _MOST_LINKS:
            return None
        elif part not in ("", "."):
            listed = (
                ask(root, ["ls-tree", "-z", "--full-tree", commit, "--", "/".join((*done, part))], {"GIT_LITERAL_PATHSPECS": "1"}) or b""
            )
            entry = _ENTRY.fullmatch(listed.removesuffix(b"\0"))
            if entry is None:
                return None
            if entry["mode"] != _LINK:
                done.append(part)
                continue
            target = os.fsdecode(ask(root, ["cat-file", "blob", entry["id"].decode()]) or b"/")
            if target.startswith("/"):
                return None
            links += 1
            left += target.split("/")[::-1]
    real = "/".join(done)
    if prefix:
        real = real.removeprefix(f"{prefix}/") if real.startswith(f"{prefix}/") else ""
    return real or None


def _absent(commit: str, path: str) -> RepositoryError:
    return RepositoryError(
        f"the content of {path} in {commit} is not on this machine", help="this is a partial clone: get it with `git fetch --refetch`"
    )
