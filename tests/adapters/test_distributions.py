"""Installed distributions: missing, of another version than ours asks for, or fine; with the command that mends it."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import metadata

import pytest

from gates.adapters import distributions
from gates.errors import ToolMissingError

#: To each engine what no version of ours works with, and what brings a right one.
WRONG = {
    "bandit": ("1.7.10", "pip install quality-gates"),
    "detect-secrets": ("1.4.0", "pip install quality-gates"),
    "pip-audit": ("3.0.0", "pip install 'quality-gates[dependencies]'"),
    "schemathesis": ("5.0.0", "pip install 'quality-gates[contracts]'"),
    "selenium": ("3.141.0", "pip install 'quality-gates[accessibility]'"),
    "axe-selenium-python": ("2.1.5", "pip install 'quality-gates[accessibility]'"),
}


@pytest.fixture(autouse=True)
def anew() -> Iterator[None]:
    distributions._asked.cache_clear()
    yield
    distributions._asked.cache_clear()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_installed_fits(name: str) -> None:
    assert distributions.version(name) == metadata.version(name)


@pytest.mark.parametrize("name", WRONG)
def test_another_version_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    version, install = WRONG[name]
    monkeypatch.setattr(metadata, "version", {name: version}.__getitem__)
    with pytest.raises(ToolMissingError, match=f"^{name} {version} is installed, and .+ is needed$") as raised:
        distributions.version(name)
    assert raised.value.remedy.startswith(f"{install} '{name}")


def test_a_release_candidate_of_a_right_version_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", {"bandit": "99.0rc1"}.__getitem__)
    assert distributions.version("bandit") == "99.0rc1"


def test_what_is_missing_is_said_with_what_brings_it() -> None:
    with pytest.raises(ToolMissingError, match=r"^no-such-package is not installed$") as raised:
        distributions.version("no-such-package")
    assert raised.value.remedy == "pip install no-such-package"


def test_without_metadata_of_ours_any_version_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As when the package is run from its source: the canaries are still there."""
    monkeypatch.setattr(distributions, "OURS", "no-such-package")
    monkeypatch.setattr(metadata, "version", {"bandit": "1.0"}.__getitem__)
    assert distributions.version("bandit") == "1.0"
