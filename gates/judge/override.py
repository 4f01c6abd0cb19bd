"""Does an override take the place of a verdict: one that no change could write by itself, for exactly what is judged, on its days. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from gates.judge import approval
from gates.model import CHANGE_POLICY, TIP_POLICY, Context, Decision, Judging, Overridden, Override, Verdict


def apply(decision: Decision, judgings: Sequence[Judging], context: Context) -> Decision:
    """The decision, passed where an override says so; where one for this does not count, its reasons begin with why.

    The first that counts is taken, those of policies that are laid under the others before those that somebody signed.
    """
    if decision.verdict is Verdict.PASSED:
        return decision
    refusals = []
    for item, judging in _fitting(judgings, context):
        by, missing = _whose(item, judging, judgings)
        missing = (
            missing
            or _of_another_folder(item, judging, context)
            or _untimely(item, context)
            or _of_another_verdict(item, decision)
            or _of_floors(item, judging, judgings, decision)
        )
        if not missing:
            return _passed(decision, item, by)
        refusals.append(f"the override {item.id} does not count: {missing}")
    return replace(decision, reasons=(*dict.fromkeys(refusals), *decision.reasons)) if refusals else decision


def _fitting(judgings: Sequence[Judging], context: Context) -> Iterator[tuple[Override, Judging]]:
    """Overrides for what is judged, those of floors first."""
    said = {"repository": context.repository, "ref": context.ref, "commit": None if context.dirty else context.commit}
    for judging in sorted(judgings, key=lambda judging: judging.name in {CHANGE_POLICY, TIP_POLICY}):
        for item in judging.policy.overrides or ():
            if all(said[key] == value for key, value in item.subject.items() if key in said):
                yield item, judging


def _whose(item: Override, judging: Judging, judgings: Sequence[Judging]) -> tuple[str, str]:
    """Whose word it is; or why nobody's whom the change could not be."""
    if is_floor(judging):
        return judging.words, ""
    standing = next((other for other in judgings if other.name == TIP_POLICY), judgings[0])
    signer = approval.signed_by(item, standing.policy.approvers)
    if signer:
        return f"{signer}, who signed it", ""
    lacks = "it is not signed" if item.signature is None else "none of the approvers but its owner signed it as it stands"
    return "", f"{lacks}: `gates waive {item.id} --sign-key FILE` with the key of one of them, or let --policy-from name the policy with it"


def _of_another_folder(item: Override, judging: Judging, context: Context) -> str:
    """Why it is not for the folder that is judged by itself. What somebody signed for one would else do for the one beside it."""
    named = item.subject.get("folder")
    if named == context.folder or (named is None and is_floor(judging)):
        return ""
    of, this = (f"the folder {name}" if name else "the whole repository" for name in (named, context.folder))
    return f"it is for {of}, and this is {this}: name that with `folder` under `for`"


def _untimely(item: Override, context: Context) -> str:
    if context.day > item.expires:
        return f"it was over on {item.expires}"
    return f"it counts from {item.created} on" if context.day < item.created else ""


def _of_another_verdict(item: Override, decision: Decision) -> str:
    return "" if decision.verdict.value in item.of else f"it is for {' and '.join(item.of)}, and the verdict is {decision.verdict.value}"


def _of_floors(item: Override, judging: Judging, judgings: Sequence[Judging], decision: Decision) -> str:
    """Why a policy that is laid under the others does not let a signature pass: it takes that of its own approvers alone."""
    if is_floor(judging):
        return ""
    stopping = {found.name for found in decision.policies or () if found.counts and found.verdict is not Verdict.PASSED}
    floors = [other for other in judgings if is_floor(other) and other.name in stopping]
    floor = next((other for other in floors if not approval.signed_by(item, other.policy.approvers)), None)
    return "" if floor is None else f"{floor.words} stops it too, and none of its approvers signed it"


def is_floor(judging: Judging) -> bool:
    """Whether no change could have written the policy: it is laid under the others, and not from what is judged."""
    return judging.name not in {CHANGE_POLICY, TIP_POLICY} and not judging.within


def _passed(decision: Decision, item: Override, by: str) -> Decision:
    said = f"overridden by {item.id} of {by} (owner {item.owner}, until {item.expires}): {item.reason}"
    overridden = Overridden(id=item.id, verdict=decision.verdict, by=by, reason=item.reason, owner=item.owner, expires=item.expires)
    return replace(decision, verdict=Verdict.PASSED, reasons=(said, *decision.reasons), override=overridden)
