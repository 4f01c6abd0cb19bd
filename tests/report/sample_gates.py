"""Gates of a full record: one for each outcome, enforcement, kind of finding and kind of place."""

from __future__ import annotations

from decimal import Decimal

from gates.model import (
    Counts,
    Enforcement,
    Examined,
    Facts,
    GatePolicy,
    Kind,
    Limit,
    Location,
    Measurement,
    Outcome,
    Proof,
    Severity,
    Skip,
    Stage,
    State,
    Status,
    ToolRun,
)
from tests.report.making import GateParts, check, decide, finding, states_of


def tests() -> GateParts:
    findings = (
        finding(
            "tests",
            "failure",
            Severity.HIGH,
            "test_total_includes_shipping: assert Decimal('54.90') == Decimal('59.85')\n  where 54.90 = total(cart)",
            Location(path="tests/test_cart.py", line=41),
            kind=Kind.FAILURE,
            remedy="Run it alone: pytest tests/test_cart.py::test_total_includes_shipping",
        ),
        finding(
            "tests",
            "failure",
            Severity.HIGH,
            "test_empty_cart_is_refused: the cart was accepted",
            Location(path="tests/test_checkout.py", line=17),
            kind=Kind.FAILURE,
            remedy="Run it alone: pytest tests/test_checkout.py::test_empty_cart_is_refused",
        ),
        finding(
            "tests",
            "flake",
            Severity.MEDIUM,
            "test_stock_is_reserved failed once and passed when run again",
            Location(path="tests/test_stock.py", line=88),
            kind=Kind.FLAKE,
            remedy="Find what it shares with other tests",
        ),
    )
    facts = Facts(
        gate="tests",
        uses="tests",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(
            unit="tests",
            expected=438,
            done=437,
            skipped=(Skip(item="tests/test_mail.py::test_smtp", reason="needs a mail server"),),
            proof=Proof.INVENTORY,
        ),
        findings=findings,
        measurements=(
            Measurement(name="branch-coverage", value=Decimal("84.6"), unit="percent"),
            Measurement(name="line-coverage", value=Decimal(87), unit="percent"),
        ),
        tools=(
            ToolRun(tool="pytest", version="8.4.2", argv=("{python}", "-m", "pytest", "--junit-xml={raw}/junit.xml", "tests"), exit_code=1),
        ),
    )
    decision = decide(
        "tests",
        Outcome.FAILED,
        reasons=("failures is 2, at most 0 allowed",),
        states=states_of(findings, (State.NEW, None), (State.NEW, None), (State.NEW, None)),
        counts=Counts(findings=2, new=2),
        checks=(
            check(Limit(name="failures", max=Decimal(0)), "2", False, "failures is 2, at most 0 allowed"),
            check(Limit(name="line-coverage", min=Decimal(85)), "87", True, "line-coverage is 87, at least 85 required"),
            check(Limit(name="flakes", max=Decimal(2)), "1", True, "flakes is 1, at most 2 allowed"),
        ),
    )
    policy = GatePolicy(
        name="tests", uses="tests", owner="@shop/platform", why="A red test is a promise broken", runbook="docs/runbooks/tests.md"
    )
    return decision, facts, policy


def security() -> GateParts:
    findings = (
        finding(
            "security",
            "B602",
            Severity.HIGH,
            "subprocess call with shell=True and a variable command",
            Location(path="src/shop/export.py", line=112, column=9, end_line=112, end_column=58),
            remedy="Pass a list of arguments and leave shell=True out",
            help_url="https://bandit.readthedocs.io/en/latest/plugins/b602_subprocess_popen_with_shell_equals_true.html",
        ),
        finding(
            "security",
            "B324",
            Severity.MEDIUM,
            "MD5 is used for security",
            Location(path="src/shop/tokens.py", line=30),
            suppressed_by="# nosec B324",
        ),
        finding(
            "security", "B101", Severity.LOW, "assert is removed by -O", Location(path="src/shop/cart.py", line=9), remedy="Raise an error"
        ),
    )
    facts = Facts(
        gate="security",
        uses="security",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="files", expected=129, done=129, proof=Proof.INVENTORY),
        findings=findings,
        tools=(ToolRun(tool="bandit", version="1.9.4", argv=("{python}", "-I", "bandit", "{root}"), exit_code=1),),
    )
    decision = decide(
        "security",
        Outcome.WARNED,
        enforcement=Enforcement.WARN,
        reasons=("new findings from medium is 1, at most 0 allowed",),
        states=states_of(findings, (State.NEW, None), (State.EXISTING, None), (State.EXISTING, None)),
        counts=Counts(findings=3, new=1, existing=2, suppressed=1),
        checks=(
            check(
                Limit(name="findings", new_max=Decimal(0), severity=Severity.MEDIUM),
                "1",
                False,
                "new findings from medium is 1, at most 0 allowed",
            ),
        ),
        mended=("fp1:0123456789abcdef0123456789abcdef",),
    )
    return decision, facts, GatePolicy(name="security", uses="security", enforcement=Enforcement.WARN, owner="@shop/security")


def dependencies() -> GateParts:
    findings = (
        finding(
            "dependencies",
            "PYSEC-2026-114",
            Severity.CRITICAL,
            "urllib3 1.26.4 forwards cookies to another host after a redirect",
            Location(purl="pkg:pypi/urllib3@1.26.4", path="requirements.txt", line=14),
            remedy="Upgrade to urllib3 2.6.0",
            help_url="https://osv.dev/vulnerability/PYSEC-2026-114",
        ),
        finding(
            "dependencies",
            "CVE-2024-0001",
            Severity.MEDIUM,
            "jinja2 3.1.3 lets a template's author run code",
            Location(purl="pkg:pypi/jinja2@3.1.3"),
            remedy="Upgrade to jinja2 3.1.6",
        ),
    )
    facts = Facts(
        gate="dependencies",
        uses="dependencies",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="packages", expected=66, done=66, proof=Proof.INVENTORY),
        findings=findings,
        tools=(ToolRun(tool="pip-audit", version="2.10.0", argv=("{python}", "-I", "{gates}/drivers/audit.py"), exit_code=0),),
    )
    decision = decide(
        "dependencies",
        Outcome.FAILED,
        reasons=("findings from high is 1, at most 0 allowed",),
        states=states_of(findings, (State.EXISTING, None), (State.EXISTING, "W-12")),
        counts=Counts(findings=2, existing=2, waived=1),
        checks=(
            check(Limit(name="findings", max=Decimal(0), severity=Severity.HIGH), "1", False, "findings from high is 1, at most 0 allowed"),
            check(
                Limit(name="findings", new_max=Decimal(0), severity=Severity.MEDIUM),
                "0",
                True,
                "new findings from medium is 0, at most 0 allowed",
            ),
        ),
    )
    return decision, facts, GatePolicy(name="dependencies", uses="dependencies", owner="@shop/platform")


def accessibility() -> GateParts:
    findings = (
        finding(
            "accessibility",
            "image-alt",
            Severity.CRITICAL,
            "Images must have alternative text",
            Location(url="/cart", selector="main > ul > li:nth-child(2) > img", path="public/cart.html"),
            remedy="Add an alt attribute",
            help_url="https://dequeuniversity.com/rules/axe/4.10/image-alt",
        ),
        finding(
            "accessibility",
            "color-contrast",
            Severity.HIGH,
            "The contrast over a picture can't be computed",
            Location(url="/", selector=".hero > h1"),
            kind=Kind.NEEDS_REVIEW,
            remedy="Look at it",
        ),
    )
    facts = Facts(
        gate="accessibility",
        uses="accessibility",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="pages", expected=2, done=2),
        findings=findings,
        tools=(ToolRun(tool="axe-core", version="4.10.2", argv=(), exit_code=None),),
    )
    decision = decide(
        "accessibility",
        Outcome.PASSED,
        states=states_of(findings, (State.EXISTING, None), (State.NEW, None)),
        counts=Counts(findings=1, existing=1),
        checks=(
            check(
                Limit(name="findings", new_max=Decimal(0), severity=Severity.HIGH),
                "0",
                True,
                "new findings from high is 0, at most 0 allowed",
            ),
        ),
    )
    return decision, facts, GatePolicy(name="accessibility", uses="accessibility")


def contracts() -> GateParts:
    reason, remedy = "the service did not answer at /health", "Start it yourself with the command of `serve` and read what it prints"
    facts = Facts(gate="contracts", uses="contracts", parser=1, status=Status.ERROR, reason=reason, remedy=remedy)
    policy = GatePolicy(name="contracts", uses="contracts", options={"schema": "openapi.yaml"}, owner="@shop/api")
    return decide("contracts", Outcome.ERRORED, reasons=(reason,), remedy=remedy), facts, policy


def secrets() -> GateParts:
    facts = Facts(
        gate="secrets",
        uses="secrets",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(
            unit="files",
            expected=412,
            done=409,
            skipped=tuple(Skip(item=f"public/fonts/{name}.woff2", reason="not text") for name in ("bold", "italic", "regular")),
            proof=Proof.INVENTORY,
        ),
        measurements=(Measurement(name="detectors", value=Decimal(27), unit="detectors"),),
        tools=(ToolRun(tool="detect-secrets", version="1.5.0", argv=("{python}", "-I", "{gates}/drivers/secrets.py"), exit_code=0),),
    )
    checks = (check(Limit(name="findings", new_max=Decimal(0)), "0", True, "new findings is 0, at most 0 allowed"),)
    return decide("secrets", Outcome.PASSED, checks=checks), facts, GatePolicy(name="secrets", uses="secrets")


def shadow() -> GateParts:
    findings = (
        finding("semgrep", "no-eval", Severity.HIGH, "eval of a variable", Location(operation="GET /export"), remedy="Parse it instead"),
    )
    facts = Facts(
        gate="semgrep",
        uses="external",
        parser=1,
        status=Status.COMPLETED,
        examined=Examined(unit="files", expected=88, done=88),
        findings=findings,
    )
    decision = decide(
        "semgrep",
        Outcome.WARNED,
        enforcement=Enforcement.SHADOW,
        reasons=("findings is 1, at most 0 allowed",),
        states=states_of(findings, (State.NEW, None)),
        counts=Counts(findings=1, new=1),
        checks=(check(Limit(name="findings", max=Decimal(0)), "1", False, "findings is 1, at most 0 allowed"),),
    )
    return decision, facts, GatePolicy(name="semgrep", uses="external", enforcement=Enforcement.SHADOW)


def off() -> GateParts:
    reason = "not of the stage change"
    decision = decide("load", Outcome.SKIPPED, reasons=(reason,))
    return decision, None, GatePolicy(name="load", uses="external", stages=(Stage.RELEASE,))
