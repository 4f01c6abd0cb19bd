"""Runs bandit on a list of files, with no configuration of the project's. Its standard output may hold secrets.

usage: bandit_driver.py REQUEST

REQUEST is a JSON file: `{"root", "files"}`. Answers one JSON document: what the canary gave, for each file why it was
not examined (empty where it was), and the issues, with `# nosec` comments matched and listed instead of obeyed.
"""

# ruff: noqa: E402 (some of what is imported must find other things than the system has)

from __future__ import annotations

import ast
import contextlib
import gc
import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

# what stands in the user's cache says which checks there are, and other programs can write there: Linux, macOS, Windows
os.environ |= dict.fromkeys(("XDG_CACHE_HOME", "HOME", "LOCALAPPDATA"), str(Path.cwd()))

# What is imported stays: to look through it again and again takes a tenth of a small scan. And a fifth goes to what draws bars of
# progress, which bandit does on a log of a level that nobody has set here.
gc.disable()
sys.modules["rich"] = sys.modules["rich.progress"] = bars = ModuleType("rich")
bars.progress = bars  # type: ignore[attr-defined]

from bandit.core import utils
from bandit.core.config import BanditConfig
from bandit.core.docs_utils import get_url
from bandit.core.issue import Issue
from bandit.core.manager import BanditManager
from bandit.core.tester import BanditTester

from gates.drivers import bandit_canary
from gates.drivers.bandit_source import Source
from gates.drivers.secrets_text import why_unsearched

gc.freeze()
gc.enable()

#: A file may take so many seconds: bandit's time for some checks grows with the square of a literal's lines.
SECONDS_PER_FILE = 120


class _LateError(BaseException):
    """A file took too long. Nothing of bandit's catches it."""


def main(request_path: str) -> int:
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    request = json.loads(Path(request_path).read_text("ascii"))
    Path(bandit_canary.PATH).write_text(bandit_canary.text(), "utf-8")
    canary = _run([bandit_canary.PATH])
    os.chdir(request["root"])
    found = _run(request["files"])
    names = "\n".join(request["files"])
    for issue in found["issues"]:
        why = {value: why_unsearched(value, names) for value in issue["secrets"]}
        issue["unsearched"] = sorted({reason for reason in why.values() if reason})
        issue["secrets"] = [value for value in issue["secrets"] if not why[value]]
    json.dump({**found, "canary": sorted({issue["rule"] for issue in canary["issues"]})}, sys.stdout)
    return 0


def _no_comment_to_obey(nosec_lines: dict[int, Any], context: Any) -> None:
    """Stands for a search of bandit's whose time grows with the square of a literal's lines: with comments ignored it finds nothing."""
    if nosec_lines:
        raise ValueError(f"bandit obeys comments that it was told to ignore, in {context['filename']}")


def _run(files: list[str]) -> dict[str, Any]:
    """All of bandit's checks on the files. A check that breaks on a file says so: bandit itself only logs it."""
    broken: dict[str, str] = {}

    def report_error(test: str, context: Any, error: Exception) -> None:
        broken[_plain_name(context.filename)] = f"bandit's check {test} broke on it ({type(error).__name__})"

    BanditTester.report_error = staticmethod(report_error)
    utils.get_nosec = _no_comment_to_obey
    manager = BanditManager(BanditConfig(), "file", ignore_nosec=True)
    manager.files_list = [f"./{name}" for name in files]
    manager._parse_file = _within_time(manager._parse_file, broken)
    manager.run_tests()
    unread = {_plain_name(name): _reason(_plain_name(name), reason) for name, reason in manager.get_skipped()}
    issues = _issues(manager.results, broken)
    return {
        "checks": sum(len(tests) for tests in manager.b_ts.tests.values()),
        "files": [
            {
                "path": name,
                "skipped": unread.get(name) or broken.get(name, ""),
                "lines": int(manager.metrics.data.get(f"./{name}", {}).get("loc", 0)),
            }
            for name in files
        ],
        "issues": issues,
    }


def _within_time(parse_file: Callable[[str, Any, list[str]], None], broken: dict[str, str]) -> Callable[[str, Any, list[str]], None]:
    """bandit's look at one file, which is given up when it takes too long, where the system has an alarm clock."""

    def parse(name: str, stream: Any, names: list[str]) -> None:
        try:
            signal.setitimer(signal.ITIMER_REAL, SECONDS_PER_FILE)
            parse_file(name, stream, names)
        except _LateError:
            broken[_plain_name(name)] = f"bandit took more than {SECONDS_PER_FILE} seconds for it"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)

    if not hasattr(signal, "setitimer"):
        return parse_file
    signal.signal(signal.SIGALRM, _raise_late)
    return parse


def _raise_late(*_: object) -> None:
    raise _LateError


def _plain_name(name: str) -> str:
    return name.removeprefix("./")


def _reason(name: str, reason: str) -> str:
    """Why a file could not be read, in words that say who runs it: bandit can only read what its own Python can."""
    python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
    if "syntax error" not in reason and "exception" not in reason:
        return f"can't be read: {reason}"
    try:
        ast.parse(Path(name).read_bytes())
    except SyntaxError as error:
        where = f" on line {error.lineno}" if error.lineno else ""
        return f"no code that {python} can read: syntax error{where}"
    except (RecursionError, MemoryError):
        return f"nested too deeply for {python}"
    except ValueError:
        return f"no code that {python} can read"
    return "nested too deeply for bandit"


def _issues(results: list[Issue], broken: dict[str, str]) -> list[dict[str, Any]]:
    """The findings, with the lines that they are about; a file that is another one by now says so and has none."""
    sources: dict[str, Source | None] = {}
    issues = []
    for issue in results:
        name = _plain_name(issue.fname)
        if name not in sources:
            try:
                sources[name] = Source(Path(name).read_bytes())
            except (OSError, SyntaxError, ValueError):
                sources[name] = None
                broken[name] = "changed while it was examined"
        source = sources[name]
        if source is not None:
            issues.append(_issue(issue, name, source))
    return issues


def _issue(issue: Issue, name: str, source: Source) -> dict[str, Any]:
    lines = issue.linerange or [issue.lineno]
    text, text_masks = source.masked(issue.lineno)
    message, message_masks, password = source.without_literals(issue.text, min(lines), max(lines))
    return {
        "rule": issue.test_id,
        "test": issue.test,
        "severity": issue.severity,
        "confidence": issue.confidence,
        "cwe": issue.cwe.id,
        "help_url": get_url(issue.test_id),
        "path": name,
        "line": max(1, issue.lineno),
        "column": source.column(issue.lineno, issue.col_offset),
        "end_line": max(lines),
        "text": text,
        "message": message,
        "masks": {"text": text_masks, "message": message_masks},
        "nosec": source.is_nosec(issue.test_id, issue.lineno, lines),
        "secrets": [password] if password else [],
    }


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        raise SystemExit(main(sys.argv[1]))
