"""Options of pytest that a project asks for and no plug-in in its environment has: told by `gates doctor`, before a run."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from gates.api import GateError, Need, ask_program
from gates.dataclass import dataclass
from gates.runners.tests import interpreter, inventory
from gates.runners.tests.options import Options

#: Which distribution brings an option. pytest itself says whether it is there.
_BRINGS = {
    "--asyncio-mode": "pytest-asyncio",
    "--benchmark-disable": "pytest-benchmark",
    "--benchmark-skip": "pytest-benchmark",
    "--cov": "pytest-cov",
    "--cov-report": "pytest-cov",
    "--dist": "pytest-xdist",
    "--ds": "pytest-django",
    "--no-cov": "pytest-cov",
    "--no-migrations": "pytest-django",
    "--nomigrations": "pytest-django",
    "--numprocesses": "pytest-xdist",
    "--randomly-seed": "pytest-randomly",
    "--reruns": "pytest-rerunfailures",
    "--reuse-db": "pytest-django",
    "--timeout": "pytest-timeout",
    "-n": "pytest-xdist",
}
#: Settings without whose plug-in the tests can't work; of others that nobody knows pytest only warns.
_SETTING_BRINGS = {"DJANGO_SETTINGS_MODULE": "pytest-django", "asyncio_mode": "pytest-asyncio"}
_OPTION_LINE = re.compile(r"^  (-.+?)(?:  |$)", re.MULTILINE)
_OPTION = re.compile(r"(?:^|(?<=[\s,]))--?[A-Za-z][\w-]*")
_SETTING_LINE = re.compile(r"^  (\w+) \(", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Options and settings, each with the place where it is asked for, and the texts that could define them."""

    options: Mapping[str, str]
    settings: Mapping[str, str]
    conftests: str
    loads_more: bool


def needs(root: Path, options: Options, environment: Mapping[str, str]) -> Iterator[Need]:
    """What is missing: the project's own pytest is asked for its help, with no file of the project, no conftest.py and no settings."""
    python = None if options.command else interpreter.find(root, options, environment)
    version = interpreter.versions(python, environment).get("pytest") if python else None
    if python is None or version is None:
        return
    try:
        asked = _asked(root, options, major=interpreter.major(version))
    except GateError as error:
        yield Need(name="settings of pytest that can be read", found=None, remedy=f"{error.reason}: {error.remedy}")
        return
    if not asked.options and not asked.settings:
        return
    argv = [python, "-m", "pytest", "--help", "-c", "/dev/null", "--noconftest"]
    help = ask_program(argv, {**environment, "PYTEST_ADDOPTS": ""})
    if help is not None:
        yield from _missing(asked, help, python)


def _asked(root: Path, options: Options, *, major: int) -> _Asked:
    settings = inventory.read_settings(root, options, major=major)
    # The first place counts: what the policy says comes after what the settings say, and a person mends what is nearest.
    words = [
        *((word, "`args` of the policy") for word in options.args),
        *((word, f"addopts in {settings.path}") for word in settings.words("addopts")),
    ]
    found: dict[str, str] = {}
    for word, place in words:
        if (option := _option(word)) is not None:
            found.setdefault(option, place)
    return _Asked(
        options=found,
        settings={name: str(settings.path) for name in _SETTING_BRINGS if name in settings.values},
        conftests=_conftests(root, [*options.paths, *settings.words("testpaths")]),
        loads_more=any(word == "-p" or (word.startswith("-p") and not word.startswith("-pno:")) for word, _ in words),
    )


def _option(word: str) -> str | None:
    """`--ds` of `--ds=shop.settings`, `-n` of `-n4`; None for what is no option."""
    if word.startswith("--"):
        return word.partition("=")[0] if len(word) > 2 else None
    return word[:2] if len(word) > 1 and word[0] == "-" and word[1].isalpha() else None


def _conftests(root: Path, places: Sequence[str]) -> str:
    """The text of every conftest.py that could define options: those of the root and of the folders with tests."""
    folders = dict.fromkeys([root, root / "tests", *(root / place.partition("::")[0] for place in places)])
    texts = []
    for folder in folders:
        try:
            texts.append((folder / "conftest.py").read_text("utf-8", "replace"))
        except OSError:
            continue
    return "\n".join(texts)


def _missing(asked: _Asked, help: str, python: str) -> Iterator[Need]:
    known = {option for line in _OPTION_LINE.findall(help) for option in _OPTION.findall(line)}
    settings = set(_SETTING_LINE.findall(help))
    lacking = [(name, place, _BRINGS.get(name)) for name, place in asked.options.items() if name not in known]
    lacking += [(name, place, _SETTING_BRINGS[name]) for name, place in asked.settings.items() if name not in settings]
    # One that nobody knows may be defined by a plug-in of the project itself, which is not loaded here.
    unseen = asked.loads_more or "pytest_plugins" in asked.conftests
    told: dict[str, list[str]] = {}
    for name, place, brings in lacking:
        if re.search(rf"""["']{re.escape(name)}["']""", asked.conftests) or (brings is None and unseen):
            continue
        if brings is not None:
            told.setdefault(brings, []).append(f"{name} ({place})")
        else:
            remedy = f"{place} asks for it, and nothing in {python} has it: install the plug-in that does, or take it away"
            yield Need(name=f"the option {name} of pytest", found=None, remedy=remedy)
    for brings, names in told.items():
        yield Need(name=f"{brings} of the project, for {', '.join(names)}", found=None, remedy=interpreter.install(python, brings))
