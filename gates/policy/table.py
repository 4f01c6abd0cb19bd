"""What a policy may hold, said once. The reader, the JSON Schema, the reference page and the comparison of policies follow from it.

A gate's options are a table too, derived from the dataclass of its options.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from gates import codec
from gates.api import Gate
from gates.model import APPROVALS, Enforcement, Severity, Stage, WaiverRules
from gates.policy.nodes import Boolean, Choice, Day, Integer, Key, Keys, ListOf, MapOf, Node, Number, OfGate, OneOrMany, Span, Text

NAME_PATTERN = r"[a-z][a-z0-9]*(-[a-z0-9]+)*"
SEVERITIES = tuple(level.word for level in reversed(Severity))
MATCH_KEYS = {
    "rule": "the rule's id, with or without the gate's name",
    "advisory": "an advisory's id; any of its aliases matches",
    "fingerprint": "one finding's fingerprint, whole",
    "package": "the package's name",
    "path": "the file's path; `*` stands for any characters",
    "operation": "an operation of an API, such as `GET /orders/{id}`; `*` stands for any characters",
    "url": "the page's address; `*` stands for any characters",
    "selector": "the element's selector; `*` stands for any characters",
}


# -- a gate's own parts ------------------------------------------------------------------------

_MAX = Key(name="max", of=Number(unlimited=True), help="the most that is allowed; `unlimited` drops a limit that stood before")
_MIN = Key(name="min", of=Number(), help="the least that is allowed")
_REGRESSION = Key(name="regression", of=Number(), help="by how much it may fall below the value at the base")
_SEVERITY = Key(name="severity", of=Choice(values=SEVERITIES), help="the lowest severity that counts", default="all")
_NEW = Key(
    name="new",
    of=Keys(keys=(Key(name="max", of=Number(unlimited=True), help="the most new ones that are allowed", required=True),)),
    help="a limit on what the change adds, beside or instead of the limit on all",
)
FINDINGS_LIMIT = OneOrMany(of=Keys(keys=(_SEVERITY, _MAX, _NEW), some=("max", "new")))
MEASUREMENT_LIMIT = OneOrMany(of=Keys(keys=(_MIN, _MAX, _REGRESSION), some=("min", "max", "regression")))

#: What can be counted for every gate.
COUNTS = (
    Key(name="findings", of=FINDINGS_LIMIT, help="findings that are neither waived nor suppressed"),
    Key(name="failures", of=FINDINGS_LIMIT, help="failures: tests, or checks of an API, that failed"),
    Key(name="suppressed", of=FINDINGS_LIMIT, help="findings that a tool's own marker hides, such as `# nosec`"),
    Key(name="needs-review", of=FINDINGS_LIMIT, help="what the tool could not decide and a person has to"),
    Key(name="flakes", of=FINDINGS_LIMIT, help="tests that failed and then passed on a retry"),
    Key(name="skipped", of=OneOrMany(of=Keys(keys=(_MAX,), some=("max",))), help="items that should have been examined and were not"),
    Key(
        name="examined",
        of=OneOrMany(of=Keys(keys=(Key(name="min", of=Number(minimum=1), help="the fewest items to examine", required=True),))),
        help="items that were examined; at least one, always",
        default="{min: 1}",
    ),
)


def requirements(gate: Gate) -> Keys:
    """The table of a gate's `require`: every count, and what the gate measures."""
    return _requirements(tuple(gate.measurements.items()))


def options(gate: Gate) -> Keys:
    """The table of a gate's `options`."""
    return _options(gate.options)


@cache
def _requirements(measurements: tuple[tuple[str, str], ...]) -> Keys:
    counts = {key.name for key in COUNTS}
    measured = (Key(name=name, of=MEASUREMENT_LIMIT, help=help) for name, help in measurements if name not in counts)
    return Keys(keys=(*COUNTS, *measured))


@cache
def _options(cls: type) -> Keys:
    return dataclasses.replace(_of_dataclass(cls), partial=True, build=None)


def _of_dataclass(cls: type) -> Keys:
    hints = typing.get_type_hints(cls, include_extras=True)
    keys = []
    for field in dataclasses.fields(cls):
        default = field.default if field.default_factory is dataclasses.MISSING else field.default_factory()
        keys.append(
            Key(
                name=field.name.replace("_", "-"),
                of=_of_type(hints[field.name], field.metadata.get("minimum")),
                help=str(field.metadata.get("help", "")),
                required=default is dataclasses.MISSING,
                default="" if default is dataclasses.MISSING else _default_text(default, hints[field.name]),
            )
        )
    return Keys(keys=tuple(keys), build=cls)


def _of_type(kind: Any, minimum: int | None) -> Node:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return Span(minimum=minimum)
    if origin in (Union, types.UnionType):
        (inner,) = (argument for argument in arguments if argument is not type(None))
        return _of_type(inner, minimum)
    if origin is Literal:
        return Choice(values=tuple(str(value) for value in arguments))
    if origin is tuple:
        return ListOf(of=_of_type(arguments[0], minimum))
    if origin is not None and issubclass(origin, Mapping):
        return MapOf(of=_of_type(arguments[1], minimum), name=Text(pattern=r"[!-~]+", says="a name in ASCII"), noun="value")
    if dataclasses.is_dataclass(kind):
        return _of_dataclass(typing.cast("type", kind))
    return _of_scalar(kind, minimum)


def _of_scalar(kind: Any, minimum: int | None) -> Node:
    if kind is bool:
        return Boolean()
    if kind is int:
        return Integer(minimum=minimum)
    if kind is Decimal:
        return Number(minimum=minimum or 0)
    if kind is Severity:
        return Choice(values=SEVERITIES)
    if kind is str:
        return Text()
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Choice(values=tuple(member.value for member in kind))
    raise TypeError(f"a policy can't hold an option of type {kind!r}")


def _default_text(value: Any, kind: Any) -> str:
    if value is None or value in ("", (), {}):
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if get_origin(kind) is Annotated:
        return span_text(value)
    data = codec.encode(value)
    return f"[{', '.join(map(str, data))}]" if isinstance(data, list) else str(data)


def span_text(seconds: int) -> str:
    """A length of time in the largest unit that says it exactly."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


# -- the policy --------------------------------------------------------------------------------

_WHO = Text(blank=False, says="a name")
_NAME = Text(pattern=NAME_PATTERN, says="a name in kebab-case, such as `web-tests`")
_SETTINGS = (
    Key(
        name="enforcement",
        of=Choice(values=tuple(Enforcement)),
        help="`block` stops, `warn` shows, `shadow` records, `off` does not run it",
        default="block",
    ),
    Key(name="timeout", of=Span(minimum=1), help="how long it may take before it is stopped and counts as errored", default="10m"),
    Key(name="owner", of=_WHO, help="who is asked when it is red"),
    Key(name="why", of=Text(blank=False), help="why the gate is there; shown when it is red"),
    Key(name="runbook", of=Text(blank=False), help="a path or address of what to do when it is red"),
    Key(
        name="not-applicable",
        of=Text(blank=False, says="the reason"),
        help="the reason why this gate does not apply here; then it is not run and nothing is required of it",
    ),
    Key(name="options", of=OfGate(part="options"), help="the gate's own options; each replaces what stood before as a whole"),
    Key(name="require", of=OfGate(part="require"), help="limits by name; each name replaces what stood before as a whole"),
)
SETTINGS = Keys(keys=_SETTINGS)
_STAGES = Key(
    name="stages",
    of=ListOf(of=Choice(values=tuple(Stage)), at_least=1),
    help="when it runs: `commit` on a developer's machine, `change` for a pull request or merge queue, `release`",
    default="the gate's own, mostly [change, release]",
)
_AT = Key(
    name="at",
    of=Keys(keys=tuple(Key(name=stage.value, of=SETTINGS, help=f"what is different at the {stage} stage") for stage in Stage)),
    help="what is different at one stage; it wins over what is said for all stages",
)
_USES = Key(name="uses", of=_NAME, help="which gate this is, where its name does not say so", default="the gate of that name")

GATE = Keys(keys=(_USES, _STAGES, *_SETTINGS, _AT))
DEFAULTS = Keys(keys=(_STAGES, *_SETTINGS, _AT))

#: How many days an override may last, from `created` to `expires`.
OVERRIDE_DAYS = 7
_RULES = WaiverRules()
WAIVER_RULES = Keys(
    keys=(
        Key(
            name="max-days",
            of=Keys(
                keys=tuple(
                    Key(name=word, of=Integer(minimum=1), help=f"for findings of severity {word}", default=str(_RULES.max_days[word]))
                    for word in SEVERITIES
                )
            ),
            help="longest life of a waiver in days, from `created` to `expires`, by the severity of what it waives",
        ),
        Key(
            name="too-long", of=Choice(values=("warn", "fail")), help="what becomes of a waiver that lives longer", default=_RULES.too_long
        ),
        Key(
            name="unused",
            of=Choice(values=("warn", "fail")),
            help="what becomes of a waiver that matches nothing, from 14 days after `created`",
            default=_RULES.unused,
        ),
        Key(
            name="approval",
            of=Choice(values=APPROVALS),
            help="the least approval with which a waiver counts: by the owner, by a name in the file, by a review, by a signature",
            default="self",
        ),
    ),
)
WAIVER = Keys(
    keys=(
        Key(
            name="id", of=Text(pattern=r"[A-Za-z0-9._-]+", says="an id such as `W-12`"), help="its id, unique in the policy", required=True
        ),
        Key(name="gate", of=_NAME, help="the gate whose findings it waives", required=True),
        Key(
            name="match",
            of=Keys(
                keys=tuple(Key(name=name, of=Text(blank=False), help=help) for name, help in MATCH_KEYS.items()),
                # Without one of these a waiver would take everything in a place.
                some=("rule", "advisory", "fingerprint"),
            ),
            help="what it waives: a rule, an advisory or a fingerprint, and where; all of it has to match",
            required=True,
        ),
        Key(
            name="class",
            of=Choice(values=("false-positive", "accepted-risk", "mitigated", "vendor-pending")),
            help="what kind of exception it is",
            required=True,
        ),
        Key(name="reason", of=Text(blank=False), help="why it is acceptable", required=True),
        Key(name="owner", of=_WHO, help="who mends it", required=True),
        Key(name="approver", of=_WHO, help="who agreed", required=True),
        Key(name="created", of=Day(), help="the day from which it counts (UTC)", required=True),
        Key(name="expires", of=Day(), help="the last day on which it counts (UTC)", required=True),
        Key(
            name="folder",
            of=Text(blank=False),
            help="the folder of the repository that is judged by itself for which it counts; a signature counts for no other",
        ),
        Key(
            name="signature",
            of=Text(pattern=r"ed25519:[A-Za-z0-9+/]{86}==", says="what `gates waive ID --sign-key FILE` writes"),
            help="by a key of one of the `approvers`, over all else that the waiver says; `gates waive ID --sign-key FILE` writes it",
        ),
    ),
    planned=("second-approver",),
)
OVERRIDE = Keys(
    keys=(
        Key(name="id", of=Text(pattern=r"[A-Za-z0-9._-]+", says="an id such as `O-1`"), help="its id, unique in the policy", required=True),
        Key(
            name="for",
            of=Keys(
                keys=(
                    Key(name="commit", of=Text(pattern=r"[0-9a-f]{40}|[0-9a-f]{64}", says="a full commit id"), help="that commit alone"),
                    Key(name="ref", of=Text(pattern=r"refs/\S+", says="a full name such as `refs/heads/main`"), help="a branch or tag"),
                    Key(name="repository", of=Text(blank=False), help="a repository, as the evidence names it"),
                    Key(name="folder", of=Text(blank=False), help="the folder of it that is judged, where that is not the whole"),
                ),
                some=("commit", "ref", "repository"),
            ),
            help="what may pass; all of it has to be what is judged",
            required=True,
        ),
        Key(
            name="of",
            of=ListOf(of=Choice(values=("failed", "errored")), at_least=1),
            help="the verdicts that it replaces",
            default="[failed]",
        ),
        Key(name="reason", of=Text(blank=False), help="why it has to go out", required=True),
        Key(name="owner", of=_WHO, help="who answers for it", required=True),
        Key(name="created", of=Day(), help="the day from which it counts (UTC)", required=True),
        Key(name="expires", of=Day(), help=f"the last day on which it counts (UTC), at most {OVERRIDE_DAYS} days later", required=True),
        Key(
            name="signature",
            of=Text(pattern=r"ed25519:[A-Za-z0-9+/]{86}==", says="what `gates waive ID --sign-key FILE` writes"),
            help="by a key of one of the `approvers`, over all else that it says; `gates waive ID --sign-key FILE` writes it",
        ),
    ),
)
#: How many days a signed approval of a policy may count, from `created` to `expires`.
APPROVAL_DAYS = 14
_DIGEST = Text(pattern=r"sha256:[0-9a-f]{64}", says="what `gates policy approve` writes")
APPROVED = Keys(
    keys=(
        Key(name="of", of=_DIGEST, help="the policy where the change goes, whole", required=True),
        Key(name="to", of=_DIGEST, help="the policy that takes its place, whole", required=True),
        Key(name="repository", of=Text(blank=False), help="the repository in which, where one is known"),
        Key(name="folder", of=Text(blank=False), help="the folder of it that is judged, where that is not the whole"),
        Key(name="by", of=_WHO, help="the approver whose key signed", required=True),
        Key(name="created", of=Day(), help="the day from which it counts (UTC)", required=True),
        Key(name="expires", of=Day(), help=f"the last day on which it counts (UTC), at most {APPROVAL_DAYS} days later", required=True),
        Key(
            name="signature",
            of=Text(pattern=r"ed25519:[A-Za-z0-9+/]{86}==", says="what `gates policy approve` writes"),
            help="by a key of one of the `approvers` where the change goes, over all else that it says",
            required=True,
        ),
    )
)
RECORDED_DECISION = Keys(
    keys=(
        Key(name="id", of=Text(pattern=r"[A-Za-z0-9._-]+", says="an id such as `D-7`"), help="its id, unique in the policy", required=True),
        Key(name="date", of=Day(), help="the day it was made", required=True),
        Key(name="by", of=_WHO, help="who made it", required=True),
        Key(name="why", of=Text(blank=False), help="what was decided, and why", required=True),
        Key(name="record", of=Text(blank=False), help="the path of a longer record"),
    )
)
POLICY = Keys(
    keys=(
        Key(name="version", of=Choice(values=("1",)), help="the version of this format", required=True),
        Key(
            name="requires",
            of=Text(pattern=r"quality-gates\s*[<>=!~].*", says="a requirement such as `quality-gates>=1.0`"),
            help="which versions of Quality Gates may read this policy",
        ),
        Key(
            name="extends",
            of=ListOf(of=Text(blank=False)),
            help="policies that this one builds on: `baseline`, `strict`, `regulated`, or paths relative to this file; later ones win",
        ),
        Key(
            name="approvers",
            of=ListOf(of=_WHO),
            help="who may approve waivers and what loosens the policy: `@login` or `@organisation/team` by a review, "
            "`NAME ed25519:KEY` by a signature too",
        ),
        Key(
            name="self-approval",
            of=Boolean(),
            help="what a change loosens acts in that change, once this stands where it goes; for a repository kept by one person",
            default="false",
        ),
        Key(
            name="defaults",
            of=MapOf(of=DEFAULTS, name=_NAME, noun="gate"),
            help="settings for every gate of a kind, whatever its name; they add no gate by themselves",
        ),
        Key(name="gates", of=MapOf(of=GATE, name=_NAME, noun="gate"), help="the gates that run"),
        Key(name="waivers", of=ListOf(of=WAIVER), help="exceptions: narrow, owned and dated"),
        Key(name="waiver-rules", of=WAIVER_RULES, help="how long waivers may live, and what becomes of those nobody needs"),
        Key(name="decisions", of=ListOf(of=RECORDED_DECISION), help="decisions of people that the evidence keeps"),
        Key(
            name="overrides",
            of=ListOf(of=OVERRIDE),
            help="what passes for some days although gates stop it: counts in a policy of --policy-from, or signed",
        ),
        Key(
            name="approved",
            of=APPROVED,
            help="an approver's signature that this policy may take the place of the one where the change goes; "
            "`gates policy approve --sign-key FILE` writes it",
        ),
        Key(name="runbook", of=Text(blank=False), help="a path or address: how a release is made"),
        Key(name="rollback", of=Text(blank=False), help="a path or address: how a release is taken back"),
    ),
    planned=("pilots", "risk"),
)
