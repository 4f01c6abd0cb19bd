"""What `gates doctor` says of plug-ins of pytest that are asked for and not there: pytest itself is asked."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gates.runners.tests import interpreter, plugins
from gates.runners.tests.options import Options
from tests.repository import Repository

PYTHON = sys.executable
INSTALL = interpreter.install(PYTHON, "pytest-django")
CONFTEST = "raise SystemExit('no file of the project is to be run')\n\ndef pytest_addoption(parser):\n    parser.addoption('--own')\n"
ADDOPTS = "[tool.pytest.ini_options]\naddopts = '-ra -q --hypothesis-seed=1 --own --odd=1 -x'\nDJANGO_SETTINGS_MODULE = 'shop.settings'\n"


def missing(root: Path, **said: Any) -> Mapping[str, str]:
    found = list(plugins.needs(root, Options(**{"python": PYTHON, **said}), {"PATH": "/usr/bin:/bin", "PYTEST_ADDOPTS": "--nonsense"}))
    assert not [need for need in found if need.found is not None]
    return {need.name: need.remedy for need in found}


def test_what_no_plug_in_has_is_named_with_the_command_that_brings_it(repository: Repository) -> None:
    repository.commit({"pyproject.toml": ADDOPTS, "conftest.py": CONFTEST})
    places = "--ds (`args` of the policy), DJANGO_SETTINGS_MODULE (pyproject.toml)"
    asks = f"addopts in pyproject.toml asks for it, and nothing in {PYTHON} has it: install the plug-in that does, or take it away"
    assert missing(repository.root, args=("--ds=shop.settings", "-k", "not slow", "-vv")) == {
        "the option --odd of pytest": asks,
        f"pytest-django of the project, for {places}": INSTALL,
    }


@pytest.mark.parametrize("args", [("-p", "shop.plugin", "--odd"), ("--maxfail=1", "-rA", "--hypothesis-show-statistics")])
def test_what_may_be_there_is_not_called_missing(repository: Repository, args: tuple[str, ...]) -> None:
    repository.commit({"tests/conftest.py": CONFTEST})
    assert missing(repository.root, args=(*args, "--own")) == {}


def test_nobody_is_asked_where_nothing_is_asked_for(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugins, "_missing", lambda *_: pytest.fail("asked"))
    assert missing(repository.root, paths=("tests",)) == {}
    assert missing(repository.root, args=("tests/test_a.py",)) == {}


def test_settings_that_can_not_be_read_are_told(repository: Repository) -> None:
    repository.commit({"pyproject.toml": "[tool.pytest"})
    reason = "the settings of pytest in pyproject.toml can't be read: TOMLDecodeError"
    assert missing(repository.root) == {"settings of pytest that can be read": f"{reason}: mend pyproject.toml"}


def test_an_environment_of_uv_has_no_pip(tmp_path: Path) -> None:
    python = str(tmp_path / "bin" / "python")
    assert interpreter.install(python, "pytest-xdist") == f"{python} -m pip install pytest-xdist"
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\nuv = 0.13.9\n", "utf-8")
    assert interpreter.install(python, "pytest-xdist") == f"uv pip install --python {python} pytest-xdist"
