"""Every error that a user can meet: what went wrong, where, the remedy, and the exit code.

An error is data for a person: `error:` what, `where:` file, line and key, `help:` what to do,
`see:` a page of the documentation. Nothing here prints; `gates.cli` does.
"""

from __future__ import annotations

from enum import IntEnum

from gates.dataclass import dataclass


class ExitCode(IntEnum):
    """Exit codes of every command but `gates verify` (see `VerifyCode`)."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    ERRORED = 3
    EVIDENCE = 4
    DEFECT = 70
    INTERRUPTED = 130


class VerifyCode(IntEnum):
    """Exit codes of `gates verify`; of several faults the lowest of 5 to 9 is answered."""

    PASSED = 0
    FAILED = 1
    USAGE = 2
    ERRORED = 3
    NOT_INTACT = 5
    NOT_TRUSTED = 6
    ABOUT_SOMETHING_ELSE = 7
    DOES_NOT_FOLLOW = 8
    INCOMPLETE = 9
    DEFECT = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, in words for the person who has to mend it."""

    error: str
    where: str = ""
    help: str = ""
    see: str = ""

    def lines(self) -> list[str]:
        """The problem as up to four lines of text; empty parts are left out."""
        parts = (("error", self.error), ("where", self.where), ("help", self.help), ("see", self.see))
        return [f"{name}: {text}" for name, text in parts if text]


def cut(text: str, limit: int = 1000) -> str:
    """A text that somebody else made, no longer than anyone reads; that it is cut is said."""
    return text if len(text) <= limit else f"{text[:limit]}… (cut, {len(text)} characters)"


class GatesError(Exception):
    """Base of all errors that a user can meet; carries one or more problems."""

    exit_code: ExitCode = ExitCode.USAGE

    def __init__(self, error: str, *, where: str = "", help: str = "", see: str = "") -> None:
        super().__init__(error)
        self.problems: tuple[Problem, ...] = (Problem(error=error, where=where, help=help, see=see),)


class UsageError(GatesError):
    """The command line asks for something that can't be done."""


class PolicyError(GatesError):
    """A policy is wrong. All problems of all its files are reported at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        if not problems:
            raise ValueError("a PolicyError needs at least one problem")
        super().__init__(problems[0].error)
        self.problems = problems


class PluginError(GatesError):
    """A third party's gate can't be registered: a broken entry point or a name taken twice."""


class EvidenceError(GatesError):
    """Evidence could not be written: no space, no permission, or a secret in what was to be sealed."""

    exit_code = ExitCode.EVIDENCE


class BundleError(GatesError):
    """A bundle can't be read, or is not intact."""

    def __init__(self, error: str, *, where: str = "", help: str = "", see: str = "") -> None:
        remedy = help or "get it again from where the run put it: a bundle that was changed proves nothing"
        super().__init__(cut(error), where=cut(where), help=remedy, see=see)


class PartError(GatesError):
    """A plan or one of its parts can't be read, or is not of this run."""

    def __init__(self, error: str, *, where: str = "", help: str = "", see: str = "") -> None:
        super().__init__(cut(error), where=cut(where), help=cut(help), see=see)


class RepositoryError(GatesError):
    """Git could not answer a question that the judge needs answered."""


class GateError(Exception):
    """A gate could not tell. Raised while observing or parsing; becomes a fact, never a verdict.

    `reason` must not vary from run to run: no times, process ids or scratch paths.
    """

    def __init__(self, reason: str, *, remedy: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class NothingNamedError(GateError):
    """None of the files that a commit hook named is one that the gate examines: it has nothing to say of them."""


class ToolMissingError(GateError):
    """A tool that the gate needs is not on this machine."""


class ToolTimeoutError(GateError):
    """A tool did not end before its deadline and was stopped."""


class InterruptedRunError(BaseException):
    """The run was interrupted (Ctrl-C, TERM): no new process may start. Not an `Exception`, so that no gate swallows it."""
