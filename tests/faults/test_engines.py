"""Every engine breaks in the middle of its work, all in one run: none of the six gates is green, and what another gate found is kept."""

from __future__ import annotations

import json
import shutil
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from gates.model import Outcome
from tests.faults import breaking
from tests.faults.lab import Done, Lab, check_whole
from tests.guarantees import Seen, errored, fault, passed
from tests.runners.audited_shop import ADVISORIES
from tests.runners.pages import good
from tests.traps.contracts_service import SERVICE, contract

ENGINES = ("tests", "contracts", "accessibility", "dependencies", "secrets", "security")
POLICY = """\
version: 1
extends: [baseline]
gates:
  tests: {timeout: %(seconds)s, options: {paths: [test_app.py], python: %(python)s}}
  contracts:
    timeout: %(seconds)s
    options: {schema: openapi.json, serve: {command: ["{python}", service.py, "{port}"], ready: /up}, phases: [coverage], max-examples: 1}
  accessibility: {timeout: %(seconds)s, options: {pages: [/], serve: {directory: public}}}
  dependencies: {timeout: %(seconds)s, options: {sources: [requirements.txt], advisories: advisories, max-age: 0s}}
  secrets: {timeout: %(seconds)s}
  security: {timeout: %(seconds)s}
  other:
    uses: external
    options: {command: ["{python}", tool.py, "{raw}/report.xml"], junit: report.xml}
"""
REPORT = """\
import sys
case = '<testcase classname="a" name="one"><failure message="what was kept"/></testcase>'
open(sys.argv[1], "w").write(f'<testsuite name="s" tests="1">{case}</testsuite>')
"""


@pytest.fixture(scope="module")
def interpreter(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Our own interpreter once more, with all that is installed for it, and with what breaks an engine."""
    folder = tmp_path_factory.mktemp("interpreter")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    shutil.copyfile(breaking.__file__, packages / "breaking.py")
    (packages / "a.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n", "utf-8")
    (packages / "b.pth").write_text("import breaking; breaking.begin()\n", "utf-8")
    return folder


@pytest.fixture
def breaks(interpreter: Path, tmp_path: Path) -> Callable[..., Done]:
    """One run in which each engine meets a fault of `breaking` when it comes to the project's own things."""

    def run(name: str, *, seconds: int = 60) -> Done:
        place = Path(sysconfig.get_path("purelib", vars={"base": str(interpreter)}))
        (place / "fault.txt").write_text(name, "ascii")
        (place / "struck.txt").write_text("", "ascii")
        lab = project(interpreter, tmp_path, seconds)
        with tempfile.TemporaryDirectory(prefix="") as temporary:  # as short as in real life: a socket's path has its bounds
            done = lab.run("--jobs", "7", env={"TMPDIR": temporary})
            assert list(Path(temporary).iterdir()) == []
        struck = (place / "struck.txt").read_text("ascii").splitlines()
        assert len(struck) == len(ENGINES) or name == "hang", struck  # whose time is up may not have come so far
        return done

    return run


def project(interpreter: Path, folder: Path, seconds: int) -> Lab:
    """A project that passes all six gates, and one gate beside them that finds something."""
    python = str(interpreter / "bin" / "python")
    lab = Lab(folder=folder, python=python)
    shutil.copytree(ADVISORIES, lab.root / "advisories")
    (lab.root / "public").mkdir()
    lab.commit(
        {
            "gates.yaml": POLICY % {"seconds": f"{seconds}s", "python": python},
            # with a line that detect-secrets has to look at, and finds nothing on
            "app.py": f"def one():\n    return 1\n\n\nZONES = 'aws', '{'a' * 40}'\n",
            "test_app.py": "import app\n\n\ndef test_one():\n    assert app.one() == 1\n\n\ndef test_two():\n    assert app.one() == 1\n",
            "openapi.json": json.dumps(contract("GET /fine")),
            "service.py": SERVICE,
            "answers.json": '{"GET /fine": [200, {}, ""], "GET /up": [200, {}, ""]}',
            "public/index.html": good(),
            "requirements.txt": "six==1.16.0\n",
            "tool.py": REPORT,
        }
    )
    return lab


def seen(done: Done, words: str = "", *, whole: Collection[str] = ()) -> Seen:
    """What all gates say whose engine broke, each with these words; the gates that are `whole` passed all the same.

    What the gate beside them found is in the report and in the bundle.
    """
    check_whole(done)
    assert "external/failure" in " ".join(done.rules()) or "other/failure" in " ".join(done.rules()), done.rules()
    assert b"what was kept" in done.bundles()[-1].read_bytes()
    assert {name for name in ENGINES if done.gate(name)["outcome"] == "passed"} == set(whole)
    broken = [done.gate(name) for name in ENGINES if name not in whole]
    (outcome,) = {gate["outcome"] for gate in broken} or {"passed"}
    said = {gate["gate"]: "\n".join([*gate["reasons"], gate["remedy"]]) for gate in broken}
    assert all(words in text for text in said.values()), said
    return Seen(outcome=Outcome(outcome), text="\n".join(said.values()))


def test_without_a_fault_all_pass(breaks: Callable[..., Done]) -> None:
    assert seen(breaks("nothing"), whole=ENGINES).outcome is Outcome.PASSED


@fault("each of the six engines crashes (a segmentation fault) in the middle of its work", here=errored("was killed by SIGSEGV"))
def test_crash(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("crash"), "was killed by SIGSEGV")


@fault("each of the six engines is killed (9) in the middle of its work", here=errored("was killed by SIGKILL"))
def test_kill(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("kill"), "was killed by SIGKILL")


@fault("each of the six engines ends in the middle of its work, and says 0", here=errored("the process exited with 0"))
def test_leave(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("leave"))


@fault("each of the six engines hangs in the middle of its work", here=errored("did not end in time and was stopped"))
def test_hang(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("hang", seconds=20), "did not end in time and was stopped")


@fault("each of the six engines prints 500 MB; pytest itself keeps what tests print", here=errored("printed more than 32 MiB"))
def test_print(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("print_much"), "printed more than 32 MiB", whole={"tests"})


@fault("each of the six engines writes 500 MB where it writes; what is not kept may be large", here=errored("wrote more than 64 MiB"))
def test_write(breaks: Callable[..., Done]) -> Seen:
    return seen(
        breaks("write_much"), "wrote more than 64 MiB of raw output, and was stopped", whole={"accessibility", "secrets", "security"}
    )


@fault("each of the six engines gives half an answer, and says 0", here=errored("something wrote into the evidence"))
def test_half(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("half"))


@fault("each of the six engines gives garbage for an answer, and says 0", here=errored("something wrote into the evidence"))
def test_garbage(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("garbage"))


@fault("each of the six engines finds no memory in the middle of its work", here=errored("MemoryError"))
def test_starve(breaks: Callable[..., Done]) -> Seen:
    return seen(breaks("starve"))


@fault("each of the six engines leaves a daemon behind, out of its group, session and environment", here=passed("no process is left"))
def test_breed(breaks: Callable[..., Done]) -> Seen:
    return Seen(outcome=seen(breaks("breed"), whole=ENGINES).outcome, text="no process is left")
