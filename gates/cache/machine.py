"""What of this machine can change what a gate sees: our own code, interpreters, installed packages, variables, ignored files."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from gates.adapters import files, git, host
from gates.cache.contents import digest

_PACKAGE = Path(__file__).parent.parent
#: What differs from one shell and one CI run to the next, and that no test should read.
_PASSING = re.compile(
    r"_|SHLVL|PWD|OLDPWD|TERM(_.*)?|COLORTERM|COLUMNS|LINES|HISTFILE|WINDOWID|TMUX.*|STY|SSH_.*|XDG_SESSION_.*|DBUS_.*|VSCODE_.*"
    r"|GITHUB_.*|RUNNER_.*|ACTIONS_.*|CI_.*|BUILD_.*|INVOCATION_ID|JOURNAL_STREAM|GPG_TTY|DISPLAY|WAYLAND_DISPLAY|PS1"
)
_SUFFIXES = (".pyc", ".pyo", ".swp", "~", ".log")


@lru_cache(maxsize=1)
def engine() -> str:
    """Our code, the interpreter that runs it and what is installed for it: engines and their plug-ins among it."""
    own = (row for folder, _, _ in os.walk(_PACKAGE) for row in _entries(folder))
    # Not where the script lies that was called: the command and `python -m` are one and the same.
    places = {Path(name) for name in sys.path if name.endswith("-packages") or name == os.path.dirname(os.__file__)}  # noqa: PTH120
    rows = (
        ("python", sys.version, sys.executable, host.described()),
        *own,
        *(row for place in sorted(places) for row in _entries(place)),
    )
    return digest(rows)


def installed(root: Path, environment: Mapping[str, str], untracked: Iterable[str] = ()) -> str:
    """The interpreters and packages that a project's programs may find: beside and above it, in the active environment, on PATH.

    `untracked` are folders of packages below `root` by other names.
    """
    beside = [folder / name for folder in git.up_to_top(root) for name in (".venv", "venv")]
    active = [Path(environment[name]) for name in ("VIRTUAL_ENV", "CONDA_PREFIX") if name in environment]
    folders = [*beside, *(root / name for name in untracked), *active]
    on_path = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    programs = [folder / name for folder in on_path for name in ("python3", "python") if (folder / name).exists()]
    prefixes = dict.fromkeys((*folders, *(program.parent.parent for program in programs)))
    return digest(
        [
            *(("path", str(folder), _stamp(folder)) for folder in on_path),
            *(("interpreter", str(program), _stamp(program.resolve())) for program in programs),
            *(("packages", str(prefix), _packages(prefix)) for prefix in prefixes),
        ]
    )


def variables(environment: Mapping[str, str]) -> str:
    """What children get of the environment, but for what differs from one shell to the next."""
    return digest((name, environment[name]) for name in sorted(environment) if not _PASSING.fullmatch(name))


def ignored(root: Path) -> str:
    """Files that git ignores, such as local settings: by name, size and time. Folders that are ignored as a whole are not looked into."""
    output = git.ask(root, ["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory"]) or b""
    names = sorted(os.fsdecode(name) for name in output.split(b"\0") if name and not name.endswith(b"/"))
    kept = (name for name in names if not name.endswith(_SUFFIXES) and not files.SKIPPED_FOLDERS.intersection(name.split("/")[:-1]))
    return digest((name, _stamp(root / name)) for name in kept)


@lru_cache(maxsize=64)
def _packages(prefix: Path) -> str:
    """What is installed below a prefix. Asked for by several gates of a run, and the same for all."""
    patterns = ("lib/python3*/site-packages", "lib/python3*/dist-packages", "Lib/site-packages")
    places = [place for pattern in patterns for place in sorted(prefix.glob(pattern))]
    return digest([("pyvenv.cfg", _stamp(prefix / "pyvenv.cfg")), *(row for place in places for row in _entries(place))])


def _entries(place: Path | str) -> Iterator[tuple[str, str, str]]:
    """What lies in a folder of packages; a package that is installed anew has another time or name."""
    try:
        with os.scandir(place) as found:
            entries = sorted((entry.name, _words(entry.stat())) for entry in found if entry.name != "__pycache__")
    except OSError:
        return
    for name, stamp in entries:
        yield str(place), name, stamp


def _stamp(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "gone"
    return _words(found)


def _words(found: os.stat_result) -> str:
    return f"{found.st_size} {found.st_mtime_ns}"
