"""Our own process, as others of the same user can see it through the system."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Container
from pathlib import Path

_PR_SET_DUMPABLE = 4
#: Where `/proc/self/stat` says that the environment lies in memory, counted after the program's name.
_ENVIRONMENT = slice(47, 49)


def withdraw_variables(names: Container[str]) -> None:
    """Blank the values of variables in what the system shows of us (`/proc/…/environ`), and let no process look into our memory.

    Only root may then do that. `os.environ` keeps the values. Does nothing where the system shows no environments.
    """
    if sys.platform != "linux":
        return
    try:
        start, end = map(int, Path("/proc/self/stat").read_text("ascii", "replace").rpartition(")")[2].split()[_ENVIRONMENT])
    except (OSError, ValueError):
        return
    address = start
    for entry in ctypes.string_at(start, end - start).split(b"\0"):
        name, equals, value = entry.partition(b"=")
        if equals and os.fsdecode(name) in names:
            ctypes.memset(address + len(name) + 1, ord("x"), len(value))
        address += len(entry) + 1
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
