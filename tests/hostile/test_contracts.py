"""Contracts that are made to exhaust, to hide an operation, to be run, or to lead somewhere else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.guarantees import Seen, errored, failed, hostile, judged, passed
from tests.traps.contracts_service import Answers, Contracts, contract

pytestmark = pytest.mark.engine("schemathesis")

HEAD = 'openapi: 3.0.3\ninfo: {title: T, version: "1"}\n'
FINE = '{responses: {"200": {description: Fine}}}'
#: What is found wherever the contract is read as it should be.
CRASH: Answers = {"GET /a": (500, {}, ""), "GET /b": (200, {}, "")}
CRASHED = "contracts/not-a-server-error at GET /a"
DEEP = 200_000


@pytest.fixture
def project(tmp_path: Path) -> Contracts:
    return Contracts(tmp_path)


def seen(project: Contracts, text: str, answers: Answers = CRASH, **files: str) -> Seen:
    """What the gate says of a contract as it stands in its file."""
    project.write(contract("GET /a"), answers, openapi__yaml=text, **files)
    return judged(project.observe(max_examples=2))


# -- what exhausts


@hostile("a contract whose merges (`<<`) multiply: ten to the ninth keys", here=errored("openapi.yaml has aliases that multiply"))
def test_merges_that_multiply(project: Contracts) -> Seen:
    levels = "".join(f"x-{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 10)}]}}\n" for n in range(1, 10))
    return seen(project, f"{HEAD}x-0: &x0 {{x-key: 1}}\n{levels}paths:\n  /a: {{<<: *x9, get: {FINE}}}\n  /b: {{get: {FINE}}}\n")


@hostile("a contract that merges a mapping into itself", here=errored("openapi.yaml:4 holds itself: an alias leads back"))
def test_a_merge_of_itself(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths:\n  /a: &a {{<<: *a, get: {FINE}}}\n")


@hostile("a contract of lists in lists without end", here=errored("openapi.yaml nests its values more than 200 deep"))
def test_lists_in_lists(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths: {{/a: {{get: {FINE}}}}}\nx-deep: {'[' * DEEP}{']' * DEEP}\n")


@hostile("a contract in JSON of objects in objects without end", here=errored("openapi.yaml nests its values more than 200 deep"))
def test_objects_in_objects(project: Contracts) -> Seen:
    deep = '{"x": ' * DEEP + "1" + "}" * DEEP
    return seen(project, f'{{"openapi": "3.0.3", "paths": {{"/a": {{"get": {{"responses": {{}}}}}}}}, "x-deep": {deep}}}')


@hostile("a contract whose aliases multiply (a billion laughs)", here=errored("openapi.yaml has aliases that multiply"))
def test_aliases_that_multiply(project: Contracts) -> Seen:
    levels = "".join(f"x-{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 10)}]\n" for n in range(1, 10))
    return seen(project, f"{HEAD}x-0: &x0 [x]\n{levels}paths: {{/a: {{get: {FINE}}}, /b: {{get: {FINE}}}}}\n")


@hostile("a contract of more than 32 MiB", here=errored("openapi.yaml is larger than 32 MiB"))
def test_a_large_contract(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths: {{/a: {{get: {FINE}}}}}\n# {'x' * 33 * 2**20}\n")


@hostile("a contract with a character that no YAML may hold", here=errored("openapi.yaml is neither YAML nor JSON"))
def test_a_control_character(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths: {{/a: {{get: {FINE}}}}}\n# \x01\n")


@hostile("a contract that refers to a pipe, which nobody writes to", here=errored("pipe.yaml can't be read: it is no file"))
def test_a_pipe(project: Contracts) -> Seen:
    os.mkfifo(project.root / "pipe.yaml")
    return seen(project, f"{HEAD}paths: {{/a: {{$ref: pipe.yaml}}}}\n")


# -- what hides an operation


@hostile(
    "a method is written in capitals: no reader sees its operation", here=errored("openapi.yaml:5 has the key 'GET', which is no method")
)
def test_a_method_in_capitals(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths:\n  /b: {{get: {FINE}}}\n  /a: {{GET: {FINE}}}\n")


@hostile("a method is mistyped: no reader sees its operation", here=errored("did you mean `get`?"))
def test_a_mistyped_method(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths:\n  /b: {{get: {FINE}}}\n  /a: {{gett: {FINE}}}\n")


@hostile("a path stands twice: some readers take the first, some the last", here=passed("GET /a: schemathesis checked no answer of it"))
def test_a_path_that_stands_twice(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths:\n  /a: {{get: {FINE}}}\n  /b: {{get: {FINE}}}\n  /a: {{x-note: empty}}\n")


@hostile("an operation that comes from a merge, in a file beside", here=failed(CRASHED))
def test_an_operation_from_a_merge(project: Contracts) -> Seen:
    beside = f"common: &common {{get: {FINE}}}\nitem: {{<<: *common}}\n"
    return seen(project, f"{HEAD}paths: {{/a: {{$ref: 'beside.yaml#/item'}}, /b: {{get: {FINE}}}}}\n", beside__yaml=beside)


@hostile("keys that are lists, as JSON can't have them", here=errored("schemathesis could not begin"))
def test_keys_that_are_no_text(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths:\n  /a: {{get: {FINE}, ? [get] : {FINE}}}\n  ? [/b]\n  : {{get: {FINE}}}\n")


@hostile("a second contract in the same file", here=errored("is neither YAML nor JSON: but found another document"))
def test_two_documents(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths: {{/b: {{get: {FINE}}}}}\n---\n{HEAD}paths: {{/a: {{get: {FINE}}}}}\n")


# -- what is run, or leads somewhere else


@hostile("a contract with tags that call functions of Python", here=errored("API schema does not appear syntactically valid"))
def test_tags_that_call(project: Contracts, tmp_path: Path) -> Seen:
    trace = tmp_path / "called"
    call = f"!!python/object/apply:os.system ['touch {trace}']"
    found = seen(project, f"{HEAD}x-call: {call}\npaths: {{/a: {{get: {FINE}}}, /b: {{get: {FINE}}}}}\n")
    assert not trace.exists()
    return found


@hostile("a contract that refers to a file of this machine", here=errored("passwd leads out of the repository"))
def test_a_reference_to_the_machine(project: Contracts) -> Seen:
    return seen(project, f"{HEAD}paths: {{/a: {{$ref: '{'../' * 20}etc/passwd'}}}}\n")


@hostile("a schema in a contract that refers to a file of this machine", here=errored("outside.json', which leads out of the repository"))
def test_a_schema_of_the_machine(project: Contracts, tmp_path: Path) -> Seen:
    (tmp_path / "outside.json").write_text(json.dumps({"type": "string", "enum": ["tulip-orbit-7745"]}), "utf-8")
    text = f"""{HEAD}paths:
  /a: {{get: {FINE}}}
  /b:
    get:
      parameters: [{{name: q, in: query, schema: {{$ref: "file://{tmp_path}/outside.json"}}}}]
      responses: {{"200": {{description: Fine}}}}
"""
    return seen(project, text)


@hostile("a schema in a contract leads out of the repository by a file between", here=errored("outside.json leads out of the repository"))
def test_a_schema_beyond_a_file(project: Contracts, tmp_path: Path) -> Seen:
    (tmp_path / "outside.json").write_text('{"type": "string"}', "utf-8")
    schema = "{name: q, in: query, schema: {$ref: 'beside.yaml#/q'}}"
    text = f"{HEAD}paths: {{/b: {{get: {{parameters: [{schema}], responses: {{'200': {{description: Fine}}}}}}}}}}\n"
    return seen(project, text, beside__yaml="q: {$ref: ../outside.json}\n")


@hostile("a $ref with a NUL in it", here=errored("which leads out of the repository"))
def test_a_nul(project: Contracts) -> Seen:
    return seen(project, f'{HEAD}paths: {{/a: {{$ref: "a\\0b.yaml"}}}}\n')


@hostile("paths with line ends, escape codes, commands for the CI runner and HTML in their names", here=failed(CRASHED))
def test_names_of_paths(project: Contracts) -> Seen:
    odd = json.dumps("/c\n::error::x\x1b[31m<script>alert(1)</script>")
    return seen(project, f"{HEAD}paths:\n  {odd}: {{get: {FINE}}}\n  /a: {{get: {FINE}}}\n  /b: {{get: {FINE}}}\n")
