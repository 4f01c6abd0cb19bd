"""Which defences there are, each with the change of source that takes it out.

A defence is a `raise`, a finding or a skip that is given (`yield`), one operand of an `or` that leads to either, and
whatever `NAMED` adds: words of a command line or of an environment that nothing else would show to be gone.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Where defences stand.
FOLDERS = ("adapters", "api", "drivers", "evidence", "formats", "judge", "runners")
FILES = ("codec.py", "facts.py", "observe.py", "pipeline.py", "plan.py", "redact.py", "registry.py")

#: Defences that are no statement of their own: the file, what stands there once, what stands there without the defence.
NAMED: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A change of one file: the bytes from `begin` to `end` become `text`. `line` counts from 1."""

    path: str
    line: int
    begin: int
    end: int
    text: str
    what: str

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line}: {self.what}"

    def apply(self, source: bytes) -> bytes:
        return source[: self.begin] + self.text.encode() + source[self.end :]


def every(root: Path) -> list[Mutant]:
    """All mutants of a checkout, by file and line. Raises `ValueError` where `NAMED` is out of date."""
    package = root / "gates"
    paths = [path for folder in FOLDERS for path in sorted((package / folder).rglob("*.py"))] + [package / name for name in FILES]
    found = [mutant for path in paths for mutant in _of_file(path.relative_to(root).as_posix(), path.read_bytes())]
    return found + [_named(root, *entry) for entry in NAMED]


def _named(root: Path, path: str, old: str, new: str) -> Mutant:
    source = (root / path).read_bytes()
    if source.count(old.encode()) != 1:
        raise ValueError(f"{path} holds {old!r} {source.count(old.encode())} times, not once")
    begin = source.index(old.encode())
    line = source[:begin].count(b"\n") + 1
    return Mutant(path=path, line=line, begin=begin, end=begin + len(old.encode()), text=new, what=f"{old!r} becomes {new!r}")


def _of_file(path: str, source: bytes) -> Iterator[Mutant]:
    starts = [0]
    for line in source.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))

    def mutant(node: ast.stmt | ast.expr, text: str, what: str) -> Mutant:
        end_line, end_column = node.end_lineno or node.lineno, node.end_col_offset or 0
        begin, end = starts[node.lineno - 1] + node.col_offset, starts[end_line - 1] + end_column
        return Mutant(path=path, line=node.lineno, begin=begin, end=end, text=text, what=what)

    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None:
            yield mutant(node, "pass", "no raise")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield | ast.YieldFrom):
            # `yield` must stay somewhere: the function is a generator.
            yield mutant(node, "yield from ()", "no yield")
        elif isinstance(node, ast.If) and _defends(node):
            yield from (mutant(node.test, text, what) for text, what in _without_each(node.test))


def _defends(node: ast.If) -> bool:
    return any(isinstance(child, ast.Raise | ast.Yield) for stmt in node.body for child in ast.walk(stmt))


def _without_each(test: ast.expr) -> Iterator[tuple[str, str]]:
    """The condition without each operand of its `or`."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.Or):
        for index, value in enumerate(test.values):
            rest = [ast.unparse(other) for place, other in enumerate(test.values) if place != index]
            yield f"({' or '.join(f'({item})' for item in rest)})", f"without `{ast.unparse(value)}`"
