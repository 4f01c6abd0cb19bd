"""A service under test: started, waited for, watched while a gate runs, stopped with all its children."""

from __future__ import annotations

import contextlib
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


@dataclass(frozen=True, slots=True)
class Service:
    """A running service. `url` has no slash at its end."""

    url: str
    port: int
    _child: process.Process

    def check_alive(self) -> None:
        """Raise `GateError` where the service is no longer running: what was seen since can't be trusted."""
        if self._child.exit_code is not None:
            raise GateError(
                f"the service under test ended by itself with exit code {self._child.exit_code}",
                remedy="its own output is kept with the evidence; mend the crash, then run again",
            )


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
                f"another program already listens on port {port}",
                remedy="stop it, or write {port} in the command so that a free one is chosen",
            )
    with process.running(argv, cwd=cwd, env=env, log=log) as child:
        service = Service(f"http://{HOST}:{port}", port, child)
        _wait(service, ready, timeout, log)
        yield service
        service.check_alive()


def _wait(service: Service, ready: str, timeout: float, log: Path) -> None:
    address = f"{service.url}/{ready.lstrip('/')}"
    deadline = time.monotonic() + timeout
    answer = "nothing listened"
    while time.monotonic() < deadline:
        try:
            service.check_alive()
        except GateError as error:
            raise GateError(f"{error.reason} before it was ready: {_tail(log)}", remedy=error.remedy) from error
        try:
            opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with opener.open(address, timeout=5):
                return
        except urllib.error.HTTPError as error:
            answer = f"it answered {error.code}"
        except (OSError, ValueError):
            answer = "it did not answer"
        time.sleep(_POLL_SECONDS)
    raise ToolTimeoutError(
        f"the service under test was not ready at {ready} after {timeout:g} s: {answer}; {_tail(log)}",
        remedy="check `serve.command` and `serve.ready`, or allow it more time with `serve.timeout`",
    )


def _tail(log: Path) -> str:
    lines = [line.strip() for line in log.read_text("utf-8", "replace").splitlines() if line.strip()]
    return f"its last words: {lines[-1][:300]}" if lines else "it printed nothing"
