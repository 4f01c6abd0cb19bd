"""An approver signs a change of the policy with `gates policy approve`: into the file, and judged again from the bundle."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from gates.evidence import archive, keys
from gates.model import Policy, Stage
from gates.policy import load
from gates.policy.compose import compose
from gates.registry import find
from tests.cli.conftest import FAILING, PASSING, Outcome
from tests.cli.test_waive import at_terminal
from tests.evidence.forging import closed, edited
from tests.repository import Repository

Gates = Callable[..., Outcome]
WARNING = FAILING["gates.yaml"].replace("    uses: external", "    uses: external\n    enforcement: warn  # until #12")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    keys.write_pair(tmp_path / "anna")
    return tmp_path / "anna"


def naming(key: Path) -> str:
    lines = key.with_name(f"{key.name}.pub").read_text("utf-8").splitlines()
    return f'approvers: ["@anna ed25519:{"".join(line for line in lines if "-----" not in line)}"]\n'


@pytest.fixture
def loosened(repository: Repository, key: Path) -> Repository:
    """A branch that fails by the policy of `main`, and passes by its own."""
    repository.commit({**PASSING, "gates.yaml": PASSING["gates.yaml"] + naming(key)})
    repository.git("checkout", "-q", "-b", "proposed")
    repository.commit({**FAILING, "gates.yaml": WARNING + naming(key)})
    return repository


def _other_whole(side: int, context: Any) -> None:
    context["policies"][side].update(whole=f"sha256:{'0' * 64}")


def policy_of(repository: Repository) -> Policy:
    return compose(load.collect(repository.root, repository.root / "gates.yaml"), Stage.CHANGE, find).policy


def test_what_is_signed_acts_at_once_and_is_judged_again_offline(loosened: Repository, gates: Gates, key: Path, tmp_path: Path) -> None:
    at, made = ("-C", loosened.root), tmp_path / "run.zip"
    stopped = gates(*at, "run", "--base", "main")
    assert (stopped.code, "`gates policy approve --sign-key FILE`" in " ".join(stopped.out.split())) == (1, True)
    before = (loosened.root / "gates.yaml").read_text("utf-8")
    done = gates(*at, "policy", "approve", "main", "--sign-key", key)
    assert (done.code, "gates.checks.enforcement" in done.out, "signed in gates.yaml as @anna, until" in done.out) == (0, True, True)
    assert (loosened.root / "gates.yaml").read_text("utf-8").startswith(f"{before}\napproved:\n  of: ")
    again = gates(*at, "policy", "approve", "main", "--sign-key", key)
    assert (again.code, again.out) == (0, "gates.yaml is signed by @anna already, as it stands\n")
    passed = gates(*at, "run", "--base", "main", "--bundle", made)
    assert (passed.code, "@anna, one of its approvers, signed" in " ".join(passed.out.split())) == (0, True)
    assert gates("verify", made, "--allow-unsigned").code == 0
    members = archive.unpack(made.read_bytes())
    for side in (0, 1):
        made.write_bytes(archive.pack(closed(edited(members, "context.json", partial(_other_whole, side)))))
        assert gates("verify", made, "--allow-unsigned").code == 8
    diff = gates(*at, "policy", "diff", "main", "--format", "json").json()
    assert [item["change"] for item in diff["changes"] if item["where"] == "approved"] == ["changed"]


def test_what_is_signed_for_a_folder_names_it(repository: Repository, gates: Gates, key: Path) -> None:
    strict = "version: 1\ngates: {secrets: {}}\n" + naming(key)
    repository.commit({"shop/gates.yaml": strict, "api/gates.yaml": strict})
    repository.git("checkout", "-q", "-b", "proposed")
    repository.commit({"shop/gates.yaml": strict.replace("{}", "{enforcement: warn}")})
    assert gates("-C", repository.root / "shop", "policy", "approve", "main", "--sign-key", key).code == 0
    signed = (repository.root / "shop" / "gates.yaml").read_text("utf-8")
    assert "\n  folder: shop\n" in signed
    repository.commit({"api/gates.yaml": signed})
    said = [" ".join(gates("-C", repository.root / folder, "run", "--base", "main").out.split()) for folder in ("shop", "api")]
    assert ["@anna, one of its approvers, signed" in text for text in said] == [True, False]


def test_a_new_signature_takes_the_place_of_one_that_is_stale(loosened: Repository, gates: Gates, key: Path) -> None:
    at, path = ("-C", loosened.root), loosened.root / "gates.yaml"
    assert gates(*at, "policy", "approve", "main", "--sign-key", key).code == 0
    first = policy_of(loosened).approved
    path.write_text(path.read_text("utf-8").replace("secrets: {}", "secrets: {why: since}"), "utf-8")
    stopped = gates(*at, "run", "--base", "main")
    assert (stopped.code, "edited after it was signed" in " ".join(stopped.out.split())) == (1, True)
    assert gates(*at, "policy", "approve", "main", "--sign-key", key).code == 0
    second = policy_of(loosened).approved
    assert first is not None
    assert second is not None
    assert (second.of, second.to == first.to, path.read_text("utf-8").count("approved:")) == (first.of, False, 1)


def test_a_key_that_only_the_change_names_signs_nothing(loosened: Repository, gates: Gates, key: Path, tmp_path: Path) -> None:
    keys.write_pair(tmp_path / "friend")
    path = loosened.root / "gates.yaml"
    path.write_text(path.read_text("utf-8").replace(naming(key), naming(tmp_path / "friend")), "utf-8")
    assert gates("-C", loosened.root, "policy", "check").code == 0
    done = gates("-C", loosened.root, "policy", "approve", "main", "--sign-key", tmp_path / "friend")
    assert (done.code, "where the change goes name no holder of this key" in done.err) == (2, True)
    assert "approved:" not in path.read_text("utf-8")


def test_files_by_which_gates_look_are_not_signed_for(loosened: Repository, gates: Gates, key: Path) -> None:
    loosened.commit({".secrets.baseline": '{"results": {}}'})
    done = gates("-C", loosened.root, "policy", "approve", "main", "--sign-key", key)
    assert (done.code, ".secrets.baseline, by which gates look" in done.err) == (2, True)


def test_at_a_terminal_it_asks_first(loosened: Repository, key: Path) -> None:
    argv = ["policy", "approve", "main", "--sign-key", str(key)]
    code, seen = at_terminal(loosened.root, argv, "n\n")
    assert (code, "gates.checks.enforcement" in seen, "nothing was signed" in seen) == (2, True, True)
    assert policy_of(loosened).approved is None
    assert at_terminal(loosened.root, argv, "y\n")[0] == 0
    assert policy_of(loosened).approved is not None


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("approve",), "takes the key of an approver"),
        (("approve", "main", "proposed", "--sign-key", "{key}"), "takes the key of an approver"),
        (("approve", "proposed", "--sign-key", "{key}"), "no other policy is found"),
        (("approve", "nowhere", "--sign-key", "{key}"), "nowhere is not a commit of this repository"),
        (("check", "--sign-key", "{key}"), "`gates policy check` signs nothing"),
    ],
)
def test_what_can_not_be_signed_is_said(loosened: Repository, gates: Gates, key: Path, argv: tuple[str, ...], words: str) -> None:
    done = gates("-C", loosened.root, "policy", *(word.replace("{key}", str(key)) for word in argv))
    assert (done.code, words in done.err) == (2, True), done.err
