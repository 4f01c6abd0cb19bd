"""What `gates init` proposes for tests: the settings of Django with which they pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.api import Survey
from gates.runners.tests.detection import detect

MANAGE = {"manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings.dev')\n", "shop/tests/test_a.py": ""}
FLAT = {
    "manage.py": "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
    "shop/tests/test_a.py": "",
    "shop/tests/__init__.py": "",
}
FOR_TESTS = {"shop/settings/dev.py": "", "shop/settings/test.py": "", "shop/settings/ci.py": ""}
WORKFLOW = ".github/workflows/test.yml"
DJANGO = {
    "its command's": ({**MANAGE, "shop/settings/dev.py": ""}, "shop.settings.dev", "what manage.py names"),
    "for tests": ({**MANAGE, **FOR_TESTS}, "shop.settings.test", "settings for tests, beside shop.settings.dev"),
    "of CI": ({**MANAGE, **FOR_TESTS, WORKFLOW: "env:\n  DJANGO_SETTINGS_MODULE: shop.settings.ci\n"}, "shop.settings.ci", WORKFLOW),
    "of the command in CI": (
        {**MANAGE, **FOR_TESTS, WORKFLOW: "run: ./manage.py test --settings=shop.settings.ci\n"},
        "shop.settings.ci",
        WORKFLOW,
    ),
    "of several in CI": (
        {**MANAGE, **FOR_TESTS, ".gitlab-ci.yml": "A: --ds=shop.settings.dev\nDJANGO_SETTINGS_MODULE: 'shop.settings.test'\n"},
        "shop.settings.test",
        ".gitlab-ci.yml",
    ),
    "of CI and gone": (
        {**MANAGE, "shop/settings/dev.py": "", WORKFLOW: "DJANGO_SETTINGS_MODULE: shop.ci\n"},
        "shop.settings.dev",
        "manage.py",
    ),
    "tests are no settings": ({**FLAT, "shop/settings.py": ""}, "shop.settings", "what manage.py names"),
    "in a folder of sources": ({**FLAT, "src/shop/settings/testing/__init__.py": ""}, "shop.settings.testing", "beside shop.settings"),
}


@pytest.mark.parametrize(("files", "settings", "why"), DJANGO.values(), ids=DJANGO)
def test_the_settings_are_those_that_tests_are_run_by(tmp_path: Path, files: dict[str, str], settings: str, why: str) -> None:
    found = detect(_survey(tmp_path, files))
    assert found is not None
    assert found.options["args"] == [f"--ds={settings}"]
    assert found.comments[1].startswith(f"--ds={settings}: ")
    assert why in found.comments[1]


MEMBER = {"backend/pyproject.toml": "[project]\nname = 'a'\n", "backend/app/tests/test_a.py": ""}
PROJECTS = {
    "a project in a folder": (MEMBER, "gates -C backend init"),
    "a member of a workspace": ({**MEMBER, "pyproject.toml": "[tool.uv.workspace]\nmembers = ['backend']\n"}, "gates -C backend init"),
    "the nearest one": ({**MEMBER, "backend/app/setup.py": ""}, "gates -C backend/app init"),
    "with tests of the root beside it": ({**MEMBER, "tests/test_b.py": ""}, ""),
    "of two": ({**MEMBER, "other/setup.py": "", "other/test_b.py": ""}, ""),
    "in a project": ({**MEMBER, "pyproject.toml": "[project]\nname = 'b'\n"}, ""),
    "where pytest starts at the top": ({**MEMBER, "pytest.ini": "[pytest]\n"}, ""),
    "no project": ({"app/test_a.py": ""}, ""),
}


@pytest.mark.parametrize(("files", "instead"), PROJECTS.values(), ids=PROJECTS)
def test_a_project_in_a_folder_is_tested_from_there(tmp_path: Path, files: dict[str, str], instead: str) -> None:
    found = detect(_survey(tmp_path, files))
    assert found is not None
    assert (f"`{instead}`" in found.instead) if instead else not found.instead


def _survey(root: Path, files: dict[str, str]) -> Survey:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, "utf-8")
    return Survey(root=root, files=tuple(sorted(files)))
