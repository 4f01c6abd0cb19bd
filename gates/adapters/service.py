"""A service under test: started, waited for, watched while a gate runs, stopped with all its children."""

from __future__ import annotations

import contextlib
import errno
import http.client
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from gates.adapters import process
from gates.errors import GateError, ToolTimeoutError

HOST = "127.0.0.1"
_POLL_SECONDS = 0.05
#: A process that is ending closes its sockets a moment before it is gone.
_ENDING_SECONDS = 2.0
_MEND = "its own output is kept with the evidence; mend the crash, then run again"


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `url` has no slash at its end."""

    url: str
    port: int
    _child: process.Process

    def check_alive(self) -> None:
        """Raise `GateError` where the service no longer runs or listens: what was seen since can't be trusted."""
        if self._refuses():
            self._child.wait(_ENDING_SECONDS)
        self.check_running()
        if self._refuses():
            raise GateError("the service under test no longer listens on its port", remedy=_MEND)

    def check_running(self) -> None:
        """Raise `GateError` where the service's process has ended; it need not listen yet."""
        if self._child.exit_code is not None:
            raise GateError(f"the service under test ended by itself with exit code {self._child.exit_code}", remedy=_MEND)

    def _refuses(self) -> bool:
        with socket.socket() as probe:
            probe.settimeout(_ENDING_SECONDS)
            return probe.connect_ex((HOST, self.port)) == errno.ECONNREFUSED


def free_port() -> int:
    """A TCP port of the loopback address that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    argv: Sequence[str], *, port: int, ready: str, timeout: float, cwd: Path, env: Mapping[str, str], log: Path
) -> Iterator[Service]:
    """Run a server while the block does. `ready` is a path that must answer below 400 within `timeout` seconds.

    Raises `GateError` where something else already listens on the port (its answers would be taken for the
    service's), where the command ends by itself, and `ToolTimeoutError` where it is not ready in time.
    """
    with socket.socket() as probe:
        if probe.connect_ex((HOST, port)) == 0:
            raise GateError(
                "another program already listens on the port of the service under test, and its answers would be taken for the service's",
                remedy="stop it, or run again: each run chooses a port that is free",
            )
    with process.running(argv, cwd=cwd, env=env, log=log) as child:
        service = Service(f"http://{HOST}:{port}", port, child)
        _wait(service, ready, timeout, log)
        yield service
        service.check_alive()


def _wait(service: Service, ready: str, timeout: float, log: Path) -> None:
    """Ask until the service answers. Reasons hold no port and no time: those vary from run to run."""
    address = f"{service.url}/{ready.lstrip('/')}"
    deadline = time.monotonic() + timeout
    answer = "nothing listened"
    while time.monotonic() < deadline:
        found = _ask(address)
        _check_start(service, log)
        if not found:
            return
        answer = found
        time.sleep(_POLL_SECONDS)
    raise ToolTimeoutError(
        f"the service under test was not ready at {ready} in time: {answer}; {_tail(log, service.port)}",
        remedy="check `serve.command` and `serve.ready`, or allow it more time with `serve.timeout`",
    )


def _ask(address: str) -> str:
    """What kept the service from being ready; empty where it answers below 400. No proxy stands between."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(address, timeout=5):
            return ""
    except urllib.error.HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except (OSError, ValueError, http.client.HTTPException):
        return "it did not answer"


def _check_start(service: Service, log: Path) -> None:
    """Raise `GateError` where the command has ended: if anything answers, it is another program."""
    try:
        service.check_running()
    except GateError as error:
        raise GateError(f"{error.reason} before it was ready: {_tail(log, service.port)}", remedy=error.remedy) from error


def _tail(log: Path, port: int) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return f"its last words: {lines[-1][:300].replace(str(port), '{port}')}" if lines else "it printed nothing"
