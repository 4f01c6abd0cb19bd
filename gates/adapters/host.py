"""The machine that a run is made on."""

from __future__ import annotations

import os
import platform
import sys


def described() -> str:
    """System, release, processor and C library, as `platform.platform` says them: on Linux that starts a program to ask for more."""
    if sys.platform != "linux":
        return platform.platform()
    libc = "".join(platform.libc_ver())
    return "-".join((platform.system(), platform.release(), platform.machine(), *(("with", libc) if libc else ())))


def cores() -> int:
    """How many processors this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(allowed(0)) if allowed else os.cpu_count() or 1
