"""`gates run`: verdicts, exit codes, reports and bundles, with real engines on small repositories."""

from __future__ import annotations

import contextlib
import html
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gates.adapters import process
from gates.evidence import bundle
from tests.cli.conftest import PASSING, POLICY, Outcome
from tests.repository import Repository
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]


def test_a_repository_that_keeps_its_policy_passes(gates: Gates, passing: Repository) -> None:
    done = gates("-C", passing.root, "run", "--format", "json")
    report = done.json()
    assert (done.code, report["verdict"], report["exit_code"]) == (0, "passed", 0)
    assert [(gate["gate"], gate["outcome"]) for gate in report["gates"]] == [("secrets", "passed"), ("checks", "passed")]
    assert all(gate["examined"]["done"] > 0 for gate in report["gates"])
    assert Path(report["bundle"]["path"]).exists()


def test_one_that_does_not_fails_with_the_place(gates: Gates, failing: Repository) -> None:
    done = gates("-C", failing.root, "run", "--format", "json")
    assert done.code == 1
    (finding,) = done.json()["gates"][1]["findings"]
    assert "two is wrong" in finding["message"]
    text = gates("-C", failing.root, "run")
    assert text.code == 1
    assert text.out.startswith("FAILED")
    assert "two is wrong" in text.out


def test_a_gate_that_can_not_tell_is_errored_with_a_remedy_and_the_others_go_on(gates: Gates, repository: Repository) -> None:
    repository.commit({**PASSING, "gates.yaml": POLICY.replace('"{python}", make_report.py', "no-such-tool")})
    done = gates("-C", repository.root, "run", "--format", "json")
    report = done.json()
    assert (done.code, report["verdict"]) == (3, "errored")
    assert report["gates"][0]["outcome"] == "passed"
    assert "no-such-tool was not found" in report["gates"][1]["reasons"][0]


PUT_BACK = """
import pathlib
app = pathlib.Path("app.py")
held = app.read_bytes()
app.write_bytes(b"")
app.write_bytes(held)
"""


def test_a_test_that_puts_back_what_it_writes_to_leaves_a_verdict(gates: Gates, passing: Repository) -> None:
    tests = POLICY.replace("uses: external", "uses: tests")
    passing.commit({"gates.yaml": tests, "make_report.py": PASSING["make_report.py"] + PUT_BACK})
    (passing.root / "notes.txt").write_text("not committed\n", "utf-8")
    done = gates("-C", passing.root, "run", "--no-cache")
    assert (done.code, done.err.count("secrets: started")) == (0, 2)  # the first time, the file could have held something else


def test_another_gate_s_command_that_does_so_leaves_none(gates: Gates, passing: Repository) -> None:
    passing.commit({"make_report.py": PASSING["make_report.py"] + PUT_BACK})
    assert gates("-C", passing.root, "run", "--no-cache").code == 3


def test_what_was_not_committed_can_not_be_told_to_be_put_back(gates: Gates, passing: Repository) -> None:
    tests = POLICY.replace("uses: external", "uses: tests")
    passing.commit({"gates.yaml": tests, "make_report.py": PASSING["make_report.py"] + PUT_BACK})
    (passing.root / "app.py").write_text("print('not committed')\n", "utf-8")
    done = gates("-C", passing.root, "run", "--no-cache")
    assert (done.code, done.err.count("secrets: started")) == (3, 1)
    assert "app.py was changed while the gates ran" in done.out
    assert "commit what lies there first" in " ".join(done.out.split())


HIDE = """
import pathlib
app, held = pathlib.Path("app.py"), pathlib.Path("held.bin")
if sys.argv[2] == "hide":
    held.write_bytes(app.read_bytes())
    app.write_bytes(b"")
else:
    app.write_bytes(held.read_bytes())
    held.unlink()
"""
CHECK = "  %s: {uses: tests, options: {command: ['{python}', make_report.py, '{raw}/r.xml', %s], junit: r.xml}}\n"
SCAN = """
import sys
bad = "<failure message='a token'/>" if "ghp_" in open("app.py").read() else ""
open(sys.argv[1], "w").write(f"<testsuite tests='1'><testcase name='app.py'>{bad}</testcase></testsuite>")
"""
SCANS = {
    "secrets": "  scan: {uses: secrets}\n",
    "external": "  scan: {uses: external, options: {command: ['{python}', scan.py, '{raw}/r.xml'], junit: r.xml}}\n",
}


@pytest.mark.parametrize("scanner", SCANS)
def test_a_secret_is_found_that_was_hidden_while_it_was_looked_for(
    gates: Gates, repository: Repository, monkeypatch: pytest.MonkeyPatch, scanner: str
) -> None:
    """Tests hide it before the scan begins, and others put it back afterwards: one gate at a time makes that certain."""
    policy = f"{POLICY.partition('  secrets')[0]}{CHECK % ('a', 'hide')}{SCANS[scanner]}{CHECK % ('z', 'show')}"
    tool, secret = PASSING["make_report.py"] + HIDE, f"key = '{SECRETS['github']}'\n"
    repository.commit({"app.py": secret, "make_report.py": tool, "scan.py": SCAN, "gates.yaml": policy})
    monkeypatch.setattr("gates.observe._turn", lambda step, _setting: ("a", "scan", "z").index(step.name))
    report = gates("-C", repository.root, "run", "--no-cache", "--jobs", "1", "--format", "json").json()
    (found,) = [gate for gate in report["gates"] if gate["gate"] == "scan"]
    assert (found["outcome"], len(found["findings"])) == ("failed", 1)


def test_only_what_did_not_pass_runs_again_until_it_does(gates: Gates, failing: Repository) -> None:
    def ran(*words: str) -> dict[str, str]:
        report = gates("-C", failing.root, "run", *words, "--format", "json").json()
        assert report["partial"]
        return {gate["gate"]: gate["outcome"] for gate in report["gates"]}

    assert gates("-C", failing.root, "run").code == 1
    assert ran("--only-failed") == {"secrets": "skipped", "checks": "failed"}
    assert ran("--gate", "secrets") == {"secrets": "passed", "checks": "skipped"}
    assert ran("--only-failed") == {"secrets": "skipped", "checks": "failed"}  # the newest bundle says nothing of it
    failing.commit(PASSING)
    assert ran("--only-failed") == {"secrets": "skipped", "checks": "passed"}
    failing.git("switch", "-q", "-c", "other")
    assert "there is no last run at the stage change on refs/heads/other" in gates("-C", failing.root, "run", "--only-failed").err
    failing.git("switch", "-q", "main")
    done = gates("-C", failing.root, "run", "--only-failed")
    assert (done.code, "every gate passed when it last ran at the stage change on refs/heads/main" in done.err) == (2, True)


@pytest.mark.parametrize(
    ("argv", "error"),
    [
        (["run", "--gate", "nope"], "the policy has no gate 'nope'"),
        (["run", "--policy", "none.yaml"], "there is no none.yaml"),
        (["run", "--report", "pdf=x"], "not FORMAT=PATH"),
        (["run", "--as-of", "yesterday"], "not a day"),
        (["run", "--jobs", "0"], "not a number from 1"),
        (["run", "--sign-key", "k"], "the private key can't be read"),
        (["run", "--base", "nowhere"], "is not a commit of this repository"),
        (["run", "a.py"], "at the commit stage only"),
        (["run", "--only-failed"], "there is no last run at the stage change on refs/heads/main"),
        (["run", "--only-failed", "--gate", "secrets"], "--only-failed and --gate both choose gates"),
        (["verify", "x.zip", "--min-trust", "2"], "--min-trust: '2' is none of self-reported"),
        (["nonsense"], "there is no command `nonsense`"),
        (["run", "--nonsense"], "`gates run` has no option --nonsense"),
    ],
)
def test_bad_usage_is_exit_2_and_one_json_document(gates: Gates, passing: Repository, argv: list[str], error: str) -> None:
    done = gates("-C", passing.root, *argv, "--format", "json")
    report = done.json()
    assert (done.code, report["exit_code"], report["verdict"]) == (2, 2, None)
    assert error in report["errors"][0]["error"]
    assert done.err.startswith("error: ")
    assert not (passing.root / ".gates").exists()


def test_a_wrong_policy_is_exit_2_with_every_error(gates: Gates, repository: Repository) -> None:
    repository.commit({"gates.yaml": "version: 1\ngates:\n  secrets: {enforcment: block}\n  checks: {uses: externl}\n"})
    done = gates("-C", repository.root, "run", "--format", "json")
    assert done.code == 2
    assert {error["where"].rpartition(":")[0] for error in done.json()["errors"]} == {"gates.yaml:3", "gates.yaml:4"}


def test_evidence_that_can_not_be_written_is_exit_4(gates: Gates, passing: Repository) -> None:
    done = gates("-C", passing.root, "run", "--bundle", "/dev/null/x.zip", "--format", "json")
    assert (done.code, done.json()["exit_code"]) == (4, 4)


@pytest.mark.parametrize("linked", [".gates", ".gates/.gitignore", ".gates/evidence"])
def test_evidence_follows_no_link_of_the_project_s(gates: Gates, passing: Repository, linked: str, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (passing.root / linked).parent.mkdir(exist_ok=True)
    (passing.root / linked).symlink_to(outside)
    done = gates("-C", passing.root, "run")
    assert (done.code, f"{linked} is a link, so the evidence would be written to another place" in done.err) == (4, True)
    assert list(outside.iterdir()) == []


def test_a_defect_of_ours_is_exit_70_with_a_report_to_paste(gates: Gates, passing: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(passing.root)
    monkeypatch.setattr("gates.pipeline.judge", None)
    done = gates("run", "--format", "json")
    assert (done.code, done.json()["exit_code"]) == (70, 70)
    assert "Traceback" in (passing.root / ".gates" / "defect.txt").read_text("utf-8")


def test_too_little_memory_is_exit_3_and_no_defect_of_ours(gates: Gates, passing: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(passing.root)
    monkeypatch.setattr("gates.cli.run.execute", lambda _: bytearray(sys.maxsize))
    done = gates("run", "--format", "json")
    (problem,) = done.json()["errors"]
    assert (done.code, done.json()["exit_code"], done.json()["verdict"]) == (3, 3, None)
    assert problem["error"] == "there is too little memory, so nothing was judged"
    assert problem["help"] in done.err
    assert not (passing.root / ".gates").exists()


def test_every_report_is_written(gates: Gates, failing: Repository, tmp_path: Path) -> None:
    kinds = ("text", "json", "markdown", "html", "sarif", "junit", "github")
    reports = [f"--report={kind}={tmp_path / kind}" for kind in kinds]
    assert gates("-C", failing.root, "run", *reports).code == 1
    for kind in kinds:
        assert "two is wrong" in (tmp_path / kind).read_text("utf-8"), kind


def test_two_runs_give_the_same_content_digest_in_folders_of_other_names(gates: Gates, tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "another"):
        folder = tmp_path / name
        folder.mkdir()
        repository = Repository(folder)
        repository.commit(PASSING)
        for _ in range(2):
            digests.add(gates("-C", repository.root, "run", "--format", "json", "--as-of", "2026-11-22").json()["content_digest"])
    assert len(digests) == 1


def test_a_selection_is_partial_and_says_so(gates: Gates, passing: Repository) -> None:
    report = gates("-C", passing.root, "run", "--gate", "secrets", "--format", "json").json()
    assert report["partial"] == ["left out by the selection: checks"]
    done = gates("verify", report["bundle"]["path"], "--allow-unsigned")
    assert done.code == 9


def test_the_commit_stage_looks_at_the_named_files(gates: Gates, passing: Repository) -> None:
    report = gates("-C", passing.root, "run", "--stage", "commit", "--format", "json", passing.root / "app.py").json()
    assert report["gates"][0]["examined"]["done"] == 1
    outside = gates("-C", passing.root, "run", "--stage", "commit", "/etc/hostname")
    assert (outside.code, "lies outside" in outside.err) == (2, True)


def test_without_a_policy_baseline_judges_what_is_found_and_says_so(gates: Gates, repository: Repository) -> None:
    repository.commit({"notes.txt": "nothing to see\n"})
    done = gates("-C", repository.root, "run")
    assert done.code == 0
    assert "no gates.yaml: judging by `baseline`" in done.err


def test_the_evidence_folder_ignores_itself(gates: Gates, passing: Repository) -> None:
    gates("-C", passing.root, "run")
    assert passing.git("status", "--porcelain") == ""


def test_a_secret_of_the_environment_stands_nowhere(
    gates: Gates, repository: Repository, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = "zq7Jx0Lw2Vt9Rb4K"
    monkeypatch.setenv("DEPLOY_TOKEN", canary)
    leak = f"print('{canary[:8]}' + '{canary[8:]}')\n" + PASSING["make_report.py"].replace(
        "</testcase></testsuite>", f"</testcase><system-out>{canary}</system-out></testsuite>"
    )
    repository.commit({**PASSING, "make_report.py": leak})
    page = tmp_path / "page.html"
    done = gates("-C", repository.root, "run", "--format", "json", f"--report=html={page}")
    written = Path(done.json()["bundle"]["path"]).read_bytes()
    for place in (done.out.encode(), done.err.encode(), written, page.read_bytes()):
        assert canary.encode() not in place
    assert b"[redacted]" in written


def test_a_secret_in_the_policy_is_refused_with_its_line(gates: Gates, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPLOY_TOKEN", "zq7Jx0Lw2Vt9Rb4K")
    repository.commit({**PASSING, "gates.yaml": POLICY + "runbook: docs/zq7Jx0Lw2Vt9Rb4K.md\n"})
    done = gates("-C", repository.root, "run")
    assert done.code == 2
    assert "where: gates.yaml:8" in done.err
    assert "zq7Jx0Lw2Vt9Rb4K" not in done.err + done.out


def test_children_get_no_secrets_and_no_command_files(gates: Gates, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DEPLOY_TOKEN", "GITHUB_OUTPUT", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "a-value-of-some-length")
    check = "import os, sys\nassert not {'DEPLOY_TOKEN', 'GITHUB_OUTPUT', 'AWS_SECRET_ACCESS_KEY'} & set(os.environ)\n"
    repository.commit({**PASSING, "make_report.py": check + PASSING["make_report.py"]})
    assert gates("-C", repository.root, "run").code == 0


#: A shell lets what it starts in the background ignore Ctrl-C, and so would this child.
HEARING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); from gates.cli.main import run; run()"
HANGING = "import sys, time\nopen('begun', 'w').close()\ntime.sleep(600)\n"


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]], ids=["Ctrl-C", "timeout"])
def test_an_interrupted_run_keeps_what_was_finished_and_leaves_nothing_behind(
    repository: Repository, signals: list[signal.Signals]
) -> None:
    repository.commit({**PASSING, "make_report.py": HANGING})
    begun = repository.root / "begun"
    os.mkfifo(begun)
    command = [sys.executable, "-c", HEARING, "-C", str(repository.root), "run", "--format", "json", "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True) as child:
        begun.read_bytes()  # a pipe: answers when the hanging tool has opened it
        children = process_group_members(child.pid)
        for number in signals:
            child.send_signal(number)
        try:
            out, _ = child.communicate(timeout=60)
        finally:
            child.kill()
    report = Outcome(child.returncode, out.decode(), "").json()
    assert (child.returncode, report["exit_code"]) == (130, 130)
    assert "the run was interrupted" in report["partial"]
    assert report["gates"][1]["outcome"] == "errored"
    assert bundle.read(Path(report["bundle"]["path"])).record.context.limited == ("the run was interrupted",)
    assert children
    assert not [pid for pid in children if Path(f"/proc/{pid}").exists()]


def process_group_members(parent: int) -> list[int]:
    """Children of a process, of any group, as the system lists them."""
    found = []
    for task in list(Path(f"/proc/{parent}/task").iterdir()):
        with contextlib.suppress(OSError):  # a thread that has ended meanwhile
            found += [int(pid) for pid in (task / "children").read_text("ascii").split()]
    return found


def test_a_gate_over_its_time_is_errored_and_stopped(gates: Gates, repository: Repository) -> None:
    slow = POLICY.replace("    uses: external\n", "    uses: external\n    timeout: 1s\n")
    repository.commit({**PASSING, "gates.yaml": slow, "make_report.py": "import time; time.sleep(600)\n"})
    report = gates("-C", repository.root, "run", "--format", "json").json()
    assert report["verdict"] == "errored"
    assert "did not end in time" in report["gates"][1]["reasons"][0]
    assert not process.stopping()


def test_a_marker_that_stops_is_shown_as_one_and_counts_once(gates: Gates, repository: Repository) -> None:
    key = "-----BEGIN RSA " + "PRIVATE KEY-----"
    repository.commit(
        {"gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n", "app.py": f'KEY = "{key}"  # pragma: allowlist secret\n'}
    )
    reports = {name: repository.root.parent / name for name in ("github", "junit", "markdown")}
    done = gates("-C", repository.root, "run", *(f"--report={name}={path}" for name, path in reports.items()))
    for name, path in reports.items():
        assert "pragma: allowlist secret" in html.unescape(path.read_text("utf-8")), name
    assert done.code == 1
    assert "suppressed by pragma: allowlist secret" in done.out
    assert "within the limits" not in done.out
