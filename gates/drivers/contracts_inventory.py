"""Lists the operations of an OpenAPI or Swagger contract, independently of the engine that tests them.

Called as `contracts_inventory.py FOLDER CONTRACT`: no file outside FOLDER is read. Prints JSON: a list of
`{"operation": "GET /items/{id}", "path": "openapi.yaml", "line": 12, "answers": ["200", "4XX"]}`, where `path` is
relative to FOLDER, `line` counts from 1 and `answers` are the documented statuses as written. What can't be read ends
with exit code 2 and one line on standard error.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
MAX_REFERENCES = 20


class ContractError(Exception):
    """The contract can't be read: what is wrong and where."""


class Contract:
    """The documents of one contract, read once each."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.documents: dict[Path, yaml.MappingNode] = {}

    def document(self, path: Path) -> yaml.MappingNode:
        """The root node of a file, with the place of everything in it."""
        path = path.resolve()
        if not path.is_relative_to(self.folder):
            raise ContractError(f"{path.name} leads out of the repository")
        if path not in self.documents:
            self.documents[path] = self.parse(path)
        return self.documents[path]

    def parse(self, path: Path) -> yaml.MappingNode:
        name = path.relative_to(self.folder).as_posix()
        try:
            text = path.read_text("utf-8-sig")
        except (OSError, UnicodeDecodeError) as error:
            raise ContractError(f"{name} can't be read: {getattr(error, 'strerror', None) or 'it is not UTF-8'}") from error
        if text.lstrip().startswith("{"):
            # JSON is YAML but for tabs as white space and halves of surrogate pairs; no operation's place depends on either.
            text = re.sub(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", "?", text.replace("\t", " "))
        try:
            root = yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.MarkedYAMLError as error:
            line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
            raise ContractError(f"{name}{line} is neither YAML nor JSON: {error.problem}") from error
        except yaml.YAMLError as error:
            raise ContractError(f"{name} is neither YAML nor JSON") from error
        return require_mapping(root, f"{name} holds no contract")

    def resolve(self, node: yaml.Node, path: Path) -> tuple[yaml.Node, Path]:
        """A node and its file, with `$ref` followed; a mapping that refers nowhere is itself."""
        for _ in range(MAX_REFERENCES):
            reference = dict(entries(node)).get("$ref")
            if not isinstance(reference, yaml.ScalarNode):
                return node, path
            node, path = self.follow(reference.value, path)
        raise ContractError(f"{path.name} has a $ref that goes in circles")

    def follow(self, reference: str, path: Path) -> tuple[yaml.Node, Path]:
        address, _, pointer = reference.partition("#")
        if "://" in address:
            raise ContractError(f"its operations at {reference} must be bundled here")
        if address:
            path = path.parent / unquote(address)
        node: yaml.Node = self.document(path)
        for word in filter(None, pointer.split("/")):
            found = dict(entries(node)).get(unquote(word).replace("~1", "/").replace("~0", "~"))
            if found is None:
                raise ContractError(f"{path.name} has nothing at the $ref {reference}")
            node = found
        return node, path

    def operations(self, path: Path) -> Iterator[dict[str, Any]]:
        root = dict(entries(self.document(path)))
        if not {"openapi", "swagger"} & set(root):
            raise ContractError(f"{path.name} is no OpenAPI contract: it has neither `openapi` nor `swagger`")
        paths = require_mapping(root.get("paths"), f"{path.name} has no paths")
        listed, where = self.resolve(paths, path)
        for template, item in entries(listed):
            if template.startswith("/"):
                yield from self.operations_at(template, *self.resolve(item, where))

    def operations_at(self, template: str, item: yaml.Node, path: Path) -> Iterator[dict[str, Any]]:
        for method, node, line in methods(item):
            operation, _ = self.resolve(node, path)
            responses = dict(entries(operation)).get("responses")
            answers = [] if responses is None else [status for status, _ in entries(self.resolve(responses, path)[0])]
            yield {
                "operation": f"{method.upper()} {template}",
                "path": path.resolve().relative_to(self.folder).as_posix(),
                "line": line,
                "answers": [answer for answer in answers if not answer.startswith("x-")],
            }


def require_mapping(node: yaml.Node | None, otherwise: str) -> yaml.MappingNode:
    if not isinstance(node, yaml.MappingNode):
        raise ContractError(otherwise)
    return node


def pairs(node: yaml.Node) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Keys and values of a mapping, those merged by `<<` among them; nothing for any other node."""
    for key, value in node.value if isinstance(node, yaml.MappingNode) else ():
        if key.value == "<<":
            for merged in value.value if isinstance(value, yaml.SequenceNode) else (value,):
                yield from pairs(merged)
        else:
            yield key, value


def entries(node: yaml.Node) -> Iterator[tuple[str, yaml.Node]]:
    """Keys of a mapping as text, and their values."""
    return ((str(key.value), value) for key, value in pairs(node))


def methods(item: yaml.Node) -> Iterator[tuple[str, yaml.Node, int]]:
    """Method, node and line of each operation of a path."""
    for key, value in pairs(item):
        if key.value in METHODS:
            yield key.value, value, key.start_mark.line + 1
        elif key.value == "additionalOperations":
            yield from ((name.value, node, name.start_mark.line + 1) for name, node in pairs(value))


def main() -> int:
    folder, contract = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        operations = list(Contract(folder).operations(contract))
        if not operations:
            raise ContractError(f"{contract.name} describes no operation")
    except ContractError as error:
        print(error, file=sys.stderr)
        return 2
    json.dump(operations, sys.stdout, sort_keys=True, indent=1)
    return 0


if __name__ == "__main__":
    sys.exit(main())
