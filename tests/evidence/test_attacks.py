"""Every attack of the table, on `gates verify`, `gates report` and `gates sign`: none is accepted, and none is heard."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from gates.cli.main import main
from gates.errors import BundleError
from gates.evidence import archive, bundle
from tests.cli.conftest import Outcome
from tests.evidence.attacks import ATTACKS, Attack
from tests.evidence.forging import Forge, closed, edited, forge, signed, unsigned

#: All that moves a cursor, turns a line around or breaks one, but for the line feed between lines of ours.
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_RUNNER = re.compile(r"^\s*::|##\[", re.MULTILINE)
_QUESTIONS = ["intact", "trusted", "about", "follows", "complete"]


Gates = Callable[..., Outcome]


@pytest.fixture
def gates(capsys: pytest.CaptureFixture[str]) -> Gates:
    """Runs a command as the console script does."""

    def call(*argv: str | Path) -> Outcome:
        capsys.readouterr()
        code = main([str(word) for word in argv])
        captured = capsys.readouterr()
        return Outcome(code, captured.out, captured.err)

    return call


@pytest.fixture(scope="module")
def forged(tmp_path_factory: pytest.TempPathFactory) -> Forge:
    return forge(tmp_path_factory.mktemp("attacks"))


def placed(attack: Attack, forged: Forge, path: Path, *, signed: bool = True) -> Path:
    """The attacked bundle as a file, or wherever it is. Without signatures where they can be taken off."""
    made = attack.make(forged)
    if isinstance(made, Path):
        return made
    path.write_bytes(made if isinstance(made, bytes) else archive.pack(made if signed else unsigned(made)))
    return path


def clean(done: Outcome) -> bool:
    return not any(_CONTROL.search(text) or _RUNNER.search(text) or len(text) > 20_000 for text in (done.out, done.err))


def attacks() -> pytest.MarkDecorator:
    return pytest.mark.parametrize("attack", ATTACKS, ids=[f"{attack.part}: {attack.what}" for attack in ATTACKS])


def test_the_bundle_itself_is_accepted(gates: Gates, forged: Forge, tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(forged.content)
    assert gates("verify", tmp_path / "bundle.zip", *forged.options).code == 0


def test_each_attack_is_told_apart() -> None:
    assert [name for name, count in Counter((attack.part, attack.what) for attack in ATTACKS).items() if count > 1] == []


@attacks()
def test_no_attack_is_accepted(gates: Gates, forged: Forge, tmp_path: Path, attack: Attack) -> None:
    path = placed(attack, forged, tmp_path / "bundle.zip")
    if path.is_file():
        assert path.stat().st_size != len(forged.content) or path.read_bytes() != forged.content or attack.options
    done = gates("verify", path, *forged.options, *attack.options, "--format", "json")
    document = json.loads(done.out)
    assert (done.code, document["exit_code"]) == (attack.code, attack.code), done.out
    answers = {answer["question"]: answer for answer in document["answers"]}
    failed = answers[_QUESTIONS[attack.code - 5]]
    assert failed["holds"] is False
    assert attack.words in failed["words"]
    text = gates("verify", path, *forged.options, *attack.options)
    assert (text.code, clean(done), clean(text)) == (attack.code, True, True)
    assert text.out.count("\n") == len(_QUESTIONS) + (2 if document["verdict"] else 0)


@attacks()
def test_what_is_not_intact_is_not_rendered(gates: Gates, forged: Forge, tmp_path: Path, attack: Attack) -> None:
    """What is intact is rendered whatever else it is, since that is not what a report answers; nothing in it moves a cursor."""
    path = placed(attack, forged, tmp_path / "bundle.zip")
    done = gates("report", path)
    assert (done.code, clean(done)) == (2 if attack.code == 5 else 0, True), done.err
    assert ("error: " in done.err) == (attack.code == 5)
    assert attack.code == 5 or done.out.startswith(("not verified: ", "DOES NOT FOLLOW\n", "NOT JUDGED AGAIN\n"))


@attacks()
def test_nothing_is_signed_that_is_not_intact_or_does_not_follow(gates: Gates, forged: Forge, tmp_path: Path, attack: Attack) -> None:
    path = placed(attack, forged, tmp_path / "bundle.zip", signed=False)
    before = path.read_bytes() if path.is_file() and path.stat().st_size < 2**27 else b""
    done = gates("sign", path, "--sign-key", forged.folder / "release")
    assert clean(done)
    if attack.code in {5, 8}:
        assert (done.code, "nothing was signed: " in done.err) == (4, True), done.err
        assert not before or path.read_bytes() == before


def test_a_page_in_somebody_elses_words_is_not_signed_under_the_name_of_another_version(
    gates: Gates, forged: Forge, tmp_path: Path
) -> None:
    """Only the version that is named could make the page again: nobody puts a key under it, and a verifier is told."""
    members = edited(forged.good.unsigned, "run.json", lambda run: run.update(version="0.0.1"))
    members = closed({**members, "report.html": b"<h1>PASSED</h1>"})
    path = tmp_path / "bundle.zip"
    path.write_bytes(archive.pack(members))
    done = gates("sign", path, "--sign-key", forged.folder / "release")
    assert (done.code, "is by version 0.0.1, so its page can't be made again" in done.err) == (4, True)
    path.write_bytes(archive.pack(signed(members, forged.key)))
    done = gates("verify", path, *forged.options)
    assert (done.code, "report.html is by version 0.0.1, which could say anything" in done.out) == (0, True)


def test_a_folder_that_grows_while_it_is_read_is_not_believed(forged: Forge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was small when it was found, a gigabyte when it is opened, and a link a moment later."""
    folder = tmp_path / "bundle"
    for name, content in forged.members.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    changes = {"grown": lambda path: os.truncate(path, 2**30), "linked": _to_a_link, "a pipe": _to_a_pipe}
    words = {"grown": "larger than 64 MiB", "linked": "can't be read", "a pipe": "not a regular file"}
    for what, change in changes.items():
        (folder / "run.json").unlink()
        (folder / "run.json").write_bytes(forged.members["run.json"])
        checked = archive.check_members

        def then(sizes: Mapping[str, int], change: Callable[[Path], object] = change, checked: Callable[..., None] = checked) -> None:
            checked(sizes)
            change(folder / "run.json")

        with monkeypatch.context() as patched:
            patched.setattr(archive, "check_members", then)
            with pytest.raises(BundleError, match=words[what]):
                bundle.read(folder)


def _to_a_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/etc/hostname")


def _to_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)
