"""From a policy to the steps to run: which gates are observed at its stage, in which order, with how much time. Pure."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

from gates.api import Gate, Share
from gates.dataclass import dataclass
from gates.errors import UsageError
from gates.model import CHANGE_POLICY, Enforcement, GatePolicy, Judging, Policy, Stage, looks_alike


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One gate to observe: its name in the policy, its options as plain data, its time in seconds.

    `selected` are the files alone that it is to look at; None: all that its options name. `policy` is the policy that asks for it,
    `renamed` has the names by which that one knows files that are called otherwise, `judged` the root of
    the tree that has the files which steer the gate. `share` is what of it this machine observes; None: all.
    """

    name: str
    gate: Gate
    options: Mapping[str, Any]
    timeout_seconds: int
    selected: tuple[str, ...] | None = None
    policy: str = CHANGE_POLICY
    renamed: Mapping[str, str] | None = None
    judged: Path | None = None
    share: Share | None = None


def plan(policy: Policy, find_gate: Callable[[str], Gate], selection: tuple[str, ...] = ()) -> tuple[Step, ...]:
    """The gates to observe, in the policy's order; those selected by name, or all where none is.

    Raises `UsageError` for a selected gate that the policy does not have, or does not run at its stage:
    a selection that observes nothing would look like one that found nothing.
    """
    _check_selection(policy, selection, find_gate)
    return tuple(
        Step(name=gate.name, gate=find_gate(gate.uses), options=gate.options, timeout_seconds=gate.timeout_seconds)
        for gate in policy.gates
        if (not selection or gate.name in selection) and not why_not(gate, policy.stage)
    )


def plan_for(
    other: Judging,
    own: Judging,
    find_gate: Callable[[str], Gate],
    selection: tuple[str, ...] = (),
) -> tuple[Step, ...]:
    """What a policy beside the run's own has to have observed in its own way: gates that this has not, or has look otherwise."""
    observed = {gate.name: gate for gate in own.policy.gates if not why_not(gate, own.policy.stage)}
    return tuple(
        Step(
            name=other.own(gate.name),
            gate=find_gate(gate.uses),
            options=gate.options,
            timeout_seconds=gate.timeout_seconds,
            policy=other.name,
        )
        for gate in other.policy.gates
        if (not selection or gate.name in selection)
        and not why_not(gate, other.policy.stage)
        and (gate.name in (other.apart or ()) or not looks_alike(gate, observed.get(gate.name)))
    )


def why_not(gate: GatePolicy, stage: Stage) -> str:
    """Why a gate is not observed at a stage; empty where it is."""
    if gate.enforcement is Enforcement.OFF:
        return "the policy turns it off"
    if gate.not_applicable:
        return f"the policy says it is not applicable: {gate.not_applicable}"
    if stage not in gate.stages:
        return f"the policy runs it at {', '.join(gate.stages)}, not at {stage}"
    return ""


def _check_selection(policy: Policy, selection: tuple[str, ...], find_gate: Callable[[str], Gate]) -> None:
    gates = {gate.name: gate for gate in policy.gates}
    for name in selection:
        if name not in gates:
            near = _meant(name, gates.values(), find_gate)
            suggestion = f", did you mean {near!r}?" if near else ""
            raise UsageError(
                f"the policy has no gate {name!r}{suggestion}",
                help=f"it has {', '.join(gates) or 'none'}: choose of these, or add this one below `gates:`",
            )
        reason = why_not(gates[name], policy.stage)
        if reason:
            raise UsageError(f"the gate {name!r} can't be run: {reason}", help="choose another stage with `--stage`, or change the policy")


def _meant(word: str, gates: Collection[GatePolicy], find_gate: Callable[[str], Gate]) -> str | None:
    """The gate that somebody means by a mistyped or short name, its kind, or the engine in it (`bandit`); None where none is like it."""
    words = {gate.name: gate.name for gate in gates}
    for gate in gates:
        for known in (gate.uses, *find_gate(gate.uses).requires):
            words.setdefault(known, gate.name)
    near = difflib.get_close_matches(word.lower(), words, 1, 0.5)
    return words[near[0]] if near else None
