"""What a policy may say of the tests."""

from __future__ import annotations

from gates.api import Fewer, More, option
from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Which lines are counted. With `report` the tests measure themselves; else they run under coverage.py."""

    source: tuple[str, ...] = option("folders or packages of the project whose lines are counted", looser=Fewer())
    report: str = option("JSON report of coverage.py that the tests write themselves, relative to the root", default="")

    def __post_init__(self) -> None:
        if not self.source:
            raise ValueError("coverage needs a `source`: the folders whose lines are counted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """pytest in the project's interpreter, or any command that writes JUnit XML."""

    python: str = option(
        "the project's interpreter (default: .venv or venv here, $VIRTUAL_ENV, .venv or venv above, else the first on PATH)", default=""
    )
    paths: tuple[str, ...] = option(
        "files and folders to test, relative to the root (default: what pytest's own settings say)",
        default=(),
        looser=Fewer(empty="unknown"),
    )
    args: tuple[str, ...] = option("more arguments for pytest", default=())
    retries: int = option("how often a failed test is run again; one that then passes is a flake", default=0, minimum=0, looser=More())
    coverage: Coverage | None = option("measure line coverage", default=None, looser=Fewer())
    command: tuple[str, ...] = option(
        "another test runner instead of pytest: program and arguments; `{raw}` stands for the folder of its report", default=()
    )
    junit: str = option("the JUnit XML report of `command`: below `{raw}`, or relative to the root", default="")
    inputs: tuple[str, ...] = option(
        "files, folders or globs that the tests read: where none changed, what was seen before counts (default: every file)",
        default=(),
        looser=Fewer(empty="all"),
    )

    def __post_init__(self) -> None:
        if bool(self.command) != bool(self.junit):
            raise ValueError("`command` and `junit` belong together: the command writes the report")
        if self.command and (self.python or self.paths or self.args or self.retries):
            raise ValueError("`command` runs the tests by itself: leave out `python`, `paths`, `args` and `retries`")
        if self.command and self.coverage and not self.coverage.report:
            raise ValueError("with `command`, coverage needs a `report` that the command writes")
