"""The contracts gate: does a running service keep its OpenAPI contract? Driven by schemathesis, in a process of its own.

The engine ends with 0 where it tested the wrong address, tested nothing, or checked nothing. So the operations are listed
from the contract independently (`drivers/contracts_inventory.py`), and one counts as examined only where it was answered
as the contract documents: with a success, or with a refusal where it documents nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from gates.api import Depends, Gate, Limit, Need, ObserveContext, program_needs, variable_needs
from gates.runners.contracts.options import Options
from gates.runners.contracts.reading import parse
from gates.runners.contracts.trying import observe

__all__ = ["GATE", "Options", "needs"]


def needs(root: Path, options: Options) -> Iterator[Need]:
    """The service's program and the variables; the engine is in `requires`."""
    if options.serve:
        yield from program_needs(root, options.serve.command, where="serve.command", environment=os.environ)
    yield from variable_needs((*options.needs, *options.headers.values()), environment=os.environ)


def depends(context: ObserveContext, options: Options) -> Depends | str:
    """A service is made of any file of the repository; one that runs elsewhere is not known."""
    if options.serve is None or "://" in options.schema.replace("{url}", ""):
        return "the service, or its contract, is somewhere else"
    return Depends(files=context.select((*options.inputs, *_schema(options))) if options.inputs else None, machine=True)


def _schema(options: Options) -> tuple[str, ...]:
    return () if "{url}" in options.schema else (options.schema,)


GATE = Gate(
    id="contracts",
    title="API contracts",
    unit="operations",
    options=Options,
    executes_project=True,
    parser=1,
    observe=observe,
    parse=parse,
    requires=("schemathesis",),
    extra="contracts",
    limits=(Limit(name="failures", max=Decimal(0)),),
    measurements={
        "unanswered": "operations that were never answered as the contract documents",
        "cases": "requests that were made",
    },
    needs=needs,
    depends=depends,
)
