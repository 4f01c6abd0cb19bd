"""The action's steps by themselves: what a workflow says wrongly, and what is laid on a release's page."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.action.code_host import Api
from tests.action.runner import ROOT
from tests.serving import listening


def step(name: str, folder: Path, inputs: dict[str, str], **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "PATH": os.environ["PATH"],
        "RUNNER_TEMP": str(folder),
        "GITHUB_OUTPUT": str(folder / "output"),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_RUN_ID": "17",
        "INPUTS": json.dumps(inputs),
        "TOKEN": "t0ken",
        **variables,
    }
    command = [sys.executable, "-I", str(ROOT / "scripts" / "action"), name]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


WRONG = {
    "a job": ({"job": "test"}, "`job: test` is none of run, plan, observe, judge"),
    "a name": ({"job": "plan", "parts": "2", "name": "../gates"}, "`name: ../gates` may hold letters"),
    "no parts": ({"job": "plan"}, "`job: plan` needs `parts`"),
    "no part": ({"job": "observe"}, "`job: observe` needs `part`"),
    "no digest": ({"job": "observe", "part": "1"}, "`job: observe` needs `plan-digest`"),
    "no plan": ({"job": "judge", "plan-digest": "sha256:0"}, "there is no plan: the job that plans did not end well"),
    "no folder": ({"working-directory": "nowhere"}, "`working-directory: nowhere`: there is no such folder"),
    "signed beside the code": ({"sign": "sigstore"}, "`sign: sigstore` belongs into a job of its own"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_a_workflow_says_wrongly_is_said(tmp_path: Path, name: str) -> None:
    inputs, words = WRONG[name]
    done = step("run", tmp_path, inputs)
    assert done.returncode == 2, done.stderr
    assert done.stdout.startswith(f"::error title=Quality Gates::{words}")
    assert not done.stderr, "no traceback"


PULL = {"pull_request": {"base": {"ref": "weak"}}, "repository": {"default_branch": "main"}}
GROUP = {"merge_group": {"base_ref": "refs/heads/weak"}}
REVIEW = "pull_request_review"


def asked_about(folder: Path, into: str, event: str, said: dict[str, Any] | str, ref: str = "refs/pull/7/merge") -> tuple[int, str]:
    """What the step says in a run for a branch; where the run is one for a protected branch, that there is no plan."""
    (folder / "event.json").write_text(said if isinstance(said, str) else json.dumps(said), "utf-8")
    variables = {"GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(folder / "event.json"), "GITHUB_REF": ref}
    done = step("run", folder, {"job": "judge", "plan-digest": "sha256:0", "into": into}, **variables)
    assert not done.stderr, "no traceback"
    return done.returncode, done.stdout


@pytest.mark.parametrize(
    ("into", "event", "said", "ref"),
    [
        ("main", "pull_request", PULL, "refs/pull/7/merge"),
        ("main, release/*", "pull_request", PULL, "refs/pull/7/merge"),
        ("eak", "pull_request", PULL, "refs/pull/7/merge"),
        ("w.ak", "pull_request", PULL, "refs/pull/7/merge"),
        ("main", "merge_group", GROUP, "refs/heads/gh-readonly-queue/weak/pr-7"),
        ("main", "push", {"ref": "refs/heads/weak"}, "refs/heads/weak"),
        ("main", "workflow_dispatch", {}, "refs/heads/weak"),
        ("", REVIEW, PULL, "refs/pull/7/merge"),
        ("", "pull_request_review_comment", PULL, "refs/pull/7/merge"),
        ("main", REVIEW, PULL | {"repository": {"default_branch": "weak"}}, "refs/pull/7/merge"),
    ],
)
def test_a_run_for_a_branch_that_the_check_does_not_protect_is_refused(
    tmp_path: Path, into: str, event: str, said: dict[str, Any], ref: str
) -> None:
    """GitHub keeps a check by the commit: the author of a change could have it made for a branch with a weaker policy."""
    code, text = asked_about(tmp_path, into, event, said, ref)
    assert (code, "alone, and this run is for weak: nothing was judged" in text) == (2, True), text


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (REVIEW, {}),
        (REVIEW, ""),
        (REVIEW, {"pull_request": {"base": "main"}}),
        (REVIEW, {"pull_request": {"base": {"ref": 7}}, "merge_group": []}),
        ("pull_request", {"pull_request": None}),
    ],
)
def test_a_run_of_which_it_is_not_known_for_which_branch_is_refused(tmp_path: Path, event: str, said: dict[str, Any] | str) -> None:
    code, text = asked_about(tmp_path, "main", event, said)
    assert (code, "does not say for which branch it is" in text) == (2, True), text


@pytest.mark.parametrize(
    ("into", "event", "said", "ref"),
    [
        ("", "pull_request", PULL, "refs/pull/7/merge"),
        ("", "push", {}, "refs/heads/weak"),
        ("main,weak", "pull_request", PULL, "refs/pull/7/merge"),
        ("main\nrefs/heads/weak", REVIEW, PULL, "refs/pull/7/merge"),
        ("we*", REVIEW, PULL, "refs/pull/7/merge"),
        ("weak", "merge_group", GROUP, "refs/heads/gh-readonly-queue/weak/pr-7"),
        ("weak", "push", {}, "refs/heads/weak"),
        ("weak", "release", {}, "refs/tags/v1"),
        ("", REVIEW, PULL | {"repository": {"default_branch": "weak"}}, "refs/pull/7/merge"),
    ],
)
def test_a_run_for_a_branch_that_it_protects_goes_on(tmp_path: Path, into: str, event: str, said: dict[str, Any], ref: str) -> None:
    code, text = asked_about(tmp_path, into, event, said, ref)
    assert (code, "there is no plan" in text) == (2, True), text


@pytest.mark.parametrize("named", ["shop", "all/shop", "./all/../shop", "{here}/shop"])
def test_a_folder_behind_a_link_is_not_judged(tmp_path: Path, named: str) -> None:
    """A change could put the link there, to a folder of its own with a policy that nothing stood before."""
    (tmp_path / "other" / "shop").mkdir(parents=True)
    (tmp_path / "shop").symlink_to("other/shop")
    (tmp_path / "all").symlink_to("other")
    inputs = {"working-directory": named.replace("{here}", str(tmp_path))}
    done = step("run", tmp_path, inputs, GITHUB_WORKSPACE=str(tmp_path))
    assert (done.returncode, "leads through a link to" in done.stdout) == (2, True), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("platform", "version", "words"),
    [
        ("win32", (3, 12), "runs-on: ubuntu-latest"),
        ("darwin", (3, 14), "the Python here is 3.14"),
        ("linux", (3, 10), 'python-version: "3.13"'),
    ],
)
def test_a_runner_that_can_not_do_it_is_told_what_to_change(platform: str, version: tuple[int, int], words: str) -> None:
    asked = f"import sys; sys.path.insert(0, 'scripts/action'); import runner; runner.check_place({platform!r}, {version!r})"
    done = subprocess.run([sys.executable, "-I", "-c", asked], cwd=ROOT, capture_output=True, text=True, check=False)
    assert words in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("inputs", [{"name": "../x"}, {"job": "all"}])
def test_nothing_is_installed_for_a_workflow_that_is_wrong(tmp_path: Path, inputs: dict[str, str]) -> None:
    done = step("install", tmp_path, inputs, GITHUB_ACTION_PATH=str(ROOT))
    assert (done.returncode, done.stdout.startswith("::error")) == (2, True)
    assert not (tmp_path / "quality-gates" / "environment").exists()


#: A tool that passes, and writes into each file by which a step tells the runner something.
HOSTILE = """\
import glob, sys
folder, raw = sys.argv[1:]
(comment,) = [f"{place}/comment.md" for place in glob.glob(f"{folder}/quality-gates/gates-*")]
open(f"{folder}/output", "a").write(f"exit-code=0\\nverdict=passed\\nrest<<comment={comment}\\n")
open(f"{folder}/summary", "a").write("## passed\\n")
for name in ("env", "path", "state"):
    open(f"{folder}/{name}", "a").write("BASH_ENV=/tmp/mine\\n")
open(raw, "w").write('<testsuites><testsuite name="s"><testcase classname="a" name="one"><failure/></testcase></testsuite></testsuites>')
"""


def test_code_that_writes_into_the_runner_s_files_changes_no_outcome(tmp_path: Path) -> None:
    """The files are told apart by nothing but their paths, which a process of the same user can find."""
    command = json.dumps(["{python}", "tool.py", str(tmp_path), "{raw}/report.xml"])
    policy = f"version: 1\ngates: {{checks: {{uses: external, options: {{command: {command}, junit: report.xml}}}}}}\n"
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "gates.yaml").write_text(policy)
    (tmp_path / "shop" / "tool.py").write_text(HOSTILE)
    (tmp_path / "quality-gates").mkdir()
    (tmp_path / "quality-gates" / "environment").symlink_to(sys.prefix)
    files = {f"GITHUB_{name.upper()}": str(tmp_path / name) for name in ("env", "path", "state")}
    done = step("run", tmp_path, {"working-directory": "shop"}, **files)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = (tmp_path / "output").read_text().splitlines()
    assert lines[:2] == ["exit-code=1", "verdict=failed"]
    assert not [line for line in lines if "<<" in line]
    assert (tmp_path / "summary").read_text().count("passed\n") == 0
    assert [(tmp_path / name).read_text() for name in ("env", "path", "state")] == ["", "", ""]


class Releases(Api):
    """GitHub's API of releases: one, of the tag v1; with `denied`, its files can't be added to."""

    asked: list[tuple[str, str, bytes]]
    denied: bool

    def do_GET(self) -> None:
        self.asked.append(("GET", self.path, b""))
        self.answer(200, {"upload_url": f"http://{self.headers['Host']}/repos/acme/shop/releases/1/assets{{?name,label}}"})

    def do_POST(self) -> None:
        self.asked.append(("POST", self.path, self.content()))
        assert (self.headers["Content-Type"], self.headers["Authorization"]) == ("application/zip", "Bearer t0ken")
        self.answer(403 if self.denied else 201, {})


@pytest.fixture
def releases() -> Iterator[tuple[type[Releases], str]]:
    handler = type("Handler", (Releases,), {"asked": [], "denied": False})
    with listening(handler) as address:
        yield handler, address


def attached(folder: Path, address: str, event: dict[str, Any], **variables: str) -> subprocess.CompletedProcess[str]:
    (folder / "gates-1234.zip").write_bytes(b"evidence")
    (folder / "event.json").write_text(json.dumps(event))
    bundle, path = str(folder / "gates-1234.zip"), str(folder / "event.json")
    return step("attach", folder, {}, BUNDLE=bundle, GITHUB_EVENT_PATH=path, GITHUB_API_URL=address, **variables)


def test_a_release_has_its_evidence_beside_its_files(tmp_path: Path, releases: tuple[type[Releases], str]) -> None:
    handler, address = releases
    event = {"release": {"upload_url": f"{address}/repos/acme/shop/releases/1/assets{{?name,label}}"}}
    done = attached(tmp_path, address, event)
    assert done.returncode == 0, done.stdout + done.stderr
    label = "Quality+Gates%3A+evidence+%28gates%29"
    assert handler.asked == [("POST", f"/repos/acme/shop/releases/1/assets?name=gates-1234.zip&label={label}", b"evidence")]


def test_the_release_of_a_tag_is_found(tmp_path: Path, releases: tuple[type[Releases], str]) -> None:
    handler, address = releases
    done = attached(tmp_path, address, {}, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1/final")
    assert done.returncode == 0, done.stdout + done.stderr
    assert next(asked[:2] for asked in handler.asked) == ("GET", "/repos/acme/shop/releases/tags/v1%2Ffinal")
    assert handler.asked[-1][2] == b"evidence"


def test_evidence_that_could_not_be_attached_fails_the_job(tmp_path: Path, releases: tuple[type[Releases], str]) -> None:
    handler, address = releases
    handler.denied = True
    done = attached(tmp_path, address, {}, GITHUB_REF_TYPE="tag", GITHUB_REF_NAME="v1")
    assert done.returncode == 2
    assert "could not be attached to the release: GitHub answered 403 Forbidden. It needs `permissions: {contents: write}`" in done.stdout
    branch = attached(tmp_path, address, {}, GITHUB_REF_TYPE="branch", GITHUB_REF_NAME="main")
    assert (branch.returncode, "`attach` needs a release" in branch.stdout) == (2, True)


def test_a_comment_is_no_longer_than_one_may_be(tmp_path: Path) -> None:
    """The report keeps to it; one that does not (by another version, say) is not lost without a word."""
    (tmp_path / "comment.md").write_text("x" * 70_000)
    (tmp_path / "event.json").write_text(json.dumps({"pull_request": {"number": 7}}))
    sent: list[str] = []

    class Comments(Releases):
        def do_GET(self) -> None:
            self.answer(200, [])

        def do_POST(self) -> None:
            sent.append(json.loads(self.content())["body"])
            self.answer(201, {})

    variables = {"COMMENT": str(tmp_path / "comment.md"), "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    with listening(Comments) as address:
        done = step("comment", tmp_path, {}, GITHUB_API_URL=address, **variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sent == [
        (
            "<!-- quality-gates: gates -->\nQuality Gates: too long for a comment. "
            "[This run](https://github.example/acme/shop/actions/runs/17) has it.\n"
        )
    ]
