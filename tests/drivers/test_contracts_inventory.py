"""The inventory of a contract, as the gate runs it: in a process of its own, from a file."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import process
from gates.drivers import contracts_inventory

SCRIPT = contracts_inventory.__file__


def inventory(folder: Path, **documents: str) -> list[dict[str, Any]]:
    """What the driver prints of `contract.yaml`; each document is a file, `__` in a name stands for a dot."""
    for name, text in documents.items():
        (folder / name.replace("__", ".")).write_text(text, "utf-8")
    contract = next(folder.glob("contract.*"))
    argv = [sys.executable, "-I", SCRIPT, str(folder), str(contract)]
    done = process.run(argv, cwd=folder, env=dict(os.environ), timeout=60, scratch=folder)
    assert (done.exit_code, done.stderr) == (0, b"")
    listed: list[dict[str, Any]] = json.loads(done.stdout)
    return listed


def test_json_with_tabs_and_surrogate_pairs_keeps_its_lines(tmp_path: Path) -> None:
    info = '"openapi": "3.1.0",\n\t"info": {"title": "\\ud83d\\ude00"}'
    text = "{\n\t" + info + ',\n\t"paths": {\n\t\t"/a": {\n\t\t\t"get": {"responses": {"2XX": {}}}\n}}}'
    assert json.loads(text)["paths"]
    (operation,) = inventory(tmp_path, contract__json=text)
    assert operation == {"operation": "GET /a", "path": "contract.json", "line": 6, "answers": ["2XX"]}


def test_references_aliases_and_merges_are_followed(tmp_path: Path) -> None:
    contract = """
swagger: "2.0"
x-common: &common
  get: {responses: {200: {description: Up}, x-note: none}}
paths:
  /merged: {<<: *common, delete: {responses: {default: {}}}}
  /elsewhere: {$ref: "parts%20more.yaml#/a~1b"}
  x-notes: {get: {}}
webhooks:
  ping: {post: {responses: {200: {}}}}
"""
    (tmp_path / "parts more.yaml").write_text("a/b:\n  parameters: []\n  query:\n    responses: {201: {}}\n")
    listed = inventory(tmp_path, contract__yaml=contract)
    assert [(item["operation"], item["path"], item["line"], item["answers"]) for item in listed] == [
        ("GET /merged", "contract.yaml", 4, ["200"]),
        ("DELETE /merged", "contract.yaml", 6, ["default"]),
        ("QUERY /elsewhere", "parts more.yaml", 3, ["201"]),
    ]


def test_what_else_may_stand_in_a_path_is_no_operation(tmp_path: Path) -> None:
    others = "summary: A, description: B, servers: [], parameters: [], x-note: none"
    (operation,) = inventory(tmp_path, contract__yaml=f"openapi: 3.0.3\npaths:\n  /a: {{{others}, get: {{responses: {{}}}}}}\n")
    assert operation["operation"] == "GET /a"


def test_methods_of_openapi_3_2_are_listed(tmp_path: Path) -> None:
    contract = "openapi: 3.2.0\npaths:\n  /a:\n    additionalOperations:\n      COPY: {responses: {}}\n"
    (operation,) = inventory(tmp_path, contract__yaml=contract)
    assert (operation["operation"], operation["line"], operation["answers"]) == ("COPY /a", 5, [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("openapi: 3.0.3\npaths: {/a: {$ref: '#/nothing'}}", "contract.yaml has nothing at the $ref #/nothing"),
        ("openapi: 3.0.3\npaths: {/a: {$ref: 'missing.yaml'}}", "missing.yaml can't be read: No such file or directory"),
        ("- openapi", "contract.yaml holds no contract"),
        ("openapi: 3.0.3", "contract.yaml has no paths"),
        (
            "openapi: 3.0.3\npaths:\n  /a:\n    get: {}\n    GET: {}",
            "contract.yaml:5 has the key 'GET', which is no method; did you mean `get`?",
        ),
        ("openapi: 3.0.3\npaths: {/a: {gett: {}}}", "contract.yaml:2 has the key 'gett', which is no method; did you mean `get`?"),
        ("openapi: 3.0.3\npaths: {/a: {get: {}, copy: {}}}", "contract.yaml:2 has the key 'copy', which is no method"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_line(tmp_path: Path, text: str, problem: str) -> None:
    (tmp_path / "contract.yaml").write_text(text)
    argv = [sys.executable, "-I", SCRIPT, str(tmp_path), str(tmp_path / "contract.yaml")]
    done = process.run(argv, cwd=tmp_path, env=dict(os.environ), timeout=60, scratch=tmp_path)
    assert (done.exit_code, done.stderr.decode().strip()) == (2, problem)
