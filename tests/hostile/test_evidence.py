"""Code and services of the project that reach for the evidence while it is made, or for what is judged after they ran."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gates.adapters.browser import find_browser, find_driver
from tests.guarantees import Seen, errored, failed, hostile, passed
from tests.hostile.running import environment, run
from tests.repository import Repository
from tests.runners.pages import FAULT, good
from tests.runners.samples import SECRETS
from tests.traps.contracts_service import SERVICE, contract

TOKEN = SECRETS["github"]
#: A service that is asked to end uses the moment that it is given.
AT_ITS_END = """
import glob, json, os, signal, sys, tempfile
def end(*_):
    for name in glob.glob(tempfile.gettempdir() + "/gates-*/raw-*/" + {gate!r} + "/{member}"):
        text = open(name).read()
        open(name, "w").write(text.replace({old!r}, {new!r}))
    os._exit(0)
signal.signal(signal.SIGTERM, end)
"""


def at_its_end(gate: str, member: str, old: str, new: str) -> str:
    return (
        AT_ITS_END.replace("{gate!r}", repr(gate)).replace("{member}", member).replace("{old!r}", repr(old)).replace("{new!r}", repr(new))
    )


def one_gate(name: str, options: str) -> str:
    return f"version: 1\nextends: [baseline]\ngates:\n  {name}: {{options: {options}}}\n"


@pytest.fixture
def apart(tmp_path: Path) -> dict[str, str]:
    """An environment whose folder for temporary files is no other test's."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return environment(TMPDIR=str(folder))


@hostile(
    "a service rewrites what schemathesis has recorded of it, as it is stopped",
    here=errored("something wrote into the evidence: events.ndjson is not what was written there"),
)
def test_a_service_rewrites_its_record(repository: Repository, apart: dict[str, str]) -> Seen:
    forging = at_its_end("contracts", "events.ndjson", '"status_code":500', '"status_code":200')
    files = {"service.py": forging + SERVICE, "openapi.yaml": json.dumps(contract("GET /a", "GET /b"))}
    files["answers.json"] = '{"GET /up": [200, {}, ""], "GET /a": [500, {}, ""], "GET /b": [200, {}, ""]}'
    serve = '{command: ["{python}", service.py, "{port}"], ready: /up}'
    policy = one_gate("contracts", f"{{schema: openapi.yaml, phases: [coverage], max-examples: 1, serve: {serve}}}")
    repository.commit({"gates.yaml": policy, **files})
    return run(repository.root, env=apart).seen("contracts")


@hostile(
    "a site rewrites what axe-core has said of it, as it is stopped",
    here=errored("something wrote into the evidence: axe.json is not what was written there"),
)
def test_a_site_rewrites_its_audit(repository: Repository, apart: dict[str, str]) -> Seen:
    site = (
        "from http.server import BaseHTTPRequestHandler, HTTPServer\n"
        f"PAGE = {good(FAULT)!r}.encode()\n"
        "class Site(BaseHTTPRequestHandler):\n"
        "    def do_GET(self):\n        self.send_response(200)\n        self.send_header('Content-Type', 'text/html')\n"
        "        self.end_headers()\n        self.wfile.write(PAGE)\n"
        "HTTPServer(('127.0.0.1', int(sys.argv[1])), Site).serve_forever()\n"
    )
    forging = at_its_end("accessibility", "axe.json", '"violations"', '"none"')
    serve = '{command: ["{python}", site.py, "{port}"]}'
    repository.commit({"gates.yaml": one_gate("accessibility", f"{{pages: [/], serve: {serve}}}"), "site.py": forging + site})
    return run(repository.root, env=apart).seen("accessibility")


@hostile(
    "tests take a file out of git's index and then rewrite it, before the gate that would have read it",
    here=errored("app.py was changed while the gates ran"),
)
def test_a_file_that_is_no_longer_tracked(repository: Repository) -> Seen:
    rewriting = (
        "import subprocess\nfrom pathlib import Path\n"
        "subprocess.run(['git', 'rm', '-q', '--cached', 'app.py'], check=True)\nPath('app.py').write_text('TOKEN = 1\\n')\n"
    )
    policy = "version: 1\nextends: [baseline]\ngates:\n  tests: {timeout: 20m}\n  secrets: {timeout: 5m}\n"
    tests = "def test_one():\n    assert 1\n"
    repository.commit({"gates.yaml": policy, "conftest.py": rewriting, "test_a.py": tests, "app.py": f"TOKEN = '{TOKEN}'\n"})
    return run(repository.root, "--jobs", "1").seen("secrets")


@hostile(
    "tests tell git to ignore a file, before the gate that would have read it",
    here=failed("secrets/github-token"),
)
def test_a_file_that_is_ignored_meanwhile(repository: Repository) -> Seen:
    """The files are listed once, before any gate runs. The secret stands in a file that is not committed yet."""
    ignoring = "from pathlib import Path\nPath('.git/info/exclude').write_text('new.py\\n')\n"
    policy = "version: 1\nextends: [baseline]\ngates:\n  tests: {timeout: 20m}\n  secrets: {timeout: 5m}\n"
    repository.commit({"gates.yaml": policy, "conftest.py": ignoring, "test_a.py": "def test_one():\n    assert 1\n"})
    (repository.root / "new.py").write_text(f"TOKEN = '{TOKEN}'\n", "utf-8")
    return run(repository.root, "--jobs", "1").seen("secrets")


@hostile(
    "a service says a secret as it fails, long before the scan of secrets knows it",
    here=errored("its last words: could not log in with [redacted]"),
)
def test_a_secret_in_last_words(repository: Repository) -> Seen:
    failing = "import sys\nfrom keys import TOKEN\nsys.exit('could not log in with ' + TOKEN)\n"
    serve = '{command: ["{python}", service.py, "{port}"]}'
    policy = one_gate("contracts", f"{{schema: openapi.yaml, serve: {serve}}}") + "  secrets: {}\n"
    repository.commit(
        {"gates.yaml": policy, "service.py": failing, "keys.py": f"TOKEN = '{TOKEN}'\n", "openapi.yaml": json.dumps(contract("GET /a"))}
    )
    done = run(repository.root, "--jobs", "1")
    assert TOKEN not in done.out + done.err
    return done.seen("contracts")


@hostile(
    "a folder of the project on PATH holds a `chromedriver` and a `chromium`",
    here=passed("no program of the project was run"),
)
def test_programs_in_the_place_of_the_browser(repository: Repository, tmp_path: Path) -> Seen:
    trap = f"#!/bin/sh\ntouch {tmp_path}/trap\nexit 1\n"
    policy = one_gate("accessibility", "{pages: [/], serve: {directory: public}}")
    repository.commit({"gates.yaml": policy, "public/index.html": good(), "bin/chromium": trap, "bin/chromedriver": trap})
    for name in ("chromium", "chromedriver"):
        (repository.root / "bin" / name).chmod(0o755)
    found = environment()
    search = f"{repository.root}/bin:{found['PATH']}"
    assert find_browser({"PATH": search}) == str(repository.root / "bin" / "chromium")
    assert find_driver({"PATH": search}, repository.root) == find_driver(found)
    seen = run(repository.root, env=found | {"PATH": search}).seen("accessibility")
    return Seen(outcome=seen.outcome, text="" if (tmp_path / "trap").exists() else "no program of the project was run")


@hostile(
    "there is no git, and folders are called `venv` and `node_modules`",
    here=passed("without git it is not known what belongs to the project: node_modules, venv was passed over"),
)
def test_folders_without_git(tmp_path: Path) -> Seen:
    """What is passed over is said, and makes the verdict one about a part."""
    root = tmp_path / "project"
    for name in ("node_modules/shop/deploy.py", "venv/app.py", "app.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x = 1\n" if name == "app.py" else f"TOKEN = '{TOKEN}'\n", "utf-8")
    (root / "gates.yaml").write_text("version: 1\nextends: [baseline]\ngates:\n  secrets: {}\n", "utf-8")
    return run(root).seen()
