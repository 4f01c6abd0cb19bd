"""The proof that schemathesis could see: what it must have found, in this run, on a service of ours that breaks its contract."""

from __future__ import annotations

from collections.abc import Iterable

from gates.api import GateError, Raw
from gates.dataclass import dataclass
from gates.formats import schemathesis

EVENTS = "canary.ndjson"
#: What the canary breaks in each run; each failed check must stand in its events.
ALWAYS = frozenset(
    {
        "not-a-server-error",
        "status-code-conformance",
        "content-type-conformance",
        "response-headers-conformance",
        "response-schema-conformance",
        "negative-data-rejection",
        "positive-data-acceptance",
        "missing-required-header",
        "unsupported-method",
        "allow-header-conformance",
        "ignored-auth",
    }
)
#: What it breaks where links are followed: nothing else makes these checks look at an answer.
STATEFUL = frozenset({"use-after-free", "ensure-resource-availability"})
_REMEDY = (
    "something in the Python of Quality Gates changes schemathesis: install it anew in an environment of its own "
    "(pip install --force-reinstall 'quality-gates[contracts]'), without packages that extend or patch it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a policy asked the engine for. Without `checks`, all."""

    checks: tuple[str, ...]
    phases: tuple[str, ...]

    @property
    def provable(self) -> frozenset[str]:
        """The checks that the canary must have set off."""
        known = ALWAYS | STATEFUL if "stateful" in self.phases else ALWAYS
        return known & frozenset(self.checks) if self.checks else known


def require(raw: Raw, asked: Asked) -> None:
    """Raise `GateError` where a check that was asked for found nothing on our service, or a phase asked nothing of it."""
    if EVENTS not in raw:
        raise GateError("schemathesis was not tried on a service of ours that must fail, so nothing says that it can see", remedy=_REMEDY)
    failed: set[str] = set()
    tried: set[str] = set()
    for kind, event in schemathesis.events(raw, EVENTS):
        if kind == "ScenarioFinished":
            recorder = event["recorder"]
            failed |= {check.replace("_", "-") for check in _failed(recorder)}
            tried |= {event["phase"]} if recorder.get("checks") else set()
    _refuse("checks", asked.provable - failed)
    _refuse("phases", set(asked.phases) - tried)


def _failed(recorder: schemathesis.Recorder) -> Iterable[str]:
    """Names of the checks that failed, each only on an answer that was received."""
    interactions = recorder.get("interactions", {})
    for identity, checks in recorder.get("checks", {}).items():
        if (interactions.get(identity) or {}).get("response"):
            yield from (check["name"] for check in checks if check["status"] == "failure")


def _refuse(what: str, blind: set[str] | frozenset[str]) -> None:
    if blind:
        raise GateError(
            f"schemathesis is blind: on a service of ours that must fail, these {what} found nothing: {', '.join(sorted(blind))}",
            remedy=_REMEDY,
        )
