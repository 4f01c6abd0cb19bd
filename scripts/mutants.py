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
FOLDERS = ("adapters", "api", "change", "drivers", "evidence", "formats", "judge", "redact", "runners")
FILES = ("codec.py", "facts.py", "jsontext.py", "observe.py", "pipeline.py", "plan.py", "registry.py", "seen.py", "start.py", "written.py")

#: Defences that are no statement of their own: the file, what stands there once, what stands there without the defence.
NAMED: tuple[tuple[str, str, str], ...] = (
    ("gates/adapters/process.py", "                    start_new_session=True,\n", ""),
    ("gates/adapters/process.py", "        _kill_marked(self.mark)\n", ""),
    ("gates/adapters/process.py", "            _kill_orphans()\n", ""),
    ("gates/adapters/process.py", "        if ended or flooded or full or left <= 0:", "        if ended or flooded or left <= 0:"),
    ("gates/adapters/guard.py", "    _sweep(strangers)\n", ""),
    ("gates/adapters/guard.py", "        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)\n", ""),
    ("gates/adapters/guard.py", "        shutil.rmtree(folder, ignore_errors=True)\n", "        pass\n"),
    ("gates/adapters/git.py", 'if not name.startswith("GIT_")', "if True"),
    ("gates/adapters/git.py", '        "GIT_NO_REPLACE_OBJECTS": "1",\n', ""),
    ("gates/adapters/files.py", "Path(name).is_absolute() and not Path(name).resolve().is_relative_to(top)", "True"),
    ("gates/adapters/own.py", '            ctypes.memset(address + len(name) + 1, ord("x"), len(value))\n', "            pass\n"),
    ("gates/adapters/own.py", "    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)\n", ""),
    ("gates/api/context.py", '[self.python, "-I", "-B",', '[self.python, "-B",'),
    ("gates/api/context.py", "        path.unlink(missing_ok=True)\n", ""),
    ("gates/adapters/files.py", "is not None and stat.S_ISREG(seen.st_mode)", "is not None"),
    ("gates/drivers/axe_driver.py", '    "--disable-site-isolation-trials",\n', ""),
    ("gates/drivers/axe_driver.py", '        more += [_OFFLINE] if self.job["offline"] else []\n', ""),
    ("gates/drivers/axe_driver.py", '        options.unhandled_prompt_behavior = "dismiss"\n', ""),
    ("gates/drivers/bandit_driver.py", "ignore_nosec=True", "ignore_nosec=False"),
    ("gates/drivers/bandit_driver.py", "    BanditTester.report_error = staticmethod(report_error)\n", ""),
    ("gates/drivers/contracts_documents.py", "any(depth > MAX_DEPTH for depth in _depths(yaml.parse(text, Loader=loader)))", "False"),
    ("gates/drivers/pytest_plugin.py", "if os.fspath(source).startswith(libraries) else None", ""),
    ("gates/drivers/pytest_plugin.py", "        threading.excepthook = outer\n", ""),
    ("gates/drivers/pytest_plugin.py", "            self.key = blake2b(self.key).digest()\n", ""),
    ("gates/formats/schemathesis.py", ' "max-redirects = 0",', ""),
    ("gates/formats/schemathesis.py", '    lines += ["[cache]", "enabled = false",', '    lines += ["[cache]", "enabled = true",'),
    ("gates/formats/schemathesis.py", '"[warnings]", "fail-on = true"', '"[warnings]"'),
    ("gates/observe.py", "if path.is_file() and not path.is_symlink()]", "if path.is_file()]"),
    ("gates/pipeline.py", "_changed(request.root, start.context, stamps) or steered.touched()", "steered.touched()"),
    (
        "gates/pipeline.py",
        "_changed(request.root, start.context, stamps) or steered.touched()",
        "_changed(request.root, start.context, stamps)",
    ),
    ("gates/redact/variables.py", "if not is_secret_name(name) and not _COMMAND_NAME.match(name)", "if not _COMMAND_NAME.match(name)"),
    ("gates/redact/variables.py", "if not is_secret_name(name) and not _COMMAND_NAME.match(name)", "if not is_secret_name(name)"),
    (
        "gates/redact/variables.py",
        'for folder in kept["PATH"].split(os.pathsep) if Path(folder).is_absolute()',
        'for folder in kept["PATH"].split(os.pathsep)',
    ),
    ("gates/runners/secrets.py", ', env={"LC_ALL": "C.UTF-8"}', ""),
    ("gates/runners/tests/engine.py", ', "--check-hash-based-pycs", "always"', ""),
    ("gates/runners/tests/engine.py", ', "-p", "threadexception"', ""),
    ("gates/runners/tests/engine.py", '            *("-o", f"cache_dir={scratch / \'cache\'}"),\n', ""),
    ("gates/runners/tests/engine.py", '"--maxfail=0", ', ""),
    ("gates/runners/tests/engine.py", '            *("-W", "error::pytest.PytestUnhandledThreadExceptionWarning"),\n', ""),
    ("gates/runners/tests/engine.py", "            **compiled,\n", ""),
    ("gates/runners/tests/engine.py", '            "PYTEST_ADDOPTS": "",\n', ""),
    ("gates/runners/tests/engine.py", '            "PYTHONOPTIMIZE": "",\n', ""),
)
#: Lists of defences, each taken out by itself: the file and the name that the list is given.
LISTS: tuple[tuple[str, str], ...] = (("gates/adapters/git.py", "_SAFE"), ("gates/runners/tests/tampering.py", "_OURS"))


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
    return [*found, *(_named(root, *entry) for entry in NAMED), *(mutant for entry in LISTS for mutant in _shorter(root, *entry))]


def _shorter(root: Path, path: str, name: str) -> Iterator[Mutant]:
    """The list without each of its members in turn."""
    source = (root / path).read_bytes()
    lists = [
        node.value
        for node in ast.parse(source).body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and [ast.unparse(target) for target in node.targets] == [name]
    ]
    if len(lists) != 1:
        raise ValueError(f"{path} gives the name {name} to {len(lists)} lists, not to one")
    for member in lists[0].elts:
        yield _replaced(path, source, member, "*()", f"{name} without {ast.unparse(member)}")


def _named(root: Path, path: str, old: str, new: str) -> Mutant:
    source = (root / path).read_bytes()
    if source.count(old.encode()) != 1:
        raise ValueError(f"{path} holds {old!r} {source.count(old.encode())} times, not once")
    begin = source.index(old.encode())
    line = source[:begin].count(b"\n") + 1
    return Mutant(path=path, line=line, begin=begin, end=begin + len(old.encode()), text=new, what=f"{old!r} becomes {new!r}")


def _replaced(path: str, source: bytes, node: ast.stmt | ast.expr, text: str, what: str) -> Mutant:
    """A text in the place of a node. Columns of `ast` count bytes."""
    lines = source.splitlines(keepends=True)

    def place(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column

    begin = place(node.lineno, node.col_offset)
    end = place(node.end_lineno or node.lineno, node.end_col_offset or 0)
    return Mutant(path=path, line=node.lineno, begin=begin, end=end, text=text, what=what)


def _of_file(path: str, source: bytes) -> Iterator[Mutant]:
    def mutant(node: ast.stmt | ast.expr, text: str, what: str) -> Mutant:
        return _replaced(path, source, node, text, what)

    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and node.exc is not None and ast.unparse(node.exc) != "NotImplementedError":
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
