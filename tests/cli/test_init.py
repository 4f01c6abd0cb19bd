"""`gates init`: a policy that fits what is there, says why, and is never written over one that stands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository

PROJECTS = {
    "library": {"pyproject.toml": "[project]\nname = 'shop'\n", "shop.py": "", "tests/test_shop.py": "def test_a(): pass\n"},
    "django": {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "requirements.txt": "django==5.2\n",
        "shop/tests/test_shop.py": "def test_a(): pass\n",
    },
    "settings of bandit": {"app.py": "", "pyproject.toml": "[tool.bandit]\nskips = ['B101']\nexclude_dirs = ['vendor']\n"},
    "no Python": {"index.html": "<h1>Shop</h1>\n"},
}


@pytest.mark.parametrize("files", PROJECTS.values(), ids=PROJECTS)
def test_what_it_writes_can_be_read(gates: Callable[..., Outcome], repository: Repository, files: dict[str, str]) -> None:
    repository.commit(files)
    printed = gates("-C", repository.root, "init", "--print")
    written = gates("-C", repository.root, "init")
    assert (printed.code, written.code) == (ExitCode.PASSED, ExitCode.PASSED)
    assert (repository.root / "gates.yaml").read_text("utf-8") == printed.out
    assert gates("-C", repository.root, "policy", "check").code == ExitCode.PASSED
    assert max(map(len, printed.out.splitlines())) <= 110


def test_what_a_project_says_of_itself_is_taken_over(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit(PROJECTS["settings of bandit"])
    policy = gates("-C", repository.root, "init", "--print").out
    assert "skips: [B101]" in policy
    assert "exclude: [vendor]" in policy
    assert "taken over from [tool.bandit]" in policy


def test_no_name_of_a_file_ends_a_comment(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"te\u2028gates: {}\x85\nstolen: 1\r/test_a.py": "def test_a(): pass\n", "requirements\u2029x: 1.txt": ""})
    outcome = gates("-C", repository.root, "init")
    assert outcome.code == ExitCode.PASSED, outcome.err
    assert "te\\u2028gates: {}\\x85 stolen: 1 /test_a.py" in " ".join((repository.root / "gates.yaml").read_text("utf-8").split())
    assert gates("-C", repository.root, "policy", "check").code == ExitCode.PASSED


def test_a_policy_that_stands_is_left_alone(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"app.py": "", "gates.yaml": "version: 1\n"})
    outcome = gates("-C", repository.root, "init")
    assert outcome.code == ExitCode.USAGE
    assert "gates.yaml exists and is never overwritten" in outcome.err
    assert (repository.root / "gates.yaml").read_text("utf-8") == "version: 1\n"
