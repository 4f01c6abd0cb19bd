"""Records for tests of reports: one with every outcome, one with hostile text, one with nothing in it, one that is large."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from gates.judge.compare import compare
from gates.model import (
    Artifact,
    BundleInfo,
    Comparison,
    Context,
    Counts,
    Decision,
    Examined,
    Facts,
    FindingState,
    GateOrigin,
    GatePolicy,
    GateRun,
    Limit,
    LimitCheck,
    Location,
    Measurement,
    Origins,
    Outcome,
    Policy,
    Proof,
    Record,
    RecordedDecision,
    Run,
    Severity,
    Skip,
    SourceRef,
    Stage,
    State,
    Status,
    ToolRun,
    Verdict,
    Waiver,
    WaiverDecision,
    WaiverOrigin,
    WaiverState,
)
from tests.report.making import decide, finding
from tests.report.sample_gates import accessibility, contracts, dependencies, off, secrets, security, shadow, tests

COMMIT = "9f2c4e7a1b3d5f60718293a4b5c6d7e8f9012345"
BUNDLE = BundleInfo(path=".gates/evidence/20261122T101502Z-9f2c4e7.zip", digest="5e" * 32, signed=False)

#: What an attacker would write into a message, a file's name or a test's id.
HOSTILE = (
    "\x1b[31mred\x1b[0m \x9b2J",
    "::error file=a.py::owned",
    "##[error]owned",
    "x\n::set-output name=a::b",
    "<script>alert(1)</script>",
    "</script><img src=x onerror=alert(1)>",
    "[click](javascript:alert(1)) **bold** `code` | cell",
    "@everyone see https://evil.example/ and www.evil.example #1",
    "abc\u202egnp.exe\u2066",
    "100%\r\n%0A, a:b",
    "]]> & &amp; \" ' {{ 7*7 }} {% raw %}",
    "\x00\x07\ufffe",
)


def full() -> Record:
    """A run with every outcome, enforcement, kind of place and state of a waiver."""
    gates = (tests(), security(), dependencies(), accessibility(), contracts(), secrets(), shadow(), off())
    decisions = tuple(decision for decision, _, _ in gates)
    policies = tuple(replace(policy, require=tuple(check.limit for check in decision.checks)) for decision, _, policy in gates)
    return Record(
        context=Context(
            day=date(2026, 11, 22),
            stage=Stage.CHANGE,
            commit=COMMIT,
            tree="4b825dc642cb6eb9a060e54bf8d69288fbee4904",
            repository="https://code.example/shop/shop",
            ref="refs/heads/checkout-redesign",
            base="1c0ffee254e7a1b3d5f60718293a4b5c6d7e8f90",
        ),
        policy=_policy(policies),
        facts=tuple(facts for _, facts, _ in gates if facts is not None),
        base=(),
        decision=Decision(
            verdict=Verdict.FAILED,
            would_be=Verdict.FAILED,
            enforced=5,
            partial=(),
            gates=decisions,
            waivers=_waiver_decisions(),
            reasons=(
                "tests failed: failures is 2, at most 0 allowed",
                "dependencies failed: findings from high is 1, at most 0 allowed",
                "contracts could not tell: the service did not answer at /health",
            ),
            policy_digest="sha256:" + "ab" * 32,
        ),
        run=_run(),
        content_digest="cd" * 32,
        origins=_origins(policies),
        artifacts=tuple(
            Artifact(gate=gate, path=f"raw/{gate}/{name}", size=size, sha256=f"{size % 256:02x}" * 32)
            for gate, name, size in (
                ("security", "scan.json", 48_213),
                ("security", "tools.json", 186),
                ("tests", "inventory.json", 8_449),
                ("tests", "junit.xml", 1_204_977),
            )
        ),
    )


def compared() -> Record:
    """The full run since an earlier one that passed: something of every kind that a comparison tells."""
    now = full()
    facts = {item.gate: item for item in now.facts}
    tests_then = replace(
        facts["tests"],
        findings=facts["tests"].findings[1:],
        measurements=(Measurement(name="line-coverage", value=Decimal("88.5"), unit="percent"),),
        tools=(replace(facts["tests"].tools[0], version="8.4.1"),),
    )
    shell = facts["security"].findings[0]
    mended = finding("security", "B301", shell.severity, "pickle reads what others wrote", Location(path="src/shop/old.py", line=3))
    security_then = replace(
        facts["security"], findings=(*(replace(item, suppressed_by=None) for item in facts["security"].findings), mended)
    )
    secrets_then = replace(facts["secrets"], examined=Examined(unit="files", expected=530, done=530, proof=Proof.INVENTORY))
    changed = {"tests": tests_then, "security": security_then, "secrets": secrets_then}
    tests_policy = replace(now.policy.gates[0], require=(Limit(name="failures", max=Decimal(0)), Limit(name="flakes", max=Decimal(0))))
    before = replace(
        now,
        context=replace(now.context, day=date(2026, 11, 18), commit="1c0ffee254e7a1b3d5f60718293a4b5c6d7e8f90"),
        facts=tuple(changed.get(item.gate, item) for item in now.facts),
        policy=replace(now.policy, gates=(tests_policy, *now.policy.gates[1:]), waivers=now.policy.waivers[:2]),
        decision=replace(
            now.decision, verdict=Verdict.PASSED, gates=(replace(now.decision.gates[0], outcome=Outcome.PASSED), *now.decision.gates[1:])
        ),
        run=replace(
            now.run,
            started="2026-11-18T09:00:00Z",
            version="0.9.0",
            gates=(replace(now.run.gates[0], duration_ms=12_000), *now.run.gates[1:]),
        ),
    )
    return replace(now, comparison=compare(before, now, previous="5e" * 32))


def passed() -> Record:
    """A small run in which all is well."""
    decision, facts, policy = secrets()
    record = full()
    return replace(
        record,
        policy=Policy(stage=Stage.CHANGE, gates=(policy,), sources=record.policy.sources),
        facts=(facts,) if facts else (),
        decision=Decision(
            verdict=Verdict.PASSED, would_be=Verdict.PASSED, enforced=1, partial=(), gates=(decision,), policy_digest="sha256:" + "ab" * 32
        ),
        run=replace(record.run, duration_ms=912, gates=(GateRun(gate="secrets", started_ms=0, duration_ms=880, cached=True),)),
    )


def nothing() -> Record:
    """A policy without a gate, outside a repository."""
    record = full()
    return replace(
        record,
        context=Context(day=date(2026, 11, 22), stage=Stage.COMMIT, dirty=True),
        policy=Policy(stage=Stage.COMMIT, gates=()),
        facts=(),
        decision=Decision(
            verdict=Verdict.PASSED,
            would_be=Verdict.PASSED,
            enforced=0,
            partial=(),
            gates=(),
            reasons=("no gate is enforced at this stage: nothing could stop this",),
        ),
        run=replace(record.run, gates=(), ci_url=""),
        content_digest="",
    )


def with_texts(texts: tuple[str, ...]) -> Record:
    """A failed run in which all that comes from outside is one of `texts` (none of them blank)."""
    findings = []
    for index, text in enumerate(texts):
        path = text.replace("\\", "_").lstrip("/") or "x"
        place = (Location(path=path, line=index + 1), Location(url=text, selector=text), Location(purl=text), Location(operation=text))
        findings += [
            finding("security", f"{text}{number}", Severity(index % 5), text, where, remedy=text, help_url=text, properties={"p": text})
            for number, where in enumerate(place)
        ]
    first = texts[0]
    findings.append(finding("security", f"{first}s", Severity.LOW, first, Location(operation=first), suppressed_by=first))
    states = tuple(FindingState(fingerprint=item.fingerprint, state=State.NEW) for item in findings)
    facts = Facts(
        gate="security",
        uses="security",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="files", expected=2, done=1, skipped=(Skip(item=first, reason=first),)),
        findings=tuple(findings),
        measurements=(Measurement(name="lines", value=Decimal("12.50"), unit=first),),
        tools=(ToolRun(tool=first, version=first, argv=(first,), exit_code=1),),
    )
    decision = decide(
        "security",
        Outcome.FAILED,
        reasons=texts,
        states=states,
        counts=Counts(findings=len(findings), new=len(findings)),
        checks=(_broken(len(findings)),),
    )
    record = full()
    gate = GatePolicy(
        name="security", uses="security", owner=first, why=first, runbook=first, require=tuple(check.limit for check in decision.checks)
    )
    waiver = replace(_waivers()[0], reason=first, owner=first, approver=first, match={"rule": first})
    made = replace(
        record,
        context=replace(record.context, ref=first, repository=first),
        policy=replace(record.policy, gates=(gate,), waivers=(waiver,), runbook=first, rollback=first),
        facts=(facts,),
        decision=replace(record.decision, gates=(decision,), reasons=texts, waivers=_waiver_decisions()[:1]),
        origins=Origins(
            gates=(GateOrigin(gate="security", place=first, require=(first,)),), waivers=(WaiverOrigin(id=waiver.id, place=first),)
        ),
        artifacts=(Artifact(gate="security", path=first, size=1, sha256=first),),
    )
    return replace(made, comparison=_since_others(made, first))


def _since_others(now: Record, text: str) -> Comparison:
    """A comparison in which the earlier run's texts are from outside too."""
    (facts,) = now.facts
    gone = finding("security", text, Severity.HIGH, text, Location(operation=text), remedy=text)
    then = replace(facts, findings=(*facts.findings[1:], gone), tools=(ToolRun(tool=text, version=f"{text}1", argv=(), exit_code=0),))
    before = replace(
        now,
        context=replace(now.context, repository=f"{text}1", ref=f"{text}1", commit=f"{text}1"),
        policy=replace(now.policy, gates=(replace(now.policy.gates[0], options={"x": text}, owner=f"{text}1"),), waivers=()),
        facts=(then,),
        decision=replace(now.decision, partial=(text,)),
    )
    return compare(before, now, previous=text)


def _broken(number: int) -> LimitCheck:
    """A limit that allows no finding, held against so many."""
    return LimitCheck(
        limit=Limit(name="findings", max=Decimal(0)), value=Decimal(number), met=False, text=f"findings is {number}, at most 0 allowed"
    )


def hostile() -> Record:
    return with_texts(HOSTILE)


def large(number: int) -> Record:
    """A failed run with so many findings."""
    findings = tuple(
        finding(
            "security",
            f"B{index % 40:03}",
            Severity(index % 5),
            f"Call number {index} is not checked",
            Location(path=f"src/package_{index % 97}/module_{index % 13}.py", line=index + 1),
            remedy="Check what it returns",
        )
        for index in range(number)
    )
    states = tuple(FindingState(fingerprint=item.fingerprint, state=State.NEW) for item in findings)
    decision = decide(
        "security",
        Outcome.FAILED,
        reasons=(f"findings is {number}, at most 0 allowed",),
        states=states,
        counts=Counts(findings=number, new=number),
        checks=(_broken(number),),
    )
    facts = Facts(
        gate="security",
        uses="security",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="files", expected=97, done=97, proof=Proof.INVENTORY),
        findings=findings,
    )
    record = full()
    return replace(record, facts=(facts,), decision=replace(record.decision, gates=(decision,)))


def _origins(policies: tuple[GatePolicy, ...]) -> Origins:
    gates = tuple(
        GateOrigin(
            gate=policy.name,
            place=f"gates.yaml:{10 * number + 4}",
            require=tuple(f"gates.yaml:{10 * number + 8 + line}" for line in range(len(policy.require))),
        )
        for number, policy in enumerate(policies)
    )
    return Origins(gates=gates, waivers=(WaiverOrigin(id="W-12", place="waivers.yaml:3"), WaiverOrigin(id="W-7", place="waivers.yaml:12")))


def _waivers() -> tuple[Waiver, ...]:
    first = Waiver(
        id="W-12",
        gate="dependencies",
        match={"advisory": "CVE-2024-0001", "package": "jinja2"},
        waiver_class="accepted-risk",
        reason="Template input is ours alone; the fix needs a major upgrade, planned for December",
        owner="@shop/platform",
        approver="@shop/security",
        created=date(2026, 11, 1),
        expires=date(2026, 12, 1),
    )
    return (
        first,
        replace(first, id="W-7", gate="security", match={"rule": "B602"}, waiver_class="false-positive", expires=date(2026, 11, 20)),
        replace(first, id="W-15", gate="secrets", match={"path": "tests/data/*"}, waiver_class="mitigated", expires=date(2027, 1, 20)),
    )


def _waiver_decisions() -> tuple[WaiverDecision, ...]:
    return (
        WaiverDecision(id="W-12", state=WaiverState.EXPIRES_SOON, matched=1, days_left=9, message="it ends in 9 days, on 2026-12-01"),
        WaiverDecision(
            id="W-7", state=WaiverState.EXPIRED, matched=1, days_left=-2, message="it ended on 2026-11-20: what it matched counts again"
        ),
        WaiverDecision(id="W-15", state=WaiverState.ACTIVE, matched=2, days_left=59, approval="self"),
    )


def _policy(gates: tuple[GatePolicy, ...]) -> Policy:
    return Policy(
        stage=Stage.CHANGE,
        gates=gates,
        approvers=("@shop/security",),
        waivers=_waivers(),
        decisions=(
            RecordedDecision(
                id="D-7", date=date(2026, 11, 20), by="@shop/lead", why="Ship without dark mode", record="docs/decisions/0007.md"
            ),
        ),
        runbook="docs/runbooks/release.md",
        rollback="https://code.example/shop/shop/wiki/rollback",
        sources=(SourceRef(name="baseline", sha256="12" * 32), SourceRef(name="gates.yaml", sha256="34" * 32)),
    )


def _run() -> Run:
    return Run(
        started="2026-11-22T10:15:02Z",
        duration_ms=41_870,
        version="1.0.0",
        python="3.12.4",
        platform="Linux x86_64",
        gates=(
            GateRun(gate="tests", started_ms=0, duration_ms=41_320, tool_ms=(40_100,)),
            GateRun(gate="security", started_ms=12, duration_ms=5_321),
            GateRun(gate="dependencies", started_ms=5_340, duration_ms=2_048),
            GateRun(gate="accessibility", started_ms=7_400, duration_ms=18_450),
            GateRun(gate="contracts", started_ms=25_900, duration_ms=15_400),
            GateRun(gate="secrets", started_ms=26_000, duration_ms=880, cached=True),
            GateRun(gate="semgrep", started_ms=27_000, duration_ms=6_004),
        ),
        ci_url="https://code.example/shop/shop/actions/runs/771",
    )
