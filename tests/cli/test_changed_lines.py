"""`changed-line-coverage`: how much of what a change brings is run by a test."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Outcome
from tests.repository import Repository

pytestmark = pytest.mark.engine("coverage")

Gates = Callable[..., Outcome]

POLICY = f"""\
version: 1
gates:
  tests:
    options: {{python: {sys.executable}, paths: [test_shop.py], coverage: {{source: [shop.py]}}}}
    require: {{changed-line-coverage: {{min: 100}}}}
"""
OLD = "def sell(number):\n    if number:\n        return 1\n    return 2\n"
TEST = "from shop import sell\n\n\ndef test_sell():\n    assert sell(1) == 1\n"


@pytest.fixture
def shop(repository: Repository) -> Repository:
    """A file one of whose four lines no test runs."""
    settings = "[tool.pytest.ini_options]\npythonpath = ['.']\n"
    repository.commit(
        {"gates.yaml": POLICY, "shop.py": OLD, "test_shop.py": TEST, "pyproject.toml": settings, ".gitignore": "__pycache__\n"}
    )
    return repository


def measured(gates: Gates, shop: Repository, *argv: str) -> tuple[int, Any, Any, list[str]]:
    done = gates("-C", shop.root, "run", *argv, "--bundle", shop.root.parent / "run.zip", "--format", "json")
    (gate,) = done.json()["gates"]
    values = {name: found["value"] for name, found in gate["measurements"].items()}
    code = gates("verify", shop.root.parent / "run.zip", "--allow-unsigned").code
    assert code == done.code
    return done.code, values.get("changed-lines"), values.get("changed-line-coverage"), gate["reasons"]


def test_without_a_base_every_line_counts_as_brought(gates: Gates, shop: Repository) -> None:
    assert measured(gates, shop) == (1, 4, 75, ["changed-line-coverage is 75, at least 100 required"])


def test_what_no_change_touches_stops_nobody(gates: Gates, shop: Repository) -> None:
    shop.commit({"test_shop.py": TEST + "# more\n"})
    code, lines, coverage, reasons = measured(gates, shop, "--base", "HEAD^")
    assert (code, lines, coverage, reasons) == (0, 0, None, [])


@pytest.mark.parametrize(
    ("now", "lines", "coverage"),
    [
        ("def sell(number):\n    if number:\n        return 1\n    if number is None:\n        return 3\n    return 2\n", 2, 0),
        ("def sell(number):\n    if number > 0:\n        return 1\n    return 2\n", 1, 100),
        ("# sold\n" + OLD, 0, None),
        ("X = 1\n\n\n" + OLD, 1, 100),
    ],
    ids=["added and not run", "mended and run", "a comment", "moved down"],
)
def test_only_lines_that_the_change_brings_count(gates: Gates, shop: Repository, now: str, lines: int, coverage: int | None) -> None:
    shop.commit({"shop.py": now})
    code, counted, share, _ = measured(gates, shop, "--base", "HEAD^")
    assert (counted, share) == (lines, coverage)
    assert code == (1 if coverage == 0 else 0)


def test_a_new_file_counts_whole_and_a_renamed_one_does_not(gates: Gates, shop: Repository, tmp_path: Path) -> None:
    del tmp_path
    shop.git("mv", "shop.py", "store.py")
    renamed = {"gates.yaml": POLICY.replace("[shop.py]", "[store.py]"), "test_shop.py": TEST.replace("from shop", "from store")}
    shop.commit(renamed)
    shop.git("branch", "-q", "-f", "before", "HEAD^")
    code, lines, coverage, _ = measured(gates, shop, "--stage", "release", "--base", "before")
    assert (code, lines, coverage) == (0, 0, None)
    shop.commit({"more.py": "def never():\n    return 1\n", "gates.yaml": POLICY.replace("[shop.py]", "[store.py, more.py]")})
    code, lines, coverage, _ = measured(gates, shop, "--stage", "release", "--base", "HEAD^")
    assert (code, lines, coverage) == (1, 2, 0)
