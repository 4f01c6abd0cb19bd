"""Lists the operations of an OpenAPI or Swagger contract, independently of the engine that tests them.

Called as `contracts_inventory.py FOLDER CONTRACT`: no file outside FOLDER is read. Prints JSON: a list of
`{"operation": "GET /items/{id}", "path": "openapi.yaml", "line": 12, "answers": ["200", "4XX"]}`, where `path` is
relative to FOLDER, `line` counts from 1 and `answers` are the documented statuses as written. What can't be read ends
with exit code 2 and one line on standard error.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import yaml

from gates.drivers.contracts_documents import ContractError, Documents, entries, pairs

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
#: What else may stand in the item of a path.
_NO_METHODS = frozenset({"parameters", "servers", "summary", "description", "$ref"})
_SHOWN = 40
MAX_REFERENCES = 20


class Contract:
    """A contract, whose parts may stand in several documents."""

    def __init__(self, folder: Path) -> None:
        self.documents = Documents(folder)

    def resolve(self, node: yaml.Node, path: Path) -> tuple[yaml.Node, Path]:
        """A node and its file, with `$ref` followed; a mapping that refers nowhere is itself."""
        for _ in range(MAX_REFERENCES):
            reference = entries(node).get("$ref")
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
        node: yaml.Node = self.documents.document(path)
        for word in filter(None, pointer.split("/")):
            found = entries(node).get(unquote(word).replace("~1", "/").replace("~0", "~"))
            if found is None:
                raise ContractError(f"{path.name} has nothing at the $ref {reference}")
            node = found
        return node, path

    def operations(self, path: Path) -> Iterator[dict[str, Any]]:
        root = entries(self.documents.document(path))
        if not {"openapi", "swagger"} & set(root):
            raise ContractError(f"{path.name} is no OpenAPI contract: it has neither `openapi` nor `swagger`")
        if not isinstance(root.get("paths"), yaml.MappingNode):
            raise ContractError(f"{path.name} has no paths")
        self.documents.check_references(path)
        listed, where = self.resolve(root["paths"], path)
        for template, item in pairs(listed):
            if template.value.startswith("/"):
                yield from self.operations_at(template.value, *self.resolve(item, where))

    def operations_at(self, template: str, item: yaml.Node, path: Path) -> Iterator[dict[str, Any]]:
        name = path.resolve().relative_to(self.documents.folder).as_posix()
        for method, node, line in methods(item, name):
            operation, _ = self.resolve(node, path)
            responses = entries(operation).get("responses")
            answers = [] if responses is None else [status.value for status, _ in pairs(self.resolve(responses, path)[0])]
            yield {
                "operation": f"{method.upper()} {template}",
                "path": name,
                "line": line,
                "answers": [answer for answer in answers if not answer.startswith("x-")],
            }


def methods(item: yaml.Node, document: str) -> Iterator[tuple[str, yaml.Node, int]]:
    """Method, node and line of each operation of a path. A key that is nothing is refused: every reader would pass it over."""
    for key, value in pairs(item):
        if key.value in METHODS:
            yield key.value, value, key.start_mark.line + 1
        elif key.value == "additionalOperations":
            yield from ((name.value, node, name.start_mark.line + 1) for name, node in pairs(value))
        elif key.value not in _NO_METHODS and not key.value.startswith("x-"):
            likely = get_close_matches(key.value.lower()[:_SHOWN], METHODS, n=1)
            meant = f"; did you mean `{likely[0]}`?" if likely else ""
            raise ContractError(f"{document}:{key.start_mark.line + 1} has the key {key.value[:_SHOWN]!r}, which is no method{meant}")


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
