"""How well findings are told new from old on real changes of public projects: `security` and `secrets`, 50 changes of each project.

Each change is judged as `gates run --base` judges it, by the real engines. The judge over that is git's history of lines:
a finding is new where `git blame` says that a commit of the change wrote the line on which it stands. Two simple rules are held
against the same judge. What the engines saw is kept by tree, so that a second run takes a few minutes.
"""

from __future__ import annotations

import argparse
import os
import pickle
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path

from gates import canonical, redact, registry
from gates.adapters import git
from gates.change import compare
from gates.change.base import Base
from gates.change.compare import Here
from gates.facts import read_facts
from gates.judge import match
from gates.model import Change, Facts, Finding, PolicySource, Stage, State, Status
from gates.observe import Observation, Observed, Progress, Setting, observe, redacted
from gates.plan import Step, plan
from gates.policy.compose import compose

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "build" / "bench-changes"
#: The changes that are judged: a project and the full id of a commit on its main branch, held against its first parent.
LIST = Path(__file__).with_name("changes.txt")
EACH = 50
POLICY = b"version: 1\nextends: [baseline]\ngates: {security: {}, secrets: {}}\n"
GATES = ("security", "secrets")
#: Of each project: where it comes from, and the commit from which the list was made, backwards.
PROJECTS = {
    name: (address, commit)
    for name, address, commit in (
        words.split()
        for words in (
            "flask https://github.com/pallets/flask 2ac89889f4cc330eabd50f295dcef02828522c69",
            "requests https://github.com/psf/requests 1f6589ec3a1ee910f9a65cc3ceac60b26677bc0e",
        )
    )
}
#: The judge, and two that are told less: they show how far judges differ.
JUDGE, NOT_MOVED, NOTHING = "history", "history, moves are new", "history, spaces count too"
#: The code that decides what the two gates see.
_CODE = (
    "api/context.py",
    *(f"{part}/*{name}*.py" for part in ("drivers", "formats", "runners") for name in ("bandit", "secret", "security", "places")),
)
_BLAMED = re.compile(rb"([0-9a-f]{40}) (\d+) (\d+)(?: \d+)?")
_AUTHOR = tuple(part for name in ("user.name=A", "user.email=a@example.org", "commit.gpgSign=false") for part in ("-c", name))
_MOVES = ("-w", "-M", "-C")
_HASHED = 100


def ask(root: Path, *argv: str) -> bytes:
    output = git.ask(root, argv)
    if output is None:
        raise SystemExit(f"git {' '.join(argv)} failed in {root}")
    return output


# -- what the engines saw ----------------------------------------------------------------------


class Memory:
    """Looks at a tree by the real engines, once: what they saw is kept by the tree, the gate, its files, and the code that looks."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(parents=True, exist_ok=True)
        code = sorted(path for pattern in _CODE for path in (ROOT / "gates").glob(pattern))
        parts = [f"{name} {version(name)}" for name in ("bandit", "detect-secrets")] + [
            canonical.sha256(path.read_bytes()) for path in code
        ]
        self._code = canonical.sha256("\n".join(parts).encode())

    def observe(self, steps: Sequence[Step], setting: Setting, *, jobs: int, progress: Progress) -> Observed:
        """What `gates.observe.observe` gives, remembered."""
        paths = {step.name: self._path(step, setting) for step in steps}
        missing = [step for step in steps if not paths[step.name].exists()]
        for item in observe(missing, setting, jobs=jobs, progress=progress).observations:
            paths[item.name].write_bytes(pickle.dumps(item))
        found: list[Observation] = [pickle.loads(paths[step.name].read_bytes()) for step in steps]
        return Observed(observations=tuple(found))

    def _path(self, step: Step, setting: Setting) -> Path:
        tree = git.line(setting.root, "rev-parse", "HEAD^{tree}")
        parts = [str(tree), step.name, repr(sorted(step.options.items())), *(("only", *step.selected) if step.selected is not None else ())]
        return self._folder / canonical.sha256("\0".join([self._code, *parts]).encode())


# -- what says that a finding is new -----------------------------------------------------------


class History:
    """Where each line of a commit comes from, as `git blame` tells it, back to a base."""

    def __init__(self, clone: Path, base: str, head: str) -> None:
        self._ask = partial(ask, clone, "blame", "--line-porcelain")
        self._range = f"{base}..{head}"
        self._inside = set(ask(clone, "rev-list", self._range).split())
        self._head = ask(clone, "rev-parse", head).strip()
        self.line = cache(self._line)

    def _line(self, path: str, options: tuple[str, ...]) -> dict[int, Origin]:
        """By the number of each line of a file here: whence it comes; with `--reverse` by that at the base: how far it goes."""
        return dict(self._read(self._ask(*options, self._range, "--", path)))

    def _read(self, output: bytes) -> Iterator[tuple[int, Origin]]:
        for line in output.splitlines():
            if (said := _BLAMED.fullmatch(line)) is not None:
                commit, origin, number = said[1], int(said[2]), int(said[3])
            elif line.startswith(b"filename "):
                yield number, Origin(commit=commit, path=os.fsdecode(line.removeprefix(b"filename ")), line=origin)

    def wrote(self, finding: Finding, *options: str) -> bool:
        """Whether a commit behind the base wrote the line of a finding."""
        path, line = _place(finding)
        return self.line(path, options)[line].commit in self._inside

    def origin(self, finding: Finding) -> Origin | None:
        """The line from which that of a finding comes, moved or not; None where a commit behind the base wrote it."""
        path, line = _place(finding)
        return None if self.wrote(finding, *_MOVES) else self.line(path, _MOVES)[line]

    def copied(self, origin: Origin, finding: Finding) -> bool:
        """Whether a line of the base still stands elsewhere: what `git blame` calls moved may be a copy of it."""
        now = self.line(origin.path, ("--reverse", "-w"))[origin.line]
        return now.commit == self._head and (now.path, now.line) != _place(finding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    commit: bytes
    path: str
    line: int


def by_history(history: History, at_once: History, finding: Finding) -> bool:
    """The judge: a commit of the change wrote the line, and it was neither there before with other spaces nor taken from elsewhere.

    A line that was copied is new, and `git blame` says moved of both. `at_once` is the change as one commit: its lines come from the base.
    """
    if not history.wrote(finding, "-w"):
        return False
    if history.wrote(finding, *_MOVES):
        return True
    origin = at_once.origin(finding)
    return origin is None or at_once.copied(origin, finding)


def _place(finding: Finding) -> tuple[str, int]:
    assert finding.location.path is not None
    assert finding.location.line is not None
    return finding.location.path, finding.location.line


def left_over(here: Sequence[Finding], there: Sequence[Finding], key_here: Key, key_there: Key) -> list[bool]:
    """Of each finding, whether the base has none of the same rule and key left for it."""
    old = Counter((finding.rule, key_there(finding)) for finding in there)
    new = []
    for finding in here:
        key = finding.rule, key_here(finding)
        new.append(not old[key])
        old[key] -= bool(old[key])
    return new


Key = Callable[[Finding], Hashable]


def usual_hash(clone: Path, commit: str) -> Key:
    """The usual fingerprint of a place: its path, and a hash of the first hundred characters from its line on, blanks aside."""

    @cache
    def lines(path: str) -> list[bytes]:
        return ask(clone, "show", f"{commit}:{path}").splitlines()

    def key(finding: Finding) -> Hashable:
        path, line = _place(finding)
        return path, re.sub(rb"\s", b"", b"".join(lines(path)[line - 1 : line + _HASHED]))[:_HASHED]

    return key


# -- one change --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A finding in a file that the change touches, its line, and whether it is new by each of the rules and judges.

    `had` is whether the base had the same finding on the line that git takes for this one's origin; None where git knows none.
    """

    finding: Finding
    text: str
    new: dict[str, bool]
    had: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    project: str
    commit: str
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Facts of a commit and of its base, and what lies between."""

    facts: Sequence[Facts]
    base: Mapping[str, Facts]
    change: Change


def compared(clone: Path, commit: str, memory: Memory) -> Compared:
    """What a run on a commit knows that is held against its first parent: what `gates.pipeline` does before it judges."""
    ask(clone, "checkout", "--quiet", "--force", "--detach", commit)
    policy = compose([PolicySource(name="gates.yaml", content=POLICY, sha256=canonical.sha256(POLICY))], Stage.CHANGE, registry.find).policy
    steps = {step.name: step for step in plan(policy, registry.find)}
    base = Base(commit=ask(clone, "rev-parse", f"{commit}^1").decode().strip(), found_by="the first parent")
    with tempfile.TemporaryDirectory() as folder:
        setting = Setting(root=clone, work=Path(folder), environment={"PATH": os.environ["PATH"]}, offline=True)
        seen = memory.observe(list(steps.values()), setting, jobs=os.cpu_count() or 1, progress=Progress()).observations

        def read(observed: Observed) -> dict[str, Facts]:
            secrets = redact.Redactor({value for item in (*seen, *observed.observations) for value in item.secrets})
            return {item.name: read_facts(steps[item.name].gate, item.name, redacted(item, secrets)) for item in observed.observations}

        facts = read(Observed(observations=seen))
        here = [
            Here(
                policy=gate,
                step=steps[gate.name],
                facts=facts[gate.name],
                secrets=frozenset(item.secrets),
                unsearched=frozenset(found.rule for found in item.unsearched),
            )
            for gate, item in zip(policy.gates, seen, strict=True)
        ]
        found = compare.against(base, setting, here, read, jobs=os.cpu_count() or 1, progress=Progress())
    return Compared(facts=list(facts.values()), base={item.gate: item for item in found.facts}, change=found.change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """A change in a clone: the base's revision and that of what is judged, and where lines come from."""

    clone: Path
    base: str
    head: str
    history: History
    at_once: History

    @classmethod
    def of(cls, clone: Path, commit: str) -> Sides:
        base = f"{commit}^1"
        # The same files as one commit on the base: its lines come from the base itself, whatever branches there were.
        squashed = ask(clone, *_AUTHOR, "commit-tree", f"{commit}^{{tree}}", "-p", base, "-m", "all at once").decode().strip()
        return cls(clone=clone, base=base, head=commit, history=History(clone, base, commit), at_once=History(clone, base, squashed))

    def seen(self, here: Sequence[tuple[Finding, State]], there: Sequence[Finding]) -> Iterator[Seen]:
        """Findings of a gate with their states by us, and by all others."""
        findings = [finding for finding, _ in here]
        by_place = left_over(findings, there, _place, _place)
        by_hash = left_over(findings, there, usual_hash(self.clone, self.head), usual_hash(self.clone, self.base))
        held = {(finding.rule, *_place(finding)) for finding in there}
        for (finding, state), place, hashed in zip(here, by_place, by_hash, strict=True):
            path, line = _place(finding)
            origin = self.at_once.origin(finding)
            yield Seen(
                finding=finding,
                text=(self.clone / path).read_bytes().splitlines()[line - 1].decode("utf-8", "replace").strip(),
                new={
                    "ours": state is State.NEW,
                    "path and line": place,
                    "usual hash": hashed,
                    JUDGE: by_history(self.history, self.at_once, finding),
                    NOT_MOVED: self.history.wrote(finding, "-w"),
                    NOTHING: self.history.wrote(finding),
                },
                had=None if origin is None else (finding.rule, origin.path, origin.line) in held,
            )


def judge(project: str, clone: Path, commit: str, memory: Memory) -> Judged:
    """Hold the findings of a commit against those of its first parent, by all rules. Stops where a gate could not tell."""
    known = compared(clone, commit, memory)
    sides = Sides.of(clone, commit)
    touched = {file.path for file in known.change.files}
    seen: list[Seen] = []
    for facts in known.facts:
        asked = match.compared_of(known.change, facts.gate)
        if facts.status is not Status.COMPLETED or asked is None or asked.reason:
            raise SystemExit(f"{project} {commit}: {facts.gate} could not tell: {facts.reason or asked}")
        there = known.base.get(facts.gate)
        states = match.match(facts, there, known.change).states
        here = [(finding, state) for finding, state in zip(facts.findings, states, strict=True) if finding.location.path in touched]
        if sum(state is State.NEW for state in states) != sum(state is State.NEW for _, state in here):
            raise SystemExit(f"{project} {commit}: a finding of {facts.gate} is new in a file that the change does not touch")
        seen += sides.seen(here, there.findings if there else ())
    return Judged(project=project, commit=commit, seen=tuple(seen))


# -- the list ----------------------------------------------------------------------------------

#: What holds no code and nothing that is told by its lines: settings of bots, locks.
_PASSED_OVER = (":!.github", ":!.pre-commit-config.yaml", ":!*.lock", ":!requirements")


def clone_of(name: str, folder: Path) -> Path:
    """A clone of a project in `folder`, fetched where it is not there."""
    clone = folder / name
    if not clone.exists():
        folder.mkdir(parents=True, exist_ok=True)
        ask(ROOT, "-c", "protocol.https.allow=always", "clone", "--quiet", PROJECTS[name][0], str(clone))
    return clone


def choose(folder: Path, memory: Memory) -> None:
    """Write the list anew: of each project the newest changes of its main branch that leave a finding in a file that they touch."""
    found = []
    for name, (_, tip) in PROJECTS.items():
        clone = clone_of(name, folder)
        commits = ask(clone, "log", "--first-parent", "--format=%H", tip, "--", ".", *_PASSED_OVER).decode().split()
        judged = (commit for commit in commits if judge(name, clone, commit, memory).seen)
        found += [f"{name} {commit}\n" for _, commit in zip(range(EACH), judged, strict=False)]
    LIST.write_text("".join(found), "ascii")


def listed(limit: int) -> list[tuple[str, str]]:
    """Project and commit of the changes to judge, at most `limit` of each project."""
    every = [tuple(line.split()) for line in LIST.read_text("ascii").splitlines()]
    return [(name, commit) for wanted in PROJECTS for name, commit in [item for item in every if item[0] == wanted][:limit]]


# -- what came of it ---------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/changes", description="how well findings are told new from old on real changes")
    parser.add_argument("--limit", type=int, default=EACH, metavar="N", help="judge the first N changes of each project alone")
    parser.add_argument("--show", action="store_true", help="print each finding on which we and the history differ")
    parser.add_argument("--projects", type=Path, default=WORK, metavar="FOLDER", help="where clones of the projects are, or go")
    parser.add_argument("--choose", action="store_true", help=f"write {LIST.name} anew")
    options = parser.parse_args(argv)
    memory = Memory(WORK / "seen")
    # The one thing that is not as in a run: what was seen of a tree before is not looked at again.
    compare.observe = memory.observe  # type: ignore[attr-defined]
    if options.choose:
        choose(options.projects, memory)
    changes = []
    for name, commit in listed(max(1, options.limit)):
        changes.append(judge(name, clone_of(name, options.projects), commit, memory))
        if options.show:
            show(changes[-1])
    print(f"{len(changes)} changes of {', '.join(PROJECTS)}")
    for gate in (*GATES, ""):
        report(gate, changes)
    return 0


def differs(seen: Seen) -> str:
    """What kind of difference there is between us and the history; empty where there is none."""
    ours, history = seen.new["ours"], seen.new[JUDGE]
    if ours and not history:
        return "false new" if seen.had else "an old line with a finding that the base did not have there"
    return "" if ours == history else "missed"


def show(judged: Judged) -> None:
    for seen in judged.seen:
        if differs(seen):
            print(
                f"{judged.project} {judged.commit[:12]} {seen.finding.rule} {seen.finding.location}: {differs(seen)}\n    {seen.text[:150]}"
            )


def report(gate: str, changes: Sequence[Judged]) -> None:
    """Print how each rule does against the history of lines, for one gate or all."""
    of = [[seen for seen in change.seen if not gate or seen.finding.gate == gate] for change in changes]
    every = [seen for found in of for seen in found]
    new = sum(seen.new[JUDGE] for seen in every)
    print(f"\n{gate or 'both'}: {len(every)} findings in files that the changes touch, {new} new by the history of lines")
    print(f"  {'':28}{'false new':>10}{'a change':>10}{'changes':>9}{'missed':>8}{'share':>8}")
    for name in ("ours", "path and line", "usual hash", NOT_MOVED, NOTHING):
        false = [sum(seen.new[name] and not seen.new[JUDGE] for seen in found) for found in of]
        missed = sum(seen.new[JUDGE] and not seen.new[name] for seen in every)
        share = f"{missed / new:8.1%}" if new else f"{'-':>8}"
        print(f"  {name:28}{sum(false):10}{sum(false) / len(of):10.2f}{sum(map(bool, false)):9}{missed:8}{share}")
    for kind, number in Counter(differs(seen) for seen in every if differs(seen)).most_common():
        print(f"  ours, {kind}: {number}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
