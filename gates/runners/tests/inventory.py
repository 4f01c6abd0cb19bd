"""Which tests stand in the repository's files, known without pytest: what pytest says it collected is held against it."""

from __future__ import annotations

import configparser
import fnmatch
import json
import os
import shlex
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from gates import drivers
from gates.api import GateError, ObserveContext
from gates.dataclass import dataclass
from gates.runners.tests.interpreter import Project
from gates.runners.tests.options import Options

MEMBER = "inventory.json"
_PATTERNS = {"python_files": ("test_*.py", "*_test.py"), "python_functions": ("test",), "python_classes": ("Test",)}
#: What the world takes for a test is listed too where the settings of the project say otherwise: a change could hide tests with them.
_ALWAYS = {"python_files": ("test_*.py", "*_test.py"), "python_functions": ("test_",), "python_classes": ("Test",)}
_OLD_SECTIONS = {"pytest.ini": "pytest", ".pytest.ini": "pytest", "tox.ini": "pytest", "setup.cfg": "tool:pytest"}
_NAMES = ("pytest.toml", ".pytest.toml", "pytest.ini", ".pytest.ini", "pyproject.toml", "tox.ini", "setup.cfg")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The file that pytest shall read its settings from (relative to the root, None: there is none), and what it says."""

    path: str | None
    values: Mapping[str, Any]

    def words(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """A setting that is a list of words; pytest splits text as a shell does."""
        value = self.values.get(name)
        if value is None:
            return list(default)
        return [str(item) for item in value] if isinstance(value, list) else shlex.split(str(value))


def read_settings(root: Path, options: Options, *, major: int) -> Settings:
    """Settings as pytest looks for them: from the folder that all paths share, upwards, but never above the root."""
    given = _given(options.args)
    if given:
        return Settings(path=given, values=_values(root / given, major) or {})
    folder = Path(os.path.commonpath([root / path.partition("::")[0] for path in options.paths])) if options.paths else root
    for place in [folder, *folder.parents]:
        for name in _NAMES:
            values = _values(place / name, major)
            if values is not None:
                return Settings(path=(place / name).relative_to(root).as_posix(), values=values)
        if place == root:
            break
    return Settings(path=None, values={})


def _given(args: tuple[str, ...]) -> str | None:
    """The settings file that the policy's arguments name."""
    for index, word in enumerate(args):
        name, equals, value = word.partition("=")
        if name in {"-c", "--config-file"}:
            return value if equals else next(iter(args[index + 1 :]), None)
    return None


def _values(path: Path, major: int) -> dict[str, Any] | None:
    """pytest's settings in a file; None where the file is not one of pytest's."""
    if not path.is_file():
        return None
    try:
        text = path.read_text("utf-8")
        if path.suffix == ".toml":
            return _toml_values(path.name, tomllib.loads(text), major)
        parser = configparser.ConfigParser(interpolation=None, strict=False)
        parser.read_string(text)
    except (OSError, ValueError, AttributeError, TypeError, RecursionError, configparser.Error) as error:
        raise GateError(
            f"the settings of pytest in {path.name} can't be read: {type(error).__name__}", remedy=f"mend {path.name}"
        ) from None
    section = _OLD_SECTIONS.get(path.name, "pytest")
    if parser.has_section(section):
        return dict(parser.items(section))
    return {} if path.name in {"pytest.ini", ".pytest.ini"} else None


def _toml_values(name: str, data: Mapping[str, Any], major: int) -> dict[str, Any] | None:
    if name != "pyproject.toml":
        return dict(data.get("pytest", {})) if major >= 9 else None
    tool = data.get("tool", {}).get("pytest")
    if tool is None:
        return None
    if "ini_options" in tool:
        return dict(tool["ini_options"])
    return dict(tool) if major >= 9 else None


def files_of_tests(names: Sequence[str], options: Options, settings: Settings) -> list[str]:
    """Of the tree's files those in which tests are looked for."""
    patterns = _patterns(settings, "python_files")
    return [path for path in names if _matches(path, patterns) and is_within(path, options.paths)]


def is_settings(name: str) -> bool:
    """Whether a file is called as those from which pytest reads its settings."""
    return name.rpartition("/")[2] in _NAMES


def is_test_file(name: str, settings: Sequence[Settings]) -> bool:
    """Whether tests are looked for in a file, by any of several settings."""
    return any(_matches(name, _patterns(item, "python_files")) for item in settings)


def _patterns(settings: Settings, name: str) -> list[str]:
    return list(dict.fromkeys([*settings.words(name, _PATTERNS[name]), *_ALWAYS[name]]))


def tests_in(context: ObserveContext, project: Project, root: Path, files: list[str], settings: Sequence[Settings]) -> list[dict[str, Any]]:
    """The tests that stand in files below `root`, by any of several settings."""
    tests: list[dict[str, Any]] = _listed(context, project, root, files, settings)["tests"]
    return tests


def _listed(context: ObserveContext, project: Project, root: Path, files: list[str], settings: Sequence[Settings]) -> dict[str, Any]:
    """The project's interpreter parses the files and runs none."""
    ask = context.scratch / "inventory-ask.json"
    names = {
        key: list(dict.fromkeys(pattern for item in settings for pattern in _patterns(item, name)))
        for key, name in (("functions", "python_functions"), ("classes", "python_classes"))
    }
    ask.write_text(json.dumps({"root": str(root), "files": files, **names}), "utf-8")
    driver = Path(str(drivers.__file__)).with_name("pytest_inventory.py")
    done = context.run_tool([project.python, "-I", "-S", "-B", driver, ask], tool="inventory", cwd=context.scratch, keep_output=False)
    if done.exit_code != 0:
        raise GateError(f"the test files could not be listed: {done.last_words()}", remedy="report this as a defect, with the evidence")
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def find(context: ObserveContext, options: Options, project: Project, settings: Settings, files: list[str]) -> dict[str, Any]:
    """Every test that stands in the files."""
    own = settings.words("python_files", _PATTERNS["python_files"])
    found = _listed(context, project, context.root, files, [settings])
    tests = [test for test in found["tests"] if not options.paths or any(_selects(path, test["id"]) for path in options.paths)]
    for test in tests:
        if not test["note"] and not _matches(test["id"].partition("::")[0], own):
            test["note"] = f"its file is none of the project's python_files ({' '.join(own)})"
        if any("[" in path and _selects(path, test["id"]) for path in options.paths):
            test["sets"] = 0  # the policy chooses among its parameters
    return {
        "tests": tests,
        "unreadable": found["unreadable"],
        "whole": context.selected is None,
        "settings": settings.path,
        "testpaths": [] if options.paths else [path.strip("/") for path in settings.words("testpaths")],
    }


def _matches(path: str, patterns: list[str]) -> bool:
    """As pytest matches files: a pattern without a slash against the name, else against the end of the path."""
    name = path.rpartition("/")[2]
    return path.endswith(".py") and any(
        fnmatch.fnmatch(f"/{path}", f"*/{pattern}") if "/" in pattern else fnmatch.fnmatch(name, pattern) for pattern in patterns
    )


def is_within(path: str, chosen: tuple[str, ...]) -> bool:
    """Whether a file lies in one of the chosen files and folders; all do where none is chosen."""
    places = [os.path.normpath(place.partition("::")[0]) for place in chosen]
    return not places or any(place in {".", path} or path.startswith(f"{place}/") for place in places)


def _selects(chosen: str, test: str) -> bool:
    """Whether a chosen path, which may name a test within a file, holds a test."""
    place, separator, inner = chosen.partition("::")
    if not separator:
        return is_within(test.partition("::")[0], (place,))
    wanted = f"{os.path.normpath(place)}::{inner.partition('[')[0]}"
    return test == wanted or test.startswith(f"{wanted}::")
