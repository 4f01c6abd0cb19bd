"""Tests that stood at the base and stand here no more: which are gone, and which only went elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.weakening.projects import policy
from tests.weakening.proposing import Files, Proposal, PullRequest
from tests.weakening.weakenings import moved

ONE = "def test_one():\n    assert True\n"
CLASS = "class TestShop:\n    def test_open(self):\n        assert True\n\n    def test_shut(self):\n        assert True\n"
BEFORE = {
    "gates.yaml": policy("tests: {}"),
    "tests/test_a.py": ONE,
    "tests/test_shop.py": CLASS,
    "tests/test_rest.py": "def test_rest():\n    pass\n",
}


def removed(folder: Path, change: Files, **more: Any) -> list[str]:
    """The tests that are gone, as they were called, by what the gate says of a change."""
    ran = PullRequest(folder, Proposal(before=BEFORE, change=change, **more)).judge()
    [gate] = ran.report["gates"]
    found = [notice for notice in gate["notices"] if notice["rule"] == "tests/removed"]
    assert (ran.code, gate["measurements"]["removed-tests"]["value"], {notice["kind"] for notice in found} - {"needs-review"}) == (
        0,
        len(found),
        set(),
    )
    return [f"{notice['location']['path']}: {notice['message'].partition(' stood')[0]}" for notice in found]


def test_a_test_that_is_gone_is_named_by_its_file_and_class(tmp_path: Path) -> None:
    change = {"tests/test_a.py": None, "tests/test_shop.py": CLASS.partition("    def test_shut")[0].rstrip() + "\n"}
    assert removed(tmp_path, change) == ["tests/test_a.py: test_one", "tests/test_shop.py: TestShop::test_shut"]


def test_one_that_went_elsewhere_is_not_gone(tmp_path: Path) -> None:
    change = {"tests/test_a.py": None, "tests/test_rest.py": BEFORE["tests/test_rest.py"] + "\n\n" + ONE}
    assert removed(tmp_path, change, prepare=moved("tests/test_shop.py", "tests/unit/test_store.py")) == []


def test_one_that_has_another_name_is_gone_and_new(tmp_path: Path) -> None:
    assert removed(tmp_path, {"tests/test_a.py": ONE.replace("test_one", "test_first")}) == ["tests/test_a.py: test_one"]


def test_without_a_base_nothing_is_gone(tmp_path: Path) -> None:
    request = PullRequest(tmp_path, Proposal(before=BEFORE, change={"tests/test_a.py": None}))
    ran = request.judge(variables={"GITHUB_EVENT_NAME": "push"})
    assert (ran.report["subject"]["base"], ran.report["gates"][0]["measurements"]["removed-tests"]["value"]) == (None, 0)
