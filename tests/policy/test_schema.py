"""The schema and the reference say what the reader does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from gates import registry
from gates.policy import load
from gates.policy.reference import BEGIN, END, insert, reference
from gates.policy.schema import json_schema
from gates.policy.table import POLICY
from tests.policy.making import EXAMPLES, GATES, complaints

SCHEMA = json_schema(GATES.values())
POSITIVE = sorted((EXAMPLES / "positive").glob("*.yaml"))
#: What needs more than one key, one file or a calendar is beyond a schema; so is YAML itself.
READERS_ALONE = {
    "requires.yaml": "version: 1\nrequires: quality-gates>=99\ngates: {tests: {}}\n",
    "days.yaml": "version: 1\ngates: {tests: {}}\ndecisions: [{id: D-1, date: '2026-02-30', by: me, why: so}]\n",
    "needed.yaml": "version: 1\ngates: {contracts: {}}\n",
    "unknown.yaml": "version: 1\ngates: {payments: {}}\n",
}


class _Loader(yaml.CSafeLoader):
    """YAML 1.2's core types, as editors read it: `on` is a text, and so is a date."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith((":bool", ":timestamp")) or first in "tf"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def schema_complaints(text: str, schema: dict[str, Any] = SCHEMA) -> list[str]:
    data: Any = yaml.load(text, Loader=_Loader)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(data)]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_schemas_own_checker_agrees(tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text(json.dumps(SCHEMA), "utf-8")
    check = [sys.executable, "-m", "check_jsonschema", "--check-metaschema", str(schema)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0
    policies = [str(path) for path in POSITIVE if path.stem != "words"]
    check = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(schema), *policies]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("path", POSITIVE, ids=lambda path: path.stem)
def test_what_the_reader_takes_the_schema_takes(path: Path) -> None:
    assert schema_complaints(path.read_text("utf-8")) == []


@pytest.mark.parametrize("name", load.NAMES)
def test_shipped_policies_fit_the_schema(name: str) -> None:
    assert schema_complaints(load.shipped(name).content.decode(), json_schema(registry.every())) == []


@pytest.mark.parametrize("name", ["planned", "shapes", "scalars", "limits", "options", "waivers", "requires-nonsense"])
def test_what_the_reader_refuses_the_schema_refuses(name: str) -> None:
    assert schema_complaints((EXAMPLES / "negative" / f"{name}.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    "part",
    [
        "gates: {tests: {options: {pathz: [a]}}}",
        "gates: {tests: {at: {release: {options: {pathz: [a]}}}}}",
        "gates: {tests: {at: {release: {require: {nothing: {max: 0}}}}}}",
        "gates: {mine: {uses: tests, options: {pathz: [a]}}}",
        "gates: {tests: {uses: security, options: {retries: 1}}}",
        "gates: {tests: {require: {failures: {}}}}",
        "gates: {tests: {require: {failures: []}}}",
        "gates: {tests: {stages: []}}",
        "gates: {Tests: {}}",
        "defaults: {tests: {uses: tests}}",
        "defaults: {tests: {options: {pathz: [a]}}}",
        "gates: {contracts: {options: {serve: {directory: x, timeout: 30}}}}",
    ],
)
def test_each_slip_alone_is_refused_by_both(part: str) -> None:
    text = f"version: 1\n{part}\n"
    assert complaints(text)
    assert schema_complaints(text)


@pytest.mark.parametrize("text", READERS_ALONE.values(), ids=READERS_ALONE)
def test_what_only_the_reader_can_see(text: str) -> None:
    assert complaints(text)
    assert schema_complaints(text) == []


def test_every_key_is_explained() -> None:
    page = reference(GATES.values())
    for key in POLICY.keys:
        assert f"| `{key.name}` |" in page
        assert key.help
    assert "| `coverage.source` | list: text | **required** | folders whose lines count |" in page
    assert "`line-coverage`: percent of lines" in page


def test_the_generated_part_of_a_page_is_renewed() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"
    renewed = insert(page, GATES.values())
    assert renewed.startswith(f"before\n{BEGIN}\n\n### Keys of the file")
    assert renewed.endswith(f"{END}\nafter\n")
    assert insert(renewed, GATES.values()) == renewed
    with pytest.raises(ValueError, match="needs the lines"):
        insert("no marks", GATES.values())
