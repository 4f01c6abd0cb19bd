"""The machine that a run is made on."""

from __future__ import annotations

import platform
import sys


def described() -> str:
    """System, release, processor and C library, as `platform.platform` says them: on Linux that starts a program to ask for more."""
    if sys.platform != "linux":
        return platform.platform()
    libc = "".join(platform.libc_ver())
    return "-".join((platform.system(), platform.release(), platform.machine(), *(("with", libc) if libc else ())))
