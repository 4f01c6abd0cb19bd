"""`gates plan`, `observe`, `judge`: a run in parts is one run, and a part that is missing, doubled, foreign or forged never passes."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from gates import canonical, codec, pipeline
from gates.adapters import process
from gates.cli.main import main
from gates.evidence import archive, bundle
from gates.parts import Part, Plan, read_plan
from tests.cli.conftest import PASSING, Outcome
from tests.repository import Repository
from tests.runners.samples import SECRETS

pytestmark = pytest.mark.engine("pytest")

Gates = Callable[..., Outcome]
LINT = """\
import json, sys
rows = [(name, number) for name in ("shop.py", "new.py") for number, line in enumerate(open(name), 1) if "TODO" in line]
place = lambda name, number: {"physicalLocation": {"artifactLocation": {"uri": name}, "region": {"startLine": number}}}
results = [
    {"ruleId": "todo", "level": "error", "message": {"text": "left to do"}, "locations": [place(name, number)]} for name, number in rows
]
driver = {"name": "lint", "version": "1", "rules": [{"id": "todo"}]}
json.dump({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}, open(sys.argv[1], "w"))
"""
POLICY = f"""\
version: 1
extends: [baseline]
gates:
  security: {{}}
  lint:
    uses: external
    options: {{command: ["{{python}}", lint.py, "{{raw}}/lint.sarif"], sarif: lint.sarif, inventory: ["*.py"]}}
  tests:
    options: {{python: {sys.executable}, retries: 1, coverage: {{source: [shop.py]}}}}
"""
SHOP = "def price(member):  # TODO\n    if member:\n        return 1\n    return 2\n"
TESTS = {
    "gates.yaml": POLICY,
    "lint.py": LINT,
    "pytest.ini": "[pytest]\n",
    "shop.py": SHOP,
    "new.py": "",
    "test_members.py": """\
import pathlib
import pytest, shop

@pytest.mark.parametrize("times", [1, 2, 3])
def test_member(times):
    assert shop.price(True) == 1

@pytest.mark.skip(reason="later")
def test_later():
    raise AssertionError

def test_flaky(tmp_path_factory):
    mark = pathlib.Path(str(tmp_path_factory.getbasetemp().parent.parent), "seen-once")
    if not mark.exists():
        mark.write_text("")
        raise AssertionError("at first")
""",
    "test_others.py": """\
import shop

def test_other():
    assert shop.price(False) == 2

def test_wrong():
    assert shop.price(False) == 1
""",
}


def call(*argv: str | Path) -> Outcome:
    """A command, as the fixture `gates` calls it, where no fixture of a single test can be had."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in argv])
    return Outcome(code, out.getvalue(), err.getvalue())


@dataclass(frozen=True)
class Shared:
    """A repository that was planned in two parts, with what these wrote, and the bundle of one run."""

    repository: Repository
    plan: Path
    parts: tuple[Path, Path]
    whole: Path

    @property
    def root(self) -> Path:
        return self.repository.root

    def judge(self, *argv: str | Path, bundle: Path | None = None) -> Outcome:
        where = ("--bundle", bundle) if bundle else ("--bundle", self.plan.with_name("judged.zip"))
        return call("-C", self.root, "judge", self.plan, *argv, "--format", "json", *where)

    @property
    def read(self) -> Plan:
        return read_plan(self.plan)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    folder = tmp_path_factory.mktemp("shared")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
        patch.setenv("GATES_CACHE_DIR", "")
        for name in ("CI", "PYTEST_ADDOPTS", "GITHUB_EVENT_NAME", "GITHUB_REF", "GITHUB_REPOSITORY"):
            patch.delenv(name, raising=False)
        repository = Repository(folder)
        repository.commit({name: text for name, text in TESTS.items() if not name.startswith("test_")})
        repository.commit({**TESTS, "new.py": "# what the change brings\n"})
        plan, parts = folder / "plan.json", (folder / "part-1.zip", folder / "part-2.zip")
        found = call("-C", repository.root, "plan", "--parts", "2", "--isolate", "--base", "HEAD~1", "--out", plan)
        assert found.code == 0, found.err
        for number, part in enumerate(parts, 1):
            found = call("-C", repository.root, "observe", plan, "--part", str(number), "--out", part)
            assert found.code == 0, found.err
        found = call("-C", repository.root, "run", "--base", "HEAD~1", "--bundle", folder / "whole.zip", "--format", "json")
        assert found.code == 1, found.err
        yield Shared(repository=repository, plan=plan, parts=parts, whole=folder / "whole.zip")


# -- two parts are one run


def test_two_parts_give_the_facts_and_the_decision_of_one_run(shared: Shared, tmp_path: Path) -> None:
    done = shared.judge(*shared.parts, bundle=tmp_path / "judged.zip")
    assert done.code == 1, done.err
    one, two = bundle.read(shared.whole), bundle.read(tmp_path / "judged.zip")
    same = [name for name in one.members if name.startswith(("facts/", "base/", "policies/")) or name in {"decision.json", "change.json"}]
    assert {name: one.members[name] for name in same} == {name: two.members[name] for name in same}
    assert {"facts/tests.json", "facts/lint.json", "base/lint.json", "facts/security.json", "decision.json", "change.json"} <= set(same)


def test_what_one_run_would_have_seen_is_said_of_the_tests(shared: Shared) -> None:
    report = shared.judge(*shared.parts).json()
    tests = gate(report, "tests")
    counts = {name: item["value"] for name, item in tests["measurements"].items()}
    assert {name: counts[name] for name in ("tests", "passed", "skipped", "flakes", "line-coverage")} == {
        "tests": 7,
        "passed": 5,
        "skipped": 1,
        "flakes": 1,
        "line-coverage": 100,
    }
    assert [finding["location"]["path"] for finding in tests["findings"] if finding["rule"] == "tests/failure"] == ["test_others.py"]


def test_each_part_ran_something_and_neither_all_of_it(shared: Shared) -> None:
    """Coverage is combined: neither part alone has seen both lines of `price`."""
    ran = [run_of(part) for part in shared.parts]
    files = [{event["path"] for stream in data["streams"] for event in stream if event["event"] == "test"} for data in ran]
    assert files[0] == files[1] == {"test_members.py", "test_others.py"}
    started = [sum(event["event"] == "started" for stream in data["streams"] for event in stream) for data in ran]
    assert sum(started) == 7
    assert min(started) > 0
    missing = [json.loads(archive.read_file(part)["raw/tests/coverage.json"])["files"]["shop.py"]["missing_lines"] for part in shared.parts]
    assert all(missing)
    assert not set(missing[0]) & set(missing[1])


def test_the_judged_bundle_verifies_offline_and_names_its_plan(shared: Shared, tmp_path: Path) -> None:
    shared.judge(*shared.parts, bundle=tmp_path / "judged.zip")
    done = call("verify", tmp_path / "judged.zip", "--allow-unsigned", "--commit", shared.read.commit or "")
    assert done.code == 1, done.out
    assert (
        f"observed in 2 parts of the plan <code>{shared.read.digest}</code>"
        in call("report", tmp_path / "judged.zip", "--format", "html").out
    )
    for shown in (call("report", tmp_path / "judged.zip").out, done.out):
        assert "observed: in 2 parts of a plan, each in a job of its own, whose word it is; what runs none" in " ".join(shown.split())
    record = bundle.read(tmp_path / "judged.zip").record
    assert record.context.parts == ("1 of 2", "2 of 2")
    assert record.run.plan is not None
    assert (record.run.plan.digest, record.run.plan.isolated) == (shared.read.digest, True)
    assert [part.digest for part in record.run.plan.parts] == [f"sha256:{canonical.sha256(path.read_bytes())}" for path in shared.parts]


def test_parts_may_be_given_as_a_folder_and_in_any_order(shared: Shared, tmp_path: Path) -> None:
    for number, part in enumerate(shared.parts):
        shutil.copy(part, tmp_path / f"{'ba'[number]}.zip")
    assert shared.judge(tmp_path).json()["verdict"] == "failed"
    assert shared.judge(*shared.parts[::-1]).json()["verdict"] == "failed"


def test_the_judge_starts_nothing_that_runs_the_project_s_code(shared: Shared, tmp_path: Path) -> None:
    """Neither here nor at the base, which one run looked at: what a part saw there is what counts."""
    assert [facts.gate for facts in bundle.read(shared.whole).record.base] == ["lint", "security"]
    done = shared.judge(*shared.parts, bundle=tmp_path / "judged.zip")
    assert {line.partition(":")[0] for line in done.err.splitlines()} == {"security", "security at the base"}, done.err
    (finding,) = gate(done.json(), "lint")["findings"]
    assert finding["state"] == "existing"
    assert bundle.read(tmp_path / "judged.zip").base_raw["lint"]


def test_a_part_that_tells_nothing_of_the_base_makes_its_findings_new(shared: Shared, tmp_path: Path) -> None:
    (owner,) = next(step.parts for step in shared.read.steps if step.gate == "lint")
    part = shared.parts[owner - 1]
    said = codec.decode(Part, canonical.loads(archive.read_file(part)["part.json"]))
    without: dict[str, bytes | None] = {name: None for name in archive.read_file(part) if name.startswith("base-raw/")}
    silent = altered(part, tmp_path, {**without, "part.json": canonical.of(replace(said, base=()))})
    done = shared.judge(silent, shared.parts[2 - owner], bundle=tmp_path / "judged.zip")
    assert [finding["state"] for finding in gate(done.json(), "lint")["findings"]] == ["new"]
    change = bundle.read(tmp_path / "judged.zip").record.change
    assert change is not None
    assert "does not tell what was there at the base" in {item.gate: item.reason for item in change.gates}["lint"]


def forged_plan(shared: Shared, folder: Path, **changes: Any) -> Path:
    path = folder / "plan.json"
    path.write_bytes(canonical.of(replace(shared.read, **changes)))
    return path


def gate(report: Any, name: str) -> Any:
    (found,) = (item for item in report["gates"] if item["gate"] == name)
    return found


def run_of(part: Path) -> Any:
    return json.loads(archive.read_file(part)["raw/tests/run.json"])


# -- parts that are not what they should be


def altered(part: Path, folder: Path, changes: Mapping[str, bytes | None]) -> Path:
    """A part with other members; None takes one out."""
    members = {name: content for name, content in {**archive.read_file(part), **changes}.items() if content is not None}
    path = folder / part.name
    path.write_bytes(archive.pack(members))
    return path


def test_without_parts_everything_that_they_were_to_see_is_errored(shared: Shared) -> None:
    done = shared.judge()
    report = done.json()
    assert (done.code, report["verdict"]) == (3, "errored")
    assert report["partial"] == ["part 1 of 2 is missing", "part 2 of 2 is missing"]
    assert {item["gate"]: item["outcome"] for item in report["gates"]} == {"security": "passed", "lint": "errored", "tests": "errored"}


def test_a_missing_part_is_said_and_its_tests_are_never_green(shared: Shared, tmp_path: Path) -> None:
    done = shared.judge(shared.parts[0], bundle=tmp_path / "judged.zip")
    report = done.json()
    assert done.code == 3
    assert gate(report, "tests")["reasons"] == ["part 2 of 2 is missing"]
    assert report["partial"] == ["part 2 of 2 is missing"]
    assert call("verify", tmp_path / "judged.zip", "--allow-unsigned").code == 9


@pytest.mark.parametrize("twice", [0, 1])
def test_a_part_that_is_named_twice_is_refused(shared: Shared, tmp_path: Path, twice: int) -> None:
    again = shutil.copy(shared.parts[twice], tmp_path / "again.zip")
    done = shared.judge(*shared.parts, again)
    assert done.code == 2
    assert done.json()["errors"][0]["error"] == f"part {twice + 1} is named twice"


def test_parts_of_another_plan_are_refused(shared: Shared, tmp_path: Path) -> None:
    plan = forged_plan(shared, tmp_path, isolated=False, steps=with_parts(shared.read, "security", (1,)))
    done = call("-C", shared.root, "judge", plan, *shared.parts, "--format", "json")
    assert done.code == 2
    assert "this part is of another plan" in done.json()["errors"][0]["error"]


def with_parts(plan: Plan, name: str, parts: tuple[int, ...]) -> Sequence[Any]:
    return tuple(replace(step, parts=parts) if step.gate == name else step for step in plan.steps)


@pytest.mark.parametrize("command", ["judge", "observe"])
def test_a_plan_that_was_put_in_the_place_of_another_is_refused_by_its_digest(shared: Shared, tmp_path: Path, command: str) -> None:
    """Whoever can write to the plan can ask for less: who knows its digest refuses another."""
    plan = forged_plan(shared, tmp_path, isolated=False, steps=with_parts(shared.read, "security", (1,)))
    more = ("--part", "1", "--out", tmp_path / "p.zip") if command == "observe" else ()
    done = call("-C", shared.root, command, plan, "--plan-digest", shared.read.digest, *more)
    assert done.code == 2
    assert "the plan is another than was meant" in done.err


def test_a_part_that_gives_the_raw_output_of_the_judge_s_gate_is_refused(shared: Shared, tmp_path: Path) -> None:
    clean = {
        name.replace("raw/", "raw/"): content for name, content in bundle.read(shared.whole).members.items() if "raw/security/" in name
    }
    forged = altered(shared.parts[0], tmp_path, clean)
    done = shared.judge(forged, shared.parts[1])
    assert done.code == 2
    assert "part 1 holds raw output of security, which is not its to observe" in done.json()["errors"][0]["error"]


def test_what_another_part_was_to_observe_can_t_be_given_either(shared: Shared, tmp_path: Path) -> None:
    (owner,) = next(step.parts for step in shared.read.steps if step.gate == "lint")
    lint = {name: content for name, content in archive.read_file(shared.parts[owner - 1]).items() if name.startswith("raw/lint/")}
    other = 2 - owner
    assert lint
    done = shared.judge(shared.parts[owner - 1], altered(shared.parts[other], tmp_path, lint))
    assert done.code == 2
    assert f"part {other + 1} holds raw output of lint" in done.json()["errors"][0]["error"]


def test_a_test_that_two_parts_ran_is_errored(shared: Shared, tmp_path: Path) -> None:
    other = archive.read_file(shared.parts[0])["raw/tests/run.json"]
    done = shared.judge(shared.parts[0], altered(shared.parts[1], tmp_path, {"raw/tests/run.json": other}), bundle=tmp_path / "judged.zip")
    assert done.code == 3
    assert gate(done.json(), "tests")["reasons"] == ["test_members.py::test_member[1] was run in the parts 1 and 2"]
    assert call("verify", tmp_path / "judged.zip", "--allow-unsigned").code == 3


def test_a_part_whose_checkout_was_changed_proves_nothing(shared: Shared, tmp_path: Path) -> None:
    said = codec.decode(Part, canonical.loads(archive.read_file(shared.parts[1])["part.json"]))
    changed = canonical.of(replace(said, changed="shop.py was changed while the gates ran"))
    done = shared.judge(shared.parts[0], altered(shared.parts[1], tmp_path, {"part.json": changed}))
    report = done.json()
    assert gate(report, "lint")["outcome"] == "errored"
    assert report["partial"] == ["the checkout of part 2 was not left as it was: shop.py was changed while the gates ran"]


def test_what_a_part_brings_of_the_judge_s_secrets_is_masked(shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "".join(["correct-", "horse-", "battery-", "staple"])
    monkeypatch.setenv("DEPLOY_TOKEN", secret)
    leaky = altered(shared.parts[1], tmp_path, {"raw/tests/4-pytest.stdout": f"the token is {secret}\n".encode()})
    shared.judge(shared.parts[0], leaky, bundle=tmp_path / "judged.zip")
    members = bundle.read(tmp_path / "judged.zip").members
    assert members["raw/tests/part-2/4-pytest.stdout"] == b"the token is [redacted]\n"
    assert not [name for name, content in members.items() if secret.encode() in content]
    assert b"DEPLOY_TOKEN" in members["redactions.json"]


def test_terminal_codes_of_a_part_reach_no_terminal(shared: Shared, tmp_path: Path) -> None:
    said = codec.decode(Part, canonical.loads(archive.read_file(shared.parts[1])["part.json"]))
    hostile = canonical.of(replace(said, changed="\x1b[2J\x1b]0;owned\x07"))
    part = altered(shared.parts[1], tmp_path, {"part.json": hostile})
    done = call("-C", shared.root, "judge", shared.plan, shared.parts[0], part, "--bundle", tmp_path / "x.zip")
    assert "\x1b" not in done.out + done.err
    assert "\\x1b" in done.out


def test_a_signature_of_an_isolated_judge_says_that_it_was_made_apart(shared: Shared, tmp_path: Path) -> None:
    call("keygen", tmp_path / "key")
    said = []
    for number, named in enumerate([("--plan-digest", shared.read.digest), ()]):
        bundle = tmp_path / f"judged{number}.zip"
        shared.judge(*shared.parts, "--sign-key", tmp_path / "key", *named, bundle=bundle)
        said.append("apart from the project's code" in call("verify", bundle, "--key", tmp_path / "key.pub").out)
    assert said == [True, False]  # a plan that could be another's says nothing of what was apart


def test_a_bundle_that_is_signed_afterwards_was_made_apart_where_its_plan_is_named(shared: Shared, tmp_path: Path) -> None:
    call("keygen", tmp_path / "key")
    said = []
    for number, named in enumerate([("--plan-digest", shared.read.digest), ()]):
        bundle = tmp_path / f"judged{number}.zip"
        shared.judge(*shared.parts, "--plan-digest", shared.read.digest, bundle=bundle)
        assert call("sign", bundle, "--sign-key", tmp_path / "key", *named).code == 0
        said.append("apart from the project's code" in call("verify", bundle, "--key", tmp_path / "key.pub").out)
    assert said == [True, False]
    other = call("sign", bundle, "--sign-key", tmp_path / "key", "--plan-digest", "0" * 64)
    assert (other.code, "it is of the plan sha256:" in other.err) == (4, True)


# -- observing


def test_a_part_that_the_plan_does_not_have_is_refused(shared: Shared, tmp_path: Path) -> None:
    done = call("-C", shared.root, "observe", shared.plan, "--part", "3", "--out", tmp_path / "p.zip")
    assert done.code == 2
    assert "the plan has no part 3" in done.err
    assert not (tmp_path / "p.zip").exists()


def test_another_commit_another_tree_and_another_version_are_refused(shared: Shared, tmp_path: Path) -> None:
    clone = shared.repository.clone("other")

    def refused(plan: Path = shared.plan) -> str:
        done = call("-C", clone.root, "observe", plan, "--part", "1", "--out", tmp_path / "p.zip")
        assert done.code == 2
        assert not (tmp_path / "p.zip").exists()
        assert call("-C", clone.root, "judge", plan, *shared.parts).err == done.err
        return done.err.splitlines()[0]

    assert "the plan is by version 0.0.1 of gates" in refused(forged_plan(shared, tmp_path, version="0.0.1"))
    (clone.root / "new.py").write_text("# something else\n")
    assert "changes that are not committed, and the plan's had none" in refused()
    clone.commit({})
    assert "the plan is of commit" in refused()


# -- gates that are not shared, in parts that are not isolated

#: Finds what is marked in app.py, prints the first line of it, and spoils a file where it is told to.
TOOL = """\
import json, pathlib, sys
lines = pathlib.Path("app.py").read_text().splitlines()
print(lines[0])
if "SPOIL" in lines[-1]:
    pathlib.Path("spoilt.py").write_text("# other\\n")
if "FAIL" in lines[-1]:
    sys.exit("no report today")
place = lambda number: {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": number}}}
rows = [number for number, line in enumerate(lines, 1) if "TODO" in line]
results = [{"ruleId": "todo", "level": "error", "message": {"text": "left"}, "locations": [place(number)]} for number in rows]
driver = {"name": "lint", "version": "1", "rules": [{"id": "todo"}]}
json.dump({"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}, open(sys.argv[1], "w"))
"""
TOGETHER = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  security: {}
  lint:
    uses: external
    options: {command: ["{python}", lint.py, "{raw}/lint.sarif"], sarif: lint.sarif, inventory: ["app.py"]}
"""
APP = "import subprocess  # TODO\nsubprocess.run(input(), shell=True)\n"
PLAIN = {"gates.yaml": TOGETHER, "lint.py": TOOL, "app.py": APP, "spoilt.py": "# as it is\n"}


def in_two(root: Path, folder: Path, *more: str | Path) -> Outcome:
    """A run of two parts, judged."""
    done = call("-C", root, "plan", "--parts", "2", "--base", "HEAD~1", "--out", folder / "plan.json")
    assert done.code == 0, done.err
    paths = [folder / "1.zip", folder / "2.zip"]
    for number, path in enumerate(paths, 1):
        done = call("-C", root, "observe", folder / "plan.json", "--part", str(number), "--out", path)
        assert done.code == 0, done.err
    return call("-C", root, "judge", folder / "plan.json", *paths, "--bundle", folder / "judged.zip", "--format", "json", *more)


def test_without_isolation_all_but_the_secrets_is_observed_by_parts_and_at_the_base_too(repository: Repository, tmp_path: Path) -> None:
    """And what the judge's own scan finds is masked in what the parts wrote, who know nothing of it."""
    secret = SECRETS["github"]
    repository.commit(PLAIN)
    repository.commit({"app.py": f"token = '{secret}'\n{APP}eval(input())\n"})
    call("keygen", tmp_path / "key")
    done = in_two(repository.root, tmp_path, "--sign-key", tmp_path / "key")
    assert call("-C", repository.root, "run", "--base", "HEAD~1", "--bundle", tmp_path / "whole.zip", "--format", "json").code == done.code
    one, two = bundle.read(tmp_path / "whole.zip"), bundle.read(tmp_path / "judged.zip")
    same = [name for name in one.members if name.startswith(("facts/", "base/")) or name in {"decision.json", "change.json"}]
    assert {name: one.members[name] for name in same} == {name: two.members[name] for name in same}
    assert {"base/lint.json", "base/security.json", "facts/secrets.json"} <= set(same)
    assert {line.partition(":")[0] for line in done.err.splitlines()} == {"secrets", "secrets at the base"}
    states = {(item["gate"], finding["state"]) for item in done.json()["gates"] for finding in item["findings"]}
    assert states == {("secrets", "new"), ("security", "existing"), ("security", "new"), ("lint", "existing")}
    assert two.members["raw/lint/1-lint.stdout"] == b"token = '[redacted]'\n"
    assert not [name for name, content in two.members.items() if secret.encode() in content]
    assert "in the job that ran the project's own code" in call("verify", tmp_path / "judged.zip", "--key", tmp_path / "key.pub").out


def test_a_part_holds_no_value_of_a_secret_variable(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "".join(["correct-", "horse-", "battery-", "staple"])
    monkeypatch.setenv("DEPLOY_TOKEN", secret)
    repository.commit({**PLAIN, "app.py": f"# {secret}\n{APP}"})
    call("-C", repository.root, "plan", "--parts", "1", "--gate", "lint", "--out", tmp_path / "plan.json")
    done = call("-C", repository.root, "observe", tmp_path / "plan.json", "--part", "1", "--out", tmp_path / "p.zip")
    assert done.code == 0, done.err
    members = archive.read_file(tmp_path / "p.zip")
    assert members["raw/lint/1-lint.stdout"] == b"# [redacted]\n"
    assert not [name for name, content in members.items() if secret.encode() in content]
    assert "DEPLOY_TOKEN" in members["part.json"].decode()


@pytest.mark.parametrize(
    ("last", "words"),
    [("# FAIL", "there is no report lint.sarif"), ("# SPOIL", "was not left as it was: spoilt.py was changed while the gates ran")],
)
def test_a_part_is_written_whatever_was_seen_and_judged_for_what_it_is(
    repository: Repository, tmp_path: Path, last: str, words: str
) -> None:
    repository.commit({**PLAIN, "gates.yaml": TOGETHER.replace("  secrets: {}\n  security: {}\n", "")})
    repository.commit({"app.py": f"x = 1\n{last}\n"})
    for number in (1, 2):  # each machine has a checkout of its own
        root = repository.clone(f"machine-{number}").root
        if number == 1:
            call("-C", root, "plan", "--parts", "2", "--base", "HEAD~1", "--out", tmp_path / "plan.json")
        done = call("-C", root, "observe", tmp_path / "plan.json", "--part", str(number), "--out", tmp_path / f"{number}.zip")
        assert done.code == 0, done.err
    parts = [tmp_path / "1.zip", tmp_path / "2.zip"]
    done = call("-C", repository.root, "judge", tmp_path / "plan.json", *parts, "--format", "json")
    assert done.code == 3
    assert words in "; ".join(gate(done.json(), "lint")["reasons"])


def test_a_part_with_nothing_to_do_is_a_part_all_the_same(repository: Repository, tmp_path: Path) -> None:
    repository.commit({**PLAIN, "app.py": "x = 1\n"})
    call("-C", repository.root, "plan", "--parts", "2", "--gate", "lint", "--out", tmp_path / "plan.json")
    paths = [tmp_path / "1.zip", tmp_path / "2.zip"]
    said = [
        call("-C", repository.root, "observe", tmp_path / "plan.json", "--part", str(number), "--out", path).out
        for number, path in enumerate(paths, 1)
    ]
    assert said[0].startswith("part 1 of 2: lint; written to")
    assert said[1].startswith("part 2 of 2: nothing to observe; written to")
    done = call("-C", repository.root, "judge", tmp_path / "plan.json", *paths, "--format", "json")
    assert (done.code, done.json()["verdict"]) == (0, "passed"), done.out
    assert done.json()["partial"] == ["left out by the selection: secrets, security"]


def test_an_interrupted_part_is_not_written(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    repository.commit(PLAIN)
    call("-C", repository.root, "plan", "--parts", "1", "--gate", "lint", "--out", tmp_path / "plan.json")
    monkeypatch.setattr(pipeline, "_do_meanwhile", interrupt)
    monkeypatch.setattr(process, "_stopping", threading.Event())  # for this test alone: a run that is stopped stays so
    done = call("-C", repository.root, "observe", tmp_path / "plan.json", "--part", "1", "--out", tmp_path / "p.zip")
    assert done.code == 130
    assert not (tmp_path / "p.zip").exists()


# -- planning


@pytest.fixture
def planned(repository: Repository) -> Repository:
    repository.commit({**PASSING, "gates.yaml": POLICY + "  secrets: {}\n", **{f"test_{n}.py": "def test(): pass\n" for n in range(6)}})
    return repository


def test_planning_says_who_does_what_and_is_the_same_each_time(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    plans = []
    for number in range(2):
        done = gates("-C", planned.root, "plan", "--parts", "3", "--out", tmp_path / f"{number}.json", "--as-of", "2026-11-28")
        assert done.code == 0, done.err
        plans.append((tmp_path / f"{number}.json").read_bytes())
    assert plans[0] == plans[1]
    plan = read_plan(tmp_path / "0.json")
    assert done.out.splitlines()[0].endswith(f"({plan.digest})")
    assert done.out.splitlines()[-1] == "judge: secrets"
    parts = {step.gate: step.parts for step in plan.steps}
    assert (parts["secrets"], parts["tests"]) == ((), (1, 2, 3))
    assert {len(parts["security"]), len(parts["lint"])} == {1}
    assert parts["security"] != parts["lint"]
    assert sorted(len(item.files) for item in plan.shares) == [2, 2, 2]


def test_isolated_the_judge_observes_what_does_not_run_the_project_s_code(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    done = gates("-C", planned.root, "plan", "--parts", "2", "--isolate", "--out", tmp_path / "plan.json", "--format", "json")
    told = done.json()
    assert told["matrix"] == {"part": [1, 2]}
    assert told["digest"] == read_plan(tmp_path / "plan.json").digest
    assert sorted(item["gate"] for item in told["gates"] if not item["parts"]) == ["secrets", "security"]


def test_what_another_policy_has_look_in_its_own_way_is_shared_too(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    floor = tmp_path / "floor.yaml"
    floor.write_text(POLICY.replace("retries: 1", "retries: 0"))
    done = gates("-C", planned.root, "plan", "--parts", "2", "--policy-from", floor, "--out", tmp_path / "plan.json")
    assert done.code == 0, done.err
    plan = read_plan(tmp_path / "plan.json")
    assert {step.gate for step in plan.steps if step.shared} == {"tests", "tests@from-1"}
    assert [item.name for item in plan.policies] == ["change", "from-1"]
    floor.write_text(POLICY.replace("retries: 1", "retries: 2"))
    done = gates("-C", planned.root, "observe", tmp_path / "plan.json", "--part", "1", "--out", tmp_path / "p.zip")
    assert done.code == 2
    assert "the policy 'from-1' is not the one that the plan was made by" in done.err


def test_github_gets_lines_for_its_outputs(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    done = gates("-C", planned.root, "plan", "--parts", "2", "--out", tmp_path / "plan.json", "--format", "github")
    assert done.out == f'matrix={{"part":[1,2]}}\ndigest={read_plan(tmp_path / "plan.json").digest}\n'


def test_one_part_has_all_of_it(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    gates("-C", planned.root, "plan", "--parts", "1", "--out", tmp_path / "plan.json")
    plan = read_plan(tmp_path / "plan.json")
    assert not plan.shares
    assert {step.gate: step.parts for step in plan.steps if step.parts} == {"security": (1,), "lint": (1,), "tests": (1,)}


def test_durations_of_an_earlier_run_shape_the_shares(gates: Gates, shared: Shared, tmp_path: Path) -> None:
    """One file of that run is long enough to be shared by itself; so says the bundle of a run in parts, too."""
    shared.judge(*shared.parts, bundle=tmp_path / "judged.zip")
    for number, bundle_path in enumerate((shared.whole, tmp_path / "judged.zip")):
        path = tmp_path / f"{number}.json"
        done = gates("-C", shared.root, "plan", "--parts", "2", "--durations", bundle_path, "--out", path, "--base", "HEAD~1")
        assert done.code == 0, done.err
        items = {item for share in read_plan(path).shares for item in share.items}
        assert "test_members.py::test_member[2]" in items


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("--parts", "0"), "not a number from 1"),
        (("--parts", "257"), "a plan has 256 parts at most"),
        (("--parts", "2", "--durations", "none.zip"), "the bundle can't be read"),
        (("--parts", "2", "--gate", "nope"), "the policy has no gate 'nope'"),
    ],
)
def test_what_can_t_be_planned_is_refused(gates: Gates, planned: Repository, tmp_path: Path, argv: Sequence[str], words: str) -> None:
    done = gates("-C", planned.root, "plan", *argv, "--out", tmp_path / "plan.json")
    assert done.code == 2
    assert words in done.err
    assert not (tmp_path / "plan.json").exists()


def test_a_dirty_tree_can_be_planned_and_is_known_again_by_its_files(gates: Gates, planned: Repository, tmp_path: Path) -> None:
    (planned.root / "app.py").write_text("print('changed')\n")
    gates("-C", planned.root, "plan", "--parts", "1", "--gate", "lint", "--out", tmp_path / "plan.json")
    assert read_plan(tmp_path / "plan.json").dirty
    (planned.root / "app.py").write_text("print('changed again')\n")
    done = gates("-C", planned.root, "observe", tmp_path / "plan.json", "--part", "1", "--out", tmp_path / "p.zip")
    assert "the files here are not those that the plan is of" in done.err
