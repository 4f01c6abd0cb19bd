"""Finds the tests that stand in source files, without pytest and without running any of it.

`python -I -S pytest_inventory.py ASK` reads a JSON file `{root, files, functions, classes}` (name patterns as in pytest's
settings) and prints `{tests: [{id, line, note}], unreadable: [{path, line, error}]}`. It runs on the project's
interpreter, whose syntax the files are written in: the standard library of Python 3.9 alone. `note` says why pytest may
rightly pass over a test; empty where nothing in the file explains it.
"""

from __future__ import annotations

import ast
import fnmatch
import json
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BRANCHES = (ast.If, ast.Try, ast.With, ast.For, ast.While)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


class _Reader:
    def __init__(self, functions: list[str], classes: list[str]) -> None:
        self.functions = functions
        self.classes = classes

    def read(self, path: str, body: list[ast.stmt]) -> list[dict[str, Any]]:
        """All tests of a module."""
        return list(self._body(path, body, self.functions, note=""))

    def _body(self, prefix: str, body: list[ast.stmt], functions: list[str], note: str) -> Iterator[dict[str, Any]]:
        names = [node.name if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else None for node in body]
        unwanted = _switched_off(body)
        for index, node in enumerate(body):
            if isinstance(node, _BRANCHES):
                for part in _parts(node):
                    yield from self._body(prefix, part, functions, note or "it is defined under a condition")
            elif names[index] is None or names[index] in unwanted:
                continue
            elif names[index] in names[index + 1 :]:
                later = body[index + 1 + names[index + 1 :].index(names[index])]
                yield from self._node(prefix, node, functions, f"line {later.lineno} defines the same name again")
            else:
                yield from self._node(prefix, node, functions, note)

    def _node(self, prefix: str, node: ast.stmt, functions: list[str], note: str) -> Iterator[dict[str, Any]]:
        if isinstance(node, _FUNCTIONS):
            if _matches(node.name, functions) and not _is_fixture(node):
                yield {"id": f"{prefix}::{node.name}", "line": node.lineno, "note": note}
        elif isinstance(node, ast.ClassDef):
            unit = any(_last_name(base).endswith("TestCase") for base in node.bases)
            if (unit or _matches(node.name, self.classes)) and "__test__" not in _switched_off(node.body):
                note = note or _constructor_note(node, unit)
                yield from self._body(f"{prefix}::{node.name}", node.body, ["test"] if unit else functions, note)


def _constructor_note(node: ast.ClassDef, unit: bool) -> str:
    named = any(isinstance(part, _FUNCTIONS) and part.name in ("__init__", "__new__") for part in node.body)
    return "its class has a constructor, so pytest passes over it" if named and not unit else ""


def _parts(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    yield from (getattr(node, name) for name in ("body", "orelse", "finalbody") if getattr(node, name, None))
    yield from (handler.body for handler in getattr(node, "handlers", []))


def _matches(name: str, patterns: list[str]) -> bool:
    """As pytest matches: a prefix, or a glob."""
    return any(name.startswith(pattern) or (bool(set("*?[") & set(pattern)) and fnmatch.fnmatch(name, pattern)) for pattern in patterns)


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_last_name(mark.func if isinstance(mark, ast.Call) else mark) == "fixture" for mark in node.decorator_list)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _switched_off(body: list[ast.stmt]) -> set[str]:
    """Names that the body itself declares to be no tests: `__test__ = False`, `name.__test__ = False`, `del name`."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Delete):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value is False:
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == "__test__":
                    found.add("__test__")
                elif isinstance(target, ast.Attribute) and target.attr == "__test__":
                    found.add(_last_name(target.value))
    return found


def main() -> None:
    ask = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    reader = _Reader(ask["functions"], ask["classes"])
    tests: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    for path in ask["files"]:
        try:
            with tokenize.open(Path(ask["root"], path)) as stream:
                source = stream.read()
            tests += reader.read(path, ast.parse(source).body)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            unreadable.append({"path": path, "line": getattr(error, "lineno", None) or 1, "error": type(error).__name__})
    json.dump({"tests": tests, "unreadable": unreadable}, sys.stdout)


if __name__ == "__main__":
    main()
