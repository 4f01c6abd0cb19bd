"""What is guaranteed, as tests that declare their answer: the tables of `docs/guarantees.md` are made from the declarations.

A test is decorated with what it tries and with the answer that it must get, and returns what it saw:

>>> @trap("P1", "a test ends the process", alone="exit code 0", here=errored("the process exited with 0"))
... def test_p1_the_process_is_ended(project: Project) -> Seen:
...     return judged(project.observe(), alone=project.alone())
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from gates import registry
from gates.judge.decide import decide
from gates.model import Facts, GateDecision, Outcome, Policy, Stage
from gates.policy.compose import compose
from gates.policy.load import collect_text
from tests.judge.making import context


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of the gate under the baseline policy, and words that must be said with it: a reason, a finding, what is listed."""

    outcome: Outcome
    words: str


def errored(words: str) -> Answer:
    """It could not be known, and `words` stand in the reason."""
    return Answer(outcome=Outcome.ERRORED, words=words)


def failed(words: str) -> Answer:
    """What was hidden is found: `words` stand in a finding, its rule or its place."""
    return Answer(outcome=Outcome.FAILED, words=words)


def passed(words: str) -> Answer:
    """It may pass, and is seen: `words` stand in what is listed as skipped, suppressed, in need of review, or measured."""
    return Answer(outcome=Outcome.PASSED, words=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a test saw: the outcome here with everything that was said, and what the engine says when it is run by hand."""

    outcome: Outcome
    text: str
    alone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One line of a table. `alone` is what the engine, run by hand, answers; empty where there is no engine to ask."""

    table: str
    number: str
    what: str
    alone: str
    here: Answer
    test: str


def trap(number: str, what: str, *, alone: str, here: Answer) -> Callable[[Callable[..., Seen]], Callable[..., None]]:
    """A way in which an engine says "clean" when it isn't; `alone` is its own answer, which the test must get from it too."""
    return _case("traps", number, what, alone, here)


def fault(what: str, *, here: Answer) -> Callable[[Callable[..., Seen]], Callable[..., None]]:
    """Something that breaks while a run goes on."""
    return _case("faults", "", what, "", here)


def hostile(what: str, *, here: Answer) -> Callable[[Callable[..., Seen]], Callable[..., None]]:
    """A project that is made to cheat, to steal or to confuse."""
    return _case("hostile", "", what, "", here)


def _case(table: str, number: str, what: str, alone: str, here: Answer) -> Callable[[Callable[..., Seen]], Callable[..., None]]:
    def decorate(test: Callable[..., Seen]) -> Callable[..., None]:
        @functools.wraps(test)
        def checked(*args: Any, **kwargs: Any) -> None:
            seen = test(*args, **kwargs)
            assert seen.alone == alone, f"the engine alone: {seen.alone!r}, not {alone!r}"
            assert seen.outcome == here.outcome, f"here: {seen.outcome}, not {here.outcome}\n{seen.text}"
            assert here.words in seen.text, f"{here.words!r} is not said in:\n{seen.text}"

        case = Case(table=table, number=number, what=what, alone=alone, here=here, test=test.__name__)
        checked.case = case  # type: ignore[attr-defined]
        return checked

    return decorate


def cases(module: ModuleType) -> Iterator[Case]:
    """The declarations of a module of tests, in the order of the file."""
    for value in vars(module).values():
        case = getattr(value, "case", None)
        if isinstance(case, Case):
            yield case


def judged(facts: Facts, *, alone: str = "") -> Seen:
    """What the baseline policy makes of facts."""
    decision = decision_of(facts)
    return Seen(outcome=decision.outcome, text=said(facts, decision), alone=alone)


def decision_of(facts: Facts) -> GateDecision:
    return decide(_baseline(facts.gate, facts.uses), context(), [facts], []).gates[0]


def said(facts: Facts, decision: GateDecision) -> str:
    """Everything that facts and decision say, a line each, as `path: value` for measurements and `item: reason` for what was skipped."""
    lines = [*decision.reasons, facts.reason, decision.remedy]
    lines += [f"{skip.item}: {skip.reason}" for skip in (facts.examined.skipped if facts.examined else ())]
    lines += [f"{item.name}: {item.value}" for item in facts.measurements]
    lines += [
        f"{finding.kind} {finding.rule} at {finding.location}: {finding.message}"
        + (f" (suppressed by {finding.suppressed_by})" if finding.suppressed_by else "")
        for finding in facts.findings
    ]
    return "\n".join(line for line in lines if line)


#: What each gate can't do without; the judge looks at none of it.
_NEEDED: Mapping[str, Mapping[str, Any]] = {
    "contracts": {"schema": "openapi.yaml", "url": "http://127.0.0.1:8000"},
    "accessibility": {"pages": ["/"], "url": "http://127.0.0.1:8000"},
    "dependencies": {"advisories": "advisories"},
    "external": {"junit": "report.xml"},
}


@cache
def _baseline(name: str, uses: str) -> Policy:
    options = dict(_NEEDED.get(uses, {}))
    policy = {"version": 1, "extends": ["baseline"], "gates": {name: {"uses": uses, "options": options}}}
    sources = collect_text(Path(), "gates.yaml", json.dumps(policy))
    return compose(sources, Stage.CHANGE, registry.find).policy
