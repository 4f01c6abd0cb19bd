"""What `gates verify` answers, in words and as JSON: for one bundle, for a chain, and by another policy."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from gates.errors import VerifyCode
from gates.evidence.chain import ChainVerification, Verified
from gates.evidence.rejudge import Rejudged
from gates.evidence.verify import Answer, Question, Verification
from gates.model import Outcome
from gates.report.safe import terminal, visible_json
from gates.report.view import observed_by

_MARKS = {True: "yes", False: "NO", None: "not asked"}
_IN_PART = "in part"
_COLORS = {True: 32, False: 31, None: 33}
_WORDS: dict[str, str] = {
    Question.INTACT: "intact",
    Question.TRUSTED: "trusted",
    Question.ABOUT: "about the right thing",
    Question.FOLLOWS: "follows",
    Question.COMPLETE: "complete",
}


def text(found: Verification, other: Rejudged | None, *, color: bool) -> str:
    """A line for each question, then the verdict, and what the other policy says."""
    lines = [
        _line(_WORDS[answer.question], answer.holds, answer.words, color=color, mark=_IN_PART if _in_part(answer) else "")
        for answer in found.answers
    ]
    if found.contents is not None:
        claimed = found.contents.record.decision.verdict
        broken = ", ".join(_not(answer) for answer in found.answers if answer.holds is False)
        named = all(answer.holds for answer in found.answers if answer.question is Question.ABOUT)
        verdict = f"verdict: {claimed}{'' if named else ', of a commit that you did not name'}"
        if parts := observed_by(found.contents.record):
            lines.append(f"observed: {parts}")
        lines.append(verdict if _is_verdict(found.code) else f"NOT VERIFIED: {broken}; the bundle itself claims: {claimed}")
        lines.append(f"digest: sha256:{found.contents.digest}")
    if other is not None:
        lines += _by_other(other)
    return "\n".join(lines) + "\n"


def document(found: Verification, other: Rejudged | None, code: VerifyCode) -> str:
    """The same as JSON (`gates/verification/v1`)."""
    contents = found.contents
    data = {
        "schema": "gates/verification/v1",
        "exit_code": int(code),
        "verdict": contents.record.decision.verdict.value if contents else None,
        "digest": f"sha256:{contents.digest}" if contents else None,
        "answers": [_answer(answer) for answer in found.answers],
    }
    return _printed(data | ({"by_policy": _rejudged(other)} if other else {}))


def chain_text(found: ChainVerification, *, color: bool) -> str:
    """A line for each bundle, what does not hold of it, and a line for the chain."""
    lines = []
    for item in found.bundles:
        named = f"number {item.link.sequence}, {item.path.name}" if item.link else item.path.name
        holds = _is_verdict(item.verification.code)
        about = f"{item.link.verdict}, judged on {item.link.day}, commit {item.link.commit or 'not known'}" if item.link else ""
        lines.append(_line(named, holds, about if holds else "; ".join([about, *_broken(item)]).removeprefix("; "), color=color))
    lines.append(_line("the chain", not found.faults, "; ".join(found.faults) or _whole(found), color=color))
    return "\n".join(lines) + "\n"


def chain_document(found: ChainVerification) -> str:
    """The same as JSON (`gates/chain-verification/v1`)."""
    return _printed(
        {
            "schema": "gates/chain-verification/v1",
            "exit_code": int(found.code),
            "holds": not found.faults,
            "faults": list(found.faults),
            "bundles": [_link(item) for item in found.bundles],
        }
    )


def _is_verdict(code: VerifyCode) -> bool:
    return code in {VerifyCode.PASSED, VerifyCode.FAILED, VerifyCode.ERRORED}


def _in_part(answer: Answer) -> bool:
    return answer.holds is None and bool(answer.compared)


def _line(head: str, holds: bool | None, words: str, *, color: bool, mark: str = "") -> str:
    said = mark or _MARKS[holds]
    painted = f"\x1b[{_COLORS[holds]}m{said}\x1b[0m" if color else said
    return f"{terminal(head)}: {painted}: {terminal(words)}"


def _by_other(other: Rejudged) -> Iterator[str]:
    yield terminal(f"by {other.policy}, as on {other.day}: {other.decision.verdict}")
    for gate in other.decision.gates:
        if gate.outcome not in {Outcome.PASSED, Outcome.SKIPPED}:
            yield terminal(f"  {gate.gate} {gate.outcome}: {'; '.join(gate.reasons)}")
    for words in (*other.decision.partial, *other.notes):
        yield terminal(f"  note: {words}")


def _broken(item: Verified) -> Iterator[str]:
    for answer in item.verification.answers:
        if answer.holds is False:
            yield f"{_not(answer)}: {answer.words}"


def _not(answer: Answer) -> str:
    return "does not follow" if answer.question is Question.FOLLOWS else f"not {_WORDS[answer.question]}"


def _whole(found: ChainVerification) -> str:
    links = [item.link for item in found.bundles if item.link]
    count = len({link.digest for link in links})
    bundles = f"{count} bundles, number {links[0].sequence} to {links[-1].sequence}" if count > 1 else f"one bundle, {links[0]}"
    return f"{bundles}, none missing between them; whether later ones were taken away, only --min-sequence or --digest can tell"


def _answer(answer: Answer) -> dict[str, Any]:
    said = {"question": answer.question.value, "holds": answer.holds, "words": answer.words}
    about = {"compared": list(answer.compared), "not_compared": list(answer.not_compared)}
    return said | (about if answer.compared or answer.not_compared else {})


def _link(item: Verified) -> dict[str, Any]:
    link = item.link
    return {
        "path": str(item.path),
        "exit_code": int(item.verification.code),
        "digest": f"sha256:{link.digest}" if link else None,
        "sequence": link.sequence if link else None,
        "previous": f"sha256:{link.previous}" if link and link.previous else None,
        "verdict": link.verdict.value if link else None,
        "day": link.day.isoformat() if link else None,
        "commit": link.commit if link else None,
        "answers": [_answer(answer) for answer in item.verification.answers],
    }


def _rejudged(other: Rejudged) -> dict[str, Any]:
    decision = other.decision
    return {
        "policy": other.policy,
        "policy_digest": decision.policy_digest,
        "day": other.day.isoformat(),
        "verdict": decision.verdict.value,
        "reasons": list(decision.reasons),
        "partial": list(decision.partial),
        "gates": [{"gate": gate.gate, "outcome": gate.outcome.value, "reasons": list(gate.reasons)} for gate in decision.gates],
        "notes": list(other.notes),
    }


def _printed(data: dict[str, Any]) -> str:
    return visible_json(json.dumps(data, indent=2)) + "\n"
