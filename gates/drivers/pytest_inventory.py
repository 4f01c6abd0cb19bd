"""Finds the tests that stand in source files, without pytest and without running any of it.

`python -I -S pytest_inventory.py ASK` reads a JSON file `{root, files, functions, classes}` (name patterns as in pytest's
settings) and prints `{tests: [{id, name, line, first, note, bare, sure, base, sets}], unreadable: [{path, line, error}]}`. It runs on
the project's interpreter, whose syntax the files are written in: the standard library of Python 3.9 alone.

`note` says why pytest may rightly pass over a test; empty where nothing in the file explains it. `first` is the line of its
first decorator. `bare`: nothing but marks of pytest stands between it and whoever runs it. A test that is not `sure` may be
none: the file alone does not tell; `base`: another class of the file is made from its class. `name` is that of the function,
empty where no `def` of the file is the test. `sets` is how many sets of parameters the marks give at least; 0 where that is
not certain.
"""

from __future__ import annotations

import ast
import fnmatch
import itertools
import json
import math
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_BRANCHES = tuple(getattr(ast, name) for name in ("If", "Try", "TryStar", "With", "For", "While", "Match") if hasattr(ast, name))
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_NO_TESTS = {"object", "ABC", "Generic", "Protocol", "Enum"}
_MAKERS = {"exec", "eval", "setattr", "globals", "vars", "locals", "type", "load_tests"}


class _Reader:
    """Reads one module."""

    def __init__(self, path: str, body: list[ast.stmt], functions: list[str], classes: list[str]) -> None:
        self.path = path
        self.body = body
        self.functions = functions
        self.classes = classes
        self.known = {node.name: node for node in _statements(body) if isinstance(node, ast.ClassDef)}
        heirs = [node for node in self.known.values() if self._is_used(node)]
        self.used = {name: node for node in heirs for name in map(_last_name, node.bases) if name != node.name}

    def read(self) -> list[dict[str, Any]]:
        """All tests of the module; where there are none, the module itself if it may make or import some."""
        note = "`__test__ = False` takes its module out" if "__test__" in _switched_off(self.body) else ""
        found = list(self._body(self.path, self.body, self.functions, note=note, bare=True))
        if not found and any(self._may_bring_tests(node) for node in self.body):
            found.append(_entry(self.path, None, 1, "", sure=False))
        return found

    def _may_bring_tests(self, node: ast.stmt) -> bool:
        """Whether a statement may bring tests that no `def` shows: an import of one, or what makes functions and classes as it runs."""
        if isinstance(node, ast.ImportFrom):
            names = [alias.asname or alias.name for alias in node.names]
            return any(name == "*" or _matches(name, self.functions) or _matches(name, self.classes) for name in names)
        if isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            return node.name in _MAKERS
        return any(isinstance(part, ast.Call) and _last_name(part.func) in _MAKERS for part in ast.walk(node))

    def _body(self, prefix: str, body: list[ast.stmt], functions: list[str], *, note: str, bare: bool) -> Iterator[dict[str, Any]]:
        names = [node.name if isinstance(node, (*_FUNCTIONS, ast.ClassDef)) else None for node in body]
        off, rebound = _switched_off(body), {target for node in body for target in _assigned(node)}
        for index, node in enumerate(body):
            name = names[index]
            if isinstance(node, _BRANCHES):
                condition = note or "it is defined under a condition"
                for part in _parts(node):
                    yield from self._body(prefix, part, functions, note=condition, bare=bare)
            elif name is None:
                yield from self._values(prefix, node, functions, note)
            else:
                reason = note or ("`__test__ = False` or `del` takes it out" if name in off else "")
                if name in names[index + 1 :]:
                    later = body[index + 1 + names[index + 1 :].index(name)]
                    reason = f"line {later.lineno} defines the same name again"
                yield from self._node(prefix, node, functions, note=reason, bare=bare and name not in rebound)

    def _values(self, prefix: str, node: ast.stmt, functions: list[str], note: str) -> Iterator[dict[str, Any]]:
        """Tests without a `def`: a name that is given a lambda, or what a call made."""
        if isinstance(node, ast.Assign):
            for name in _assigned(node):
                if _matches(name, functions) and isinstance(node.value, (ast.Lambda, ast.Call)):
                    yield _entry(f"{prefix}::{name}", None, node.lineno, note, sure=isinstance(node.value, ast.Lambda))

    def _node(self, prefix: str, node: ast.stmt, functions: list[str], *, note: str, bare: bool) -> Iterator[dict[str, Any]]:
        if isinstance(node, _FUNCTIONS):
            if _matches(node.name, functions) and not _is_fixture(node):
                whole = bare and _is_bare(node)
                yield _entry(f"{prefix}::{node.name}", node.name, node.lineno, note, node=node, bare=whole, sets=_sets(node))
        elif isinstance(node, ast.ClassDef):
            yield from self._class(prefix, node, functions, note=note, bare=bare and _is_bare(node))

    def _class(self, prefix: str, node: ast.ClassDef, functions: list[str], *, note: str, bare: bool) -> Iterator[dict[str, Any]]:
        """The tests that a class has and inherits within the file; the class itself where its bases are unknown."""
        lineage = list(self._lineage(node, {node.name}))[::-1]
        bases = {(_last_name(base), each.name) for each in lineage for base in each.bases if _last_name(base) not in _NO_TESTS}
        unit = any(base.endswith("TestCase") for base, _ in bases)
        # A base of the class's own name stands in another file.
        foreign = not unit and any(base not in self.known or base == name for base, name in bases)
        named = _matches(node.name, self.classes)
        if not (unit or named or foreign):
            return
        if "__test__" in _switched_off(node.body):
            if node.name in self.used and (unit or _matches(self.used[node.name].name, self.classes)):
                return  # it is abstract: the classes below it have its tests
            note = note or "`__test__ = False` takes its class out"
        note = note or (_constructor_note(lineage) if named and not unit else "")
        wanted = ["test"] if unit else functions
        certain = not unit and not foreign and all(_is_bare(each) for each in lineage)
        times = math.prod(_sets(each) for each in lineage) if certain else 0
        found = False
        for entry in self._methods(f"{prefix}::{node.name}", lineage, wanted, note=note, bare=bare):
            found = True
            sure, sets = entry["sure"] and (unit or named), entry["sets"] * times
            yield {**entry, "sure": sure, "base": node.name in self.used, "sets": sets}
        if unit and not found and any(isinstance(part, _FUNCTIONS) and part.name == "runTest" for part in node.body):
            yield _entry(f"{prefix}::{node.name}::runTest", "runTest", node.lineno, note)
        elif not found and foreign:
            yield _entry(f"{prefix}::{node.name}", None, node.lineno, note, sure=False)

    def _methods(self, prefix: str, lineage: list[ast.ClassDef], wanted: list[str], *, note: str, bare: bool) -> Iterator[dict[str, Any]]:
        """The tests in a class and its bases, each where Python finds it first."""
        seen: set[str] = set()
        rebound: set[str] = set()
        for each in lineage:
            for entry in self._body(prefix, each.body, wanted, note=note, bare=bare):
                if each is lineage[0] or entry["id"] not in seen:
                    if entry["name"] in rebound:
                        entry.update(name="", bare=False, sets=0)  # a class below gives the name to something else
                    yield entry
                seen.add(entry["id"])
            rebound.update(name for part in each.body for name in _assigned(part))

    def _is_used(self, node: ast.ClassDef) -> bool:
        return "__test__" not in _switched_off(node.body) and node.name not in _switched_off(self.body)

    def _lineage(self, node: ast.ClassDef, seen: set[str]) -> Iterator[ast.ClassDef]:
        """A class behind its bases within the file: backwards the order in which Python looks for a method."""
        for name in map(_last_name, reversed(node.bases)):
            if name in self.known and name not in seen:
                seen.add(name)
                yield from self._lineage(self.known[name], seen)
        yield node


def _entry(
    id: str, name: str | None, line: int, note: str, *, node: ast.AST | None = None, bare: bool = False, sure: bool = True, sets: int = 0
) -> dict[str, Any]:
    first = min([line, *(mark.lineno for mark in getattr(node, "decorator_list", []))])
    named = {"id": id, "name": name or "", "line": line, "first": first, "note": note}
    return {**named, "bare": bare, "sure": sure, "base": False, "sets": sets}


def _constructor_note(lineage: list[ast.ClassDef]) -> str:
    named = any(isinstance(part, _FUNCTIONS) and part.name in ("__init__", "__new__") for node in lineage for part in node.body)
    return "its class has a constructor, so pytest passes over it" if named else ""


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a body and of its branches."""
    for node in body:
        yield node
        if isinstance(node, _BRANCHES):
            for part in _parts(node):
                yield from _statements(part)


def _parts(node: ast.AST) -> Iterator[list[ast.stmt]]:
    yield from (getattr(node, name) for name in ("body", "orelse", "finalbody") if getattr(node, name, None))
    yield from (part.body for name in ("handlers", "cases") for part in getattr(node, name, []))


def _matches(name: str, patterns: list[str]) -> bool:
    """As pytest matches: a prefix, or a glob."""
    return any(name.startswith(pattern) or (bool(set("*?[") & set(pattern)) and fnmatch.fnmatch(name, pattern)) for pattern in patterns)


def _is_fixture(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(_last_name(mark.func if isinstance(mark, ast.Call) else mark) == "fixture" for mark in node.decorator_list)


def _is_bare(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Whether each decorator is a mark of pytest, which changes nothing of what is run."""
    return all(_is_mark(mark) for mark in node.decorator_list)


def _is_mark(decorator: ast.expr) -> bool:
    mark = decorator.func if isinstance(decorator, ast.Call) else decorator
    return isinstance(mark, ast.Attribute) and _last_name(mark.value) == "mark"


def _sets(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> int:
    """How many sets of parameters the marks give at least. Those below another decorator may not outlive it."""
    return math.prod(_size(mark) for mark in itertools.takewhile(_is_mark, node.decorator_list))


def _size(mark: ast.expr) -> int:
    """The number of values in a mark that gives them as a list; 1, for what is skipped, where the list is empty."""
    if not isinstance(mark, ast.Call) or _last_name(mark.func) != "parametrize":
        return 1
    values = [*mark.args[1:2], *(word.value for word in mark.keywords if word.arg == "argvalues")]
    lists = [value.elts for value in values if isinstance(value, (ast.List, ast.Tuple))]
    return max(1, len(lists[0])) if lists and not any(isinstance(value, ast.Starred) for value in [*mark.args, *lists[0]]) else 1


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        return _last_name(node.value)
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _assigned(node: ast.stmt) -> list[str]:
    return [target.id for target in node.targets if isinstance(target, ast.Name)] if isinstance(node, ast.Assign) else []


def _switched_off(body: list[ast.stmt]) -> set[str]:
    """Names that the body itself declares to be no tests: `__test__ = False`, `name.__test__ = False`, `del name`."""
    found: set[str] = set()
    for node in body:
        if isinstance(node, ast.Delete):
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and not node.value.value:
            for target in node.targets:
                if isinstance(target, ast.Name) and target.id == "__test__":
                    found.add("__test__")
                elif isinstance(target, ast.Attribute) and target.attr == "__test__":
                    found.add(_last_name(target.value))
    return found


def main() -> None:
    ask = json.loads(Path(sys.argv[1]).read_text("utf-8"))
    tests: list[dict[str, Any]] = []
    unreadable: list[dict[str, Any]] = []
    for path in ask["files"]:
        try:
            with tokenize.open(Path(ask["root"], path)) as stream:
                source = stream.read()
            tests += _Reader(path, ast.parse(source).body, ask["functions"], ask["classes"]).read()
        except (SyntaxError, ValueError, RecursionError, MemoryError, OSError) as error:
            unreadable.append({"path": path, "line": getattr(error, "lineno", None) or 1, "error": type(error).__name__})
    json.dump({"tests": tests, "unreadable": unreadable}, sys.stdout)


if __name__ == "__main__":
    main()
