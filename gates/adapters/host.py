"""The machine that a run is made on."""

from __future__ import annotations

import os
import platform
import re
import sys
from collections.abc import Iterator
from pathlib import Path

_SYSTEMS = {"darwin": "macos", "win32": "windows", "cygwin": "windows"}


def described() -> str:
    """System, release, processor and C library, as `platform.platform` says them: on Linux that starts a program to ask for more."""
    if sys.platform != "linux":
        return platform.platform()
    libc = "".join(platform.libc_ver())
    return "-".join((platform.system(), platform.release(), platform.machine(), *(("with", libc) if libc else ())))


def system(platform: str, release: str) -> str:
    """Whose package manager a person uses here: `debian`, `ubuntu`, `macos` or `windows`; empty for any other.

    `platform` is as `sys.platform` has it, `release` the text of os-release, https://www.freedesktop.org/software/systemd/man/os-release.html.
    """
    if platform in _SYSTEMS:
        return _SYSTEMS[platform]
    said = dict(re.findall(r"^(ID|ID_LIKE)=[\"']?([^\"'\n]*)", release, re.MULTILINE))
    names = [said.get("ID", ""), *said.get("ID_LIKE", "").split()]
    return next((name for name in names if name in ("debian", "ubuntu")), "")


def os_release() -> str:
    """What the system says of itself; empty where it does not."""
    return _text(Path("/etc/os-release")) or _text(Path("/usr/lib/os-release"))


def cores() -> int:
    """How many processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def memory() -> int | None:
    """How many bytes this process and its children may still take: of the machine's, and of its container's; None where nobody says."""
    known = [*_of_machine(Path("/proc/meminfo")), *_of_container(Path("/sys/fs/cgroup"))]
    return max(0, min(known)) if known else None


def _of_machine(path: Path) -> Iterator[int]:
    """What Linux says could be given without swapping, https://docs.kernel.org/filesystems/proc.html#meminfo."""
    found = re.search(r"^MemAvailable: +(\d+) kB$", _text(path), re.MULTILINE)
    if found:
        yield int(found[1]) * 1024


def _of_container(folder: Path) -> Iterator[int]:
    """What is left of a container's limit, https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files."""
    limit, used = _text(folder / "memory.max").strip(), _text(folder / "memory.current").strip()
    if limit.isdecimal() and used.isdecimal():
        yield int(limit) - int(used)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, ValueError):
        return ""
