"""Where code hosts show a finding: they want a file of the repository for each."""

from __future__ import annotations

from gates.model import Location
from gates.report.view import GateView

#: Where a finding stands that has no file: the gate was asked for there.
POLICY_FILE = "gates.yaml"


def place(where: Location, gate: GateView) -> str:
    """The file of a finding, from the top of the repository: a folder of it may be judged by itself."""
    return in_repository(where.path or _anchor(where, gate), gate)


def in_repository(path: str, gate: GateView) -> str:
    return f"{gate.folder}/{path}" if gate.folder else path


def _anchor(where: Location, gate: GateView) -> str:
    """A file for a finding that has none: an operation stands in the API's schema, all else in the policy that asked for it."""
    schema = gate.policy.options.get("schema") if gate.policy and where.operation else None
    return schema if isinstance(schema, str) and schema and "://" not in schema and not schema.startswith("/") else POLICY_FILE
