"""Has somebody who may approve it approved it: a change by a review of its head, its policy or a waiver by that or a signature. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gates.dataclass import dataclass
from gates.model import APPROVALS, Approval, Context, Judging, Override, Policy, PolicyApproval, Review, Reviews, Waiver
from gates.policy import approvers, signing, whole
from gates.policy.approvers import Approver, login


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """Who approved (empty: nobody whose word counts), and where nobody did, why not, in words."""

    by: str = ""
    missing: str = ""


def of_change(named: Sequence[str], context: Context, reviews: Reviews | None, *, but_not: str = "") -> Approved:
    """Whether one of a policy's `approvers` has approved exactly what is judged, and not taken it back.

    Counts the last word of each person that is of the change's head. The author's own word does not count, nor a bot's, nor that of
    `but_not`, nor that of anybody of whom it can't be known whether a named team has them.
    """
    if not named:
        return Approved(missing="the policy names no `approvers`")
    unknown = _unknown(context, reviews)
    if unknown or reviews is None:
        return Approved(missing=unknown)
    who = [approvers.parse(text) for text in named]
    last = {login(review.reviewer): review for review in reviews.reviews if review.person}
    barred = {login(reviews.author): "opened the change", login(but_not): "owns what is to be approved"}
    refusals = []
    for name, review in last.items():
        if not _may(name, who, reviews):
            continue
        refusal = f"@{review.reviewer} {barred[name]}" if name in barred else _refusal(review, reviews)
        if not refusal:
            return Approved(by=f"@{review.reviewer}")
        refusals.append(refusal)
    refusals += [f"who belongs to {team.name} is not known: {team.unknown}" for team in reviews.teams if team.unknown]
    nobody = f"none of {', '.join(item.name for item in who)} has approved {reviews.head[:12]}"
    return Approved(missing="; ".join((nobody, *refusals)))


def _unknown(context: Context, reviews: Reviews | None) -> str:
    """Why no review can count, in words; empty where one can."""
    if reviews is None:
        return "no reviews were fetched"
    if reviews.unknown:
        return reviews.unknown
    if context.dirty or context.commit is None:
        return "what is judged is not the commit that was reviewed: there are changes that were not committed"
    if reviews.commit != context.commit:
        return f"the reviews are of another commit than {context.commit[:12]}"
    return ""


def _may(name: str, who: Sequence[Approver], reviews: Reviews) -> bool:
    teams = {login(team.name) for team in reviews.teams if not team.unknown and name in {login(member) for member in team.members}}
    return any(name == item.login or (item.team and login(item.name) in teams) for item in who)


def _refusal(review: Review, reviews: Reviews) -> str:
    """Why a person's last word is no approval of the head, in words; empty where it is one."""
    if review.verdict == "changes-requested":
        return f"@{review.reviewer} asks for changes"
    if review.verdict == "dismissed":
        return f"the approval of @{review.reviewer} was dismissed"
    if review.commit != reviews.head:
        return f"@{review.reviewer} approved {review.commit[:12]}, which is not the head any more"
    return ""


def of_policy(own: Judging, tip: Judging, context: Context, reviews: Reviews | None) -> Approved:
    """Whether one of the tip's `approvers` signed that exactly its policy becomes exactly that of the change.

    Nothing is missing where the change brings no approval: one that stands at the tip was for what was merged with it.
    """
    item = own.policy.approved
    if item is None or item == tip.policy.approved:
        return Approved()
    missing = _other_pair(item, own, tip, context) or _untimely(item, context)
    if missing:
        return Approved(missing=missing)
    signer = signing.signer(item, tip.policy.approvers)
    if signer is None or login(signer.name) != login(item.by):
        return Approved(missing=f"it is not signed as it stands by a key that the `approvers` of {tip.words} name for {item.by}")
    if reviews is not None and reviews.author and login(reviews.author) == signer.login:
        return Approved(missing=f"{signer.name} opened the change, and nobody approves for themselves")
    if tip.touched:
        files = ", ".join(tip.touched)
        return Approved(missing=f"it is of the policy alone, and gates look by {files}, changed too: a review of the change covers both")
    return Approved(by=signer.name)


def _other_pair(item: PolicyApproval, own: Judging, tip: Judging, context: Context) -> str:
    """Why it is not of these two policies, here; empty where it is."""
    if not own.whole or not tip.whole:
        which = "the policy of the change" if tip.whole else tip.words
        return f"what {which} says at every stage is not known, for it is no policy at some: see `gates policy check`"
    if item.of != tip.whole:
        return f"it is for a change of another policy than {tip.words}"
    if item.to != own.whole:
        return "it is for another policy than this one, which was edited after it was signed"
    here = whole.repository(context.repository)
    if item.repository != here:
        return f"it is for {item.repository or 'a repository without a name'}, and this is {here or 'one without a name'}"
    return _other_folder(item.folder, context)


def _other_folder(named: str | None, context: Context) -> str:
    """Why it is not of the folder that is judged by itself, or of the whole repository; empty where it is."""
    of, this = (f"the folder {name}" if name else "the whole repository" for name in (named, context.folder))
    return "" if named == context.folder else f"it is for {of}, and this is {this}"


def _untimely(item: PolicyApproval, context: Context) -> str:
    if context.day > item.expires:
        return f"it was over on {item.expires}"
    return f"it counts from {item.created} on" if context.day < item.created else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfWaiver:
    """How a waiver was approved, by whom where that is known, and what is missing for it to count; empty where it does.

    `elsewhere` says that it is for another folder than the one that is judged.
    """

    kind: Approval
    by: str | None = None
    missing: str = ""
    elsewhere: str = ""


def of_waiver(waiver: Waiver, policy: Policy, context: Context, reviews: Reviews | None, *, laid_under: bool = False) -> OfWaiver:
    """The strongest approval that a waiver has, held against the least that the policy takes. The owner's own is never more than `self`.

    `laid_under`: the policy is one that no change could have written, and a waiver of it that names no folder is for each.
    """
    elsewhere = _other_folder(waiver.folder, context) if waiver.folder else ""
    signed = signed_waiver(waiver, policy.approvers, context, laid_under=laid_under)
    if signed:
        return OfWaiver(kind="signed", by=signed, elsewhere=elsewhere)
    review = of_change(policy.approvers, context, reviews, but_not=waiver.owner)
    least = policy.waiver_rules.approval or "self"
    if review.by:
        found = OfWaiver(kind="reviewed", by=review.by)
    else:
        found = OfWaiver(kind="self" if login(waiver.approver) == login(waiver.owner) else "asserted")
    if APPROVALS.index(found.kind) >= APPROVALS.index(least):
        return replace(found, elsewhere=elsewhere)
    missing = _missing(waiver, least, review, _not_signed(waiver, policy, context))
    return OfWaiver(kind=found.kind, by=found.by, missing=missing, elsewhere=elsewhere)


def signed_waiver(waiver: Waiver, named: Sequence[str], context: Context, *, laid_under: bool = False) -> str:
    """The one of a policy's `approvers` who signed a waiver for the folder that is judged; empty where nobody but its owner did.

    Whoever may write to one folder's policy could copy there what was signed for another: places are relative to the folder.
    """
    here = waiver.folder == context.folder or (laid_under and waiver.folder is None)
    return signed_by(waiver, named) if here else ""


def signed_by(item: Waiver | Override, named: Sequence[str]) -> str:
    """Which of a policy's `approvers` signed a waiver or an override as it stands; empty where nobody but its owner did."""
    signer = signing.signer(item, named)
    return "" if signer is None or login(signer.name) == login(item.owner) else signer.name


def _not_signed(waiver: Waiver, policy: Policy, context: Context) -> str:
    """Why no signature counts as an approver's, in words."""
    if signed_by(waiver, policy.approvers):
        return f"its signature says that {_other_folder(waiver.folder, context)}: name that with `folder`"
    if signing.signer(waiver, policy.approvers) is not None:
        return "its owner signed it, and nobody approves for themselves"
    return "it is not signed" if waiver.signature is None else "its signature is not one of this text by a key of `approvers`"


def _missing(waiver: Waiver, least: Approval, review: Approved, unsigned: str) -> str:
    """What a waiver lacks, and how to get it. `unsigned` says why nobody's signature counts."""
    sign = f"`gates waive {waiver.id} --sign-key FILE`, with the key of one of `approvers`"
    match least:
        case "signed":
            return f"{unsigned}: sign it with {sign}"
        case "reviewed":
            signed = "" if waiver.signature is None else f"; {unsigned}"
            return f"{review.missing}{signed}: let one of them approve the change on the code host, or sign it with {sign}"
    return "its owner approved it: name another `approver`"
