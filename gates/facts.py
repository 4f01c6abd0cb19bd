"""From a gate's raw output to its facts: one pure function that the run and the verifier call alike."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gates import canonical, codec
from gates.api import Gate, Raw
from gates.errors import GateError
from gates.model import Facts, Status, ToolRun

#: Written by the runner of gates for each: whether `observe` came to its end, and if not, why.
OBSERVED = "observe.json"


def read_facts(gate: Gate, name: str, members: Mapping[str, bytes]) -> Facts:
    """The facts that raw output stands for. Whatever goes wrong becomes a fact of status `error`, never an exception."""
    raw = Raw(gate=name, uses=gate.id, parser=gate.parser, members=members)
    try:
        observed = raw.json(OBSERVED)
        if observed["status"] != Status.COMPLETED:
            return _could_not_tell(gate, name, raw, observed["reason"], observed.get("remedy", ""))
        facts = gate.parse(raw)
        canonical.of(facts)
        return facts
    except GateError as error:
        return _could_not_tell(gate, name, raw, error.reason, error.remedy)
    except Exception as error:  # a parser that meets what it did not expect could not tell: that is a fact, not a crash
        return _could_not_tell(
            gate, name, raw, f"the tool's output could not be read: {type(error).__name__}: {error}", "its output is kept with the evidence"
        )


def _could_not_tell(gate: Gate, name: str, raw: Raw, reason: str, remedy: str) -> Facts:
    return Facts(gate=name, uses=gate.id, parser=gate.parser, status=Status.ERROR, reason=reason, remedy=remedy, tools=_tools(raw))


def _tools(raw: Raw) -> tuple[ToolRun, ...]:
    try:
        return tuple(codec.decode(ToolRun, item) for item in json.loads(raw.content("tools.json")))
    except (GateError, ValueError):
        return ()
