"""The project's interpreter: where it is, and which test tools it has. Without one of its own it may be ours."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gates.api import GateError, Need, ObserveContext, ToolMissingError, ask_program, program_needs, up_to_top
from gates.dataclass import dataclass
from gates.runners.tests.options import Options

OLDEST = (7, 4)
_MAKE = {
    "debian": "sudo apt-get install python3-venv && python3 -m venv .venv",
    "ubuntu": "sudo apt-get install python3-venv && python3 -m venv .venv",
    "macos": "brew install python && python3 -m venv .venv",
}
_OURS = "which runs Quality Gates: where the project is not installed in it, make its .venv, or name its interpreter in `python`"
PLACEHOLDER = "{project-python}"
_ASK = """
import json
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in ("pytest", "coverage"):
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """An interpreter that has pytest; `by_hand` is what a person calls it. `coverage` is empty where it has no coverage.py.

    `is_ours`: it runs Quality Gates too, and nobody said that it is the project's.
    """

    python: str
    by_hand: str
    pytest: str
    coverage: str
    is_ours: bool = False

    @property
    def major(self) -> int:
        return major(self.pytest)


def find(root: Path, options: Options, environment: Mapping[str, str]) -> str | None:
    """The interpreter's path; None where there is none. Links are not resolved: a virtual environment is known by its link.

    An environment of the project lies at its root, or above it up to the top of its repository, where a workspace has one for all. The
    one that is activated comes before those above, unless it is that of Quality Gates, which a hook or `activate` may have made active.
    """
    path = environment.get("PATH")
    if options.python:
        return shutil.which(str(root / options.python) if "/" in options.python else options.python, path=path)
    beside, above = _places(root)
    active = [Path(environment["VIRTUAL_ENV"])] if environment.get("VIRTUAL_ENV") else []
    further = [*above, *active] if active and _runs_us(active[0] / "bin") else [*active, *above]
    candidates = [*(str(folder / "bin" / "python") for folder in (*beside, *further)), "python3", "python"]
    return next((found for name in candidates if (found := shutil.which(name, path=path))), None)


def _places(root: Path) -> tuple[list[Path], list[Path]]:
    """Where the environment of a project lies by its name: at its root, and above it."""
    here, *above = ([folder / name for name in (".venv", "venv")] for folder in up_to_top(root))
    return here, [place for places in above for place in places]


def _runs_us(folder: Path) -> bool:
    """Whether a folder of programs is that of the environment which runs Quality Gates."""
    return folder.resolve() == Path(sys.prefix, "bin").resolve()


def is_ours(python: str, root: Path, options: Options) -> bool:
    """Whether the interpreter that was found runs Quality Gates too, and neither the policy nor its place says that it is the project's."""
    if options.python or not _runs_us(Path(python).parent):
        return False
    return not any(Path(python).is_relative_to(place) for places in _places(root) for place in places)


def lacks_module(said: str) -> bool:
    """Whether an error is that a module is not installed, or not as the project wants it."""
    return bool(re.search(r"\b(ModuleNotFoundError|ImportError)\b|\bNo module named\b", said))


def where_to_look(gate: str, *, ours: bool) -> str:
    """What mends it where a module of the project is missing, in words that follow others."""
    named = f"name the project's interpreter in `gates.{gate}.options.python`"
    return f"this is the interpreter that runs Quality Gates: make the project's .venv, or {named}" if ours else f"or {named}"


def ask(context: ObserveContext, options: Options) -> Project:
    """The project's interpreter and the versions of its tools. Raises `ToolMissingError` where it or its pytest is missing."""
    python = find(context.root, options, context.environment)
    if python is None:
        raise ToolMissingError(
            f"the project's interpreter {options.python or 'python3'} was not found",
            remedy=f"make its environment, or name it in `gates.{context.gate}.options.python`",
        )
    by_hand = _by_hand(Path(python), context.root, context.environment)
    context.hide(python, PLACEHOLDER)
    done = context.run_tool([python, "-c", _ASK], tool="python", cwd=context.scratch)
    versions = _read_versions(done.stdout.decode("utf-8", "replace"))
    if versions is None:
        raise GateError(
            f"the project's interpreter could not be asked for its pytest: {done.last_words()}",
            remedy=f"mend the environment, or name another in `gates.{context.gate}.options.python`",
        )
    ours = is_ours(python, context.root, options)
    if "pytest" not in versions:
        command = f"`{by_hand} -m pip install pytest`"
        there = f"install it there ({command}), {where_to_look(context.gate, ours=False)}"
        elsewhere = f"{where_to_look(context.gate, ours=True)}; where the project is installed in it, {command}"
        raise ToolMissingError("the project's interpreter has no pytest", remedy=elsewhere if ours else there)
    if _version(versions["pytest"]) < OLDEST:
        raise ToolMissingError(
            f"the project's pytest is {versions['pytest']}, and the oldest that can be observed is {OLDEST[0]}.{OLDEST[1]}",
            remedy=f"update it (`{by_hand} -m pip install -U pytest`), or use `command` and `junit`",
        )
    return Project(python=python, by_hand=by_hand, pytest=versions["pytest"], coverage=versions.get("coverage", ""), is_ours=ours)


def _by_hand(python: Path, root: Path, environment: Mapping[str, str]) -> str:
    """What a person calls it at the root. One of $VIRTUAL_ENV is activated there: it is the first that a shell finds."""
    if python.is_relative_to(root):
        return python.relative_to(root).as_posix()
    _, above = _places(root)
    if any(python.is_relative_to(place) for place in above):
        return os.path.relpath(python, root.resolve())
    active = environment.get("VIRTUAL_ENV")
    return "python" if active and python.is_relative_to(active) else python.name


def major(version: str) -> int:
    """9 for `9.2.0`; 0 for what is no version."""
    return _version(version)[0]


def _version(text: str) -> tuple[int, int]:
    found = re.match(r"(\d+)\.(\d+)", text)
    return (int(found.group(1)), int(found.group(2))) if found else (0, 0)


def needs(root: Path, options: Options, environment: Mapping[str, str], plugins: Sequence[str] = ()) -> Iterator[Need]:
    """What `gates doctor` shows: the interpreter, and the pytest (and coverage.py) that it says it has.

    `plugins` are those that pytest will be asked for: where it is missing, one command installs it with them.
    """
    if options.command:
        yield from program_needs(root, options.command, where="command", environment=environment)
        return
    python = find(root, options, environment)
    named = f"{options.python}, which the policy names: make it, or mend `python` in the policy"
    remedy = named if options.python else "make the project's environment, such as `python3 -m venv .venv`"
    remark = f" ({_OURS})" if python and is_ours(python, root, options) else ""
    yield Need(name="the project's interpreter", found=python and python + remark, remedy=remedy, commands={} if options.python else _MAKE)
    if python is None:
        return
    found = versions(python, environment)
    for name in ["pytest", *(["coverage"] if options.coverage and not options.coverage.report else [])]:
        remedy = install(python, *((name, *plugins) if name == "pytest" else (name,)))
        yield Need(name=f"{name} of the project", found=found.get(name), remedy=remedy)


def versions(python: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The versions of test tools that an interpreter says it has, by their names."""
    return _read_versions(ask_program([python, "-c", _ASK], environment) or "") or {}


def install(python: str, *names: str) -> str:
    """The command that installs distributions beside an interpreter: an environment that uv has made holds no pip."""
    try:
        made_by_uv = re.search(r"(?m)^uv\s*=", (Path(python).parent.parent / "pyvenv.cfg").read_text("utf-8", "replace"))
    except OSError:
        made_by_uv = None
    asked = " ".join(names)
    return f"uv pip install --python {python} {asked}" if made_by_uv else f"{python} -m pip install {asked}"


def _read_versions(answer: str) -> dict[str, str] | None:
    """Versions by name from the answer to our question; None where it is none. What a start-up file prints may stand before it."""
    try:
        versions = json.loads(answer.splitlines()[-1])
    except (ValueError, IndexError):
        return None
    return versions if isinstance(versions, dict) else None
