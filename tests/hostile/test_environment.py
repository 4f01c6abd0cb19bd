"""Projects that look for tokens, command the CI runner, or put programs and modules of theirs where ours are looked for."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from gates.adapters import own
from tests.guarantees import Seen, errored, failed, hostile, passed
from tests.hostile.running import ISOLATED, SCRIPT, environment, gates, project, run
from tests.repository import Repository
from tests.runners.samples import SECRETS

TOKEN = SECRETS["github"]
LEAVES_A_TRACE = "import os\nopen(os.path.join({folder!r}, 'trap-' + __name__), 'w').close()\n"


def traces(folder: Path) -> list[str]:
    """The marks of planted code that was run."""
    return sorted(path.name for path in folder.glob("trap*"))


# -- tokens

LOOKS_AROUND = """
import os
from pathlib import Path
def values(place):
    entries = [entry.partition(b"=") for entry in Path(place).read_bytes().split(b"\\0")]
    return [value for name, _, value in entries if name == b"DEPLOY_TOKEN"]
def look():
    judges = values(f"/proc/{os.getppid()}/environ")
    return f"own: {values('/proc/self/environ')}, of the judge: {['readable' if value.strip(b'x') else 'blank' for value in judges]}"
"""


@hostile(
    "a program of the project looks for tokens in its own environment and, through the system, in that of Quality Gates",
    here=failed("own: [], of the judge: ['blank']"),
)
def test_tokens_in_environments(repository: Repository) -> Seen:
    repository.commit(project(LOOKS_AROUND))
    return run(repository.root, env=environment(DEPLOY_TOKEN=TOKEN)).seen()


def test_without_the_defence_the_system_would_show_the_token(tmp_path: Path) -> None:
    """What `withdraw_variables` changes, measured in one process before and after."""
    script = (
        "import os, sys; from pathlib import Path; from gates.adapters import own\n"
        "read = lambda: Path('/proc/self/environ').read_bytes()\n"
        "before = read(); own.withdraw_variables({'DEPLOY_TOKEN'}); after = read()\n"
        "token = os.environ['DEPLOY_TOKEN'].encode()\n"
        "assert token in before and token not in after and len(before) == len(after)\n"
        "assert b'HARMLESS=1' in after and os.environ['DEPLOY_TOKEN'] == sys.argv[1]\n"
        "import ctypes; assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0  # PR_GET_DUMPABLE: nobody but root looks into our memory\n"
    )
    env = environment(DEPLOY_TOKEN=TOKEN, HARMLESS="1")
    done = subprocess.run([sys.executable, "-c", script, TOKEN], env=env, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_nothing_is_withdrawn_where_the_system_shows_no_environments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    before = Path("/proc/self/environ").read_bytes()
    own.withdraw_variables({"PATH"})
    assert Path("/proc/self/environ").read_bytes() == before


@hostile(
    "a program of the project writes commands for the CI runner into the files that the runner reads",
    here=failed("0 of the runner's files are known"),
)
def test_commands_for_the_runner(repository: Repository, tmp_path: Path) -> Seen:
    names = ["GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY"]
    look = f'import os\ndef look():\n    return f"{{sum(name in os.environ for name in {names})}} of the runner\'s files are known"\n'
    repository.commit(project(look))
    return run(repository.root, env=environment(**{name: str(tmp_path / name) for name in names})).seen()


# -- programs and modules

MODULES = ("sitecustomize", "usercustomize", "json", "yaml", "typing", "argparse", "jinja2", "runpy")


@pytest.fixture
def planted(repository: Repository, tmp_path: Path) -> Repository:
    """A project with modules in its root that are named like Python's, like those of our dependencies, and like ours."""
    code = LEAVES_A_TRACE.format(folder=str(tmp_path))
    repository.commit(project() | {f"{name}.py": code for name in MODULES} | {"gates/__init__.py": code, "gates/cli.py": code})
    return repository


@hostile("its root holds modules named like Python's, like our dependencies and like ours", here=passed("checks examined 1 of 1 tests"))
def test_modules_in_the_root(planted: Repository, tmp_path: Path) -> Seen:
    seen = run(planted.root, start=SCRIPT).seen()
    assert traces(tmp_path) == []
    return seen


@hostile("the same, and PYTHONPATH names the root: the way in which the action starts", here=passed("checks examined 1 of 1 tests"))
def test_modules_on_the_path_of_python(planted: Repository, tmp_path: Path) -> Seen:
    # The project's own program finds them, as it should: it runs with the path that was given.
    seen = run(planted.root, "--gate", "secrets", start=ISOLATED, env=environment(PYTHONPATH=str(planted.root))).seen()
    assert traces(tmp_path) == []
    text = run(planted.root, start=ISOLATED).seen().text
    return Seen(outcome=seen.outcome, text=text)


def test_python_m_takes_no_module_from_where_we_stand_but_one_that_is_called_gates(repository: Repository, tmp_path: Path) -> None:
    code = LEAVES_A_TRACE.format(folder=str(tmp_path))
    repository.commit(project() | {f"{name}.py": code for name in MODULES})
    done = gates(repository.root, "explain", "3", start=(sys.executable, "-m", "gates.cli"))
    assert (done.returncode, traces(tmp_path)) == (0, [])
    assert "could not tell" in done.stdout


@hostile("a folder of the project stands on PATH, by a relative name, and holds programs such as git", here=passed("dirty False"))
def test_programs_on_the_path(repository: Repository, tmp_path: Path) -> Seen:
    code = f"#!/bin/sh\ntouch {tmp_path}/trap-program\n"
    names = [f"{folder}{name}" for folder in ("", "bin/") for name in ("git", "python", "python3", "chromedriver", "chromium")]
    repository.commit(project() | dict.fromkeys(names, code))
    for name in names:
        (repository.root / name).chmod(0o755)
    repository.commit({})
    seen = run(repository.root, env=environment(PATH=os.pathsep.join([".", "", "bin", os.environ["PATH"]]))).seen()
    assert traces(tmp_path) == []
    return seen


@hostile("variables of git in the environment point to another repository, where all is clean", here=failed("secrets/"))
def test_variables_of_git(repository: Repository, tmp_path: Path) -> Seen:
    (tmp_path / "other").mkdir()
    other = Repository(tmp_path / "other")
    other.commit(project())
    commit = repository.commit(project() | {"app.py": f'KEY = "{TOKEN}"\n'})
    git = other.root / ".git"
    whole = {"GIT_DIR": str(git), "GIT_WORK_TREE": str(other.root), "GIT_INDEX_FILE": str(git / "index")}
    for there in ({"GIT_DIR": str(git)}, whole):
        seen = run(repository.root, env=environment(**there)).seen()
        assert f"commit {commit}, dirty False" in seen.text
    return seen


LIES = """#!/bin/sh
case "$*" in
  *"-m pytest"*) touch "%s"; echo "1 passed in 0.01s"; exit 0 ;;
  *) exec "%s" "$@" ;;
esac
"""


@hostile("an interpreter of its own lies in .venv, and says of every run of pytest that all passed", here=errored("pytest"))
def test_an_interpreter_in_the_checkout(repository: Repository, tmp_path: Path) -> Seen:
    policy = "version: 1\nextends: [baseline]\ngates: {tests: {}}\n"
    lies = LIES % (tmp_path / "ran", sys.executable)
    repository.commit({"gates.yaml": policy, ".venv/bin/python": lies, "test_a.py": "def test_a():\n    assert False\n"})
    (repository.root / ".venv" / "bin" / "python").chmod(0o755)
    seen = run(repository.root).seen()
    assert (tmp_path / "ran").exists()
    return seen
