"""From a gate's raw output to its facts: one pure function that the run and the verifier call alike."""

from __future__ import annotations

import json
from collections.abc import Mapping

from gates import canonical, codec
from gates.api import Gate, Raw
from gates.api.raw import OBSERVED
from gates.errors import GateError
from gates.model import Facts, Status, ToolRun

__all__ = ["OBSERVED", "read_facts"]


def read_facts(gate: Gate, name: str, members: Mapping[str, bytes], version: int | None = None) -> Facts:
    """The facts that raw output stands for, by the gate's parser of a version (the present one where none is named).

    Whatever goes wrong becomes a fact of status `error`, never an exception; only a version that the gate doesn't have is a `KeyError`.
    """
    parse = gate.parser_of(gate.parser if version is None else version)
    if parse is None:
        raise KeyError(version)
    raw = Raw(gate=name, uses=gate.id, parser=gate.parser if version is None else version, members=members)
    try:
        observed = raw.json(OBSERVED)
        status = Status(observed["status"])
        if status is not Status.COMPLETED:
            return _without_facts(raw, _text(observed["reason"]), _text(observed.get("remedy", "")), status=status)
        facts = parse(raw)
        canonical.of(facts)
        return facts
    except GateError as error:
        return _without_facts(raw, error.reason, error.remedy)
    except Exception as error:  # a parser that meets what it did not expect could not tell: that is a fact, not a crash
        reason = f"the tool's output could not be read: {type(error).__name__}: {error}"
        return _without_facts(raw, reason, "its output is kept with the evidence")


def _without_facts(raw: Raw, reason: str, remedy: str, *, status: Status = Status.ERROR) -> Facts:
    reason, remedy = (text.encode("utf-8", "replace").decode("utf-8") for text in (reason, remedy))  # halves of characters
    return Facts(gate=raw.gate, uses=raw.uses, parser=raw.parser, status=status, reason=reason, remedy=remedy, tools=_tools(raw))


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{OBSERVED} holds {type(value).__name__} where a text should be")
    return value


def _tools(raw: Raw) -> tuple[ToolRun, ...]:
    try:
        tools = tuple(codec.decode(ToolRun, item) for item in json.loads(raw.content("tools.json")))
        canonical.of(tools)
        return tools
    except (GateError, ValueError, TypeError, RecursionError):
        return ()
