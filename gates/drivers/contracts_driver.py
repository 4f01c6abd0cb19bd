"""Runs schemathesis twice in one process: first on a service of ours that breaks its contract, then on the service under test.

usage: contracts_driver.py FOLDER EVENTS CONFIG PHASES ARGUMENT...

The contract of ours is written to FOLDER, the events of the first run to EVENTS; CONFIG and PHASES hold for both runs, and the
ARGUMENTs are the rest of the second's. Whatever makes the engine blind (a package that is loaded with it, a broken installation)
makes the first run blind too. Ends as the second run ends.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from schemathesis.cli import schemathesis

from gates.drivers import contracts_canary

_NO_PROXY = ("NO_PROXY", "no_proxy")


def main(folder: str, events: str, config: str, phases: str, *arguments: str) -> int:
    try:
        _try_canary(Path(folder) / "canary.json", events, config, phases)
    except Exception as error:
        # The evidence is then missing or cut, which the gate's other half refuses; the second run may still say more.
        print(f"the run on our own service broke: {type(error).__name__}", file=sys.stderr)
    return _run(["--config-file", config, "run", *arguments, "--phases", phases])


def _try_canary(contract: Path, events: str, config: str, phases: str) -> None:
    """The first run. Coverage is always tried: some checks look at nothing else.

    One made-up request an operation is enough, but for the phase that must come upon the right sequence. The seed stays the same:
    whether the canary is found must not depend on the policy's.
    """
    asked = phases.split(",")
    contract.write_text(json.dumps(contracts_canary.contract(follows_resources="stateful" in asked)), "ascii")
    tried = ",".join(dict.fromkeys([*asked, "coverage"]))
    with contracts_canary.singing() as address, _without_proxy(), contextlib.redirect_stdout(io.StringIO()):
        _run(
            [
                *("--config-file", config, "run", str(contract), "--url", address, "--phases", tried, "--seed", "1"),
                *("--max-examples", "10" if "stateful" in asked else "1", "--generation-database", "none", "--no-color"),
                *("--report", "ndjson", "--report-ndjson-path", events),
            ]
        )


def _run(arguments: list[str]) -> int:
    sys.argv = ["schemathesis", *arguments]
    try:
        schemathesis(arguments)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


@contextlib.contextmanager
def _without_proxy() -> Iterator[None]:
    """No proxy stands between the engine and this machine; the user's own exceptions come back after."""
    before = {name: os.environ.get(name) for name in _NO_PROXY}
    os.environ.update(dict.fromkeys(_NO_PROXY, "127.0.0.1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
