"""Breaks an engine in the middle of its work, inside its own process; the standard library alone.

It is copied into the packages of an interpreter, which loads it as it starts. `fault.txt` beside it names what is to happen
when the engine comes to the project's own things (the canaries lie behind it by then).
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import os
import re
import resource
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

#: To a word of the command line: the function where the engine meets the project, and how its arguments show that.
ENGINES: dict[str, tuple[str, str, Callable[..., bool]]] = {
    "bandit_driver.py": ("bandit.core.manager", "BanditManager.run_tests", lambda manager: "./app.py" in manager.files_list),
    "secrets_driver.py": ("detect_secrets.plugins.aws", "AWSKeyDetector.analyze_line", lambda _, filename, **__: filename == "app.py"),
    "audit_driver.py": ("pip_audit._audit", "Auditor.audit", lambda _, source: any(item.name == "six" for item in source.collect())),
    "axe_driver.py": ("selenium.webdriver.remote.webdriver", "WebDriver.get", lambda _, address: address.startswith("http")),
    "contracts_driver.py": ("requests.sessions", "Session.send", lambda _, request, **__: "/fine" in request.url),
    "pytest": ("_pytest.python", "Function.runtest", lambda item: item.name == "test_two"),
}


_HOARD: list[bytearray] = []


def crash() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.string_at(0)


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def leave() -> None:
    os._exit(0)


def hang() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
    while True:
        signal.pause()


def print_much() -> None:
    for _ in range(500):
        os.write(1, b"x" * 2**20)


def write_much() -> None:
    with Path(_raw_folder(), "more.log").open("wb") as stream:
        stream.writelines(bytes(2**20) for _ in range(500))


def half() -> None:
    """Half of an answer, on the standard output and in each file that is there, and an end as if all were well."""
    os.write(1, b'{"files": [{"path": "app.py", "skip')
    for path in _raw_files():
        os.truncate(path, path.stat().st_size // 2)
    os._exit(0)


def garbage() -> None:
    os.write(1, bytes(range(256)) * 40)
    for path in _raw_files():
        path.write_bytes(bytes(range(256)) * 40)
    os._exit(0)


def starve() -> None:
    """No memory from here on: the system gives no more, and what the interpreter has in store is taken."""
    resource.setrlimit(resource.RLIMIT_AS, (1, 1))
    for size in (2**20, 2**15, 2**12, 2**9, 2**6, 2**3):
        try:
            while True:
                _HOARD.append(bytearray(size))
        except MemoryError:
            continue
    raise MemoryError


def nothing() -> None:
    pass


def breed() -> None:
    """A daemon that left group, session and environment; the engine goes on when it lives."""
    ready, said = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(said, b"x")
            os.execve("/bin/sleep", ["sleep", "600"], {})
        os._exit(0)
    os.read(ready, 1)


def _raw_folder() -> str:
    found = re.search(r"(\S*/raw-[0-9a-f]{16}/[a-z]+)", " ".join(sys.orig_argv))
    return found[1] if found else "."


def _raw_files() -> list[Path]:
    """What the engine has written; where it answers by its output alone, nothing."""
    return [path for path in Path(_raw_folder()).rglob("*") if path.is_file()] if _raw_folder() != "." else []


def install(fault: Callable[[], None], module: str, function: str, meets: Callable[..., bool]) -> None:
    owner_name, _, name = function.partition(".")
    owner = getattr(importlib.import_module(module), owner_name)
    original = getattr(owner, name)
    if original.__module__ == __name__ or hasattr(original, "__wrapped__"):
        return  # start-up files are read once for each path that leads to them

    @functools.wraps(original)
    def broken(*args: Any, **kwargs: Any) -> Any:
        if meets(*args, **kwargs):
            setattr(owner, name, original)
            Path(__file__).with_name("struck.txt").open("a").write(f"{function}\n")
            fault()
        return original(*args, **kwargs)

    setattr(owner, name, broken)


def begin() -> None:
    """Called as the interpreter starts: where this is the process of an engine, it will break."""
    words = {Path(word).name for word in sys.orig_argv}
    for word in words & ENGINES.keys():
        install(globals()[Path(__file__).with_name("fault.txt").read_text("ascii")], *ENGINES[word])
