"""The operations of an OpenAPI contract, as `drivers/contracts_inventory.py` lists them: what each documents, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gates.api import Location
from gates.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: `GET /items/{id}`, where it is described, the statuses it documents (`200`, `4XX`, `default`).

    A contract that was fetched from an address has no place.
    """

    name: str
    path: str | None
    line: int | None
    answers: tuple[str, ...]

    @property
    def template(self) -> str:
        return self.name.partition(" ")[2]

    @property
    def refuses_always(self) -> bool:
        """Whether it documents refusals alone, such as one that is gone for good."""
        return bool(self.answers) and all(answer[:1] in "45" for answer in self.answers)

    def keeps_to(self, status: int) -> bool:
        """Whether a status is a success that it documents, or a refusal where it documents nothing else."""
        known = {"default", str(status), f"{status // 100}XX"}
        return any(answer in known or answer.upper() in known for answer in self.answers) and (status < 400 or self.refuses_always)


def read(items: Iterable[Mapping[str, Any]]) -> dict[str, Operation]:
    """Operations by name, from the inventory's JSON data."""
    listed = (Operation(item["operation"], item.get("path"), item.get("line"), tuple(item["answers"])) for item in items)
    return {operation.name: operation for operation in listed}


def place(name: str, operations: Mapping[str, Operation]) -> Location:
    """Where an operation is described; for a method that its path doesn't have, where the path's first is."""
    template = name.partition(" ")[2]
    found = operations.get(name) or next((item for item in operations.values() if item.template == template), None)
    return Location(operation=name, path=found.path, line=found.line) if found else Location(operation=name)
