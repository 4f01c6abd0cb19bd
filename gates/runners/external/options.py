"""What the policy may say of the external gate."""

from __future__ import annotations

from pathlib import PurePosixPath

from gates.api import Fewer, Neither, option
from gates.dataclass import dataclass

#: What was observed, for the reader.
OBSERVED = "external.json"
#: Names in the raw folder that are ours.
RESERVED = frozenset({OBSERVED, "observe.json", "tools.json"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """One command at most, exactly one report."""

    command: tuple[str, ...] = option(
        "program and arguments; `{raw}` stands for the folder of the report, `{root}` for the repository, "
        "`{python}` for the interpreter that runs Quality Gates",
        default=(),
    )
    sarif: str = option("a SARIF 2.1.0 report: below `{raw}` where a command is given, else a path that another job left", default="")
    junit: str = option("a JUnit XML report: below `{raw}` where a command is given, else a path that another job left", default="")
    cyclonedx: str = option(
        "a CycloneDX JSON report: below `{raw}` where a command is given, else a path that another job left", default=""
    )
    unit: str = option("what the report counts (default: files, tests or components)", default="", looser=Neither())
    inventory: tuple[str, ...] = option(
        "globs of the files that the tool should have looked at; without it the proof is the tool's own word", default=(), looser=Fewer()
    )
    examined: str = option(
        "a file below {raw} in which the command names the files that it looked at: one a line, with a NUL behind each, or JSON with the "
        "place of their names behind a #, such as seen.json#/paths/*/name; for a SARIF report that names none",
        default="",
        looser=Fewer(),
    )
    exit_codes: tuple[int, ...] = option(
        "exit codes of the command which mean that it worked (default: 0, and 1 where the report says what it found)", default=()
    )

    def __post_init__(self) -> None:
        if sum(bool(path) for path in (self.sarif, self.junit, self.cyclonedx)) != 1:
            raise ValueError("external needs exactly one of `sarif`, `junit` and `cyclonedx`")
        if self.cyclonedx and self.inventory:
            raise ValueError("`inventory` names files and a CycloneDX report lists packages: leave it out")
        if not _is_plain(self.report):
            raise ValueError(f"`{self.format}` is a path below {{raw}} or the repository, not {self.report!r}")
        if self.examined and not (self.command and self.sarif):
            raise ValueError("`examined` is what a `command` says of the files it looked at, beside `sarif`")
        name, hash_sign, place = self.examined.partition("#")
        if self.examined and (not _is_plain(name) or (hash_sign and not place.startswith("/"))):
            raise ValueError(f"`examined` is a path below {{raw}}, or one with a place such as #/paths/*, not {self.examined!r}")

    @property
    def format(self) -> str:
        return "sarif" if self.sarif else "junit" if self.junit else "cyclonedx"

    @property
    def report(self) -> str:
        return self.sarif or self.junit or self.cyclonedx


def _is_plain(path: str) -> bool:
    """Whether a path stays below the folder that it is relative to, and is none of our own files."""
    return bool(path) and not path.startswith(("/", "{")) and ".." not in PurePosixPath(path).parts and path not in RESERVED
