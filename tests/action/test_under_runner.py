"""action.yml as a consumer uses it, under a local Actions runner: outputs, annotations and summaries from the runner's own events."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gates.cli.main import main
from tests.action.code_host import Api
from tests.action.runner import CHECKOUT, USES, act
from tests.repository import Repository
from tests.serving import listening

SCANS = "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n"
SHELL = "import subprocess, sys\n"
CALL = "subprocess.call(sys.argv[{number}], shell=True)\n"


def verified(capsys: pytest.CaptureFixture[str], bundle: Path, *options: str) -> dict[str, Any]:
    capsys.readouterr()
    main(["verify", str(bundle), "--allow-unsigned", "--format", "json", *options])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


# -- one job ------------------------------------------------------------------------------------

ONE_JOB = f"""\
name: gates
on: [push]
permissions: {{contents: read}}
jobs:
  gates:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - {{uses: {USES}, id: clean, with: {{working-directory: clean, name: clean}}}}
      - {{uses: {USES}, id: faulty, continue-on-error: true, with: {{working-directory: faulty, name: faulty}}}}
      - {{uses: {USES}, id: again, continue-on-error: true, with: {{working-directory: faulty, name: faulty, upload-sarif: "true"}}}}
      - {{uses: {USES}, id: wrong, continue-on-error: true, with: {{working-directory: clean, policy: wrong.yaml}}}}
      - {{uses: {USES}, id: nothing, continue-on-error: true, with: {{working-directory: clean, policy: nothing.yaml}}}}
      - {{uses: {USES}, id: job, continue-on-error: true, with: {{job: everything}}}}
"""
MONOREPO = {
    "clean/gates.yaml": SCANS,
    "clean/app.py": "print('hello')\n",
    "clean/wrong.yaml": "version: 1\ngates: {secrets: {colour: red}}\n",
    "clean/nothing.yaml": "version: 1\nextends: [baseline]\ngates: {security: {options: {exclude: ['*.py']}}}\n",
    "faulty/gates.yaml": SCANS,
    "faulty/app.py": SHELL + "".join(CALL.format(number=number) for number in range(1, 13)),
}


def test_each_verdict_reaches_the_workflow_with_its_annotations_summary_and_bundle(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    consumer = Repository(tmp_path)
    consumer.commit(MONOREPO)
    run = act(tmp_path, consumer, ONE_JOB)

    assert run.result("clean") == "success", run.log
    assert run.outputs("clean")["verdict"] == "passed"
    assert not run.annotations("clean")

    failed = run.outputs("faulty")
    assert (run.result("faulty"), failed["verdict"], failed["would-be-verdict"]) == ("failure", "failed", "failed"), run.log
    assert (int(failed["findings"]), failed["findings"]) == (int(failed["new-findings"]), "13")
    levels = [item["level"] for item in run.annotations("faulty")]
    assert levels.count("error") == 10, "what GitHub shows of a level in a step"
    first = next(item for item in run.annotations("faulty") if item["level"] == "error")
    assert (first["file"], first["line"]) == ("faulty/app.py", "2")
    assert "2 findings not annotated: GitHub shows 10 of a level" in run.log
    assert "Quality gates: failed" in run.summary("faulty")
    assert {Path(failed[kind]).name for kind in ("report", "sarif")} == {"report.html", "report.sarif"}

    # Run again in the same workflow, and with code scanning that may not be written: the same verdict, and both bundles are kept.
    again = run.outputs("again")
    assert (again["verdict"], again["findings"]) == (failed["verdict"], failed["findings"])
    kept = {path.name for path in run.artifacts.iterdir()}
    assert kept >= {Path(each["bundle"]).name for each in (failed, again, run.outputs("clean"))}
    (bundle,) = (run.artifacts / Path(failed["bundle"]).name).iterdir()
    answers = verified(capsys, bundle)
    assert {answer["question"]: answer["holds"] for answer in answers["answers"]} == {
        "intact": True,
        "trusted": True,
        "about": None,
        "follows": True,
        "complete": True,
    }
    assert answers["digest"].endswith(failed["bundle-digest"].removeprefix("sha256:"))

    assert (run.result("wrong"), run.outputs("wrong")["verdict"], run.outputs("wrong")["bundle"]) == ("failure", "", "")
    (said,) = run.annotations("wrong")
    assert said["level"] == "error"
    assert "wrong.yaml:2" in said["words"], said
    assert "nothing was judged" in run.summary("wrong")

    assert (run.result("nothing"), run.outputs("nothing")["verdict"]) == ("failure", "errored")
    assert [item["title"] for item in run.annotations("nothing")] == ["security could not tell"]

    assert run.result("job") == "failure"
    assert [item["words"] for item in run.annotations("job")] == ["`job: everything` is none of run, plan, observe, judge"]


# -- a change -----------------------------------------------------------------------------------

CHANGE = f"""\
name: gates
on: [pull_request, merge_group]
permissions: {{contents: read, pull-requests: write}}
jobs:
  gates:
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - {{uses: {USES}, id: first, continue-on-error: true, with: {{comment: "true", upload-sarif: "true"}}}}
      - {{uses: {USES}, id: second, continue-on-error: true, with: {{comment: "true", policy-from: floor.yaml}}}}
      - {{uses: {USES}, id: fork, continue-on-error: true, with: {{comment: "true", name: fork}}}}
"""


class CodeHost(Api):
    """GitHub's API of comments; a comment of the check `fork` it does not let anyone write."""

    comments: list[dict[str, Any]]
    asked: list[str]

    def do_GET(self) -> None:
        self._answer(200, self.comments)

    def do_POST(self) -> None:
        body = self._body()
        if "quality-gates: fork" in body["body"]:
            return self._answer(403, {"message": "Resource not accessible by integration"})
        self.comments.append({"id": 40 + len(self.comments), "user": {"type": "Bot"}, **body})
        return self._answer(201, self.comments[-1])

    def do_PATCH(self) -> None:
        self.comments[-1] |= self._body()
        self._answer(200, self.comments[-1])

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = json.loads(self.content())
        return body

    def _answer(self, code: int, data: Any) -> None:
        self.asked.append(f"{self.command} {self.path.partition('?')[0]} {code}")
        self.answer(code, data)


@pytest.fixture
def code_host() -> Iterator[tuple[type[CodeHost], str]]:
    """The API on this machine, with a comment in which a person has written the marker."""
    marker = "<!-- quality-gates: gates -->"
    person = {"id": 40, "user": {"type": "User"}, "body": f"{marker}\nall is well"}
    handler = type("Handler", (CodeHost,), {"comments": [person], "asked": []})
    with listening(handler) as address:
        yield handler, address


@pytest.fixture
def changed(tmp_path: Path) -> tuple[Repository, str, str]:
    """A repository with an old finding, and a change that adds one: its base and its head."""
    consumer = Repository(tmp_path)
    strict = SCANS.replace("security: {}", "security: {require: {findings: {max: 0}}}")
    base = consumer.commit({"gates.yaml": SCANS, "floor.yaml": strict, "app.py": SHELL + CALL.format(number=1)})
    consumer.git("checkout", "-q", "-b", "change")
    return consumer, base, consumer.commit({"new.py": SHELL + CALL.format(number=2)})


def test_a_pull_request_is_held_against_its_base_and_has_one_comment(
    tmp_path: Path, changed: tuple[Repository, str, str], code_host: tuple[type[CodeHost], str]
) -> None:
    consumer, base, head = changed
    handler, address = code_host
    payload = {"pull_request": {"number": 7, "base": {"ref": "main", "sha": base}, "head": {"ref": "change", "sha": head}}}
    run = act(tmp_path, consumer, CHANGE, "pull_request", payload, GITHUB_API_URL=address)
    found = run.outputs("first")
    assert (found["verdict"], found["new-findings"], found["findings"]) == ("failed", "2", "4"), run.log
    annotations = run.annotations("first")
    assert next((item["level"], item["file"]) for item in annotations) == ("error", "new.py")
    assert {item["file"] for item in annotations if item["level"] == "error"} == {"new.py"}

    # The second of one name writes into the comment of the first, though a person has written the marker before them.
    first, second, denied = (line for line in handler.asked if not line.startswith("GET"))
    assert re.fullmatch(r"POST /repos/.+/issues/7/comments 201", first)
    assert re.fullmatch(r"PATCH /repos/.+/issues/comments/41 200", second)
    assert handler.comments[0]["body"].endswith("all is well")
    assert "floor" in handler.comments[1]["body"], "the newest state: the floor judged too"

    # A token that may not write changes nothing of the verdict, and is said.
    assert denied.endswith("403")
    assert run.outputs("fork")["verdict"] == "failed"
    (said,) = [item["words"] for item in run.annotations("fork") if item["level"] == "notice" and "comment" in item["words"]]
    assert said.startswith("no comment: GitHub answered 403")


def test_a_merge_queue_is_held_against_its_base_and_has_no_pull_request(tmp_path: Path, changed: tuple[Repository, str, str]) -> None:
    consumer, base, head = changed
    payload = {"merge_group": {"base_sha": base, "base_ref": "refs/heads/main", "head_sha": head, "head_ref": "refs/heads/queue"}}
    run = act(tmp_path, consumer, CHANGE, "merge_group", payload)
    found = run.outputs("first")
    assert (found["verdict"], found["new-findings"], found["findings"]) == ("failed", "2", "4"), run.log
    assert "no comment: this is not a run of a pull request" in [item["words"] for item in run.annotations("first")]
    assert "Run Main Show findings in code scanning" not in run.log, "a queue's refs are not uploaded"


# -- several jobs -------------------------------------------------------------------------------

PARTED = f"""\
name: gates
on: [push]
permissions: {{contents: read}}
jobs:
  call:
    uses: quality-gates/quality-gates/.github/workflows/gates.yml@main
    with: {{parts: 2, prepare: 'mkdir -p "$ARTIFACTS/prepared"'}}
  again:
    needs: call
    runs-on: ubuntu-latest
    steps:
      - uses: {CHECKOUT}
      - run: rm -r "$ARTIFACTS/gates-part-2"
      - uses: {USES}
        id: missing
        continue-on-error: true
        with: {{job: judge, plan-digest: "${{{{ needs.call.outputs.plan-digest }}}}"}}
      - uses: {USES}
        id: forged
        continue-on-error: true
        with: {{job: judge, plan-digest: "sha256:{"0" * 64}"}}
      - run: rm -r "$ARTIFACTS/gates-plan" "$RUNNER_TEMP/quality-gates/plan-gates"
      - uses: {USES}
        id: unplanned
        continue-on-error: true
        with: {{job: judge, plan-digest: "${{{{ needs.call.outputs.plan-digest }}}}"}}
      - env: {{VERDICT: "${{{{ needs.call.outputs.verdict }}}}"}}
        run: test "$VERDICT" = passed
"""
TESTS = {f"tests/test_{name}.py": "def test_one(): pass\ndef test_two(): pass\n" for name in "abcd"}


def test_an_organisation_s_workflow_plans_observes_and_judges_in_jobs_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    consumer = Repository(tmp_path)
    policy = SCANS.replace("security: {}", "security: {}, tests: {options: {paths: [tests]}}")
    consumer.commit({"gates.yaml": policy, "app.py": "print('hello')\n", **TESTS})
    run = act(tmp_path, consumer, PARTED)
    assert run.results() == dict.fromkeys(("plan", "observe1", "observe2", "gates", "again"), "success"), run.log
    assert json.loads(run.outputs("gates", "plan")["matrix"]) == {"part": [1, 2]}
    assert (run.artifacts / "prepared").is_dir()
    judged = run.outputs("gates")
    assert judged["verdict"] == "passed"
    (bundle,) = (run.artifacts / Path(judged["bundle"]).name).iterdir()
    assert [answer["holds"] for answer in verified(capsys, bundle)["answers"]] == [True, True, None, True, True]

    missing = run.outputs("missing", "again")
    assert (run.result("missing", "again"), missing["verdict"]) == ("failure", "errored")
    assert any(item["level"] == "error" and "part 2" in item["words"] for item in run.annotations("missing", "again"))
    assert "part 2" in run.summary("missing", "again")

    assert (run.result("forged", "again"), run.outputs("forged", "again")["verdict"]) == ("failure", "")
    assert "nothing was judged" in run.summary("forged", "again")
    assert run.result("unplanned", "again") == "failure"
    assert [item["words"] for item in run.annotations("unplanned", "again") if item["words"].startswith("there is no plan")]
