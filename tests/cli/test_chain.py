"""`gates run --previous` and `gates verify --chain`: what is missing, doubled, reordered or rewritten in the runs of a branch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.cli.main import main
from gates.evidence import archive, bundle
from gates.judge.decide import decide
from gates.model import Record, Verdict
from gates.redact import Redactor
from gates.report import html
from tests.cli.conftest import FAILING, PASSING, Outcome
from tests.repository import Repository

Gates = Callable[..., Outcome]
NOTHING = Redactor(())


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four runs of a branch, each after another commit, the third of them red: 0.zip to 3.zip; and a fourth that is another's (3b)."""
    folder = tmp_path_factory.mktemp("runs")
    repository = Repository(folder)
    chain = folder / "chain"
    for number, files in enumerate((PASSING, {"note.txt": "1"}, FAILING, PASSING)):
        repository.commit(files)
        run(repository, chain / f"{number}.zip", chain / f"{number - 1}.zip" if number else None, f"2026-01-0{number + 1}")
    repository.commit({"note.txt": "another"})
    run(repository, folder / "3b.zip", chain / "2.zip", "2026-01-04")
    run(repository, folder / "apart.zip", None, "2026-01-04")
    return folder


@pytest.fixture
def chain(runs: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(runs / "chain", tmp_path / "chain"))


def run(repository: Repository, path: Path, previous: Path | None, day: str) -> None:
    path.parent.mkdir(exist_ok=True)
    before = ["--previous", str(previous)] if previous else []
    assert main(["-C", str(repository.root), "run", "--bundle", str(path), "--as-of", day, *before]) in {0, 1}


def verify(gates: Gates, folder: Path, *words: str | Path) -> tuple[int, Any]:
    done = gates("verify", "--chain", folder, "--format", "json", *(words or ("--allow-unsigned",)))
    return done.code, done.json()


def faults(found: tuple[int, Any]) -> str:
    code, document = found
    assert code == document["exit_code"]
    return "; ".join(document["faults"])


def digest(path: Path) -> str:
    return bundle.read(path).digest


def test_a_run_names_the_one_before_it_and_counts(chain: Path) -> None:
    links = [bundle.read(chain / f"{number}.zip").manifest for number in range(4)]
    assert [link.sequence for link in links] == [0, 1, 2, 3]
    assert [link.previous for link in links] == [None, *(digest(chain / f"{number}.zip") for number in range(3))]


def test_a_whole_chain_verifies_with_the_code_of_its_last_run(gates: Gates, chain: Path) -> None:
    code, document = verify(gates, chain)
    assert (code, document["holds"]) == (0, True)
    assert [(item["sequence"], item["verdict"], item["exit_code"]) for item in document["bundles"]] == [
        (0, "passed", 0),
        (1, "passed", 0),
        (2, "failed", 1),
        (3, "passed", 0),
    ]
    (chain / "3.zip").unlink()
    assert verify(gates, chain)[0] == 1


def test_it_says_in_words_what_stands_where(gates: Gates, chain: Path) -> None:
    done = gates("verify", "--chain", chain, "--allow-unsigned")
    assert "number 2, 2.zip: yes: failed, judged on 2026-01-03, commit " in done.out
    assert "the chain: yes: 4 bundles, number 0 to 3, none missing between them" in done.out


def test_folders_and_archives_are_links_alike_and_a_copy_is_the_same_link(gates: Gates, chain: Path) -> None:
    for name, content in archive.unpack((chain / "1.zip").read_bytes()).items():
        path = chain / "one" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    assert verify(gates, chain)[0] == 0
    (chain / "1.zip").unlink()
    assert verify(gates, chain)[0] == 0


def test_a_bundle_that_is_missing(gates: Gates, chain: Path) -> None:
    (chain / "1.zip").unlink()
    found = verify(gates, chain)
    assert (found[0], faults(found)) == (8, "number 1 is missing, between 0.zip (number 0) and 2.zip (number 2)")


def test_a_beginning_that_is_missing_unless_it_is_known(gates: Gates, chain: Path) -> None:
    known = digest(chain / "1.zip")
    for number in (0, 1):
        (chain / f"{number}.zip").unlink()
    found = verify(gates, chain)
    assert found[0] == 8
    assert faults(found).startswith("numbers 0 to 1 are missing: the chain begins with 2.zip (number 2)")
    assert verify(gates, chain, "--allow-unsigned", "--digest", known)[0] == 0


def test_an_end_that_is_missing_shows_to_who_remembers_its_number_or_digest(gates: Gates, chain: Path) -> None:
    known = digest(chain / "3.zip")
    (chain / "3.zip").unlink()
    assert verify(gates, chain)[0] == 1
    assert verify(gates, chain, "--allow-unsigned", "--min-sequence", "3")[0] == 7
    found = verify(gates, chain, "--allow-unsigned", "--digest", known)
    assert (found[0], faults(found)) == (8, f"the bundle sha256:{known} that you name is not of this chain")


def test_a_bundle_that_was_put_in_the_place_of_another(gates: Gates, chain: Path, runs: Path) -> None:
    shutil.copy(runs / "3b.zip", chain / "3b.zip")
    found = verify(gates, chain)
    assert (found[0], faults(found)) == (8, "number 3 is there twice: 3.zip and 3b.zip claim the same place")


def test_a_bundle_that_was_rewritten(gates: Gates, chain: Path) -> None:
    """Another run of the same number, closed with care: the next one gives it away."""
    shutil.copy(chain / "1.zip", chain / "old")
    members = archive.unpack((chain / "1.zip").read_bytes())
    (chain / "1.zip").write_bytes(archive.pack(rewritten(members)))
    found = verify(gates, chain)
    assert found[0] == 8
    assert faults(found).startswith("2.zip (number 2) follows a run of the digest ")
    assert faults(found).endswith("that one was rewritten")


def rewritten(members: dict[str, bytes]) -> dict[str, bytes]:
    contents = bundle.open_members(members)
    later = bundle.members_of(contents.record, contents.sources, contents.raw)
    later["run.json"] = later["run.json"].replace(b'"ci_url":""', b'"ci_url":"x"')
    kept = {name: members[name] for name in (bundle.PAGE,)}
    previous = bundle.Previous(digest=contents.manifest.previous or "", sequence=contents.manifest.sequence - 1)
    return bundle.seal(contents.record, {**later, **kept}, NOTHING, previous)


def test_bundles_that_change_places(gates: Gates, chain: Path) -> None:
    """The number stands in the bundle: a file's name says nothing."""
    (chain / "1.zip").rename(chain / "x.zip")
    (chain / "2.zip").rename(chain / "1.zip")
    assert verify(gates, chain)[0] == 0


def test_a_bundle_that_is_not_intact_breaks_the_chain(gates: Gates, chain: Path) -> None:
    content = bytearray((chain / "2.zip").read_bytes())
    content[len(content) // 2] ^= 1
    (chain / "2.zip").write_bytes(content)
    found = verify(gates, chain)
    assert (found[0], faults(found)) == (5, "number 2 is missing, between 1.zip (number 1) and 3.zip (number 3)")
    assert [item["exit_code"] for item in found[1]["bundles"]] == [0, 0, 0, 5]


def test_the_digest_of_the_last_vouches_for_all_before_it(gates: Gates, chain: Path) -> None:
    assert verify(gates, chain, "--digest", digest(chain / "3.zip"))[0] == 0
    found = verify(gates, chain, "--digest", digest(chain / "1.zip"))
    assert found[0] == 6
    assert [item["exit_code"] for item in found[1]["bundles"]] == [0, 0, 6, 6]


def test_each_is_signed_by_whom_the_verifier_trusts(gates: Gates, chain: Path, tmp_path: Path) -> None:
    key = tmp_path / "key"
    gates("keygen", key)
    gates("sign", chain / "2.zip", "--sign-key", key)
    found = verify(gates, chain, "--key", f"{key}.pub")
    assert found[0] == 6
    assert [item["exit_code"] for item in found[1]["bundles"]] == [6, 6, 1, 6]
    for number in (0, 1, 3):
        gates("sign", chain / f"{number}.zip", "--sign-key", key)
    assert verify(gates, chain, "--key", f"{key}.pub")[0] == 0


def test_what_is_asked_of_the_branch_and_what_of_its_last_run(gates: Gates, chain: Path) -> None:
    last, first = (bundle.read(chain / name).record.context.commit or "" for name in ("3.zip", "0.zip"))
    assert verify(gates, chain, "--allow-unsigned", "--commit", last, "--ref", "refs/heads/main")[0] == 0
    assert verify(gates, chain, "--allow-unsigned", "--commit", first)[0] == 7


def test_bundles_of_another_branch_are_told_apart(gates: Gates, chain: Path, runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REF", "refs/heads/other")
    run(at(runs), chain / "other.zip", None, "2026-01-05")
    done = gates("verify", "--chain", chain, "--allow-unsigned")
    assert done.code == 2
    assert "error: the bundles are of 2 branches: not known refs/heads/main; not known refs/heads/other" in done.err
    assert verify(gates, chain, "--allow-unsigned", "--ref", "refs/heads/main")[0] == 0
    assert gates("verify", "--chain", chain, "--allow-unsigned", "--ref", "refs/heads/third").code == 2


def at(runs: Path) -> Repository:
    repository = object.__new__(Repository)
    repository.root = runs / "repository"
    return repository


def test_a_run_follows_none_of_another_branch_or_a_later_day(
    gates: Gates, chain: Path, runs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ("-C", runs / "repository", "run", "--previous", chain / "3.zip", "--bundle", chain / "4.zip")
    done = gates(*command, "--as-of", "2026-01-03")
    assert (done.code, "this run is judged as on 2026-01-03, and the previous one was on 2026-01-04" in done.err) == (2, True)
    monkeypatch.setenv("GITHUB_REF", "refs/heads/other")
    done = gates(*command)
    assert (done.code, "the previous bundle is of the ref refs/heads/main, and this run is of refs/heads/other" in done.err) == (2, True)
    assert not (chain / "4.zip").exists()


def test_a_run_follows_nothing_that_is_not_intact(gates: Gates, runs: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.zip").write_bytes(b"PK")
    done = gates("-C", runs / "repository", "run", "--previous", tmp_path / "broken.zip")
    assert done.code == 2
    assert "error: the bundle is not a zip archive that can be read" in done.err


def test_days_that_go_back(gates: Gates, chain: Path, runs: Path) -> None:
    contents = bundle.read(chain / "3.zip")
    earlier = contents.record.context.day.replace(year=2025)
    found = verify(gates, after(chain, contents, earlier))
    assert "judged on 2025-01-04, before 2.zip (number 2) on 2026-01-03" in faults(found)


def after(chain: Path, contents: bundle.Contents, day: date) -> Path:
    """The chain with its last run judged as on another day, closed with care."""
    record = contents.record
    context = replace(record.context, day=day)
    record = replace(record, context=context, decision=decide(record.policy, context, record.facts, ()))
    closed(contents, record, chain / "3.zip")
    return chain


def closed(contents: bundle.Contents, record: Record, path: Path) -> None:
    """Write a bundle of a changed record, closed with care."""
    members = bundle.members_of(record, contents.sources, contents.raw)
    record = replace(record, content_digest=bundle.content_digest(members))
    previous = bundle.Previous(digest=contents.manifest.previous or "", sequence=contents.manifest.sequence - 1)
    page = html.render(record, bundle=None).encode()
    path.write_bytes(archive.pack(bundle.seal(record, {**members, bundle.PAGE: page}, NOTHING, previous)))


def test_a_run_says_what_changed_since_the_one_before(chain: Path) -> None:
    said = [bundle.read(chain / f"{number}.zip").record.comparison for number in (0, 2, 3)]
    assert said[0] is None
    assert [(item.verdict_then, item.verdict_now, item.previous) for item in said[1:] if item] == [
        (Verdict.PASSED, Verdict.FAILED, digest(chain / "1.zip")),
        (Verdict.FAILED, Verdict.PASSED, digest(chain / "2.zip")),
    ]


def test_what_it_says_of_the_one_before_is_held_against_it(gates: Gates, chain: Path) -> None:
    contents = bundle.read(chain / "3.zip")
    comparison = contents.record.comparison
    assert comparison is not None
    closed(contents, replace(contents.record, comparison=replace(comparison, verdict_then=Verdict.PASSED)), chain / "3.zip")
    assert gates("verify", chain / "3.zip", "--allow-unsigned").code == 0, "the bundle alone can't tell"
    found = verify(gates, chain)
    assert found[0] == 8
    assert faults(found) == "3.zip (number 3) says something else of what changed since the run before it than the two bundles do"


def test_it_is_compared_with_the_one_that_it_follows(gates: Gates, chain: Path) -> None:
    contents = bundle.read(chain / "3.zip")
    comparison = contents.record.comparison
    assert comparison is not None
    closed(contents, replace(contents.record, comparison=replace(comparison, previous="0" * 64)), chain / "3.zip")
    assert gates("verify", chain / "3.zip", "--allow-unsigned").code == 8


@pytest.mark.parametrize(("number", "previous"), [(1, None), (0, "0" * 64), (-1, "0" * 64)])
def test_a_number_that_does_not_fit_the_one_before(gates: Gates, chain: Path, number: int, previous: str | None) -> None:
    members = archive.unpack((chain / "1.zip").read_bytes())
    manifest = json.loads(members["manifest.json"]) | {"sequence": number, "previous": previous}
    members["manifest.json"] = canonical.dumps({key: value for key, value in manifest.items() if value is not None})
    (chain / "1.zip").write_bytes(archive.pack(members))
    assert gates("verify", chain / "1.zip", "--allow-unsigned").code == 5


def test_what_can_not_be_asked_together(gates: Gates, chain: Path, tmp_path: Path) -> None:
    assert gates("verify", chain / "0.zip", "--chain", chain).code == 2
    assert gates("verify", "--chain", chain, "--policy", "gates.yaml").code == 2
    (tmp_path / "empty").mkdir()
    assert "there is no bundle in this folder" in gates("verify", "--chain", tmp_path / "empty").err
    assert gates("verify", "--chain", tmp_path / "nowhere").code == 2
