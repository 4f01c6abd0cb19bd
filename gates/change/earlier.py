"""What a run at the base saw, by its bundle: raw output that need not be made again, where nothing says that it would be another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import gates
from gates import canonical
from gates.adapters import files
from gates.change.policies import steering
from gates.dataclass import dataclass
from gates.model import Context, Facts, FileChange, GatePolicy, GateRun, Status
from gates.observe import Observation, Place
from gates.plan import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A run at a commit, as its bundle tells of it, and who vouches for that.

    `digest` is that of the bundle (sha256 of its manifest, hex), `version` that of the gates that ran. By gate: what its own policy says
    of it, its facts, its raw output, and what was masked in that, with the names of its members.
    """

    digest: str
    signed_by: str
    context: Context
    version: str
    policies: Mapping[str, GatePolicy]
    facts: Mapping[str, Facts]
    raw: Mapping[str, Mapping[str, bytes]]
    places: Mapping[str, Sequence[Place]]

    def why_not(self, commit: str, folder: str | None) -> str:
        """Why it tells nothing of a commit, or of that folder of it; empty where it does."""
        if self.context.commit != commit:
            return f"it is of commit {(self.context.commit or 'none')[:12]}, and the base is {commit[:12]}"
        if self.context.folder != folder:
            return f"it is of {_named(self.context.folder)}, and this run is of {_named(folder)}"
        if self.context.dirty:
            return "it is of a tree with changes that were not committed"
        if self.context.limited:
            return f"it is not of the whole commit: {self.context.limited[0]}"
        if self.version != gates.__version__:
            return f"it was made by version {self.version} of gates, and this is {gates.__version__}"
        return ""

    def why_not_of(self, step: Step, facts: Facts, changed: Sequence[FileChange], names: Set[str]) -> str:
        """Why it does not tell what a gate would find at the base, that here gave `facts`; empty where it does.

        `changed` are the files that differ, and `names` what is changed besides: links.
        """
        name = gate_of(step)
        policy, seen = self.policies.get(name), self.facts.get(name)
        if policy is None or seen is None or policy.uses != step.gate.id:
            return f"it has no {name}"
        if not step.gate.lasting:
            return "what it would find there is not the same on every day"
        if seen.status is not Status.COMPLETED:
            return f"{name} could not tell"
        if seen.parser != facts.parser:
            return f"its raw output is read by parser {seen.parser}, and that of today by {facts.parser}"
        if canonical.of(dict(policy.options)) != canonical.of(dict(step.options)):
            return "it looked with other options"
        return _other_tool(seen, facts) or _steered(step, changed, names) or _moved(step, changed)

    def observation(self, step: Step) -> Observation:
        """What the gate saw then, for a step of this run."""
        name = gate_of(step)
        run = GateRun(gate=step.name, started_ms=0, duration_ms=0, cached=True)
        return Observation(name=step.name, members=self.raw.get(name, {}), secrets={}, run=run, places=tuple(self.places.get(name, ())))


def _named(folder: str | None) -> str:
    return f"the folder {folder}" if folder else "the whole repository"


def gate_of(step: Step) -> str:
    """The gate of a step as its policy calls it: one that another policy has observed in its own way has that policy's name behind it."""
    return step.name.partition("@")[0]


def _other_tool(then: Facts, now: Facts) -> str:
    versions = {tool.tool: tool.version for tool in now.tools}
    other = next((tool for tool in then.tools if versions.get(tool.tool) != tool.version), None)
    return "" if other is None else f"it was made with {other.tool} {other.version}, and here it is {versions.get(other.tool) or 'missing'}"


def _steered(step: Step, changed: Sequence[FileChange], names: Set[str]) -> str:
    """A tree of the base is looked at with the files that steer a gate here: where they are others, an earlier run is no substitute."""
    differ = {path for file in changed for path in (file.base, file.path) if path is not None} | names
    path = next((path for path in steering(step.gate, step.options) if any(files.within(name, path) for name in differ)), None)
    return "" if path is None else f"{path}, which steers it, is not the same"


def _moved(step: Step, changed: Sequence[FileChange]) -> str:
    """A file that moved into what is looked at would be looked at in a tree of the base too, by the name that it has here."""
    paths, exclude = (step.options.get(key) or () for key in ("paths", "exclude"))
    if step.selected is not None or step.judged is not None or (step.renamed and (paths or exclude)):
        return "another policy has it look in another way"

    def is_looked_at(name: str) -> bool:
        wanted = not paths or any(files.within(name, pattern) for pattern in paths)
        return wanted and not any(files.within(name, files.at_any_depth(pattern)) for pattern in exclude)

    moved = ((file.base, file.path) for file in changed if file.base and file.path)
    crossing = next((was for was, now in moved if is_looked_at(was) != is_looked_at(now)), None)
    return "" if crossing is None else f"{crossing} moved into or out of what it looks at"
