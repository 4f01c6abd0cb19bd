"""Drives pytest in the project's interpreter, watched by our plug-in, and keeps the streams of events."""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gates import drivers
from gates.api import GateError, ObserveContext, Share, ToolResult, ToolTimeoutError
from gates.runners.tests import masking
from gates.runners.tests.interpreter import Project, lacks_module, where_to_look
from gates.runners.tests.inventory import Settings
from gates.runners.tests.options import Options
from gates.runners.tests.streams import Stream, failed_in, is_whole, read_streams, tests_of, where_it_was

PLUGIN = "quality_gates_events"
WATCH = "quality_gates_watch"
RUN = "run.json"
#: More failures than this are no flakes: they are not tried again.
MOST_RETRIED = 200
USAGE = 4


def retry_member(number: int) -> str:
    return f"retry-{number}.json"


class Engine:
    """pytest with its fixed arguments and environment for one observation."""

    def __init__(self, context: ObserveContext, options: Options, project: Project, settings: Settings) -> None:
        self.context = context
        self.options = options
        self.project = project
        self.root = context.root.resolve()
        self.settings = settings
        self.attempts = 0
        self.results: dict[str, Any] = {}
        self.plugin_folder = context.scratch

    def run(self, prefix: Sequence[str | Path] = (), env: Mapping[str, str] | None = None) -> None:
        """Run all tests, or those of this machine's share, then those that failed again, as often as the policy allows.

        `prefix` stands between the interpreter and `-m pytest`, `env` adds to the environment: for coverage.
        What was seen is kept in memory: code of the project that runs after this could change a file.
        """
        streams, code = self._pytest("run", self.options.paths, prefix=prefix, env=env or {}, share=self.context.share)
        self._keep(RUN, streams, code)
        numbers = {event["id"]: number for number, event in enumerate(tests_of(streams))}
        failed = failed_in(streams) if is_whole(streams) and code in {0, 1} else set()
        for attempt in range(1, self.options.retries + 1):
            if not failed or len(failed) > MOST_RETRIED:
                return
            self.attempts = attempt
            self.context.report_progress(f"running {len(failed)} failed tests again")
            again, code = self._pytest(f"retry-{attempt}", [node_id for node_id, number in numbers.items() if number in failed])
            origin = [numbers.get(event["id"]) for event in tests_of(again)]
            self._keep(retry_member(attempt), again, code, origin)
            if not is_whole(again):
                return
            failed_again = failed_in(again)
            failed -= {before for number, before in enumerate(origin) if before is not None and number not in failed_again}

    def _pytest(
        self,
        name: str,
        chosen: Sequence[str],
        *,
        prefix: Sequence[str | Path] = (),
        env: Mapping[str, str] | None = None,
        share: Share | None = None,
    ) -> tuple[list[Stream], int]:
        """The streams of one run of pytest, and its exit code."""
        events = self.context.scratch / f"events-{name}"
        events.mkdir()
        self._lay_out_plugin(name)
        key = secrets.token_bytes(32)
        (events / "key").write_bytes(key)
        if share is not None:
            known = {"part": share.part, "parts": share.parts, "files": share.files, "tests": share.items}
            (events / "share.json").write_text(json.dumps(known), "utf-8")
        # Two measurements in one process spoil each other: that of the project's settings gives way.
        own = ["--no-cov"] if prefix and any(word.startswith("--cov") for word in self.settings.words("addopts")) else []
        python = [self.project.python, "--check-hash-based-pycs", "always"]
        argv = [*python, *prefix, "-m", "pytest", *self._arguments(f"{name}-junit.xml"), *own, *self.options.args, *chosen]
        environment = {**self._environment(events), **(env or {})}
        try:
            done = self.context.run_tool(argv, tool="pytest", version=self.project.pytest, cwd=self.root, env=environment)
        except ToolTimeoutError as error:
            place = masking.clean(self.context, where_it_was(read_streams(events, key)))
            raise ToolTimeoutError(f"pytest did not end in time and was stopped {place}", remedy=error.remedy) from None
        streams = read_streams(events, key)
        never_loaded = done.exit_code != 0 and (events / "key").exists()  # the plug-in takes it first of all
        if never_loaded or (done.exit_code == USAGE and not tests_of(streams)):
            complaint = _complaint(done)
            remedy = "mend what it says: in `paths` and `args` of the policy, or in the project's settings and conftest.py"
            if lacks_module(complaint):
                remedy = f"{remedy}; {where_to_look(self.context.gate, ours=self.project.is_ours)}"
            raise GateError(f"pytest could not start: {masking.clean(self.context, complaint)}", remedy=remedy)
        return streams, done.exit_code

    def _lay_out_plugin(self, name: str) -> None:
        """Put our plug-in into a folder of its own for each run: what ran before could have changed that of another."""
        self.plugin_folder = self.context.scratch / f"plugin-{name}"
        self.plugin_folder.mkdir()
        for source, module in (("pytest_plugin.py", PLUGIN), ("pytest_watch.py", WATCH)):
            shutil.copyfile(Path(str(drivers.__file__)).with_name(source), self.plugin_folder / f"{module}.py")
        # Not in the scratch folder itself: pytest looks for settings above the temporary folders of tests, and those are there.
        (self.plugin_folder / "pytest.ini").write_text("[pytest]\n", "utf-8")

    def _keep(self, member: str, streams: list[Stream], code: int, origin: list[int | None] | None = None) -> None:
        more = {"by_hand": self._by_hand()} if origin is None else {"origin": origin}
        ours = {"ours": True} if self.project.is_ours and origin is None else {}
        data = {"exit_code": code, "streams": streams, **more, **ours}
        self.results[member] = masking.clean(self.context, data)

    def _by_hand(self) -> list[str]:
        """How a person starts what was run here, up to the tests."""
        return [self.project.by_hand, "-m", "pytest", *self.options.args]

    def write_results(self) -> None:
        """Write down what was seen: when the last process of the project has ended, and not before."""
        for member, data in self.results.items():
            self.context.raw_json(member, data)

    def _arguments(self, junit: str) -> list[str | Path]:
        """What steers pytest from here. What the policy says in `args` comes after it and wins."""
        scratch = self.context.scratch
        settings = self.root / self.settings.path if self.settings.path else self.plugin_folder / "pytest.ini"
        without_settings: list[str | Path] = [] if self.settings.path else ["--confcutdir", self.root]
        return [
            # Without the last two what goes wrong in a thread is lost, and the project's settings could switch them off.
            *("-p", PLUGIN, "-p", "threadexception", "-p", "warnings", "-c", settings, "--rootdir", self.root, *without_settings),
            # A cache of the repository would be written to, and could choose what runs.
            *("-o", f"cache_dir={scratch / 'cache'}"),
            *("--maxfail=0", "--continue-on-collection-errors", "--color=no"),
            *("-W", "error::pytest.PytestUnhandledThreadExceptionWarning"),
            *("--junit-xml", self.context.raw_path(junit)),
        ]

    def _environment(self, events: Path) -> dict[str, str]:
        """Without what would switch tests or their assertions off, and with no trace left in the repository."""
        inherited = self.context.environment.get("PYTHONPATH", "")
        # Compiled files that are committed could hold something else than their source: nothing is then read from such.
        has_compiled = any(path.endswith(".pyc") for path in self.context.files)
        compiled = {"PYTHONPYCACHEPREFIX": str(self.context.scratch / "compiled")} if has_compiled else {}
        return {
            **compiled,
            "GATES_PYTEST_EVENTS": str(events),
            "PYTEST_ADDOPTS": "",
            "PYTEST_DEBUG_TEMPROOT": str(self.context.scratch),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONOPTIMIZE": "",
            "PYTHONPATH": os.pathsep.join(path for path in (str(self.plugin_folder), inherited) if path),
        }


def _complaint(done: ToolResult) -> str:
    """The line in which pytest says why it would not start; it prints folders after it."""
    lines = [line.strip() for line in done.stderr.decode("utf-8", "replace").splitlines()]
    found = [line for line in lines if line.startswith(("ERROR:", "E  ")) or "error:" in line]
    return re.sub(r"^(ERROR:|E  |.*?error:)\s*", "", found[-1]) if found else done.last_words()
