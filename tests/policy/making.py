"""Small gates and sources for tests of the policy: the options of the page's big example, and no engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Literal

from gates import canonical
from gates.api import Duration, Facts, Gate, Limit, ObserveContext, Raw, Serve, Stage, option
from gates.errors import GateError, PolicyError
from gates.model import Policy, PolicySource
from gates.policy.compose import Effective, compose

EXAMPLES = Path(__file__).parent.parent / "examples" / "policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    source: tuple[str, ...] = option("folders whose lines count", required=True)
    report: str = option("a report that is there already", default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class TestsOptions:
    __test__ = False

    python: str = option("the project's interpreter", default="")
    paths: tuple[str, ...] = option("what to run", default=())
    coverage: Coverage | None = option("measure coverage", default=None)
    retries: int = option("how often to try again", default=0, minimum=0)
    share: Decimal | None = option("a number with a point", default=None)
    random: bool = option("in random order", default=False)
    patience: Duration = option("how long to wait", default=30, minimum=1)
    mode: Literal["fast", "whole"] = option("how much", default="whole")
    variables: Mapping[str, str] = option("variables to set", default={})


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractsOptions:
    schema: str = option("the contract", required=True)
    url: str = option("a service that runs", default="")
    serve: Serve | None = option("how to start the service", default=None)

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.serve):
            raise ValueError("needs either `url` or `serve`")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessibilityOptions:
    pages: tuple[str, ...] = option("pages to look at", required=True)
    serve: Serve | None = option("how to start the site", default=None)
    standard: str = option("the standard", default="wcag22aa")


@dataclass(frozen=True, slots=True, kw_only=True)
class DependenciesOptions:
    sources: tuple[str, ...] = option("lock files", default=())
    advisories: str = option("where advisories come from", default="pypi")


@dataclass(frozen=True, slots=True, kw_only=True)
class PathsOptions:
    paths: tuple[str, ...] = option("what to look at", default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalOptions:
    command: tuple[str, ...] = option("program and arguments", default=())
    sarif: str = option("its report", default="")
    inventory: tuple[str, ...] = option("files it should have looked at", default=())


def _observe(context: ObserveContext, options: object) -> None:
    raise GateError("these gates are never run")


def _parse(raw: Raw) -> Facts:
    raise GateError("these gates are never run")


def _gate(id: str, options: type, *, limits: tuple[Limit, ...] = (), measurements: Mapping[str, str] | None = None) -> Gate:
    return Gate(
        id=id,
        title=id.capitalize(),
        unit="items",
        options=options,
        executes_project=False,
        parser=1,
        observe=_observe,
        parse=_parse,
        limits=limits,
        measurements=measurements or {},
    )


_NO_NEW = (Limit(name="findings", new_max=Decimal(0)),)
GATES = {
    gate.id: gate
    for gate in (
        _gate(
            "tests",
            TestsOptions,
            limits=(Limit(name="failures", max=Decimal(0)), Limit(name="flakes", max=Decimal(3))),
            measurements={"line-coverage": "percent of lines", "slowest": "seconds"},
        ),
        _gate("contracts", ContractsOptions, measurements={"unanswered": "operations"}),
        _gate("accessibility", AccessibilityOptions),
        _gate("dependencies", DependenciesOptions, limits=_NO_NEW),
        replace(_gate("secrets", PathsOptions, limits=_NO_NEW), stages=(Stage.COMMIT, Stage.CHANGE, Stage.RELEASE)),
        _gate("security", PathsOptions),
        _gate("external", ExternalOptions),
    )
}


def find_gate(id: str) -> Gate:
    return GATES[id]


def source(text: str | bytes, name: str = "gates.yaml") -> PolicySource:
    content = text.encode() if isinstance(text, str) else text
    return PolicySource(name=name, content=content, sha256=canonical.sha256(content))


def effective(*texts: str | bytes, stage: Stage = Stage.CHANGE) -> Effective:
    """Sources composed in their order; the last is called `gates.yaml`, those before it `1.yaml`, `2.yaml` …"""
    sources = [source(text, "gates.yaml" if number == len(texts) else f"{number}.yaml") for number, text in enumerate(texts, 1)]
    return compose(sources, stage, find_gate)


def policy(*texts: str | bytes, stage: Stage = Stage.CHANGE) -> Policy:
    return effective(*texts, stage=stage).policy


def unnamed(value: Policy) -> Policy:
    """A policy without the names of its sources, which differ where the same is said by other files."""
    return replace(value, sources=())


def complaints(*texts: str | bytes, stage: Stage = Stage.CHANGE) -> list[str]:
    """What is wrong, as `file:line:column error`; empty where nothing is."""
    try:
        effective(*texts, stage=stage)
    except PolicyError as error:
        return [f"{problem.where} {problem.error}" for problem in error.problems]
    return []
