"""`gates verify` and `gates report` on real bundles, whole and tampered with."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gates import canonical, codec, registry
from gates.evidence import archive, bundle
from gates.evidence.verify import Expectation, verify
from gates.facts import read_facts
from gates.judge.compare import compare
from gates.judge.decide import decide
from gates.model import Context, Decision, Facts, Policy, PolicySource, Stage
from gates.policy.compose import compose
from tests.cli.conftest import Outcome
from tests.repository import Repository
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]
Members = dict[str, bytes]
EXIT_CODES = Path(__file__).parents[2] / "docs" / "exit-codes.md"


@pytest.fixture
def made(gates: Gates, failing: Repository, tmp_path: Path) -> Path:
    path = tmp_path / "bundle.zip"
    assert gates("-C", failing.root, "run", "--bundle", path).code == 1
    return path


def reseal(members: Mapping[str, bytes]) -> bytes:
    """An archive whose manifest is right again: what someone does who changes a bundle with care."""
    manifest = json.loads(members["manifest.json"])
    lines = {member["path"]: member for member in manifest["members"]}
    listed = [lines.get(name) or new_line(name) for name in sorted(members) if name != "manifest.json"]
    for member in listed:
        content = members[member["path"]]
        member |= {"size": len(content), "sha256": canonical.sha256(content)}
    covered = [
        m for m in listed if m["path"].startswith(("policies/", "facts/", "base/")) or m["path"] in {"context.json", "decision.json"}
    ]
    digest = canonical.sha256(canonical.dumps([{"path": m["path"], "sha256": m["sha256"]} for m in covered]))
    manifest |= {"members": listed, "content_digest": f"sha256:{digest}"}
    return archive.pack({**members, "manifest.json": canonical.dumps(manifest)})


def new_line(name: str) -> dict[str, Any]:
    """The manifest's line of a member that the run did not write."""
    role, _, rest = name.rpartition(".")[0].partition("/")
    kinds = {".json": "application/json", ".html": "text/html", ".yaml": "application/yaml"}
    line = {"path": name, "role": role, "media_type": kinds.get(Path(name).suffix, "application/octet-stream")}
    return line | ({"gate": rest.partition("/")[0]} if role in {"base", "facts", "raw"} else {})


def edit(members: Members, name: str, change: Callable[[Any], None]) -> None:
    data = json.loads(members[name])
    change(data)
    members[name] = canonical.dumps(data)


def test_a_bundle_verifies_with_the_code_of_its_verdict(gates: Gates, made: Path) -> None:
    done = gates("verify", made, "--allow-unsigned", "--format", "json")
    assert done.code == 1
    assert {answer["question"]: answer["holds"] for answer in done.json()["answers"]} == {
        "intact": True,
        "trusted": True,
        "about": None,
        "follows": True,
        "complete": True,
    }


def test_an_unsigned_bundle_is_not_trusted_unless_that_is_allowed_or_its_digest_named(gates: Gates, made: Path) -> None:
    assert gates("verify", made).code == 6
    digest = gates("verify", made, "--format", "json").json()["digest"]
    assert gates("verify", made, "--digest", digest).code == 1
    assert gates("verify", made, "--digest", "sha256:" + "0" * 64).code == 6


def test_it_needs_neither_repository_nor_tools(gates: Gates, made: Path, failing: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.chdir(made.parent)
    failing.root.rename(made.parent / "gone")
    assert gates("verify", made, "--allow-unsigned").code == 1
    for kind in ("text", "json", "markdown", "html", "sarif", "junit", "github"):
        rendered = gates("report", made, "--format", kind)
        assert rendered.code == 0
        assert "two is wrong" in rendered.out


def test_the_report_of_a_bundle_is_the_report_of_its_run(gates: Gates, failing: Repository, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    run = gates("-C", failing.root, "run", "--bundle", path, "--format", "json").json()
    assert gates("report", path, "--format", "json").json() == run


def test_a_folder_is_a_bundle_too(gates: Gates, failing: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    gates("-C", failing.root, "run", "--bundle", folder)
    assert gates("verify", folder, "--allow-unsigned").code == 1
    again = gates("-C", failing.root, "run", "--bundle", folder)
    assert (again.code, "is not empty" in again.err) == (4, True)
    (folder / "facts" / "checks.json").unlink()
    assert gates("verify", folder, "--allow-unsigned").code == 5


@pytest.mark.parametrize("option", ["--commit", "--repository", "--ref", "--base", "--policy-digest"])
def test_what_it_is_about_is_compared(gates: Gates, made: Path, option: str) -> None:
    assert gates("verify", made, "--allow-unsigned", option, "0123456789" * 4).code == 7


def test_a_tag_just_before_a_release_is_seen_and_refused(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    """All that stands at the nearest tag is old: whoever may push a tag chooses what is."""
    policy = "version: 1\nextends: [baseline]\ngates: {secrets: {stages: [release]}}\n"
    first = repository.commit({"gates.yaml": policy, "app.py": "print('hello')\n"})
    repository.git("tag", "v1")
    pushed = repository.commit({"app.py": f"token = '{SECRETS['github']}'\n"})
    repository.commit({"notes.txt": "2.0\n"})
    release = ("-C", repository.root, "run", "--stage", "release", "--bundle")
    assert gates(*release, tmp_path / "honest.zip").code == 1
    repository.git("tag", "v1.9", pushed)
    assert gates(*release, tmp_path / "made.zip").code == 0
    asked = ("verify", tmp_path / "made.zip", "--allow-unsigned")
    assert f"base {pushed} (the last release, v1.9)" in gates(*asked).out.partition("the bundle's own word: ")[2]
    done = gates(*asked, "--base", first)
    assert (done.code, f"it was held against {pushed} (the last release, v1.9), not {first}" in done.out) == (7, True)
    assert gates("verify", tmp_path / "honest.zip", "--allow-unsigned", "--base", first).code == 1


def test_a_part_of_a_commit_s_id_names_none(gates: Gates, made: Path) -> None:
    done = gates("verify", made, "--allow-unsigned", "--commit", "4b8f0c6")
    assert (done.code, "'4b8f0c6' is not the full id of a commit" in done.err) == (2, True)


def about(done: Outcome) -> Any:
    (answer,) = [answer for answer in done.json()["answers"] if answer["question"] == "about"]
    return answer


def test_what_is_not_asked_is_not_answered_with_yes(gates: Gates, made: Path) -> None:
    lines = gates("verify", made, "--allow-unsigned").out.splitlines()
    assert lines[2].startswith("about the right thing: not asked: the bundle's own word: commit ")
    assert lines[-2] == "verdict: failed, of a commit that you did not name"


def test_without_the_commit_the_rest_is_only_a_part_of_the_answer(gates: Gates, made: Path, failing: Repository) -> None:
    asked = ["verify", made, "--allow-unsigned", "--stage", "change", "--max-age", "36500"]
    commit = failing.git("rev-parse", "HEAD")
    lines = gates(*asked).out.splitlines()
    assert lines[2].startswith(
        f"about the right thing: in part: not compared, the bundle's own word: commit {commit}, repository not known, "
    )
    assert "; as you ask: stage change, judged on " in lines[2]
    assert lines[2].endswith("; `--commit ID` compares it with yours")
    assert lines[-2] == "verdict: failed, of a commit that you did not name"
    answer = about(gates(*asked, "--format", "json"))
    assert answer["holds"] is None
    assert answer["compared"] == ["stage", "max-age"]
    assert answer["not_compared"] == ["commit", "repository", "ref", "policy-digest"]


def test_with_the_commit_it_is_said_what_else_was_compared_and_what_not(gates: Gates, made: Path, failing: Repository) -> None:
    commit = failing.git("rev-parse", "HEAD")
    asked = ["verify", made, "--allow-unsigned", "--commit", commit, "--ref", "refs/heads/main"]
    lines = gates(*asked).out.splitlines()
    assert lines[2].startswith(
        f"about the right thing: yes: as you ask: commit {commit}, ref refs/heads/main; "
        "not compared, the bundle's own word: repository not known, stage change, policy, judged on "
    )
    assert lines[-2] == "verdict: failed"
    answer = about(gates(*asked, "--format", "json"))
    assert (answer["holds"], answer["not_compared"]) == (True, ["repository", "stage", "policy-digest", "max-age"])


def test_of_what_was_compared_it_is_said_which_differs_and_which_does_not(gates: Gates, made: Path, failing: Repository) -> None:
    commit = failing.git("rev-parse", "HEAD")
    done = gates("verify", made, "--allow-unsigned", "--commit", commit, "--ref", "refs/heads/main", "--stage", "release")
    assert done.out.splitlines()[2].startswith(
        f"about the right thing: NO: its stage is change, not release; the rest is as you ask: commit {commit}, ref refs/heads/main; not"
    )


def test_where_nobody_vouches_the_signers_level_is_no_second_fault(gates: Gates, made: Path, failing: Repository) -> None:
    commit = failing.git("rev-parse", "HEAD")
    asked = ["verify", made, "--commit", commit, "--min-trust", "required-workflow"]
    lines = gates(*asked).out.splitlines()
    assert lines[2].startswith(f"about the right thing: yes: as you ask: commit {commit}; not compared")
    assert lines[2].endswith("; required-workflow is not compared: nobody whom you name vouches for it")
    assert lines[-2] == "NOT VERIFIED: not trusted; the bundle itself claims: failed"
    done = gates(*asked, "--format", "json")
    assert (done.code, "min-trust" in about(done)["not_compared"]) == (6, True)


def test_several_bundles_are_told_how_to_be_verified(gates: Gates, made: Path) -> None:
    done = gates("verify", made, made, "--allow-unsigned")
    assert done.code == 2
    assert "2 bundles are named, and `gates verify` answers for one at a time" in done.err
    assert "--chain DIR" in done.err


def test_whose_policy_demands_the_gates_is_said(gates: Gates, made: Path, failing: Repository) -> None:
    own = gates("verify", made, "--allow-unsigned").out.splitlines()[4]
    assert own.startswith("complete: yes: all 2 gates that its own policy demands at this stage; --policy-digest or --policy FILE hold")
    shown = gates("-C", failing.root, "policy", "show").out
    (digest,) = [line.removeprefix("# Its digest: ") for line in shown.splitlines() if line.startswith("# Its digest: ")]
    named = gates("verify", made, "--allow-unsigned", "--policy-digest", digest)
    assert named.code == 1
    assert named.out.splitlines()[4] == "complete: yes: all 2 gates that the policy whose digest you name demands at this stage"
    release = gates("-C", failing.root, "policy", "show", "--stage", "release").out
    assert digest not in release


def test_one_gate_is_one_gate(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    repository.commit({"gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"})
    path = tmp_path / "one.zip"
    gates("-C", repository.root, "run", "--bundle", path)
    lines = gates("verify", path, "--allow-unsigned").out.splitlines()
    assert lines[3] == "follows: yes: facts of 1 gate from their raw output, the decision from the facts"
    assert lines[4].startswith("complete: yes: the one gate that its own policy demands")


@pytest.mark.parametrize(
    ("code", "parts"),
    [
        (6, ("unsigned", "revoked", "not valid", "timestamp", "digest")),
        (7, ("commit", "repository", "ref", "stage", "policy", "dirty", "`--max-age`", "`--min-sequence`", "`--min-trust`", "timestamp")),
    ],
)
def test_a_code_is_explained_with_each_thing_that_leads_to_it(gates: Gates, code: int, parts: tuple[str, ...]) -> None:
    told = gates("explain", str(code)).out
    (row,) = [line for line in EXIT_CODES.read_text("utf-8").splitlines() if line.startswith(f"| {code} |")]
    assert [part for part in parts if part not in told] == []
    assert [part for part in parts if part not in row] == []


def test_what_does_not_hold_leaves_no_verdict(gates: Gates, made: Path) -> None:
    done = gates("verify", made, "--stage", "release")
    assert done.out.splitlines()[-2] == "NOT VERIFIED: not trusted, not about the right thing; the bundle itself claims: failed"


def test_what_does_not_follow_is_said_to_at_the_end(gates: Gates, made: Path) -> None:
    members = archive.unpack(made.read_bytes())
    edit(members, "decision.json", lambda decision: decision.update(verdict="passed"))
    made.write_bytes(reseal(members))
    done = gates("verify", made, "--allow-unsigned")
    assert done.out.splitlines()[-2] == "NOT VERIFIED: does not follow; the bundle itself claims: passed"


def test_only_a_trust_file_says_how_far_a_signer_is_believed(gates: Gates, made: Path) -> None:
    done = gates("verify", made, "--allow-unsigned", "--min-trust", "base-policy")
    assert (done.code, "(only a trust file says how far a signer is believed)" in done.out) == (7, True)


def _pass(members: Members) -> None:
    edit(members, "decision.json", lambda decision: decision.update(verdict="passed", reasons=[]))


#: What each report begins with: of a bundle whose verdict may be true, of one whose verdict can't, and of one by a judge to come.
BEGINNINGS = {
    "text": ("not verified: this is what the bundle claims", "DOES NOT FOLLOW\n", "NOT JUDGED AGAIN\n"),
    "markdown": (
        "## ❌ Quality gates: failed, as the bundle claims\n\n**Not verified:**",
        "## ❌ Quality gates: does not follow\n",
        "## ❌ Quality gates: not judged again\n",
    ),
}


@pytest.mark.parametrize("kind", BEGINNINGS)
def test_a_report_says_first_that_nobody_has_verified_it(gates: Gates, made: Path, kind: str) -> None:
    plain, untrue, unknown = BEGINNINGS[kind]
    done = gates("report", made, "--format", kind)
    assert (done.err, done.out.startswith(plain), "gates verify" in done.out) == ("", True, True)
    members = archive.unpack(made.read_bytes())
    _pass(members)
    made.write_bytes(reseal(members))
    done = gates("report", made, "--format", kind)
    assert (done.code, "warning: what this bundle says does not follow from what it holds: the decision" in done.err) == (0, True)
    assert done.out.startswith(untrue)
    assert "what this bundle says does not follow from what it holds" in done.out
    assert not re.search(r"^(PASSED|CLAIMED)|✅ Quality gates", done.out, re.MULTILINE)
    edit(members, "manifest.json", lambda manifest: manifest.update(judge=2))
    made.write_bytes(reseal(members))
    done = gates("report", made, "--format", kind)
    assert done.out.startswith(unknown)
    assert "warning: this version can't judge this bundle again: it was judged by judge 2" in done.err


def test_the_first_screen_of_a_page_says_that_nobody_has_verified_it(gates: Gates, made: Path) -> None:
    def first_screen() -> str:
        return gates("report", made, "--format", "html").out.partition('<nav class="contents"')[0].partition("</style>")[2]

    claimed = first_screen()
    assert claimed.index("Not verified.") < claimed.index('<h1 id="verdict">Failed</h1>')
    assert f"<code>gates verify {made}</code>" in claimed
    members = archive.unpack(made.read_bytes())
    assert b"Not verified." not in members["report.html"]
    _pass(members)
    made.write_bytes(reseal(members))
    forged = first_screen()
    assert '<section class="verdict bad"' in forged
    assert (
        forged.index('<h1 id="verdict">Does not follow</h1>') < forged.index("Not verified.") < forged.index("It claims:</strong> passed")
    )
    assert "Don't rely on anything below" in forged
    assert "every enforced gate met its limits" not in forged


def test_the_right_commit_stage_and_ref_are_accepted(gates: Gates, made: Path, failing: Repository) -> None:
    commit = failing.git("rev-parse", "HEAD")
    asked = ["--commit", commit, "--ref", "refs/heads/main", "--stage", "change", "--max-age", "36500"]
    assert gates("verify", made, "--allow-unsigned", *asked).code == 1
    assert gates("verify", made, "--allow-unsigned", "--stage", "release").code == 7


def test_what_was_judged_as_on_a_day_to_come_is_not_young(gates: Gates, failing: Repository, tmp_path: Path) -> None:
    path = tmp_path / "b.zip"
    gates("-C", failing.root, "run", "--bundle", path, "--as-of", "2999-01-01")
    assert gates("verify", path, "--allow-unsigned").code == 1
    assert gates("verify", path, "--allow-unsigned", "--max-age", "999999999").code == 7


def test_a_folder_that_was_judged_by_itself_is_not_the_commit(gates: Gates, passing: Repository, tmp_path: Path) -> None:
    """A release of the whole must not lean on one of its folders, nor on the folder beside it."""
    for folder in ("shop", "post"):
        (passing.root / folder).mkdir()
        for name in ("gates.yaml", "make_report.py", "app.py"):
            (passing.root / folder / name).write_bytes((passing.root / name).read_bytes())
    commit = passing.commit({})
    made = [tmp_path / "shop.zip", tmp_path / "post.zip"]
    for path in made:
        assert gates("-C", passing.root / path.stem, "run", "--bundle", path).code == 0
    asked = ["verify", made[0], "--allow-unsigned", "--commit", commit]
    done = gates(*asked)
    assert (done.code, "it is of the folder shop alone: name that with --folder" in done.out) == (7, True)
    assert gates(*asked, "--folder", "shop").code == 0
    other = gates(*asked, "--folder", "post")
    assert (other.code, "its folder is shop, not post" in other.out) == (7, True)
    chain = gates("verify", "--chain", tmp_path, "--allow-unsigned")
    assert (chain.code, "of 2 branches: not known refs/heads/main post; not known refs/heads/main shop" in chain.err) == (2, True)
    follows = gates("-C", passing.root / "post", "run", "--previous", made[0], "--bundle", tmp_path / "next.zip")
    assert (follows.code, "the previous bundle is of the folder shop, and this run is of post" in follows.err) == (2, True)
    assert gates("verify", made[1], "--allow-unsigned", "--folder", "post", "--commit", commit).code == 0


def test_a_dirty_tree_is_never_the_commit(gates: Gates, failing: Repository, tmp_path: Path) -> None:
    (failing.root / "more.py").write_text("x = 1\n", "utf-8")
    path = tmp_path / "dirty.zip"
    gates("-C", failing.root, "run", "--bundle", path)
    assert gates("verify", path, "--allow-unsigned", "--commit", failing.git("rev-parse", "HEAD")).code == 7


# A bundle is made once for many tries at changing it.
@settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_single_changed_byte_is_noticed(made: Path, data: st.DataObject) -> None:
    content = bytearray(made.read_bytes())
    position = data.draw(st.integers(0, len(content) - 1))
    content[position] ^= data.draw(st.integers(1, 255))
    changed = made.with_name("changed.zip")
    changed.write_bytes(content)
    assert verify(changed, Expectation(allow_unsigned=True)).code == 5


def judged(members: Members, policy: Policy, base: Sequence[Facts] = ()) -> Decision:
    """The decision on the members as they are: what a careful forger writes too."""
    facts = [codec.decode(Facts, json.loads(members[f"facts/{gate.name}.json"])) for gate in policy.gates]
    return decide(policy, codec.decode(Context, json.loads(members["context.json"])), facts, base)


def _leave_out_what_is_extended(members: Members) -> None:
    """The policy file alone, without the one that it builds on."""
    members.pop("policies/shipped/baseline.yaml")
    content = members["policies/gates.yaml"]
    policy = compose(
        [PolicySource(name="gates.yaml", content=content, sha256=canonical.sha256(content))], Stage.CHANGE, registry.find
    ).policy
    members["policies/effective.json"] = canonical.of(policy)
    members["decision.json"] = canonical.of(judged(members, policy))


def _make_findings_old(members: Members) -> None:
    """The facts of a base that nobody observed, with the same findings."""
    members["base/checks.json"] = members["facts/checks.json"]
    policy = codec.decode(Policy, json.loads(members["policies/effective.json"]))
    base = [codec.decode(Facts, json.loads(members["base/checks.json"]))]
    members["decision.json"] = canonical.of(judged(members, policy, base))


def _report_by_another_gate(members: Members) -> None:
    """Clean output of the secret scan under the name of the gate that failed."""
    for name in [name for name in members if name.startswith("raw/checks/")]:
        members.pop(name)
    scan = {name.removeprefix("raw/secrets/"): content for name, content in members.items() if name.startswith("raw/secrets/")}
    members |= {f"raw/checks/{name}": content for name, content in scan.items()}
    members["facts/checks.json"] = canonical.of(read_facts(registry.find("secrets"), "checks", scan))
    policy = codec.decode(Policy, json.loads(members["policies/effective.json"]))
    decision = judged(members, replace(policy, gates=tuple(replace(gate, uses="secrets") for gate in policy.gates)))
    gates = tuple(replace(told, uses=gate.uses) for told, gate in zip(decision.gates, policy.gates, strict=True))
    digest = f"sha256:{canonical.sha256(canonical.of(policy))}"
    members["decision.json"] = canonical.of(replace(decision, gates=gates, policy_digest=digest))


def _compare_another_run(members: Members) -> None:
    """A comparison whose later side is not this run."""
    record = bundle.open_members(members).record
    comparison = compare(record, record, previous="5e" * 32)
    members["comparison.json"] = canonical.of(replace(comparison, gates=comparison.gates[:1]))


FORGERIES: dict[str, tuple[Callable[[Members], object], int]] = {
    "the verdict": (lambda m: edit(m, "decision.json", lambda d: d.update(verdict="passed")), 8),
    "the outcome of a gate": (lambda m: edit(m, "decision.json", lambda d: d["gates"][1].update(outcome="passed", reasons=[])), 8),
    "a finding left out of the facts": (lambda m: edit(m, "facts/checks.json", lambda d: d.update(findings=[])), 8),
    "what was examined": (lambda m: edit(m, "facts/checks.json", lambda d: d["examined"].update(done=99, expected=99)), 8),
    "the raw report": (lambda m: m.update({"raw/checks/report.xml": m["raw/checks/report.xml"].replace(b"failure", b"skipped")}), 8),
    "a raw report that is not there": (lambda m: m.pop("raw/checks/report.xml"), 8),
    "the effective policy": (lambda m: edit(m, "policies/effective.json", lambda d: d["gates"][1].update(enforcement="warn")), 8),
    "the policy's own bytes": (lambda m: m.update({"policies/gates.yaml": m["policies/gates.yaml"] + b"# \n"}), 5),
    "a gate's facts": (lambda m: m.pop("facts/checks.json"), 8),
    "the context's day alone": (lambda m: edit(m, "context.json", lambda d: d.update(day="2020-01-01")), 5),
    "facts of a base that nobody observed": (_make_findings_old, 8),
    "a member that no run writes": (lambda m: m.update({"summary.html": b"passed"}), 8),
    "a policy file that nothing extends": (lambda m: m.update({"policies/other.yaml": b"version: 1"}), 8),
    "facts by another gate": (_report_by_another_gate, 8),
    "a policy without what it extends": (_leave_out_what_is_extended, 8),
    "where the policy says it": (lambda m: edit(m, "origins.json", lambda d: d["gates"][0].update(place="gates.yaml:99")), 8),
    "a comparison of another run": (_compare_another_run, 8),
    "a later judge": (lambda m: edit(m, "manifest.json", lambda d: d.update(judge=2)), 9),
    "a later parser": (lambda m: edit(m, "facts/checks.json", lambda d: d.update(parser=99)), 9),
    "a gate that nobody has": (lambda m: edit(m, "facts/checks.json", lambda d: d.update(uses="unheard-of")), 9),
    "a member with keys twice": (lambda m: m.update({"decision.json": b'{"verdict":"passed",' + m["decision.json"][1:]}), 5),
    "a decision that is empty": (lambda m: m.update({"decision.json": b"{}"}), 5),
    "a decision that is missing": (lambda m: m.pop("decision.json"), 5),
    "an unknown key": (lambda m: edit(m, "decision.json", lambda d: d.update(extra=1)), 5),
    "a byte-order mark": (lambda m: m.update({"context.json": b"\xef\xbb\xbf" + m["context.json"]}), 5),
    "deep nesting": (lambda m: m.update({"run.json": b"[" * 100_000}), 5),
}


@pytest.mark.parametrize("what", FORGERIES)
def test_a_forgery_with_a_right_manifest_does_not_follow(made: Path, what: str) -> None:
    members = archive.unpack(made.read_bytes())
    forge, code = FORGERIES[what]
    forge(members)
    made.write_bytes(reseal(members))
    assert verify(made, Expectation(allow_unsigned=True)).code == code


def test_a_page_that_tells_another_story_does_not_follow(gates: Gates, made: Path) -> None:
    members = archive.unpack(made.read_bytes())
    page = members["report.html"]
    members["report.html"] = page.replace(b"failed", b"passed")
    assert members["report.html"] != page
    made.write_bytes(reseal(members))
    assert gates("verify", made, "--allow-unsigned").code == 8


def test_an_unlisted_member_is_noticed(made: Path) -> None:
    members = archive.unpack(made.read_bytes())
    made.write_bytes(archive.pack({**members, "raw/checks/more.xml": b"<a/>"}))
    assert verify(made, Expectation(allow_unsigned=True)).code == 5


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x05\x06" + b"\0" * 18])
def test_what_is_no_bundle_is_not_intact(gates: Gates, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.zip"
    path.write_bytes(content)
    assert gates("verify", path, "--allow-unsigned").code == 5
    assert gates("report", path).code == 2
    assert gates("verify", tmp_path / "missing.zip", "--allow-unsigned").code == 5
