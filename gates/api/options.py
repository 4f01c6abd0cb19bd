"""How a gate says what a policy may set: fields with help and bounds, and the options that several gates share."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any

from gates.api.weights import Neither, Unknown, Weight
from gates.dataclass import dataclass

#: Seconds; written in a policy as `90s`, `10m`, `2h` or `7d`.
Duration = Annotated[int, "duration"]


def option(
    help: str,
    *,
    default: Any = dataclasses.MISSING,
    minimum: int | None = None,
    required: bool = False,
    looser: Weight = Unknown(),  # noqa: B008 (frozen, and without content)
) -> Any:
    """A field of a gate's options: its help stands in the policy's schema and reference. Without a default it is required.

    `looser` says which change of it lets more pass, so that a reviewer is told. Without it every change counts as looser.
    """
    metadata = {"help": help, "minimum": minimum, "looser": looser}
    if required or default is dataclasses.MISSING:
        return field(metadata=metadata)
    if isinstance(default, dict):
        return field(default_factory=lambda: dict(default), metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Serve:
    """How a service under test is started: a command, or a folder of static files."""

    command: tuple[str, ...] = option(
        "program and arguments; `{port}` stands for a free port, `{python}` for the interpreter that runs Quality Gates", default=()
    )
    directory: str = option("folder of static files to serve instead of a command", default="")
    ready: str = option("path that answers below 400 once the service is ready", default="/")
    timeout: Duration = option("how long it may take to be ready", default=30, minimum=1, looser=Neither())
    environment: Mapping[str, str] = option("variables to set for the command", default={})

    def __post_init__(self) -> None:
        if bool(self.command) == bool(self.directory):
            raise ValueError("serve needs either `command` or `directory`")
