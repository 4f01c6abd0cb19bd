"""What a gate's second half is given: its raw output, redacted, and what makes facts of it. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from gates import codec, jsontext
from gates.errors import GateError
from gates.model import Examined, Facts, Finding, Kind, Location, Measurement, Severity, Status, ToolRun

MESSAGE_LIMIT = 4000
#: Written by the runner of gates for each: whether `observe` came to its end, and if not, why.
OBSERVED = "observe.json"
#: Raw output of a gate that was observed in parts says in this member of how many; what each part wrote stands below `part-1/` and so on.
PARTS = "parts.json"
#: Into so many parts a run may be planned: a matrix of GitHub's has no more jobs.
MOST_PARTS = 256


def folder_of(part: int) -> str:
    """Where the raw output of a part (from 1) stands below that of its gate."""
    return f"part-{part}/"


class Raw:
    """A gate's raw output, redacted, as `parse` sees it: names to bytes, and nothing else."""

    def __init__(self, *, gate: str, uses: str, parser: int, members: Mapping[str, bytes]) -> None:
        self.gate = gate
        self.uses = uses
        self.parser = parser
        self._members = members

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(self._members))

    def content(self, name: str) -> bytes:
        """A member's bytes; raises `GateError` where the tool did not write it."""
        try:
            return self._members[name]
        except KeyError:
            raise GateError(f"the tool did not write {name}", remedy="its output is kept with the evidence and may say why") from None

    def text(self, name: str) -> str:
        return self.content(name).decode("utf-8", "replace")

    def json(self, name: str) -> Any:
        """A member's JSON data; raises `GateError` where it can't be read."""
        try:
            return jsontext.loads(self.content(name))
        except (ValueError, RecursionError) as error:
            raise GateError(f"{name} is not JSON that can be read: {error}", remedy="its output is kept with the evidence") from error

    def tools(self) -> tuple[ToolRun, ...]:
        """The tool runs that were recorded while observing."""
        return tuple(codec.decode(ToolRun, {**item, "exit_code": item.get("exit_code")}) for item in self.json("tools.json"))

    def parts(self) -> tuple[Raw, ...]:
        """What each of several machines wrote, in the order of the parts; nothing where one machine observed all of it.

        Raises `GateError` where a part is missing or could not tell: the rest is not what the gate was asked for.
        """
        if PARTS not in self:
            return ()
        many = self.json(PARTS)["parts"]
        if type(many) is not int or not 1 < many <= MOST_PARTS:
            raise GateError(f"{PARTS} does not say of how many parts")
        found = [self._part(number) for number in range(1, many + 1)]
        for number, part in enumerate(found, 1):
            if not part.names():
                raise GateError(
                    f"part {number} of {many} is missing",
                    remedy=f"run it (`gates observe PLAN --part {number}`), and judge all parts together",
                )
            observed = part.json(OBSERVED)
            if observed["status"] != Status.COMPLETED.value:
                said = str(observed.get("reason") or "it gave no reason")
                raise GateError(f"part {number} of {many} could not tell: {said}", remedy=str(observed.get("remedy", "")))
        strange = next((name for name in self.names() if not _is_of_parts(name, many)), None)
        if strange is not None:
            raise GateError(f"{strange} is of no part", remedy="judge the parts again as they were written")
        return tuple(found)

    def _part(self, number: int) -> Raw:
        folder = folder_of(number)
        members = {name.removeprefix(folder): content for name, content in self._members.items() if name.startswith(folder)}
        return self.with_members(members)

    def with_members(self, members: Mapping[str, bytes]) -> Raw:
        """The same gate's with other members."""
        return Raw(gate=self.gate, uses=self.uses, parser=self.parser, members=members)

    def finding(
        self,
        *,
        rule: str,
        severity: Severity,
        message: str,
        location: Location,
        identity: Sequence[str],
        kind: Kind = Kind.FINDING,
        remedy: str = "",
        help_url: str = "",
        suppressed_by: str | None = None,
        properties: Mapping[str, str] | None = None,
    ) -> Finding:
        """A finding of this gate. `rule` is the tool's own name for it.

        `identity` is what stays the same when lines move, such as (path, stripped line with secrets masked):
        the fingerprint is made of it and the rule.
        """
        message = message.strip()
        return Finding(
            gate=self.gate,
            rule=f"{self.gate}/{rule}",
            severity=severity,
            message=message if len(message) <= MESSAGE_LIMIT else f"{message[:MESSAGE_LIMIT]}… (cut)",
            location=location,
            fingerprint=fingerprint(rule, *identity),
            kind=kind,
            remedy=remedy,
            help_url=help_url,
            suppressed_by=suppressed_by,
            properties=dict(properties or {}),
        )

    def facts(self, *, examined: Examined, findings: Iterable[Finding] = (), measurements: Iterable[Measurement] = ()) -> Facts:
        """Facts of a completed observation: findings sorted by place, equal ones numbered so that each fingerprint is its own."""
        return Facts(
            gate=self.gate,
            uses=self.uses,
            parser=self.parser,
            status=Status.COMPLETED,
            examined=examined,
            findings=_numbered(findings),
            measurements=tuple(sorted(measurements, key=lambda item: item.name)),
            tools=self.tools(),
        )


def fingerprint(rule: str, *identity: str) -> str:
    """`fp1:` and 32 hex digits of sha256 over the rule and what identifies the finding, each part length-prefixed."""
    digest = hashlib.sha256()
    for part in (rule, *identity):
        data = part.encode("utf-8", "replace")
        digest.update(f"{len(data)}:".encode() + data)
    return f"fp1:{digest.hexdigest()[:32]}"


def count(name: str, value: int, unit: str) -> Measurement:
    """A measurement that is a whole number."""
    return Measurement(name=name, value=Decimal(value), unit=unit)


def _is_of_parts(name: str, many: int) -> bool:
    """Whether a member has its place in raw output that lies in parts."""
    return name in {PARTS, OBSERVED} or name.startswith(tuple(folder_of(number) for number in range(1, many + 1)))


def _numbered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    seen: dict[str, int] = {}
    numbered = []
    for finding in sorted(findings, key=_place):
        ordinal = seen.get(finding.fingerprint, 0)
        seen[finding.fingerprint] = ordinal + 1
        numbered.append(dataclasses.replace(finding, fingerprint=fingerprint(finding.fingerprint, str(ordinal))) if ordinal else finding)
    return tuple(numbered)


def _place(finding: Finding) -> tuple[str, int, int, str, str, str]:
    where = finding.location
    return (
        where.path or where.url or where.purl or where.operation or "",
        where.line or 0,
        where.column or 0,
        str(where),
        finding.rule,
        finding.message,
    )
