"""Whose a key is, by the approvers that a policy names."""

from __future__ import annotations

from collections.abc import Sequence

from gates.errors import UsageError
from gates.evidence.keys import PrivateKey
from gates.policy import approvers
from gates.policy.approvers import Approver


def holder(named: Sequence[str], key: PrivateKey, *, whose: str = "the policy") -> Approver:
    """The approver whose key it is. `whose` says which policy names them. Raises `UsageError`."""
    public = key.public.raw
    found = next((who for text in named if (who := approvers.parse(text)).key == public), None)
    if found is None:
        line = f'"NAME {approvers.written(public)}"'
        raise UsageError(f"the `approvers` of {whose} name no holder of this key", help=f"add {line} there, in a change that is reviewed")
    return found
