"""Composes the policy for one stage out of its sources: pure, and the same in a run and in a verifier."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gates import canonical, codec
from gates.api import Gate
from gates.dataclass import dataclass
from gates.errors import PolicyError, Problem
from gates.model import (
    Enforcement,
    GateOrigin,
    GatePolicy,
    Limit,
    Origins,
    Policy,
    PolicySource,
    Severity,
    SourceRef,
    Stage,
    WaiverOrigin,
    WaiverRules,
)
from gates.policy import approvers, layers
from gates.policy.entry import Entry, made, plain
from gates.policy.exceptions import read_approved, read_decisions, read_overrides, read_waivers
from gates.policy.reader import Document, read, suggest
from gates.policy.syntax import Place, problem
from gates.policy.table import options
from gates.registry import BUILT_IN

SHIPPED = "shipped/"

_PLACE = re.compile(r"(.*):(\d+):(\d+)")

FindGate = Callable[[str], Gate]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """A policy for one stage, and where each part of it was said.

    `origins`: dotted key to `file:line`. `document`: the policy as one file would say it, with places.
    """

    policy: Policy
    origins: Mapping[str, str]
    document: Entry


def compose(sources: Sequence[PolicySource], stage: Stage, find_gate: FindGate) -> Effective:
    """The policy that the sources make at a stage, later ones over earlier ones.

    `find_gate` gives the gate of an id, or raises `KeyError`. Raises `PolicyError` with all problems of all sources.
    """
    documents = [read(source) for source in sources]
    problems = [wrong for document in documents for wrong in document.problems]
    roots = [document.root for document in documents if document.root is not None and isinstance(document.root.value, dict)]
    if len(roots) < len(documents):
        raise PolicyError(tuple(problems))
    maker = _Composer(roots, documents, stage, find_gate, problems)
    document = maker.document()
    policy = maker.policy(document)
    if problems:
        raise PolicyError(_in_order(problems, [source.name for source in sources]))
    return Effective(policy=policy, origins=dict(_origins(document, "")), document=document)


def digest(policy: Policy) -> str:
    """The policy's digest: sha256, in hex, of its canonical JSON."""
    return canonical.sha256(canonical.of(policy))


def _in_order(problems: list[Problem], names: list[str]) -> tuple[Problem, ...]:
    """Each problem once, by file and place."""

    def order(wrong: Problem) -> tuple[int, int, int]:
        found = _PLACE.fullmatch(wrong.where)
        if found is None or found[1] not in names:
            return (len(names), 0, 0)
        return (names.index(found[1]), int(found[2]), int(found[3]))

    return tuple(sorted(dict.fromkeys(problems), key=order))


class _Composer:
    """Composes one document, gathering problems as it goes."""

    def __init__(
        self, roots: Sequence[Entry], documents: Sequence[Document], stage: Stage, find_gate: FindGate, problems: list[Problem]
    ) -> None:
        self._roots = roots
        self._sources = [document.source for document in documents]
        self._stage = stage
        self._find_gate = find_gate
        self._problems = problems
        self._gates: dict[str, Gate] = {}

    # -- the document

    def document(self) -> Entry:
        """The policy as one file would say it at this stage."""
        values: dict[str, Entry] = {"version": made(1, "always")}
        for key in ("runbook", "rollback", "approvers", "self-approval", "approved"):
            said = [entry for root in self._roots if (entry := root.get(key))]
            values |= {key: said[-1]} if said else {}
        values["gates"] = Entry(self._all_gates(), Place(self._sources[-1].name) if self._sources else Place(""))
        values["waiver-rules"] = self._waiver_rules()
        for key in ("waivers", "decisions", "overrides"):
            found = [item for root in self._roots if (entry := root.get(key)) for item in entry]
            values |= {key: Entry(found, found[0].place)} if found else {}
        return Entry(values, Place(""))

    def _waiver_rules(self) -> Entry:
        rules = made({name.replace("_", "-"): value for name, value in codec.encode(WaiverRules()).items()}, "default")
        for said in (entry for root in self._roots if (entry := root.get("waiver-rules"))):
            for key, entry in said.items():
                value = Entry({**rules.value[key].value, **dict(entry.items())}, entry.place) if key == "max-days" else entry
                rules = Entry({**rules.value, key: value}, entry.place)
        return rules

    def _all_gates(self) -> dict[str, Entry]:
        names = list(dict.fromkeys(name for root in self._roots if (gates := root.get("gates")) for name, _ in gates.items()))
        if not names and not any(root.get("overrides") for root in self._roots):
            where = Place(self._sources[-1].name, 1, 1) if self._sources else Place("the policy")
            self._problems.append(problem("the policy names no gate", where, "add one under `gates:`, such as `tests: {}`"))
        settled = {name: body for name in names if (body := self._gate_of(name)) is not None}
        self._check_unused_defaults({gate.id for gate in self._gates.values()})
        return settled

    def _gate_of(self, name: str) -> Entry | None:
        """Everything said of one gate, or None where it can't be told which gate it is."""
        bodies = self._bodies("gates", name)
        uses = [body.value["uses"] for body in bodies if "uses" in body.value]
        if any(entry.value is None for entry in uses):
            return None
        id, place = (uses[-1].value, uses[-1].place) if uses else (name, bodies[-1].place)
        gate = self._find(id, place, named=not uses)
        if gate is None:
            return None
        self._gates[name] = gate
        before = len(self._problems)
        defaults = [layers.bind(body, gate, self._problems) for body in self._bodies("defaults", id)]
        own = [layers.bind(body, gate, self._problems) for body in bodies]
        settled = layers.settle(gate, defaults, own, self._stage)
        told = Entry({"uses": Entry(id, place, id), **settled.value}, bodies[-1].place)
        if len(self._problems) == before:
            self._check_options(name, gate, told)
        return told

    def _bodies(self, part: str, name: str) -> list[Entry]:
        return [body for root in self._roots if (section := root.get(part)) and (body := section.get(name))]

    def _find(self, id: str, place: Place, *, named: bool) -> Gate | None:
        try:
            return self._find_gate(id)
        except KeyError:
            help = "name one of the gates there are, or say which one this is: `uses: security`" if named else "see `gates doctor`"
            error = f"unknown gate {id!r}{suggest(id, BUILT_IN)}"
            self._problems.append(problem(error, place, f"{help}; built in: {', '.join(BUILT_IN)}"))
            return None

    def _check_unused_defaults(self, used: set[str]) -> None:
        """Defaults for gates that this policy doesn't have are checked too, so that a slip shows before it is needed.

        Not those of shipped policies, which name every gate: loading them all would slow each commit.
        """
        for root, source in zip(self._roots, self._sources, strict=True):
            defaults = root.get("defaults")
            if defaults is None or source.name.startswith(SHIPPED):
                continue
            for id, body in defaults.items():
                if id not in used and (gate := self._find(id, body.place, named=True)):
                    layers.bind(body, gate, self._problems)

    def _check_options(self, name: str, gate: Gate, body: Entry) -> None:
        """Hold the options against the gate's own rules, where the gate is to run at this stage."""
        stages = [entry.value for entry in body.value["stages"]]
        if body.said("not-applicable") or body.said("enforcement") == "off" or self._stage.value not in stages:
            return
        table, said = options(gate), body.value["options"]
        place = said.place if said.place.line else body.place
        missing = [key for key in table.keys if key.required and key.name not in said.value]
        for key in missing:
            self._problems.append(problem(f"gates.{name} needs the option '{key.name}'", place, key.help))
        try:
            if not missing:
                codec.decode(gate.options, plain(table, said), f"gates.{name}.options")
        except ValueError as error:
            self._problems.append(
                problem(str(error), place, f"options of the gate {gate.id!r}: {', '.join(key.name for key in table.keys)}")
            )

    # -- the policy

    def policy(self, document: Entry) -> Policy:
        """The document as the judge takes it. Meaningless where there are problems."""
        gates = document.value["gates"]
        rules = document.value["waiver-rules"]
        uses = {name: body.value["uses"].value for name, body in gates.items()}
        approvers.check((entry for root in self._roots for entry in root.get("approvers") or ()), self._problems)
        return Policy(
            stage=self._stage,
            gates=tuple(_gate_policy(name, self._gates[name], body) for name, body in gates.items()),
            approvers=tuple(entry.value for entry in document.get("approvers") or ()),
            waivers=read_waivers(document.get("waivers") or (), self._known(uses), self._problems),
            waiver_rules=WaiverRules(
                max_days={word: entry.value for word, entry in rules.value["max-days"].items()},
                too_long=rules.said("too-long"),
                unused=rules.said("unused"),
                approval=rules.said("approval"),
            ),
            decisions=read_decisions(document.get("decisions") or (), self._problems),
            overrides=read_overrides(document.get("overrides") or (), self._problems),
            approved=read_approved(document.get("approved"), self._problems),
            runbook=document.said("runbook", ""),
            rollback=document.said("rollback", ""),
            self_approval=self._self_approval(document),
            sources=tuple(SourceRef(name=source.name, sha256=source.sha256) for source in self._sources),
        )

    def _self_approval(self, document: Entry) -> bool | None:
        """True or not said. Policies that want somebody else's approval refuse it."""
        said = document.get("self-approval")
        if said is None or not said.value:
            return None
        refusing = [source.name for source in self._sources if source.name in {f"{SHIPPED}strict.yaml", f"{SHIPPED}regulated.yaml"}]
        if refusing:
            name = refusing[-1].removeprefix(SHIPPED).removesuffix(".yaml")
            error = f"`self-approval` can't stand beside `{name}`, which wants the approval of others"
            self._problems.append(problem(error, said.place, f"take it out, or extend `baseline` instead of `{name}`"))
        return True

    def _known(self, uses: Mapping[str, str]) -> dict[str, str]:
        """Gates that a waiver may name: those of the policy, those too whose own mistakes are reported already."""
        named = {name: name for root in self._roots if (gates := root.get("gates")) for name in gates.value}
        return {**named, **uses}


def _gate_policy(name: str, gate: Gate, body: Entry) -> GatePolicy:
    return GatePolicy(
        name=name,
        uses=gate.id,
        enforcement=Enforcement(body.said("enforcement")),
        stages=tuple(Stage(entry.value) for entry in body.value["stages"]),
        timeout_seconds=body.said("timeout"),
        owner=body.said("owner", ""),
        why=body.said("why", ""),
        runbook=body.said("runbook", ""),
        not_applicable=body.said("not-applicable", ""),
        options=plain(options(gate), body.value["options"]),
        require=tuple(limit for limit, _ in _required(body)),
    )


def origins(effective: Effective) -> Origins:
    """Where each gate, limit and waiver of a policy was said."""
    gates, waivers = effective.document.value["gates"], effective.document.get("waivers")
    return Origins(
        gates=tuple(
            GateOrigin(gate=name, place=body.place.short, require=tuple(place for _, place in _required(body)))
            for name, body in gates.value.items()
        ),
        waivers=tuple(WaiverOrigin(id=waiver.said("id"), place=waiver.place.short) for waiver in waivers or ()),
    )


def _required(body: Entry) -> Iterator[tuple[Limit, str]]:
    """The limits of a gate, without those that say `unlimited`, each with the place of the first bound that it says."""
    for name, said in limit_entries(body):
        severity = said.said("severity")
        new = said.get("new")
        limit = Limit(
            name=name,
            severity=None if severity is None else Severity.from_word(severity),
            max=_bound(said.said("max")),
            min=_bound(said.said("min")),
            new_max=_bound(new.said("max")) if new else None,
            regression=_bound(said.said("regression")),
        )
        if any(bound is not None for bound in (limit.max, limit.min, limit.new_max, limit.regression)):
            yield (
                limit,
                next((said.value[key].place.short for key in ("max", "min", "new", "regression") if key in said.value), said.place.short),
            )


def limit_entries(body: Entry) -> Iterator[tuple[str, Entry]]:
    """What is said of each limit of a gate in a composed document, by the limit's name."""
    return ((name, said) for name, limits in body.value["require"].items() for said in limits)


def _bound(value: Any) -> Decimal | None:
    return value if isinstance(value, Decimal) else None


def _origins(entry: Entry, path: str) -> Iterator[tuple[str, str]]:
    """Dotted key to where it was said. A list's items go by their `id` or number; a lone limit by its name alone."""
    if path:
        yield path, entry.place.short
    if isinstance(entry.value, dict):
        for key, item in entry.value.items():
            yield from _origins(item, f"{path}.{key}" if path else key)
    elif isinstance(entry.value, list):
        for index, item in enumerate(entry.value):
            id = item.said("id")
            alone = len(entry.value) == 1 and isinstance(item.value, dict) and id is None
            yield from _origins(item, f"{path}.{id}" if id else path if alone else f"{path}[{index}]")
