"""A gate as a value, and what it says to `gates init` and `gates doctor`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from gates import drivers, redact
from gates.adapters import process
from gates.api.context import ObserveContext
from gates.api.depends import Depends
from gates.api.raw import Raw
from gates.api.share import Division
from gates.dataclass import dataclass
from gates.errors import ToolMissingError
from gates.model import Facts, Limit, Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a gate needs on this machine: what it is, where it was found (None: missing), how to get it.

    `commands` get it on one system, by its name: `debian`, `ubuntu`, `macos`. Elsewhere the remedy is shown.
    """

    name: str
    found: str | None
    remedy: str
    commands: Mapping[str, str] = field(default_factory=dict)


def program_needs(root: Path, command: Sequence[str], *, where: str, environment: Mapping[str, str]) -> Iterator[Need]:
    """The program of a command that the policy gives in `where`: with a slash below the root, else on PATH. Ours (`{python}`) is there."""
    if command and command[0] != "{python}":
        name = command[0]
        found = shutil.which(str(root / name) if "/" in name else name, path=environment.get("PATH"))
        yield Need(name=name, found=found, remedy=f"install {name}, or mend `{where}` in the policy")


def variable_needs(names: Iterable[str], *, environment: Mapping[str, str]) -> Iterator[Need]:
    """Variables that the policy says must be set, each once and by name."""
    for name in sorted(set(names)):
        yield Need(name=f"${name}", found="set" if environment.get(name) else None, remedy=f"set the variable {name}")


def ask_program(argv: Sequence[str], environment: Mapping[str, str], *, seconds: float = 60) -> str | None:
    """What a program prints, started away from the repository; None where it is missing, fails, or takes longer than it may."""
    with tempfile.TemporaryDirectory(prefix="gates-") as folder:
        place = Path(folder)
        try:
            done = process.run(argv, cwd=place, env=redact.child_environment(environment), timeout=seconds, scratch=place)
        except ToolMissingError:
            return None
    return done.stdout.decode("utf-8", "replace") if done.exit_code == 0 else None


def ask_driver(driver: str, arguments: Sequence[str], environment: Mapping[str, str], *, seconds: float) -> str | None:
    """What one of our scripts from `gates/drivers/` prints, in an isolated interpreter of ours; None as `ask_program` has it."""
    script = str(Path(str(drivers.__file__)).with_name(f"{driver}.py"))
    return ask_program([sys.executable, "-I", "-B", script, *arguments], environment, seconds=seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Options that fit a repository, and a line for each reason, written as comments by `gates init`.

    `instead` says, where it is not empty, why the gate is not proposed here although there is something to examine, and what to do.
    """

    options: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What `gates init` shows to each gate: the repository's root and its files (relative, sorted)."""

    root: Path
    files: tuple[str, ...]

    def read(self, path: str) -> str | None:
        """The text of a file of the repository, None where there is none or it isn't text."""
        try:
            return (self.root / path).read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None


#: Why the base of such a gate can't be observed beside the change: an environment may hold the change's code under the base's name.
RUNS_THE_PROJECT = (
    "the gate runs the project's own code, and in a tree beside this one that may not be the base's; "
    "name a signed bundle of a run at the base with `--base-bundle`"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate. `options` is a frozen dataclass whose fields are made with `option`.

    `limits` hold wherever a policy does not replace them by name. `measurements` names what the gate may
    measure, with a line of help each: a limit on any other name is refused when the policy is read.
    `by_line`: what it finds is a line of a file, and is known by it; else by its fingerprint. `by_file`: what it finds in a file follows
    from that file alone, so of a base the changed files are enough. `why_no_base` says of options why the gate can't be run on a tree of
    the base; empty where it can. Nobody says it: it can where the gate does not run the project's code.
    `rising` names measurements of which more is better: `gates init --adopt` holds what they are.
    `steered_by` names, of options, files and folders of the repository that say how to look and not what to look at: they are a part
    of the policy, so the policy where a change goes takes them from there.
    `lasting`: what it finds in a commit on one day it finds on another, so an earlier run at the base tells what it would find there now.
    `depends` says of options what the raw output follows from, or why that is not known: where it is, and nothing of it changed, what an
    earlier run on this machine saw stands for another look. Without it the gate looks each time.
    `division` says how several machines can share what it examines; without it one of them observes all of it. `meets_secrets`: what it
    looks for are secrets, which have to be masked in what every other gate writes.
    `puts_back`: the code that it runs may write to files of the checkout and put them back, as tests do; every other gate looks again then.
    `earlier` keeps the parsers of versions that were released before `parser`, so that old evidence is still judged.
    """

    id: str
    title: str
    unit: str
    options: type
    executes_project: bool
    parser: int
    observe: Callable[[ObserveContext, Any], None]
    parse: Callable[[Raw], Facts]
    requires: tuple[str, ...] = ()
    extra: str = ""
    limits: tuple[Limit, ...] = ()
    measurements: Mapping[str, str] = field(default_factory=dict)
    rising: tuple[str, ...] = ()
    stages: tuple[Stage, ...] = (Stage.CHANGE, Stage.RELEASE)
    detect: Callable[[Survey], Suggestion | None] | None = None
    needs: Callable[[Path, Any], Iterable[Need]] | None = None
    earlier: Mapping[int, Callable[[Raw], Facts]] = field(default_factory=dict)
    by_line: bool = False
    by_file: bool = False
    lasting: bool = True
    why_no_base: Callable[[Any], str] | None = None
    steered_by: Callable[[Any], tuple[str, ...]] | None = None
    depends: Callable[[ObserveContext, Any], Depends | str] | None = None
    division: Division | None = None
    meets_secrets: bool = False
    puts_back: bool = False

    def no_base(self, options: Any) -> str:
        """Why the gate can't be run on a tree of the base with these options; empty where it can."""
        if self.why_no_base is not None:
            return self.why_no_base(options)
        return RUNS_THE_PROJECT if self.executes_project else ""

    def steering(self, options: Any) -> tuple[str, ...]:
        """Files and folders of the repository that say how this gate looks, relative to its root."""
        return self.steered_by(options) if self.steered_by is not None else ()

    def parser_of(self, version: int) -> Callable[[Raw], Facts] | None:
        """The parser of that version; None where this gate doesn't have it."""
        return self.parse if version == self.parser else self.earlier.get(version)
