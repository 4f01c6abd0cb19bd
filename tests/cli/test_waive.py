"""`gates waive`: from a finding of the last run to a waiver in the policy that covers it, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest

from gates import registry
from gates.model import Policy, Stage
from gates.policy.compose import compose
from gates.policy.load import collect
from tests.cli.conftest import FAILING, REPORT, Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]
TWO = '<failure message="wrong"/></testcase><testcase classname="b" name="three"><failure message="wrong too"/>'
OVER = (
    "waivers:\n  - {id: W-1, gate: checks, match: {rule: failure, operation: x}, class: mitigated, reason: r, "
    "owner: o, approver: a, created: 2026-01-01, expires: 2026-01-30}\n"
)
SAID = ["--reason", "mended in #12", "--class", "accepted-risk", "--owner", "@dev", "--approver", "@anna"]


@pytest.fixture
def judged(failing: Repository, gates: Gates) -> Repository:
    """A repository whose last run failed on one finding."""
    assert gates("-C", failing.root, "run").code == 1
    return failing


def policy_of(repository: Repository) -> Policy:
    return compose(collect(repository.root, Path("gates.yaml")), Stage.CHANGE, registry.find).policy


def text_of(repository: Repository) -> str:
    return (repository.root / "gates.yaml").read_text("utf-8")


def test_a_waiver_for_the_finding_of_the_last_run_lets_the_next_pass(judged: Repository, gates: Gates) -> None:
    before = text_of(judged)
    done = gates("-C", judged.root, "waive", "a::two", *SAID, "--yes")
    assert (done.code, done.out.splitlines()[0][:35]) == (0, "wrote W-1 to gates.yaml: 1 of check")
    assert text_of(judged).startswith(before)
    (waiver,) = policy_of(judged).waivers
    assert waiver.match.keys() == {"rule", "operation", "fingerprint"}
    assert (waiver.expires - waiver.created) == timedelta(days=30)
    assert (waiver.reason, waiver.waiver_class, waiver.owner, waiver.approver) == ("mended in #12", "accepted-risk", "@dev", "@anna")
    assert gates("-C", judged.root, "run").code == 0


def test_a_finding_is_named_by_its_fingerprint_rule_place_or_gate(judged: Repository, gates: Gates) -> None:
    found = gates("-C", judged.root, "explain", "checks/failure").out
    fingerprint = re.findall("fp1:[0-9a-f]{32}", found)[0]
    for words in ([fingerprint], [fingerprint[:12]], ["checks/failure"], ["failure", "a::two"], ["checks"], []):
        assert gates("-C", judged.root, "waive", *words, *SAID, "--yes").code == 0, words
        judged.git("checkout", "-q", "gates.yaml")


def test_what_names_a_finding_to_be_waived_explains_it_too(judged: Repository, gates: Gates) -> None:
    by_rule = gates("-C", judged.root, "explain", "checks/failure").out
    assert gates("-C", judged.root, "explain", "a::two").out == by_rule
    unknown = gates("-C", judged.root, "explain", "a::tw")
    assert (unknown.code, "'a::tw' is no gate, exit code, rule, place or fingerprint" in unknown.err) == (2, True)
    nothing = gates("-C", judged.root, "explain", "secrets/github-token")
    assert (nothing.code, "the last run found nothing of secrets/github-token" in nothing.err) == (2, True)


def test_a_report_of_no_bundle_is_of_the_last_run(judged: Repository, gates: Gates) -> None:
    (bundle,) = (judged.root / ".gates/evidence").glob("*.zip")
    assert gates("-C", judged.root, "report").out == gates("-C", judged.root, "report", bundle).out


def test_a_report_where_nothing_ran_says_so(failing: Repository, gates: Gates) -> None:
    done = gates("-C", failing.root, "report")
    assert (done.code, "there is no last run here" in done.err) == (2, True)
    mistyped = gates("-C", failing.root, "explain", "secirity")
    assert (mistyped.code, "did you mean `gates explain security`?" in mistyped.err) == (2, True)


@pytest.mark.parametrize("words", [["nothing"], ["failure", "nothing"], ["fp1:"], ["wo"]])
def test_what_fits_nothing_is_said(judged: Repository, gates: Gates, words: list[str]) -> None:
    done = gates("-C", judged.root, "waive", *words, *SAID, "--yes")
    assert (done.code, "no finding of the last run fits" in done.err) == (2, True)
    assert text_of(judged) == FAILING["gates.yaml"]


def test_of_several_one_has_to_be_named(repository: Repository, gates: Gates) -> None:
    repository.commit({**FAILING, "make_report.py": REPORT.replace("%s", TWO)})
    assert gates("-C", repository.root, "run").code == 1
    done = gates("-C", repository.root, "waive", "failure", *SAID, "--yes")
    assert (done.code, "2 findings fit" in done.err) == (2, True)
    assert [name in done.err for name in ("a::two", "b::three", "fp1:")] == [True] * 3
    assert text_of(repository) == FAILING["gates.yaml"]
    assert gates("-C", repository.root, "waive", "b::three", *SAID, "--yes").code == 0
    assert gates("-C", repository.root, "run").code == 1
    assert gates("-C", repository.root, "waive", "failure", *SAID, "--yes").code == 0
    assert [waiver.id for waiver in policy_of(repository).waivers] == ["W-1", "W-2"]
    assert gates("-C", repository.root, "run").code == 0


def test_what_is_waived_already_is_not_waived_twice(judged: Repository, gates: Gates) -> None:
    assert gates("-C", judged.root, "waive", *SAID, "--yes").code == 0
    before = text_of(judged)
    for _ in ("before the next run", "and after"):
        done = gates("-C", judged.root, "waive", *SAID, "--yes")
        assert (done.code, "there is a waiver for it already: W-1" in done.err, text_of(judged)) == (2, True, before)
        assert gates("-C", judged.root, "run").code == 0


def test_what_a_waiver_that_is_over_covered_gets_a_new_one(failing: Repository, gates: Gates) -> None:
    over = OVER.replace("operation: x", 'operation: "a::two"')
    failing.commit({"gates.yaml": FAILING["gates.yaml"] + over})
    assert gates("-C", failing.root, "run").code == 1
    assert gates("-C", failing.root, "waive", *SAID, "--yes").code == 0
    assert [waiver.id for waiver in policy_of(failing).waivers] == ["W-1", "W-2"]
    assert gates("-C", failing.root, "run").code == 0


def test_the_waiver_that_is_over_is_to_be_taken_out(judged: Repository, gates: Gates) -> None:
    assert gates("-C", judged.root, "waive", *SAID, "--yes").code == 0
    text = re.sub(r"(created|expires): .*", r"\1: 2026-01-01", text_of(judged))
    (judged.root / "gates.yaml").write_text(text, "utf-8")
    done = gates("-C", judged.root, "waive", *SAID, "--yes")
    assert (done.code, "note: W-1 was for the same and is over: take it out" in done.out) == (0, True)


def test_without_a_terminal_everything_that_is_missing_is_named(judged: Repository, gates: Gates) -> None:
    done = gates("-C", judged.root, "waive", "--reason", "r", "--expires", str(date.max))
    assert (done.code, "nobody to ask for --class, --owner, --approver" in done.err) == (2, True)
    done = gates("-C", judged.root, "waive", "--yes", "--owner", "@me")
    assert (done.code, "nobody to ask for --reason, --class, --approver" in done.err) == (2, True)
    assert text_of(judged) == FAILING["gates.yaml"]


def test_owner_and_approver_come_from_the_policy(repository: Repository, gates: Gates) -> None:
    policy = (
        FAILING["gates.yaml"].replace("    uses: external", '    owner: "@platform"\n    uses: external') + 'approvers: ["@anna", "@ben"]\n'
    )
    repository.commit({**FAILING, "gates.yaml": policy})
    assert gates("-C", repository.root, "run").code == 1
    assert gates("-C", repository.root, "waive", "--reason", "r", "--class", "mitigated", "--yes").code == 0
    (waiver,) = policy_of(repository).waivers
    assert (waiver.owner, waiver.approver) == ("@platform", "@anna")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--expires", "2020-01-01"], "2020-01-01 is over"),
        (["--expires", "9999-12-31"], "and this policy allows 30 for what it covers"),
        (["--expires", "tomorrow"], "'tomorrow' is not a day"),
        (["--reason", "  "], "--reason is blank"),
        (["--class", "whatever"], "--class: 'whatever' is none of false-positive"),
        (["--policy", "nowhere.yaml"], "there is no nowhere.yaml"),
        (["--bundle", "nowhere.zip"], "can't be read"),
    ],
)
def test_what_can_not_be_leaves_the_file_alone(repository: Repository, gates: Gates, more: list[str], words: str) -> None:
    policy = FAILING["gates.yaml"] + "waiver-rules: {too-long: fail}\n"
    repository.commit({**FAILING, "gates.yaml": policy})
    assert gates("-C", repository.root, "run").code == 1
    done = gates("-C", repository.root, "waive", *SAID, "--yes", *more)
    assert (done.code, words in done.err) == (2, True), done.err
    assert text_of(repository) == policy


def test_a_life_that_is_too_long_is_said_where_the_policy_only_warns(judged: Repository, gates: Gates) -> None:
    done = gates("-C", judged.root, "waive", *SAID, "--yes", "--expires", "9999-12-31")
    assert (done.code, "at most 30 for what it covers" in done.out) == (0, True)


def test_an_approval_that_is_still_missing_is_said_with_how_to_get_it(repository: Repository, gates: Gates) -> None:
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + 'approvers: ["@anna"]\nwaiver-rules: {approval: reviewed}\n'})
    assert gates("-C", repository.root, "run").code == 1
    done = gates("-C", repository.root, "waive", *SAID, "--yes")
    assert (done.code, "let one of them approve the change on the code host" in done.out) == (0, True)


def test_before_any_run_there_is_nothing_to_waive(failing: Repository, gates: Gates) -> None:
    done = gates("-C", failing.root, "waive", *SAID, "--yes")
    assert (done.code, "there is no last run here" in done.err) == (2, True)


def test_what_stands_in_the_file_stays_byte_for_byte(repository: Repository, gates: Gates) -> None:
    """Comments, quotes, blank lines, a mark before the first character, the ends of lines, and the file's mode."""
    text = FAILING["gates.yaml"].replace("gates:", "# why: é\n\ngates:   # all").replace("\n", "\r\n")
    repository.commit(FAILING)
    path = repository.root / "gates.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    path.chmod(0o660)
    assert gates("-C", repository.root, "run").code == 1
    assert gates("-C", repository.root, "waive", *SAID, "--yes").code == 0
    assert path.read_bytes().startswith(b"\xef\xbb\xbf" + text.encode() + b"\r\nwaivers:\r\n  - id: W-1\r\n")
    assert path.stat().st_mode & 0o777 == 0o660
    assert gates("-C", repository.root, "run").code == 0


def test_a_policy_by_another_name_is_written_where_it_stands(repository: Repository, gates: Gates, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.commit({**FAILING, "ci/team.yaml": FAILING["gates.yaml"]})
    monkeypatch.chdir(repository.root)
    assert gates("run", "--policy", "ci/team.yaml").code == 1
    assert gates("waive", "--policy", "ci/team.yaml", *SAID, "--yes").code == 0
    assert (repository.root / "ci/team.yaml").read_text("utf-8").count("W-1") == 1
    assert text_of(repository) == FAILING["gates.yaml"]


# -- signing ------------------------------------------------------------------------------------


@pytest.fixture
def key(tmp_path: Path, gates: Gates) -> Path:
    assert gates("keygen", tmp_path / "anna").code == 0
    return tmp_path / "anna"


def naming(key: Path, name: str = "@anna") -> str:
    line = key.with_name(f"{key.name}.pub").read_text("ascii").splitlines()[1]
    return f'approvers: ["{name} ed25519:{line}"]\nwaiver-rules: {{approval: signed}}\n'


@pytest.fixture
def signable(repository: Repository, gates: Gates, key: Path) -> Repository:
    repository.commit({**FAILING, "gates.yaml": FAILING["gates.yaml"] + naming(key)})
    assert gates("-C", repository.root, "run").code == 1
    return repository


def test_one_writes_and_another_signs(signable: Repository, gates: Gates, key: Path) -> None:
    assert gates("-C", signable.root, "waive", *SAID, "--yes").code == 0
    assert gates("-C", signable.root, "run").code == 1
    before = text_of(signable)
    done = gates("-C", signable.root, "waive", "W-1", "--sign-key", key)
    assert (done.code, done.out) == (0, "signed W-1 in gates.yaml as @anna; any change to it needs a new signature\n")
    assert text_of(signable).startswith(before)
    again = gates("-C", signable.root, "waive", "W-1", "--sign-key", key)
    assert (again.code, again.out) == (0, "W-1 is signed by @anna already, as it stands\n")
    assert gates("-C", signable.root, "run").code == 0


def test_a_change_after_the_signature_takes_a_new_one(signable: Repository, gates: Gates, key: Path) -> None:
    assert gates("-C", signable.root, "waive", *SAID, "--yes", "--sign-key", key).code == 0
    assert gates("-C", signable.root, "run").code == 0
    (signable.root / "gates.yaml").write_text(text_of(signable).replace("#12", "#13"), "utf-8")
    assert gates("-C", signable.root, "run").code == 1
    assert gates("-C", signable.root, "waive", "W-1", "--sign-key", key).code == 0
    assert text_of(signable).count("signature:") == 1
    assert gates("-C", signable.root, "run").code == 0


def test_a_signed_waiver_is_judged_again_offline(signable: Repository, gates: Gates, key: Path, tmp_path: Path) -> None:
    assert gates("-C", signable.root, "waive", *SAID, "--yes", "--sign-key", key).code == 0
    done = gates("-C", signable.root, "run", "--bundle", tmp_path / "run.zip", "--format", "json")
    assert [(waiver["approval"], waiver["approved_by"]) for waiver in done.json()["waivers"]] == [("signed", "@anna")]
    assert gates("verify", tmp_path / "run.zip", "--allow-unsigned").code == 0


def test_what_is_signed_for_a_folder_counts_in_no_other(repository: Repository, gates: Gates, key: Path) -> None:
    policy = FAILING["gates.yaml"] + naming(key)
    files = {f"{folder}/{name}": text for folder in ("shop", "api") for name, text in {**FAILING, "gates.yaml": policy}.items()}
    repository.commit(files)
    shop, api = (repository.root / folder for folder in ("shop", "api"))
    assert gates("-C", shop, "run").code == 1
    assert gates("-C", shop, "waive", *SAID, "--yes").code == 0
    assert gates("-C", shop, "waive", "W-1", "--sign-key", key).code == 0
    signed = (shop / "gates.yaml").read_text("utf-8")
    assert signed.count("    folder: shop\n") == 1
    assert gates("-C", shop, "run").code == 0
    (api / "gates.yaml").write_text(signed, "utf-8")
    done = gates("-C", api, "run")
    assert (done.code, "it is for the folder shop, and this is the folder api" in " ".join(done.out.split())) == (1, True)
    refused = gates("-C", api, "waive", "W-1", "--sign-key", key)
    assert (refused.code, "write `folder: api` into it first" in refused.err) == (2, True)
    assert (api / "gates.yaml").read_text("utf-8") == signed


def test_a_key_that_the_policy_does_not_name_signs_nothing(judged: Repository, gates: Gates, key: Path) -> None:
    done = gates("-C", judged.root, "waive", *SAID, "--yes", "--sign-key", key)
    assert (done.code, "name no holder of this key" in done.err, "ed25519:MCow" in done.err) == (2, True, True)
    assert text_of(judged) == FAILING["gates.yaml"]


def test_the_owner_signs_nothing_for_themselves(signable: Repository, gates: Gates, key: Path) -> None:
    before = text_of(signable)
    done = gates("-C", signable.root, "waive", *SAID, "--owner", "@Anna", "--yes", "--sign-key", key)
    assert (done.code, "nobody approves for themselves" in done.err, text_of(signable)) == (2, True, before)


def test_a_waiver_of_another_file_is_signed_there(repository: Repository, gates: Gates, key: Path) -> None:
    own = FAILING["gates.yaml"].replace("extends: [baseline]", "extends: [baseline, team.yaml]") + naming(key)
    repository.commit({**FAILING, "gates.yaml": own, "team.yaml": f"version: 1\n{OVER}"})
    done = gates("-C", repository.root, "waive", "W-1", "--sign-key", key)
    assert (done.code, "where W-1 stands in another file" in done.err) == (2, True)
    assert text_of(repository) == own


# -- on a terminal ------------------------------------------------------------------------------


def at_terminal(root: Path, argv: Sequence[str | Path], answers: str) -> tuple[int, str]:
    """The exit code of `gates` with a real terminal before it, and what was seen there."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "gates.cli", "-C", str(root), *map(str, argv)]
    environment = {**os.environ, "COLUMNS": "200", "TERM": "xterm"}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True) as child:
        os.close(theirs)
        os.write(ours, answers.encode())
        seen = bytearray()
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # nobody holds the other end any more
                break
            if not piece:
                break
            seen += piece
        code = child.wait()
    os.close(ours)
    return code, seen.decode("utf-8", "replace")


def test_what_is_missing_is_asked_for_again_until_it_is_right(judged: Repository) -> None:
    answers = "\nmended soon\nnonsense\nmitigated\n@dev\n@anna\ntomorrow\n\ny\n"
    code, seen = at_terminal(judged.root, ["waive"], answers)
    assert code == 0, seen
    for words in ("it can't be blank", "one of false-positive", "is not a day", "write this to gates.yaml?", "wrote W-1"):
        assert words in seen, words
    (waiver,) = policy_of(judged).waivers
    assert (waiver.reason, waiver.waiver_class, waiver.owner, waiver.approver) == ("mended soon", "mitigated", "@dev", "@anna")
    assert waiver.expires - waiver.created == timedelta(days=30)


def test_only_what_is_missing_is_asked_for(judged: Repository) -> None:
    code, seen = at_terminal(judged.root, ["waive", *SAID], "\n\n")
    assert (code, "why is it acceptable" in seen, "the last day on which it counts [" in seen) == (0, False, True)


def test_of_several_one_is_chosen(repository: Repository, gates: Gates) -> None:
    repository.commit({**FAILING, "make_report.py": REPORT.replace("%s", TWO)})
    assert gates("-C", repository.root, "run").code == 1
    code, seen = at_terminal(repository.root, ["waive", *SAID], "3\n2\n\n\n")
    assert (code, "a number from 1 to 2" in seen) == (0, True), seen
    shown = re.findall(r"^  2\. (\S+):", seen, re.MULTILINE)
    assert [waiver.match["operation"] for waiver in policy_of(repository).waivers] == shown


@pytest.mark.parametrize(("answers", "words"), [("\nno\n", "nothing was written"), ("\x04", "the answers ended")])
def test_no_answer_and_no_are_no(judged: Repository, answers: str, words: str) -> None:
    code, seen = at_terminal(judged.root, ["waive", *SAID], answers)
    assert (code, words in seen) == (2, True), seen
    assert text_of(judged) == FAILING["gates.yaml"]


def test_whoever_signs_sees_what_they_sign(signable: Repository, gates: Gates, key: Path) -> None:
    assert gates("-C", signable.root, "waive", *SAID, "--yes").code == 0
    code, seen = at_terminal(signable.root, ["waive", "W-1", "--sign-key", key], "n\n")
    assert (code, "sign this as @anna?" in seen, 'reason: "mended in #12"' in seen) == (2, True, True)
    assert "signature" not in text_of(signable)
    assert at_terminal(signable.root, ["waive", "W-1", "--sign-key", key], "y\n")[0] == 0
    assert policy_of(signable).waivers[0].signature
