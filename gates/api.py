"""The public interface of a gate: all that a third party imports, and all that a built-in gate imports.

A gate is a `Gate` value with two halves. `observe(context, options)` runs the engine and writes raw output with
`context.raw_json`, `context.raw_text` or `context.raw_path`. `parse(raw)` is a pure function from that (redacted)
output to `Facts`: the run and the verifier call the same one, so it reads no clock, disk, environment or network.
A gate never says "passed"; where it could not tell it raises `GateError`, which becomes a fact.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

from gates import codec
from gates.adapters import clock, files, git, process
from gates.adapters import service as services
from gates.adapters.browser import INSTALL as BROWSER_INSTALL
from gates.adapters.browser import OLDEST_AXE, AxeScript, find_browser, find_driver, newest_axe, read_axe
from gates.adapters.service import Service
from gates.adapters.site import Site
from gates.errors import GateError, NothingNamedError, ToolMissingError, ToolTimeoutError
from gates.model import (
    Examined,
    Facts,
    Finding,
    Kind,
    Limit,
    Location,
    Measurement,
    Proof,
    Severity,
    Skip,
    Stage,
    Status,
    ToolRun,
)

__all__ = [
    "BROWSER_INSTALL",
    "OLDEST_AXE",
    "AxeScript",
    "Duration",
    "Examined",
    "Facts",
    "Finding",
    "Gate",
    "GateError",
    "Kind",
    "Limit",
    "Location",
    "Measurement",
    "Need",
    "ObserveContext",
    "Proof",
    "Raw",
    "Serve",
    "Service",
    "Severity",
    "Site",
    "Skip",
    "Stage",
    "Status",
    "Suggestion",
    "Survey",
    "ToolMissingError",
    "ToolResult",
    "ToolRun",
    "ToolTimeoutError",
    "count",
    "find_browser",
    "find_driver",
    "fingerprint",
    "newest_axe",
    "option",
    "read_axe",
]

MESSAGE_LIMIT = 4000

#: Seconds; written in a policy as `90s`, `10m`, `2h` or `7d`.
Duration = Annotated[int, "duration"]


def option(help: str, *, default: Any = dataclasses.MISSING, minimum: int | None = None, required: bool = False) -> Any:
    """A field of a gate's options: its help stands in the policy's schema and reference. Without a default it is required."""
    if required or default is dataclasses.MISSING:
        return field(metadata={"help": help, "minimum": minimum})
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata={"help": help, "minimum": minimum})
    return field(default=default, metadata={"help": help, "minimum": minimum})


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """How a service under test is started: a command, or a folder of static files."""

    command: tuple[str, ...] = option(
        "program and arguments; `{port}` stands for a free port, `{python}` for the interpreter that runs Quality Gates", default=()
    )
    directory: str = option("folder of static files to serve instead of a command", default="")
    ready: str = option("path that answers below 400 once the service is ready", default="/")
    timeout: Duration = option("how long it may take to be ready", default=30, minimum=1)
    environment: Mapping[str, str] = option("variables to set for the command", default={})

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.directory):
            raise ValueError("serve needs either `command` or `directory`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Something that a gate needs on this machine: what it is, where it was found (None: missing), how to get it."""

    name: str
    found: str | None
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """Options that fit a repository, and a line for each reason, written as comments by `gates init`."""

    options: Mapping[str, Any] = field(default_factory=dict)
    comments: tuple[str, ...] = ()


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A gate. `options` is a frozen dataclass whose fields are made with `option`.

    `limits` hold wherever a policy does not replace them by name. `measurements` names what the gate may
    measure, with a line of help each: a limit on any other name is refused when the policy is read.
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
    stages: tuple[Stage, ...] = (Stage.CHANGE, Stage.RELEASE)
    detect: Callable[[Survey], Suggestion | None] | None = None
    needs: Callable[[Path, Any], Iterable[Need]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolResult:
    """A tool's run as `observe` sees it. `exit_code` is negative for a signal."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    duration: float

    def last_words(self) -> str:
        """The last line that the tool printed, for a reason that a person can use."""
        for stream in (self.stderr, self.stdout):
            lines = [line.strip() for line in stream.decode("utf-8", "replace").splitlines() if line.strip()]
            if lines:
                return lines[-1][:300]
        return "it printed nothing"


@dataclass(kw_only=True)
class ObserveContext:
    """What `observe` is given. Everything it writes under `raw_folder` becomes evidence, after redaction.

    `environment` is what children get: without tokens. `variable` reads one that the policy names.
    `selected` holds the files that a commit hook named (None: the whole tree). `deadline` is on `clock.monotonic`.
    `day` is the day of evaluation in UTC, for what has an age.
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
    day: date = field(default_factory=clock.today)
    report_progress: Callable[[str], None] = lambda _: None
    python: str = sys.executable
    tool_seconds: list[float] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)
    _tools: list[dict[str, Any]] = field(default_factory=list)
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
        listed = git.list_files(self.root)
        names = files.walk(self.root) if listed is None else listed
        return tuple(name for name in names if not (self.root / name).is_symlink() and (self.root / name).is_file())

    def select(self, paths: Sequence[str] = (), exclude: Sequence[str] = ()) -> tuple[str, ...]:
        """The files at or below `paths` (all, where none is named) and not at or below `exclude`; both may be globs.

        A pattern in `exclude` without a slash fits at any depth. Raises `GateError` for a path that names no file of the tree.
        """
        missing = [path for path in paths if self.selected is None and not any(files.within(name, path) for name in self.files)]
        if missing:
            raise GateError(
                f"`paths` names {missing[0]!r}, where there is no file", remedy="name a file, a folder or a glob of this repository"
            )
        left_out = [pattern if "/" in pattern.strip("/") else f"**/{pattern}" for pattern in exclude]
        return tuple(
            name
            for name in self.files
            if (not paths or any(files.within(name, path) for path in paths)) and not any(files.within(name, path) for path in left_out)
        )

    def expect_files(self, files: Sequence[str], *, what: str) -> None:
        """Raise where there is nothing to examine: the policy is wrong about the tree, or a hook named nothing of this gate's."""
        if files:
            return
        if self.selected is not None:
            raise NothingNamedError(f"none of the named files is {what}")
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

    def raw_text(self, name: str, text: str) -> None:
        self.raw_path(name).write_text(text, "utf-8", errors="replace", newline="")

    def raw_json(self, name: str, data: Any) -> None:
        """Write JSON data, sorted by key. What isn't JSON data is refused with `TypeError`."""
        self.raw_text(name, json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1, allow_nan=False) + "\n")

    def variable(self, name: str) -> str | None:
        """A variable of the user's environment that children do not get by themselves, such as a token; masked from here on."""
        value = self.variables.get(name)
        if value:
            self.add_secret(value)
        return value

    def add_secret(self, value: str) -> None:
        """A value that must stand nowhere in the evidence or on a screen: it is masked in everything that this run writes."""
        if value:
            self.secrets.add(value)

    def hide(self, value: str | Path, placeholder: str) -> None:
        """Write `placeholder` (such as `{python}`) where `value` stands in a recorded command line or reason: it varies by machine."""
        self._hidden[str(value)] = placeholder

    def scrub(self, text: str) -> str:
        """A text without what varies by machine and run: the root, scratch folders, what was hidden."""
        known = {
            str(self.root): "{root}",
            str(self.scratch): "{scratch}",
            str(self.raw_folder): "{raw}",
            str(Path(__file__).parent): "{gates}",
        }
        known |= {self.python: "{python}"} | self._hidden
        for value in sorted(known, key=len, reverse=True):
            text = text.replace(value, known[value])
        return text

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
    ) -> ToolResult:
        """Run a program in its own process group and record it, whatever becomes of it.

        `env` is added to the gate's environment. `keep_output=False` for output that holds secrets: it is
        returned, and not written. Raises `ToolMissingError`, and `ToolTimeoutError` when `timeout`
        (seconds) or the gate's deadline passes. An exit code is never judged here.
        """
        words = [str(word) for word in argv]
        entry: dict[str, Any] = {"tool": tool, "version": version, "argv": [self.scrub(word) for word in words], "exit_code": None}
        with self._lock:
            number = len(self._tools) + 1
            self._tools.append(entry)
        seconds = self.seconds_left() if timeout is None else min(timeout, self.seconds_left())
        done = process.run(words, cwd=cwd or self.root, env={**self.environment, **(env or {})}, timeout=seconds, scratch=self.scratch)
        entry["exit_code"] = done.exit_code
        self.tool_seconds.append(done.duration)
        if keep_output:
            for stream, content in (("stdout", done.stdout), ("stderr", done.stderr)):
                if content:
                    self.raw_path(f"{number}-{tool}.{stream}").write_bytes(content)
        if done.timed_out or done.exit_code is None:
            raise ToolTimeoutError(
                f"{tool} did not end in time and was stopped",
                remedy=f"find out what it waits for, or allow more time with `gates.{self.gate}.timeout`",
            )
        if done.cut:
            raise GateError(
                f"{tool} printed more than {process.OUTPUT_LIMIT // 2**20} MiB",
                remedy="make it print less; what it printed can't be trusted to be whole",
            )
        return ToolResult(exit_code=done.exit_code, stdout=done.stdout, stderr=done.stderr, duration=done.duration)

    def run_driver(
        self,
        driver: str,
        arguments: Sequence[str | Path] = (),
        *,
        tool: str,
        version: str,
        keep_output: bool = True,
        env: Mapping[str, str] | None = None,
    ) -> ToolResult:
        """Run one of our scripts from `gates/drivers/` in an isolated interpreter of ours: nothing of the project is importable."""
        script = Path(__file__).parent / "drivers" / f"{driver}.py"
        return self.run_tool(
            [self.python, "-I", "-B", script, *arguments], tool=tool, version=version, cwd=self.scratch, env=env, keep_output=keep_output
        )

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
            argv, port=port, ready=serve.ready, timeout=limit, cwd=self.root, env=environment, log=self.raw_path("service.log")
        ) as service:
            yield service

    def program(self, name: str) -> str:
        """A program's path as the policy means it: one with a slash is relative to the root, a bare name is found on PATH."""
        return str(self.root / name) if "/" in name and not Path(name).is_absolute() else name

    def inside(self, path: str) -> Path:
        """A path of the policy's under the root; raises `GateError` where it leads out of the repository."""
        found = self.root / path
        if not found.resolve().is_relative_to(self.root.resolve()):
            raise GateError(f"{path!r} leads out of the repository", remedy="name a path inside it")
        return found

    def distribution(self, name: str) -> str:
        """The version of an installed distribution of ours; raises `ToolMissingError` with the command that mends it."""
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            raise ToolMissingError(f"{name} is not installed", remedy=f"pip install 'quality-gates[{self.uses}]'") from None

    def finish(self) -> None:
        """Write the record of the tools; called once by the runner of gates."""
        self.raw_json("tools.json", self._tools)


class Raw:
    """A gate's raw output, redacted, as `parse` sees it: names to bytes, and nothing else."""

    def __init__(self, *, gate: str, uses: str, parser: int, members: Mapping[str, bytes]) -> None:
        self.gate = gate
        self.uses = uses
        self.parser = parser
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._members))

    def content(self, name: str) -> bytes:
        """A member's bytes; raises `GateError` where the tool did not write it."""
        try:
            return self._members[name]
        except KeyError:
            raise GateError(f"the tool did not write {name}", remedy="its output is kept with the evidence and may say why") from None

    def text(self, name: str) -> str:
        return self.content(name).decode("utf-8", "replace")

    def json(self, name: str) -> Any:
        """A member's JSON data; raises `GateError` where it can't be read."""
        try:
            return json.loads(self.content(name), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise GateError(f"{name} is not JSON that can be read: {error}") from error

    def tools(self) -> tuple[ToolRun, ...]:
        """The tool runs that were recorded while observing."""
        return tuple(codec.decode(ToolRun, {**item, "exit_code": item.get("exit_code")}) for item in self.json("tools.json"))

    def finding(
        self,
        *,
        rule: str,
        severity: Severity,
        message: str,
        location: Location,
        identity: Sequence[str],
        kind: Kind = Kind.FINDING,
        remedy: str = "",
        help_url: str = "",
        suppressed_by: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Finding:
        """A finding of this gate. `rule` is the tool's own name for it.

        `identity` is what stays the same when lines move, such as (path, stripped line with secrets masked):
        the fingerprint is made of it and the rule.
        """
        message = message.strip()
        return Finding(
            gate=self.gate,
            rule=f"{self.gate}/{rule}",
            severity=severity,
            message=message if len(message) <= MESSAGE_LIMIT else f"{message[:MESSAGE_LIMIT]}… (cut)",
            location=location,
            fingerprint=fingerprint(rule, *identity),
            kind=kind,
            remedy=remedy,
            help_url=help_url,
            suppressed_by=suppressed_by,
            properties=dict(properties or {}),
        )

    def facts(self, *, examined: Examined, findings: Iterable[Finding] = (), measurements: Iterable[Measurement] = ()) -> Facts:
        """Facts of a completed observation: findings sorted by place, equal ones numbered so that each fingerprint is its own."""
        return Facts(
            gate=self.gate,
            uses=self.uses,
            parser=self.parser,
            status=Status.COMPLETED,
            examined=examined,
            findings=_numbered(findings),
            measurements=tuple(sorted(measurements, key=lambda item: item.name)),
            tools=self.tools(),
        )


def fingerprint(rule: str, *identity: str) -> str:
    """`fp1:` and 32 hex digits of sha256 over the rule and what identifies the finding, each part length-prefixed."""
    digest = hashlib.sha256()
    for part in (rule, *identity):
        data = part.encode("utf-8", "replace")
        digest.update(f"{len(data)}:".encode() + data)
    return f"fp1:{digest.hexdigest()[:32]}"


def count(name: str, value: int, unit: str) -> Measurement:
    """A measurement that is a whole number."""
    return Measurement(name=name, value=Decimal(value), unit=unit)


def _numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    seen: dict[str, int] = {}
    numbered = []
    for finding in sorted(findings, key=_place):
        ordinal = seen.get(finding.fingerprint, 0)
        seen[finding.fingerprint] = ordinal + 1
        numbered.append(dataclasses.replace(finding, fingerprint=fingerprint(finding.fingerprint, str(ordinal))) if ordinal else finding)
    return tuple(numbered)


def _place(finding: Finding) -> tuple[str, int, int, str, str, str]:
    where = finding.location
    return (
        where.path or where.url or where.purl or where.operation or "",
        where.line or 0,
        where.column or 0,
        str(where),
        finding.rule,
        finding.message,
    )


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
