"""Git, asked with configuration that can't execute anything of the repository's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from gates.errors import RepositoryError

_SCP_ADDRESS = re.compile(r"^(?:[\w.-]+@)?[\w.-]{2,}:(?!//)")
_SAFE = (
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.untrackedCache=false",
    "core.quotePath=false",
    "diff.external=",
    "protocol.ext.allow=never",
    # CI containers often run as another user than the checkout's owner; nothing above can execute its configuration.
    "safe.directory=*",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkout:
    """What git says of a working tree: full ids in hex. `ref` is the full name of the branch, None when detached."""

    commit: str | None
    tree: str | None
    dirty: bool
    ref: str | None
    repository: str | None


@lru_cache(maxsize=1)
def _git() -> str | None:
    return shutil.which("git")


def _run(root: Path, argv: Sequence[str]) -> bytes | None:
    """Output of a git command, None where git is missing, this is no repository, or it said no."""
    program = _git()
    if program is None:
        return None
    settings = [part for setting in _SAFE for part in ("-c", setting)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_NO_REPLACE_OBJECTS": "1", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    done = subprocess.run(
        [program, "--no-pager", *settings, *argv], cwd=root, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    return done.stdout if done.returncode == 0 else None


def _line(root: Path, *argv: str) -> str | None:
    output = _run(root, argv)
    return output.decode("utf-8", "replace").strip() or None if output is not None else None


def is_repository(root: Path) -> bool:
    return _run(root, ["rev-parse", "--git-dir"]) is not None


def checkout(root: Path) -> Checkout:
    """Commit, tree, branch and remote of the working tree at `root`; all None outside a repository."""
    if not is_repository(root):
        return Checkout(commit=None, tree=None, dirty=True, ref=None, repository=None)
    status = _run(root, ["status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignore-submodules=none"])
    return Checkout(
        commit=_line(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"),
        tree=_line(root, "rev-parse", "--verify", "--quiet", "HEAD^{tree}"),
        dirty=status is None or bool(status),
        ref=_line(root, "symbolic-ref", "--quiet", "HEAD"),
        repository=_without_credentials(_line(root, "config", "--get", "remote.origin.url")),
    )


def _without_credentials(address: str | None) -> str | None:
    """A remote's address without user, password or query (those may be secrets); None for a folder of this machine."""
    if address is None:
        return None
    if "://" not in address:
        return address.rpartition("@")[2] if _SCP_ADDRESS.match(address) else None
    parts = urlsplit(address)
    host = parts.netloc.rpartition("@")[2]
    return None if parts.scheme == "file" else urlunsplit((parts.scheme, host, parts.path, "", ""))


def list_files(root: Path) -> list[str] | None:
    """Tracked files and untracked ones that are not ignored, below `root` and relative to it; None outside a repository.

    Names that git can't show as UTF-8 are kept with surrogate escapes, as `os.fsdecode` does.
    """
    output = _run(root, ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"])
    if output is None:
        return None
    return sorted({os.fsdecode(name) for name in output.split(b"\0") if name})


def resolve(root: Path, revision: str) -> str:
    """The full commit id of a revision; raises `RepositoryError` where there is none."""
    commit = _line(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        raise RepositoryError(
            f"{revision!r} is not a commit of this repository",
            help="name a commit, branch or tag that exists here; a shallow clone may need `git fetch --unshallow`",
        )
    return commit
