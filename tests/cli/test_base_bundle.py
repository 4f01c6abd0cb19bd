"""`gates run --base-bundle`: what a run at the base saw is believed where somebody signed it who is named, else looked at again."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.evidence import archive, bundle
from tests.cli.conftest import Outcome
from tests.cli.test_base import BEFORE, FILLING, SECRET_SCAN, SHELL, judged, mended, states
from tests.evidence.forging import closed
from tests.repository import Repository
from tests.runners.samples import SECRETS

Gates = Callable[..., Outcome]
TESTS = f"""\
version: 1
extends: [baseline]
gates:
  tests:
    options: {{python: {sys.executable}, paths: [tests], coverage: {{source: [shop.py]}}}}
    require: {{failures: {{max: unlimited, new: {{max: 0}}}}, line-coverage: {{regression: 1}}}}
"""
SHOP = "def one():\n    return 1\n\n\ndef two():\n    return 2\n"
OLD_FAULT = "from shop import one, two\n\n\ndef test_one():\n    assert one() == 2\n\n\ndef test_two():\n    assert two() == 2\n"
PROJECT = {
    "gates.yaml": TESTS,
    "shop.py": SHOP,
    "tests/test_shop.py": OLD_FAULT,
    "pyproject.toml": "[tool.pytest.ini_options]\npythonpath = ['.']\n",
    ".gitignore": "__pycache__\n",
}


class Base:
    """A commit that was judged, its bundle signed."""

    def __init__(self, gates: Gates, repository: Repository, folder: Path, files: dict[str, str]) -> None:
        repository.commit(files)
        self.key, self.bundle, self._gates, self.root = folder / "release", folder / "base.zip", gates, repository.root
        gates("keygen", self.key)
        gates("-C", repository.root, "run", "--bundle", self.bundle)
        assert gates("sign", self.bundle, "--sign-key", self.key).code == 0

    @property
    def named(self) -> tuple[str, ...]:
        return (*BEFORE, "--base-bundle", str(self.bundle), "--key", f"{self.key}.pub")

    def change(self, path: Path) -> Any:
        """What a bundle says of the change."""
        return json.loads(archive.unpack(path.read_bytes())["change.json"])

    def verifies(self, path: Path) -> bool:
        return self._gates("verify", path, "--allow-unsigned").code in (0, 1)


def by(report: Any, base: Base) -> dict[str, str | None]:
    """The bundle by which each gate was compared."""
    return {gate["gate"]: gate.get("bundle") for gate in base.change(Path(report["bundle"]["path"]))["gates"]}


def test_old_failures_stop_nobody_and_coverage_may_not_fall(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    base = Base(gates, repository, tmp_path, PROJECT)
    repository.commit({"README.md": "hello\n"})
    alone = judged(gates, repository.root, *BEFORE)
    assert (alone["verdict"], list(states(alone, "tests").values())) == ("failed", ["new"])
    report = judged(gates, repository.root, *base.named)
    assert (report["verdict"], list(states(report, "tests").values())) == ("passed", ["existing"])
    made = Path(report["bundle"]["path"])
    assert base.verifies(made)
    assert by(report, base) == {"tests": bundle.read(base.bundle).digest}
    assert base.change(made)["bundle"] == {"digest": bundle.read(base.bundle).digest, "signed_by": "release.pub", "unused": ""}
    repository.commit({"tests/test_more.py": "def test_three():\n    assert 1 == 2\n"})
    report = judged(gates, repository.root, "--base", "HEAD~2", *base.named[2:])
    assert (report["verdict"], sorted(states(report, "tests").values())) == ("failed", ["existing", "new"])


COUNTED = TESTS.replace("max: unlimited, new: {max: 0}", "max: 1").replace("regression: 1", "min: 0")
NAMED = TESTS.replace("max: unlimited", "max: 1")
BROKEN_INSTEAD = {"tests/test_shop.py": OLD_FAULT.replace("== 2\n\n\n", "== 1\n\n\n").replace("two() == 2", "two() == 1")}


@pytest.mark.parametrize(("policy", "verdict"), [(COUNTED, "passed"), (NAMED, "failed")])
def test_a_failure_takes_the_place_of_another_where_they_are_counted_alone(
    gates: Gates, repository: Repository, tmp_path: Path, policy: str, verdict: str
) -> None:
    base = Base(gates, repository, tmp_path, {**PROJECT, "gates.yaml": policy})
    repository.commit(BROKEN_INSTEAD)
    report = judged(gates, repository.root, *base.named)
    assert (report["verdict"], list(states(report, "tests").values()), mended(report, "tests")) == (verdict, ["new"], 1)
    assert by(report, base) == {"tests": bundle.read(base.bundle).digest}


def test_coverage_that_fell_since_the_base_is_told(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    base = Base(gates, repository, tmp_path, PROJECT)
    more = "".join(f"\n\ndef more_{number}():\n    return {number}\n" for number in range(5))
    repository.commit({"shop.py": SHOP + more})
    report = judged(gates, repository.root, *base.named)
    (gate,) = report["gates"]
    assert (report["verdict"], gate["reasons"][0].startswith("line-coverage is")) == ("failed", True)


def test_secrets_are_known_though_the_bundle_masks_them(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    files = {"gates.yaml": SECRET_SCAN, "a.py": f"key = '{SECRETS['aws']}'\n", "same.py": f"key = '{SECRETS['github-two']}'\n"}
    base = Base(gates, repository, tmp_path, files)
    repository.commit({"a.py": f"{FILLING}def f():\n    return '{SECRETS['aws']}'\n", "b.py": f"token = '{SECRETS['github']}'\n"})
    report = judged(gates, repository.root, *base.named)
    found = {"a.py:22": "existing", "b.py:1": "new", "same.py:1": "existing"}
    assert (states(report), mended(report)) == (found, 0)
    assert states(judged(gates, repository.root, *BEFORE)) == found
    made = Path(report["bundle"]["path"])
    assert by(report, base) == {"secrets": bundle.read(base.bundle).digest}
    assert base.verifies(made)
    members = archive.unpack(made.read_bytes())
    masked = {group["member"] for group in json.loads(members["redactions.json"])["masked"]}
    assert {name for name, content in members.items() if name.startswith("base-raw/") and b"[redacted]" in content} <= masked
    assert not any(SECRETS[name].encode() in content for name in ("aws", "github", "github-two") for content in members.values())


# -- what is not believed


def unsigned(base: Base, gates: Gates) -> None:
    gates("-C", base.root, "run", "--bundle", base.bundle.with_name("again.zip"))
    shutil.move(base.bundle.with_name("again.zip"), base.bundle)


def of_another(base: Base, gates: Gates) -> None:
    unsigned(base, gates)
    gates("keygen", base.key.with_name("stranger"))
    assert gates("sign", base.bundle, "--sign-key", base.key.with_name("stranger")).code == 0


def altered(base: Base, _: Gates) -> None:
    members = archive.unpack(base.bundle.read_bytes())
    raw = next(name for name in members if name.startswith("raw/security/") and b"B602" in members[name])
    members[raw] = members[raw].replace(b"B602", b"B603")
    base.bundle.write_bytes(archive.pack(members))


def altered_and_sealed(base: Base, _: Gates) -> None:
    members = archive.unpack(base.bundle.read_bytes())
    raw = next(name for name in members if name.startswith("raw/security/") and b"B602" in members[name])
    base.bundle.write_bytes(archive.pack(closed({**members, raw: members[raw].replace(b"B602", b"B603")})))


def no_bundle(base: Base, _: Gates) -> None:
    base.bundle.write_bytes(b"hello")


def an_empty_folder(base: Base, _: Gates) -> None:
    base.bundle.unlink()
    base.bundle.mkdir()


REFUSED = {
    "nobody signed it": (unsigned, "nobody signed it"),
    "another signed it": (of_another, "signed by none of the keys"),
    "it was altered": (altered, "not intact"),
    "it was altered and sealed again": (altered_and_sealed, "base.zip was not used: "),
    "it is no bundle": (no_bundle, "not intact"),
    "there is none": (an_empty_folder, "there is no bundle in the folder"),
}
SECURITY = "version: 1\nextends: [baseline]\ngates:\n  security: {require: {findings: {severity: low, new: {max: 0}}}}\n"


@pytest.mark.parametrize("name", REFUSED)
def test_what_nobody_vouches_for_tells_nothing(gates: Gates, repository: Repository, tmp_path: Path, name: str) -> None:
    spoil, why = REFUSED[name]
    base = Base(gates, repository, tmp_path, {"gates.yaml": SECURITY, "a.py": "x = 1\n", "b.py": SHELL})
    spoil(base, gates)
    repository.commit({"b.py": f"{SHELL}# more\n", "c.py": SHELL})
    done = gates("-C", repository.root, "run", *base.named)
    assert done.code == 1
    assert "base: its bundle was not believed" in done.out
    assert why in " ".join(done.out.split())
    report = judged(gates, repository.root, *base.named)
    assert by(report, base) == {"security": None}
    assert {state for place, state in states(report, "security").items() if place.startswith("b.py")} == {"existing"}
    assert {state for place, state in states(report, "security").items() if place.startswith("c.py")} == {"new"}


def test_of_a_folder_that_of_the_base_is_taken(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    base = Base(gates, repository, tmp_path, {"gates.yaml": SECURITY, "a.py": SHELL})
    folder = tmp_path / "bundles"
    folder.mkdir()
    shutil.copy(base.bundle, folder / "b.zip")
    (folder / "a.zip").write_bytes(b"nothing")
    repository.commit({"a.py": f"# more\n{SHELL}"})
    report = judged(gates, repository.root, *BEFORE, "--base-bundle", str(folder), "--key", f"{base.key}.pub")
    assert by(report, base) == {"security": bundle.read(base.bundle).digest}
    assert set(states(report, "security").values()) == {"existing"}


def test_a_bundle_of_another_commit_is_not_the_base_s(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    base = Base(gates, repository, tmp_path, {"gates.yaml": SECURITY, "a.py": SHELL})
    repository.commit({"a.py": "x = 1\n"})
    repository.commit({"a.py": SHELL})
    done = gates("-C", repository.root, "run", *base.named)
    assert (done.code, "and the base is" in " ".join(done.out.split())) == (1, True)


MEANINGLESS = {
    "without anybody who may have signed it": ["--base-bundle", "base.zip"],
    "are about --base-bundle": ["--key", "release.pub"],
    "there is no gone.zip": ["--base-bundle", "gone.zip", "--key", "release.pub"],
}


@pytest.mark.parametrize("error", MEANINGLESS)
def test_what_can_t_be_meant_is_said(gates: Gates, repository: Repository, tmp_path: Path, error: str) -> None:
    Base(gates, repository, tmp_path, {"gates.yaml": SECURITY, "a.py": SHELL})
    repository.commit({"a.py": "x = 1\n"})
    with contextlib.chdir(tmp_path):
        done = gates("-C", repository.root, "run", *BEFORE, *MEANINGLESS[error])
    assert (done.code, error in done.err) == (2, True)


def test_a_change_that_names_another_bundle_does_not_follow(gates: Gates, repository: Repository, tmp_path: Path) -> None:
    base = Base(gates, repository, tmp_path, {"gates.yaml": SECURITY, "a.py": SHELL})
    repository.commit({"a.py": f"# more\n{SHELL}"})
    made = Path(judged(gates, repository.root, *base.named)["bundle"]["path"])
    members = archive.unpack(made.read_bytes())
    change = json.loads(members["change.json"])
    del change["bundle"]
    made.write_bytes(archive.pack(closed({**members, "change.json": canonical.dumps(change)})))
    done = gates("verify", made, "--allow-unsigned")
    assert (done.code, "of a bundle that the run was not given" in " ".join(done.out.split())) == (8, True)
