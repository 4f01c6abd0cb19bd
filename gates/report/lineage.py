"""From a limit in a policy file to the findings that it counts, their raw output and the tool, and back."""

from __future__ import annotations

from collections.abc import Sequence

from gates.dataclass import dataclass
from gates.model import Artifact, GateOrigin, Limit, LimitCheck, Record, State, ToolRun
from gates.report.view import FindingView, GateView, counted

_MET = {True: ("met", "good"), False: ("broken", "bad"), None: ("not known", "warn")}


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitView:
    """A limit with the value that was held against it. `place`: where the policy says it; `of_new`: only new findings count."""

    id: str
    gate: str
    check: LimitCheck
    place: str
    of_new: bool

    @property
    def met(self) -> str:
        return _MET[self.check.met][0]

    @property
    def tone(self) -> str:
        return _MET[self.check.met][1]

    def counts(self, view: FindingView) -> bool:
        """Whether the finding is one of those that the value is the number of."""
        return counted(self.check.limit, view) and (view.state is State.NEW or not self.of_new)


@dataclass(frozen=True, slots=True, kw_only=True)
class GateLineage:
    """What leads from a gate's findings to its limits, its raw output and its tools. `number` counts gates from 0, for ids."""

    number: int
    view: GateView
    limits: tuple[LimitView, ...]
    artifacts: tuple[Artifact, ...]

    @property
    def name(self) -> str:
        return self.view.name

    @property
    def tools(self) -> str:
        """Each tool that ran, once, such as `pytest 8.4.2, coverage 7.10`."""
        return ", ".join(dict.fromkeys(f"{run.tool} {run.version}".strip() for run in self.runs))

    @property
    def runs(self) -> tuple[ToolRun, ...]:
        """Every run of a tool, in the order in which they were."""
        return self.view.facts.tools if self.view.facts else ()

    @property
    def size(self) -> int:
        """Bytes of raw output."""
        return sum(artifact.size for artifact in self.artifacts)


def lineages(record: Record, gates: Sequence[GateView]) -> tuple[GateLineage, ...]:
    """One a gate, in the decision's order."""
    origins = {origin.gate: origin for origin in record.origins.gates} if record.origins else {}
    return tuple(
        GateLineage(
            number=number,
            view=gate,
            limits=_limits(number, gate, origins.get(gate.name)),
            artifacts=tuple(artifact for artifact in record.artifacts if artifact.gate == gate.name),
        )
        for number, gate in enumerate(gates)
    )


def _limits(number: int, gate: GateView, origin: GateOrigin | None) -> tuple[LimitView, ...]:
    required = gate.policy.require if gate.policy else ()
    views = []
    for index, (check, bound) in enumerate(_bounds(gate.decision.checks)):
        position = required.index(check.limit) if check.limit in required else -1
        place = origin.require[position] if origin and 0 <= position < len(origin.require) else ""
        views.append(LimitView(id=f"limit-{number}-{index}", gate=gate.name, check=check, place=place, of_new=bound == "new_max"))
    return tuple(views)


def _bounds(checks: Sequence[LimitCheck]) -> list[tuple[LimitCheck, str]]:
    """Each check with the bound that it holds: the judge makes one for each bound of a limit, always in this order."""
    found: list[tuple[LimitCheck, str]] = []
    limit: Limit | None = None
    left: list[str] = []
    for check in checks:
        if check.limit != limit or not left:
            limit, left = check.limit, _bounds_of(check.limit)
        found.append((check, left.pop(0) if left else ""))
    return found


def _bounds_of(limit: Limit) -> list[str]:
    plain = ["max"] if limit.max is not None or limit.min is not None else []
    return plain + [name for name in ("new_max", "regression") if getattr(limit, name) is not None]
