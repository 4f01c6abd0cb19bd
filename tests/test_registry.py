"""The registry, and what every gate owes: a test here fails by the name of what was forgotten."""

from __future__ import annotations

import dataclasses
import importlib.metadata
from pathlib import Path

import pytest
import yaml

from gates import registry
from gates.api import Gate
from gates.errors import PluginError
from gates.judge.limits import COUNTS

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(params=registry.BUILT_IN)
def gate(request: pytest.FixtureRequest) -> Gate:
    return registry.find(request.param)


@pytest.mark.parametrize("page", ["docs/gates/{}.md", "docs/runbooks/{}.md", "tests/runners/test_{}.py"])
def test_every_gate_has_its_pages_and_tests(gate: Gate, page: str) -> None:
    assert (ROOT / page.format(gate.id)).exists(), page.format(gate.id)


def test_every_gate_has_examples_that_pass_fail_and_break(gate: Gate) -> None:
    folder = ROOT / "tests" / "examples" / gate.id
    assert {path.name for path in folder.iterdir()} >= {"pass", "fail", "broken"}


def test_every_option_has_help_and_is_frozen(gate: Gate) -> None:
    assert dataclasses.is_dataclass(gate.options)
    assert vars(gate.options)["__dataclass_params__"].frozen
    for field in dataclasses.fields(gate.options):
        assert field.metadata.get("help"), f"{gate.id}.{field.name} has no help"


def test_every_limit_and_measurement_has_a_name_that_a_policy_can_use(gate: Gate) -> None:
    assert {limit.name for limit in gate.limits} <= {*COUNTS, *gate.measurements}
    for name, help_line in gate.measurements.items():
        assert name == name.lower().replace("_", "-"), name
        assert help_line, name


def test_every_extra_is_one_of_the_distribution(gate: Gate) -> None:
    extras = importlib.metadata.metadata("quality-gates").get_all("Provides-Extra") or []
    assert not gate.extra or gate.extra in extras


@pytest.mark.parametrize("shipped", ["baseline", "strict"])
def test_shipped_policies_speak_of_every_gate(gate: Gate, shipped: str) -> None:
    policy = yaml.safe_load((ROOT / "policies" / f"{shipped}.yaml").read_text("utf-8"))
    assert gate.id in policy["defaults"], f"policies/{shipped}.yaml has no defaults for {gate.id}"


def test_an_unknown_gate_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        registry.find("unheard-of")


def test_two_gates_of_one_name_are_an_error_and_not_a_matter_of_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def offered(name: str) -> list[importlib.metadata.EntryPoint]:
        return [importlib.metadata.EntryPoint(name, "somewhere:GATE", registry.GROUP)]

    for name in ("secrets", "licences"):
        entries = offered(name) * 2
        monkeypatch.setattr(registry, "entry_points", lambda entries=entries, **_: entries)
        registry._plugins.cache_clear()
        with pytest.raises(PluginError, match="offered twice"):
            registry.names()
    registry._plugins.cache_clear()


def test_a_name_of_ours_can_not_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = importlib.metadata.EntryPoint("secrets", "somewhere:GATE", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda **_: [entry])
    registry._plugins.cache_clear()
    with pytest.raises(PluginError, match="offered twice"):
        registry.names()
    registry._plugins.cache_clear()


def test_an_entry_point_that_is_no_gate_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        importlib.metadata.EntryPoint("broken", "no_such_module:GATE", registry.GROUP),
        importlib.metadata.EntryPoint("other", "gates.runners.secrets:GATE", registry.GROUP),
        importlib.metadata.EntryPoint("page", "pathlib:Path", registry.GROUP),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda **_: entries)
    registry._plugins.cache_clear()
    for name, words in (("broken", "can't be loaded"), ("other", "not a Gate of that id"), ("page", "not a Gate of that id")):
        with pytest.raises(PluginError, match=words):
            registry.find(name)
    registry._plugins.cache_clear()
