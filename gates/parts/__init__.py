"""A run on several machines: the plan that says which part does what, and the parts, each with the raw output that one machine saw."""

from gates.parts.divide import share, spread
from gates.parts.part import GatePart, Part, Read, masks_of, read_part, write_part
from gates.parts.plan import Asking, Plan, Planned, PolicyDigest, Shared, by_part, check_same, read_plan, shares_of

__all__ = [
    "Asking",
    "GatePart",
    "Part",
    "Plan",
    "Planned",
    "PolicyDigest",
    "Read",
    "Shared",
    "by_part",
    "check_same",
    "masks_of",
    "read_part",
    "read_plan",
    "share",
    "shares_of",
    "spread",
    "write_part",
]
