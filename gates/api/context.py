"""What a gate's first half is given: the files to examine, a door to programs, a place for raw output."""

from __future__ import annotations

import contextlib
import json
import posixpath
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from datetime import date
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar

from gates.adapters import clock, distributions, files, git, host, index, process
from gates.adapters import service as services
from gates.adapters.service import Service
from gates.api.masked import Note, masked_lines
from gates.api.options import Serve
from gates.api.pieces import Pieces
from gates.api.share import Share
from gates.api.tools import CRASHED, KILLED, ToolResult, signal_name
from gates.api.tree import Tree
from gates.dataclass import dataclass
from gates.errors import GateError, NothingNamedError, ToolTimeoutError
from gates.redact import Unsearched, Why, rule_of

_PACKAGE = Path(__file__).parent.parent
#: What one gate may add to the evidence: a quarter of what a bundle may hold.
RAW_LIMIT = 64 * 2**20
SERVICE_LOG = "service.log"
T = TypeVar("T")
#: Processes of one engine that look at parts of the files at the same time, at most: each takes some 60 MB.
_MOST_PARTS = 8
#: Files of the base that differ and whose name is wanted; None where there is no base.
BaseFiles = Callable[[Callable[[str], bool]], Mapping[str, tuple[str | None, bytes]] | None]


@dataclass(kw_only=True)
class ObserveContext:
    """What `observe` is given. Everything it writes under `raw_folder` becomes evidence, after redaction.

    `environment` is what children get: without tokens. `variable` reads one that the policy names.
    `selected` holds the files that a commit hook named (None: the whole tree), `tree` what stood there before any gate ran.
    `deadline` is on `clock.monotonic`.
    `day` is the day of evaluation in UTC, for what has an age.
    Where `root` is a tree of the base, `judged` is the root of what is judged. `renamed` has, by their names under `root`, the names by
    which the policy knows files that the change renames. `added_lines` gives, of files, the lines that the change brings, as pairs of a
    first and a last one; None where there is no base, and each line counts as brought. `base_files` gives those files of the base that
    are not the same here and whose name is wanted, by that name: what each is called here (None: it is gone), and its bytes.
    `pieces` has what earlier runs found in single files. `share` says what of it this machine observes; None: all.
    """

    gate: str
    uses: str
    root: Path
    scratch: Path
    raw_folder: Path
    environment: Mapping[str, str]
    variables: Mapping[str, str] = field(default_factory=dict)
    deadline: float
    offline: bool = False
    selected: tuple[str, ...] | None = None
    tree: Tree | None = None
    judged: Path | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    added_lines: Callable[[Sequence[str]], Mapping[str, Sequence[Sequence[int]]] | None] = lambda _: None
    base_files: BaseFiles = lambda _: None
    day: date = field(default_factory=clock.today)
    pieces: Pieces = field(default_factory=Pieces)
    share: Share | None = None
    report_progress: Callable[[str], None] = lambda _: None
    python: str = sys.executable
    tool_seconds: list[float] = field(default_factory=list)
    secrets: dict[str, set[str]] = field(default_factory=dict)
    unsearched: set[Unsearched] = field(default_factory=set)
    notes: dict[str, list[Note]] = field(default_factory=dict)
    _tools: list[dict[str, Any]] = field(default_factory=list)
    _written: dict[str, bytes] = field(default_factory=dict)
    _hidden: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # -- files

    @cached_property
    def files(self) -> tuple[str, ...]:
        """Every file to examine, relative to the root, sorted: what git tracks or would add; without git, all files.

        A commit hook's selection narrows it. Links and folders of submodules are not among them.
        """
        if self.selected is not None:
            return tuple(sorted(self.selected))
        return tuple(files.regular(self.root, self._tree.files))

    @cached_property
    def _tree(self) -> Tree:
        return self.tree or Tree.of(self.root)

    @cached_property
    def links(self) -> tuple[str, ...]:
        """Every link of the tree, to a file or a folder, relative to the root, sorted; no link where a commit hook named files."""
        return self._tree.links if self.selected is None else ()

    def select(self, paths: Sequence[str] = (), exclude: Sequence[str] = ()) -> tuple[str, ...]:
        """The files at or below `paths` (all, where none is named) and not at or below `exclude`; both may be globs.

        A pattern in `exclude` without a slash fits at any depth. Raises `GateError` for a path that names no file of the tree.
        """
        missing = [path for path in paths if self.selected is None and not any(self._is_within(name, (path,)) for name in self.files)]
        if missing:
            raise GateError(
                f"`paths` names {missing[0]!r}, where there is no file", remedy="name a file, a folder or a glob of this repository"
            )
        left_out = [files.at_any_depth(pattern) for pattern in exclude]
        return tuple(name for name in self.files if (not paths or self._is_within(name, paths)) and not self._is_within(name, left_out))

    def _is_within(self, name: str, patterns: Sequence[str]) -> bool:
        """Whether a pattern of the policy's means a file. One of the base goes by the name that it has in what is judged."""
        return any(files.within(self.renamed.get(name, name), pattern) for pattern in patterns)

    def in_parts(self, names: Sequence[str], *, least: int) -> list[list[str]]:
        """Files (relative to the root) in their order, in parts of one size, of `least` bytes or more: as many as there are cores."""
        sizes = [stamp.size if (stamp := files.stamp(self.root / name)) else 0 for name in names]
        number = max(1, min(host.cores(), _MOST_PARTS, sum(sizes) // least))
        parts: list[list[str]] = [[] for _ in range(number)]
        before, whole = 0, max(1, sum(sizes))
        for name, size in zip(names, sizes, strict=True):
            parts[min(number - 1, before * number // whole)].append(name)
            before += size
        return [part for part in parts if part] or [[]]

    def is_tracked(self, path: str) -> bool:
        """Whether git tracked this file before the run: then it is not of this run. False outside a repository."""
        return Path(path).as_posix() in self._tree.tracked

    def reshaped(self, names: Sequence[str]) -> Mapping[str, str]:
        """Those of these files that a commit holds as another text than lies here, each with the attribute of git's that makes it so."""
        return index.reshaped(self.root, [name for name in self._tree.files if posixpath.basename(name) == ".gitattributes"], names)

    def predates_commit(self, file: Path) -> bool:
        """Whether a file was last written before the commit that is judged was made; False where git can't say."""
        made = git.committed_at(self.root)
        return made is not None and file.stat().st_mtime < made

    def expect_files(self, files: Sequence[str], *, what: str) -> None:
        """Raise where there is nothing to examine: the policy is wrong about the tree, or a hook named nothing of this gate's."""
        if files:
            return
        if self.selected is not None:
            raise NothingNamedError(f"none of the named files is a {what}")
        raise GateError(
            f"there is no {what} to examine",
            remedy="check `paths` and `exclude`; where there is none on purpose, say so in the policy with `not-applicable` and a reason",
        )

    # -- raw output

    def raw_path(self, name: str) -> Path:
        """The place of a raw file for a tool to write to; its folder is made."""
        path = self.raw_folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def raw_bytes(self, name: str, content: bytes) -> None:
        """Write a raw file of ours anew: a link or pipe that the project's code has put in its place is never written through."""
        path = self.raw_path(name)
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        self._written[name] = content
        self.notes.pop(name, None)

    def raw_text(self, name: str, text: str) -> None:
        self.raw_bytes(name, text.encode("utf-8", "replace"))

    def raw_json(self, name: str, data: Any) -> None:
        """Write JSON data, sorted by key. What isn't JSON data is refused with `TypeError`. Where texts are `Masked` is remembered."""
        self.raw_text(name, json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n")
        for line, text in masked_lines(data):
            for rule, count in text.rules.items():
                self.note_masked(name, line, rule, count)

    def variable(self, name: str) -> str | None:
        """A variable of the user's environment that children do not get by themselves, such as a token.

        It is masked from here on, and so is each word of it: a header's value may begin with the name of its kind.
        """
        value = self.variables.get(name)
        for secret in {value, *value.split()} if value else ():
            self._add_secret(secret, rule_of(name))
        return value

    def needed(self, names: Iterable[str]) -> dict[str, str]:
        """Values of variables that the policy says must be set, masked from here on. Raises `GateError` where one is not."""
        values = {name: self.variable(name) or "" for name in names}
        missing = sorted(name for name, value in values.items() if not value)
        if missing:
            raise GateError(
                f"variables are not set: {', '.join(missing)}",
                remedy="set them where this gate runs; a change from a fork is given no secrets, so let a later stage run it",
            )
        return values

    def add_secret(self, value: str, rule: str = "secret") -> None:
        """A value that must stand nowhere in the evidence or on a screen: it is masked in everything that this run writes.

        `rule` says what it is, as in the gate's findings, and stands in the evidence. A value of less than 8 characters, or one that is a
        word of ours, can't be searched for everywhere: the gate has to mask it where it found it (`MASK`, `note_masked`).
        """
        self._add_secret(value, f"{self.gate}/{rule}")

    def _add_secret(self, value: str, rule: str) -> None:
        if value:
            self.secrets.setdefault(value, set()).add(rule)

    def add_unsearched(self, rule: str, why: Why) -> None:
        """Say that a secret of a rule is masked only where it was found, and why it is not searched for everywhere."""
        self.unsearched.add(Unsearched(rule=f"{self.gate}/{rule}", why=why))

    def note_masked(self, name: str, line: int, rule: str, count: int = 1) -> None:
        """Say that the gate put so many of `MASK` on a line (from 1) of a raw file that it has just written, and by which rule."""
        self.notes.setdefault(name, []).append(Note(name=name, line=line, rule=f"{self.gate}/{rule}", count=count))

    def hide(self, value: str | Path, placeholder: str) -> None:
        """Write `placeholder` (such as `{python}`) where `value` stands in a recorded command line or reason: it varies by machine."""
        self._hidden[str(value)] = placeholder
        self.__dict__.pop("_scrubbed", None)

    @cached_property
    def places(self) -> Mapping[str, str]:
        """Folders that vary by machine and run, by each absolute path that leads to them, and the placeholder for each."""
        folders = {"{root}": self.root, "{scratch}": self.scratch, "{raw}": self.raw_folder}
        return {str(path): name for name, folder in folders.items() for path in (folder.absolute(), folder.resolve())}

    def scrub(self, text: str) -> str:
        """A text without what varies by machine and run: the root, scratch folders, what was hidden."""
        for value, placeholder in self._scrubbed:
            text = text.replace(value, placeholder)
        return text

    @cached_property
    def _scrubbed(self) -> Sequence[tuple[str, str]]:
        """What `scrub` replaces and by what, the longest first. It is asked for with each string of thousands of tests."""
        known = {**self.places, str(_PACKAGE): "{gates}", self.python: "{python}", **self._hidden}
        return sorted(known.items(), key=lambda item: -len(item[0]))

    # -- tools

    def seconds_left(self) -> float:
        return max(0.0, self.deadline - clock.monotonic())

    def run_tool(
        self,
        argv: Sequence[str | Path],
        *,
        tool: str,
        version: str = "",
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        keep_output: bool = True,
        record: bool = True,
    ) -> ToolResult:
        """Run a program in its own process group and record it, whatever becomes of it.

        `env` is added to the gate's environment. `keep_output=False` for output that holds secrets: it is returned, and not
        written. `record=False` for a program that is recorded already, by the first of its processes. Raises
        `ToolMissingError`, and `ToolTimeoutError` when `timeout` (seconds) or the gate's deadline passes.
        An exit code is never judged here.
        """
        words = [str(word) for word in argv]
        entry: dict[str, Any] = {"tool": tool, "version": version, "argv": [self.scrub(word) for word in words], "exit_code": None}
        with self._lock:
            number = len(self._tools) + 1
            if record:
                self._tools.append(entry)
        seconds = self.seconds_left() if timeout is None else min(timeout, self.seconds_left())
        environment = {**self.environment, **(env or {})}
        bound = process.Bound(folder=self.raw_folder, size=RAW_LIMIT)
        done = process.run(words, cwd=cwd or self.root, env=environment, timeout=seconds, scratch=self.scratch, bound=bound)
        entry["exit_code"] = done.exit_code
        self.tool_seconds.append(done.duration)
        if keep_output:
            for stream, content in (("stdout", done.stdout), ("stderr", done.stderr)):
                if content:
                    self.raw_bytes(f"{number}-{tool}.{stream}", content)
        self._check_bounds(tool, done)
        if done.exit_code is None:
            raise ToolTimeoutError(
                f"{tool} did not end in time and was stopped",
                remedy=f"allow it more time with `gates.{self.gate}.timeout`, or find out what it waits for",
            )
        return ToolResult(exit_code=done.exit_code, stdout=done.stdout, stderr=done.stderr, duration=done.duration)

    def _check_bounds(self, tool: str, done: process.Completed) -> None:
        """Raise where the tool was stopped since it wrote too much: what it wrote is not whole."""
        if done.flooded:
            for path in (path for path in self.raw_folder.rglob("*") if path.is_file() and not path.is_symlink()):
                path.unlink()
            raise GateError(
                f"{tool} wrote more than {RAW_LIMIT // 2**20} MiB of raw output, and was stopped",
                remedy="make it write less, or examine less in one gate",
            )
        if done.cut:
            raise GateError(
                f"{tool} printed more than {process.OUTPUT_LIMIT // 2**20} MiB",
                remedy="make it print less; what it printed can't be trusted to be whole",
            )

    def run_driver(
        self,
        driver: str,
        arguments: Sequence[str | Path] = (),
        *,
        tool: str,
        version: str,
        keep_output: bool = True,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        record: bool = True,
    ) -> ToolResult:
        """Run one of our scripts from `gates/drivers/` in an isolated interpreter of ours: nothing of the project is importable.

        Raises `GateError` where a signal ended it: what it has written by then is not whole.
        """
        argv = [self.python, "-I", "-B", _PACKAGE / "drivers" / f"{driver}.py", *arguments]
        done = self.run_tool(argv, tool=tool, version=version, cwd=cwd or self.scratch, env=env, keep_output=keep_output, record=record)
        self._note_written()
        if done.exit_code < 0:
            raise GateError(f"{tool} was killed by {signal_name(-done.exit_code)}", remedy=KILLED.get(-done.exit_code, CRASHED))
        return done

    def _note_written(self) -> None:
        """Remember what an engine has written: from here on nobody has anything to write there, least of all a service under test."""
        for path in self.raw_folder.rglob("*"):
            name = path.relative_to(self.raw_folder).as_posix()
            if name != SERVICE_LOG and path.is_file() and not path.is_symlink():
                self._written.setdefault(name, path.read_bytes())

    def overwritten(self) -> str:
        """The name of a raw file that is not what we or an engine of ours wrote into it; empty where all are."""
        for name, content in self._written.items():
            path = self.raw_folder / name
            if path.is_symlink() or not path.is_file() or path.read_bytes() != content:
                return name
        return ""

    def ask_driver(
        self, driver: str, question: Mapping[str, Any], *, tool: str, version: str, env: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Put a question to one of our scripts and return its answer, both JSON objects. Neither is kept: they may hold secrets.

        Raises `GateError` where the engine broke, with the kind of its last error alone.
        """
        return self._ask_driver(driver, question, self.scratch, tool=tool, version=version, env=env)

    def ask_driver_in_parts(self, driver: str, questions: Sequence[Mapping[str, Any]], *, tool: str, version: str) -> list[dict[str, Any]]:
        """The answers to questions that are put at the same time, each to a process of its own; they are recorded as one.

        Raises `GateError` as `ask_driver` does, where any of them broke, and `MemoryError` where the system gives no thread.
        """
        places = [self.scratch, *(self.scratch / f"part-{number}" for number in range(2, len(questions) + 1))]

        def ask(question: Mapping[str, Any], place: Path) -> dict[str, Any]:
            place.mkdir(exist_ok=True)
            return self._ask_driver(driver, question, place, tool=tool, version=version, record=place == self.scratch)

        return self.at_once([partial(ask, question, place) for question, place in zip(questions, places, strict=True)])

    def at_once(self, calls: Sequence[Callable[[], T]]) -> list[T]:
        """What each call gives, all made at the same time. Raises what the first that failed raises, once all have ended.

        `MemoryError` where the system gives no thread.
        """
        if len(calls) == 1:
            return [calls[0]()]
        with ThreadPoolExecutor(max_workers=len(calls), thread_name_prefix=f"part-{self.gate}") as pool:
            try:
                made = [pool.submit(call) for call in calls]
            except RuntimeError as error:
                raise MemoryError from error
            return [each.result() for each in made]

    @staticmethod
    def cores() -> int:
        """How many processors there are for what runs at once."""
        return host.cores()

    def _ask_driver(
        self,
        driver: str,
        question: Mapping[str, Any],
        place: Path,
        *,
        tool: str,
        version: str,
        env: Mapping[str, str] | None = None,
        record: bool = True,
    ) -> dict[str, Any]:
        request = place / "request.json"
        request.write_text(json.dumps(question), "ascii")
        done = self.run_driver(driver, [request], tool=tool, version=version, keep_output=False, env=env, cwd=place, record=record)
        try:
            answer = json.loads(done.stdout)
        except (ValueError, RecursionError):
            answer = None
        if done.exit_code != 0 or not isinstance(answer, dict):
            lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
            kind = lines[-1].partition(":")[0] if lines else "it printed nothing"
            raise GateError(
                f"{tool} ended with {done.exit_code} and gave no answer: {kind}",
                remedy="pip install --force-reinstall 'quality-gates'; if that does not mend it, please report it",
            )
        return answer

    def record_tool(self, *, tool: str, version: str, argv: Sequence[str] = ()) -> None:
        """Record an engine that ran inside another tool's process, such as a script in a browser. `argv` says what else identifies it."""
        with self._lock:
            self._tools.append({"tool": tool, "version": version, "argv": [self.scrub(word) for word in argv], "exit_code": None})

    @contextlib.contextmanager
    def serve(self, serve: Serve) -> Iterator[Service]:
        """Run the service under test while the block does; its output is kept as `service.log`."""
        port = services.free_port()
        self.hide(f"127.0.0.1:{port}", "127.0.0.1:{port}")
        if serve.directory:
            folder = self.inside(serve.directory)
            if not folder.is_dir():
                raise GateError(f"serve.directory {serve.directory!r} is not a folder", remedy="name a folder of this repository")
            argv = [self.python, "-I", "-m", "http.server", "--bind", services.HOST, "--directory", str(folder), str(port)]
        else:
            argv = [word.replace("{port}", str(port)).replace("{python}", self.python) for word in serve.command]
            argv[0] = self.program(argv[0])
        if not serve.directory and not any("{port}" in word for word in (*serve.command, *serve.environment.values())):
            raise GateError(
                "serve.command does not say where the port goes",
                remedy="write {port} where the command takes its port, so that no other program can answer in its place",
            )
        environment = {**self.environment, **{name: value.replace("{port}", str(port)) for name, value in serve.environment.items()}}
        limit = min(float(serve.timeout), self.seconds_left())
        with services.serving(
            argv, port=port, ready=serve.ready, timeout=limit, cwd=self.root, env=environment, log=self.raw_path(SERVICE_LOG)
        ) as service:
            yield service

    def program(self, name: str) -> str:
        """A program's path as the policy means it: one with a slash is relative to the root, a bare name is found on PATH."""
        return str(self.root / name) if "/" in name else name

    def inside(self, path: str) -> Path:
        """A path of the policy's under the root; raises `GateError` where it leads out of the repository."""
        found = _inside(self.root, path)
        if self.renamed and not found.exists():
            found = next(
                (self.root / place for place in map(partial(_moved, posixpath.normpath(path)), self.renamed.items()) if place), found
            )
        return found

    def steering(self, path: str) -> Path:
        """The same for a file that says how to look, not what to look at: of what is judged, also where the base is observed."""
        return _inside(self.judged or self.root, path)

    def distribution(self, name: str) -> str:
        """The version of an installed distribution; raises `ToolMissingError` with the command that mends it, also where it is too old."""
        return distributions.version(name)

    def finish(self) -> None:
        """Write the record of the tools; called once by the runner of gates."""
        self.raw_json("tools.json", self._tools)


def _moved(path: str, renamed: tuple[str, str]) -> str:
    """Where a file or folder that is known by a path is now, by a file's name and the one by which it is known; empty: not told."""
    name, known = renamed
    rest = known.removeprefix(path)
    if rest == known or rest[:1] not in ("", "/") or not name.endswith(rest):
        return ""
    return name.removesuffix(rest)


def _inside(root: Path, path: str) -> Path:
    found = root / path
    if not found.resolve().is_relative_to(root.resolve()):
        raise GateError(f"{path!r} leads out of the repository", remedy="name a path inside it")
    return found
