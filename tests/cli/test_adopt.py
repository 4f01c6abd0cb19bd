"""`gates init --adopt` on a repository with 500 old findings and a failing test, with the real engines."""

from __future__ import annotations

import os
import signal
import string
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.cli.test_run import HEARING, process_group_members
from tests.repository import Repository

MODULES, CALLS, KEYS = 20, 24, 20
TESTS = "def test_fine():\n    assert True\n\ndef test_old():\n    assert 1 == 2\n"


def module() -> str:
    """24 findings of bandit: 23 at medium, one at high."""
    evaluated = "".join(f"def f{number}(x):\n    return eval(x + '{number}')\n" for number in range(CALLS - 1))
    return f"import subprocess\n{evaluated}def shell(x):\n    return subprocess.call(x, shell=True)\n"


def keys(number: int) -> str:
    """So many made-up access keys, each found by the engine."""
    random = Random(1)
    return "".join(f'key{index} = "AKIA{"".join(random.choices(string.ascii_uppercase + "234567", k=16))}"\n' for index in range(number))


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    repository = Repository(tmp_path_factory.mktemp("old"))
    modules = {f"shop/m{number}.py": module() for number in range(MODULES)}
    repository.commit({**modules, "shop/keys.py": keys(KEYS), "shop/__init__.py": "", "tests/test_shop.py": TESTS})
    return repository


@pytest.fixture
def adopted(gates: Callable[..., Outcome], old: Repository) -> Outcome:
    (old.root / "gates.yaml").unlink(missing_ok=True)
    return gates("-C", old.root, "init", "--adopt")


def policy(repository: Repository) -> str:
    return (repository.root / "gates.yaml").read_text("utf-8")


def outcomes(outcome: Outcome) -> dict[str, str]:
    return {gate["gate"]: gate["outcome"] for gate in outcome.json()["gates"]}


def test_500_old_findings_and_a_failing_test_stop_nobody_and_one_more_stops_a_release(
    gates: Callable[..., Outcome], old: Repository, adopted: Outcome
) -> None:
    assert adopted.code == ExitCode.PASSED, adopted.err
    text = policy(old)
    # What is there is held, severity by severity; what fails is held at a change too, since no base tells it from what is new.
    assert "  tests:\n    options:\n      paths: [tests]\n    require:\n      failures: {max: 1}\n" in text
    assert "  secrets:\n    at:\n      release:\n        require:\n          findings: {max: 20}\n" in text
    assert "findings:\n          - {severity: critical, max: 0}\n          - {severity: high, max: 20}\n" in text
    assert "          - {severity: medium, max: 480}\n" in text
    assert gates("-C", old.root, "policy", "check").code == ExitCode.PASSED

    release = gates("-C", old.root, "run", "--stage", "release", "--format", "json")
    assert (release.code, release.json()["would_be"]) == (ExitCode.PASSED, "passed")
    assert outcomes(release) == {"tests": "passed", "secrets": "passed", "security": "passed"}
    change = gates("-C", old.root, "run", "--base", "HEAD", "--format", "json")
    assert (change.code, outcomes(change)) == (ExitCode.PASSED, outcomes(release))

    more = old.root / "shop" / "more.py"
    try:
        for added, gate in (("def f(x):\n    return eval(x)\n", "security"), (keys(KEYS + 1).splitlines()[-1] + "\n", "secrets")):
            more.write_text(added, "utf-8")
            for stage in ("release", "change"):
                later = gates("-C", old.root, "run", "--stage", stage, "--base", "HEAD", "--gate", gate, "--format", "json")
                assert (later.code, outcomes(later)[gate]) == (ExitCode.FAILED, "failed"), (stage, gate)
        more.unlink()
        (old.root / "tests" / "test_more.py").write_text("def test_new():\n    assert 3 == 4\n", "utf-8")
        failing = gates("-C", old.root, "run", "--gate", "tests", "--base", "HEAD", "--format", "json")
        assert failing.json()["gates"][0]["reasons"] == ["failures is 2, at most 1 allowed"]
    finally:
        more.unlink(missing_ok=True)
        (old.root / "tests" / "test_more.py").unlink(missing_ok=True)


def test_a_person_is_told_what_is_held_and_what_is_to_come(gates: Callable[..., Outcome], old: Repository, adopted: Outcome) -> None:
    assert adopted.out.startswith("wrote gates.yaml with tests, secrets, security\ntests: Counted on ")
    assert "480 findings from medium (20 of them from high, none at critical). A release passes with as many and no more" in adopted.out
    assert "tree: 1 failure. A change and a release pass with as many and no more" in adopted.out
    assert "without these, with every gate enforced, a release would be: failed\n" in adopted.out
    [evidence] = [line.removeprefix("evidence: ") for line in adopted.out.splitlines() if line.startswith("evidence: ")]
    assert Path(evidence).parent == old.root / ".gates" / "evidence"
    verified = gates("-C", old.root, "verify", evidence, "--allow-unsigned")
    assert (verified.code, "verdict: failed" in verified.out) == (ExitCode.FAILED, True), verified.out


def test_the_same_tree_gives_the_same_text(gates: Callable[..., Outcome], old: Repository, adopted: Outcome) -> None:
    written = policy(old)
    printed = gates("-C", old.root, "init", "--adopt", "--print")
    assert printed.out == written
    assert "Counted on" in printed.err.replace("# Counted", "")
    assert policy(old) == written


def test_a_policy_that_stands_is_left_alone_and_nothing_is_run(gates: Callable[..., Outcome], passing: Repository) -> None:
    before = (passing.root / "gates.yaml").read_bytes()
    outcome = gates("-C", passing.root, "init", "--adopt")
    assert (outcome.code, "gates.yaml exists and is never overwritten" in outcome.err) == (ExitCode.USAGE, True)
    assert "`mv gates.yaml gates.yaml.before`, run `gates init --adopt` again" in outcome.err
    assert (passing.root / "gates.yaml").read_bytes() == before
    assert not (passing.root / ".gates").exists()


def test_a_gate_that_could_not_tell_warns_and_says_why(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"requirements.txt": "jinja2==3.1.0\n", "app.py": "print('hello')\n"})
    outcome = gates("-C", repository.root, "init", "--adopt", "--offline")
    assert outcome.code == ExitCode.ERRORED, outcome.err
    assert outcome.out.splitlines()[-1].startswith("could not tell: dependencies. On `warn` that stops nobody. Mend ")
    text = policy(repository)
    assert "  dependencies:\n    enforcement: warn\n" in text
    assert "so it warns and stops nobody: the advisories 'pypi' are" in " ".join(text.replace("#", " ").split())
    run = gates("-C", repository.root, "run", "--stage", "release", "--offline", "--format", "json")
    assert (run.code, run.json()["would_be"], outcomes(run)["dependencies"]) == (ExitCode.PASSED, "errored", "errored")
    again = gates("-C", repository.root, "init", "--adopt", "--offline")
    assert (again.code, policy(repository)) == (ExitCode.ERRORED, text), again.err


def test_what_nobody_has_edited_is_written_anew_and_what_somebody_has_is_not(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"app.py": "def f(x):\n    return eval(x)\n"})
    path = repository.root / "gates.yaml"
    gates("-C", repository.root, "init")
    repository.commit({})
    path.chmod(0o600)
    assert gates("-C", repository.root, "init", "--adopt").code == ExitCode.PASSED
    adopted = path.read_bytes()
    assert (b"- {severity: medium, max: 1}" in adopted, path.stat().st_mode & 0o777) == (True, 0o600)
    (repository.root / "app.py").write_text("def f(x):\n    return eval(x) + eval(x)\n", "utf-8")
    assert gates("-C", repository.root, "init", "--adopt").code == ExitCode.PASSED
    again = path.read_bytes()
    assert b"- {severity: medium, max: 2}" in again
    for edited in (again.replace(b"max: 2", b"max: 1"), again + b"# mine\n", b"# Adopted on 2026-01-02 \n"):
        path.write_bytes(edited)
        assert gates("-C", repository.root, "init", "--adopt").code == ExitCode.USAGE
        assert path.read_bytes() == edited
    path.unlink()
    (repository.root / "elsewhere.yaml").write_bytes(again)
    path.symlink_to("elsewhere.yaml")
    assert gates("-C", repository.root, "init", "--adopt").code == ExitCode.USAGE
    path.unlink()
    path.write_bytes(again)
    for bundle in (repository.root / ".gates" / "evidence").iterdir():
        bundle.write_bytes(bundle.read_bytes()[:-1])
    assert gates("-C", repository.root, "init", "--adopt").code == ExitCode.USAGE  # no evidence tells that it is as it was written


def test_where_nothing_can_be_examined_nothing_is_written(gates: Callable[..., Outcome], repository: Repository) -> None:
    outcome = gates("-C", repository.root, "init", "--adopt")
    assert (outcome.code, "nothing was found that a gate could examine" in outcome.err) == (ExitCode.USAGE, True)
    assert not (repository.root / "gates.yaml").exists()


HANGING = "import time\n\ndef test_hangs():\n    open('begun', 'w').close()\n    time.sleep(600)\n"


def test_an_interrupted_run_writes_no_policy_and_leaves_nothing_behind(repository: Repository) -> None:
    repository.commit({"tests/test_hanging.py": HANGING, "app.py": "", "pytest.ini": "[pytest]\ntestpaths = tests\n"})
    begun = repository.root / "begun"
    os.mkfifo(begun)
    command = [sys.executable, "-c", HEARING, "-C", str(repository.root), "init", "--adopt"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        begun.read_bytes()  # a pipe: answers when the hanging test has opened it
        children = process_group_members(child.pid)
        child.send_signal(signal.SIGINT)
        try:
            out, err = child.communicate(timeout=60)
        finally:
            child.kill()
    assert (child.returncode, out) == (ExitCode.INTERRUPTED, b"")
    assert b"error: interrupted" in err
    assert not (repository.root / "gates.yaml").exists()
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]
