"""Traps of a run of schemathesis: it tests the wrong thing, a part, or nothing, and ends with 0."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from gates import codec
from gates.model import Facts
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.traps.contracts_service import Answers, Contracts, by_hand, contract

pytestmark = pytest.mark.engine("schemathesis")

REFUSING = ("200", "401", "404", "429", "503")
CRASH: Answers = {"GET /a": (500, {}, "")}


@pytest.fixture
def project(tmp_path: Path) -> Contracts:
    return Contracts(tmp_path)


@trap(
    "S1",
    "the base path is wrong: every operation answers 404, as documented",
    alone="exit code 0, 2 tested, complete",
    here=errored("the service accepted nothing on any operation: the answers were 404"),
)
def test_s1_a_wrong_base_path(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /b", statuses=REFUSING), {"GET /a": (200, {}, ""), "GET /b": (200, {}, "")})
    return judged(project.observe(base_path="/v9"), alone=project.alone("/v9", phase="fuzzing"))


@trap(
    "S1",
    "every operation asks for credentials that nobody sends: 401",
    alone="exit code 0, 2 tested, complete",
    here=errored("the service accepted nothing on any operation: the answers were 401"),
)
def test_s1_nothing_but_401(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /b", statuses=REFUSING), {"GET /a": (401, {}, ""), "GET /b": (401, {}, "")})
    facts = project.observe()
    assert "headers" in facts.remedy
    return judged(facts, alone=project.alone())


@trap(
    "S2",
    "a `schemathesis.toml` in a parent folder switches all checks off",
    alone="exit code 0, 0 tested, complete",
    here=failed("contracts/not-a-server-error at GET /a"),
)
def test_s2_settings_in_a_parent_folder(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /up"), CRASH)
    (project.folder / "schemathesis.toml").write_text("[checks]\nenabled = false\n")
    return judged(project.observe(), alone=project.alone())


@trap(
    "S3",
    "settings of the project switch an operation off",
    alone="exit code 0, 1 tested, complete",
    here=failed("contracts/not-a-server-error at GET /a"),
)
def test_s3_an_operation_is_switched_off(project: Contracts) -> Seen:
    settings = '[[operations]]\ninclude-path = "/a"\nenabled = false\n'
    project.write(contract("GET /a", "GET /up"), CRASH, schemathesis__toml=settings)
    return judged(project.observe(), alone=project.alone())


@trap(
    "S4",
    "the service dies in the middle",
    alone="exit code 1, 2 tested, complete",
    here=errored("the service under test ended by itself with exit code 3"),
)
def test_s4_a_service_that_dies(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /up"), {"GET /a": (200, {}, "")})
    return judged(project.observe({"LIFE": "4"}), alone=project.alone(LIFE="4"))


ASGI = """
import json
import schemathesis
from schemathesis.engine import from_schema

async def app(scope, receive, send):
    raise RuntimeError("planted")

schema = schemathesis.openapi.from_dict(json.load(open("openapi.yaml")))
schema.app = app
statuses = [event.status for event in from_schema(schema).execute() if type(event).__name__ == "ScenarioFinished"]
print(f"{sum(status == 'failure' for status in statuses)} failures")
"""


@trap(
    "S5",
    "an application raises on every request, and is tested in the engine's own process",
    alone="0 failures",
    here=failed("contracts/not-a-server-error at GET /a"),
)
def test_s5_an_exception_of_the_application(project: Contracts) -> Seen:
    """Here it is served, so its server answers 500."""
    project.write(contract("GET /a", "GET /up"), CRASH)
    done = subprocess.run([sys.executable, "-c", ASGI], cwd=project.root, capture_output=True, text=True, check=True, timeout=120)
    return judged(project.observe(), alone=done.stdout.strip())


@trap(
    "S6",
    "an old server is still on the port that the service is to have",
    alone="exit code 0, 1 tested, complete",
    here=errored("serve.command does not say where the port goes"),
)
def test_s6_an_old_server_on_the_port(project: Contracts) -> Seen:
    project.write(contract("GET /up"), {})
    with project.running() as old:
        port = old.rpartition(":")[2]
        new = subprocess.run([sys.executable, "service.py", port], cwd=project.root, capture_output=True, check=False, timeout=60)
        assert b"Address already in use" in new.stderr
        return judged(project.observe(serve={"command": ["{python}", "service.py", port]}), alone=by_hand(project.root, old))


@trap(
    "S7",
    "no token is sent where one is needed, and a crash is behind it",
    alone="exit code 0, 2 tested, complete",
    here=passed("GET /a: every request was answered 401"),
)
def test_s7_without_its_token(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /up", statuses=REFUSING), {"GET /a": (500, {"X-Needs-Pass": "yes"}, "")})
    seen = judged(project.observe({"TOKEN": "given"}), alone=project.alone(TOKEN="given"))
    assert "unanswered: 1" in seen.text
    return seen


@trap(
    "S8",
    "every operation redirects to the page of a login, which is followed",
    alone="exit code 0, 1 tested, complete",
    here=errored("the service accepted nothing on any operation: the answers were 302, 405"),
)
def test_s8_redirected_to_a_login(project: Contracts) -> Seen:
    to_login = (302, {"Location": "/up"}, "")
    project.write(contract("GET /a", statuses=REFUSING), {"GET /a": to_login})
    return judged(project.observe(), alone=project.alone())


#: What a package can do as Python starts: no check of the engine's finds anything any more.
BLIND = """
import sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == "schemathesis.cli.commands":
            import schemathesis.checks as checks, schemathesis.specs.openapi.checks
            for check in checks.CHECKS.get_all_names():
                quiet = lambda *arguments, **more: None
                quiet.__name__ = check
                checks.CHECKS.register(quiet)
sys.meta_path.insert(0, Finder())
"""
OBSERVED = """
import json, os, sys
from pathlib import Path
from gates import codec
from gates.runners.contracts import GATE
from gates.testing import observe_and_parse
work = Path(sys.argv[1], "work")
work.mkdir()
serve = {"command": ["{python}", "service.py", "{port}"], "ready": "/up"}
options = {"schema": "openapi.yaml", "phases": ["coverage"], "serve": serve}
facts = observe_and_parse(GATE, root=Path(sys.argv[1], "project"), work=work, options=options, environment=dict(os.environ))
print(json.dumps(codec.encode(facts)))
"""


@trap(
    "S9",
    "a package in the same Python patches the engine's checks",
    alone="exit code 0, 2 tested, complete",
    here=errored("schemathesis is blind: on a service of ours that must fail, these checks found nothing: allow-header-conformance, "),
)
def test_s9_a_blind_engine(project: Contracts) -> Seen:
    project.write(contract("GET /a", "GET /up"), CRASH)
    python = blind_python(project.folder / "blind")
    with project.running() as address:
        alone = by_hand(project.root, address, python=str(python))
    done = subprocess.run([python, "-I", "-c", OBSERVED, project.folder], capture_output=True, text=True, check=True, timeout=120)
    return judged(codec.decode(Facts, json.loads(done.stdout)), alone=alone)


def blind_python(folder: Path) -> Path:
    """An interpreter with all that ours has, and a package that blinds the engine."""
    venv.EnvBuilder(symlinks=True).create(folder)
    packages = next(folder.glob("lib/python3*/site-packages"))
    (packages / "ours.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    (packages / "zz_helpful.py").write_text(BLIND)
    (packages / "zz_helpful.pth").write_text("import zz_helpful\n")
    return folder / "bin" / "python"
