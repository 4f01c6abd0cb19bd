"""JUnit XML: outcomes, places, and reports that hide something."""

from __future__ import annotations

import pytest

from gates.api import GateError, Kind, Raw
from gates.formats import junit
from gates.formats.junit import CaseOutcome
from gates.formats.report import Places, Report

PLACES = Places(known={"/home/someone/project": "{root}"})
SURE = """<testsuites><testsuite name="shop" tests="6" failures="1" errors="1" skipped="1">
 <testcase classname="shop.cart" name="adds" file="tests/cart.py" line="4" time="0.01"/>
 <testcase classname="shop.cart" name="removes[a-1]" file="/home/someone/project/tests/cart.py" line="9">
  <failure message="assert 1 == 2&#10;more">the whole output</failure></testcase>
 <testcase classname="shop.cart" name="connects"><error>no server at /home/someone/project/x</error></testcase>
 <testcase classname="shop.cart" name="prints"><skipped message="no printer"/></testcase>
 <testcase classname="shop.cart" name="off" status="notrun"/>
 <testcase classname="shop.cart" name="waits"><flakyFailure message="timeout"/></testcase>
</testsuite></testsuites>"""


def read(text: str) -> Report:
    return junit.report_of(Raw(gate="suite", uses="external", parser=1, members={}), junit.read_cases(text.encode(), "j.xml"), PLACES)


def test_outcomes() -> None:
    cases = junit.read_cases(SURE.encode(), "j.xml")
    assert [case.outcome for case in cases] == [
        CaseOutcome.PASSED,
        CaseOutcome.FAILURE,
        CaseOutcome.ERROR,
        CaseOutcome.SKIPPED,
        CaseOutcome.SKIPPED,
        CaseOutcome.PASSED,
    ]
    assert [case.flaked for case in cases] == [False] * 5 + [True]


def test_failures_errors_and_flakes_are_findings_with_their_place() -> None:
    failure, error, flake = read(SURE).findings
    assert (failure.rule, failure.kind, str(failure.location)) == ("suite/failure", Kind.FAILURE, "tests/cart.py:9")
    assert failure.message == "shop.cart::removes[a-1] failed: assert 1 == 2"
    assert (error.rule, str(error.location)) == ("suite/error", "shop.cart::connects")
    assert error.message == "shop.cart::connects broke: no server at x"
    assert (flake.rule, flake.kind) == ("suite/flake", Kind.FLAKE)


def test_tests_are_what_was_examined_and_skipped_ones_have_their_reason() -> None:
    report = read(SURE)
    assert len(report.examined or ()) == 4
    assert [(skip.item, skip.reason) for skip in report.skipped] == [
        ("shop.cart::prints", "no printer"),
        ("shop.cart::off", "the report says that it was not run"),
    ]


def test_the_identity_of_a_failure_does_not_hold_its_parameters() -> None:
    other = SURE.replace("removes[a-1]", "removes[b-2]")
    assert read(SURE).findings[0].fingerprint == read(other).findings[0].fingerprint


@pytest.mark.parametrize("path", ["/usr/lib/x.py", "../x.py", "C:\\x.py", ""])
def test_a_file_that_is_not_in_the_repository_is_no_place(path: str) -> None:
    xml = f'<testsuite tests="1" failures="1"><testcase classname="a" name="b" file="{path}"><failure/></testcase></testsuite>'
    (finding,) = read(xml).findings
    assert str(finding.location) == "a::b"
    assert finding.message == "a::b failed: no reason was given"


@pytest.mark.parametrize(
    ("xml", "reason"),
    [
        ('<testsuite name="s" tests="2"><testcase name="a"/></testsuite>', "counts 2 tests and lists 1"),
        ('<testsuite name="s" tests="1" errors="1"><testcase name="a"/></testsuite>', "counts 1 failures and errors and lists 0"),
        ("<testsuite><testcase", "not XML that can be read"),
        ("", "not XML that can be read"),
        ("<html/>", "first element is <html>"),
        (f"{'<testsuite>' * 66}{'</testsuite>' * 66}", "more than 64 deep"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><testsuite/>', "declares entities or a document type"),
        (
            '<!DOCTYPE a [<!ENTITY x "y"><!ENTITY z "&x;&x;&x;">]><testsuite><testcase name="&z;"/></testsuite>',
            "declares entities or a document type",
        ),
        (
            '<testsuites><testcase name="b"><failure/></testcase><testsuite name="s"><testcase name="a"/></testsuite></testsuites>',
            "lists 1 of its tests outside of every suite",
        ),
        (
            '<testsuite name="s" xmlns:x="urn:x"><testcase name="a"/><x:testcase name="b"><failure/></x:testcase></testsuite>',
            "lists 1 of its tests outside of every suite",
        ),
        (
            '<testsuites failures="1"><testsuite name="s"><testcase name="a"/></testsuite></testsuites>',
            "counts 1 failures and errors and lists 0",
        ),
        (
            '<testsuite name="out" tests="2"><testsuite name="in" tests="1"><testcase name="a"/></testsuite></testsuite>',
            "the suite out counts 2 tests and lists 1",
        ),
    ],
)
def test_what_can_not_be_trusted_is_an_error(xml: str, reason: str) -> None:
    with pytest.raises(GateError, match=reason):
        read(xml)


@pytest.mark.parametrize("said", ['status="failed"', 'status="Error"', 'result="failure"', 'status="run" result="failed"'])
def test_a_test_that_is_said_to_have_failed_did_not_pass(said: str) -> None:
    (finding,) = read(f'<testsuite tests="1"><testcase classname="a" name="b" {said}/></testsuite>').findings
    assert finding.message == "a::b failed: the report says that it failed, and not why"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ('status="timedout"', "timedout"),
        ('result="aborted"', "aborted"),
        ('status="Crashed"', "Crashed"),
        ('status="run" result="interrupted"', "interrupted"),
        ('status="crashed" result="skipped"', "crashed"),
        (f'status="{"x" * 99}"', "x" * 40),
    ],
)
def test_a_word_that_nobody_knows_is_none_of_a_test_that_passed(said: str, word: str) -> None:
    (finding,) = read(f'<testsuite tests="1"><testcase classname="a" name="b" {said}/></testsuite>').findings
    assert finding.kind is Kind.FAILURE
    assert finding.message == f"a::b failed: the report calls it {word!r}, which is no word for a test that passed"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ('status="run" result="completed"', CaseOutcome.PASSED),
        ('status="Passed"', CaseOutcome.PASSED),
        ('status=" "', CaseOutcome.PASSED),
        ('status="successful" result="OK"', CaseOutcome.PASSED),
        ('status="run" result="skipped"', CaseOutcome.SKIPPED),
        ('status="notrun" result="suppressed"', CaseOutcome.SKIPPED),
        ('status="not-run"', CaseOutcome.SKIPPED),
        ('result="NOT_RUN"', CaseOutcome.SKIPPED),
    ],
)
def test_words_that_test_runners_write(said: str, outcome: CaseOutcome) -> None:
    (case,) = junit.read_cases(f'<testsuite><testcase name="b" {said}/></testsuite>'.encode(), "j.xml")
    assert case.outcome is outcome


def test_a_test_that_broke_at_first_is_a_flake_too() -> None:
    (finding,) = read('<testsuite><testcase classname="a" name="b"><flakyError message="timeout"/></testcase></testsuite>').findings
    assert finding.kind is Kind.FLAKE


def test_a_report_without_tests_examined_nothing() -> None:
    assert read("<testsuites/>").examined == ()


def test_files_that_no_test_comes_from_are_named() -> None:
    cases = junit.read_cases(SURE.encode(), "j.xml")
    files = ("tests/cart.py", "shop/cart.py", "tests/other.py")
    assert junit.unnamed_files(cases, files) == ["tests/other.py"]


@pytest.mark.parametrize(
    ("name", "files", "unnamed"),
    [
        ("cart.spec.ts", ("a/cart.spec.ts",), []),
        ("cart.spec.ts", ("a/cart.spec.ts", "b/cart.spec.ts"), ["a/cart.spec.ts", "b/cart.spec.ts"]),
        ("cart.spec.ts", ("cart.spec.ts", "b/cart.spec.ts"), ["cart.spec.ts", "b/cart.spec.ts"]),
        ("x/cart.ts", ("a/x/cart.ts", "b/x/cart.ts"), ["a/x/cart.ts", "b/x/cart.ts"]),
        ("x/cart.ts", ("x/cart.ts", "b/x/cart.ts"), ["b/x/cart.ts"]),
        ("b\\cart.ts", ("a/cart.ts", "b/cart.ts"), ["a/cart.ts"]),
        ("/home/someone/b/cart.ts", ("b/cart.ts", "cart.ts"), ["cart.ts"]),
        ("tests.cart.Cart", ("tests/cart.py", "tests.py"), ["tests.py"]),
        ("tests.cart.Cart", ("tests/cart.py", "tests/cart.ts"), ["tests/cart.py", "tests/cart.ts"]),
    ],
)
@pytest.mark.parametrize("attribute", ["file", "classname"])
def test_a_name_that_fits_several_files_explains_none(attribute: str, name: str, files: tuple[str, ...], unnamed: list[str]) -> None:
    cases = junit.read_cases(f'<testsuite><testcase name="a" {attribute}="{name}"/></testsuite>'.encode(), "j.xml")
    assert junit.unnamed_files(cases, files) == unnamed


def located(case: str, *files: str) -> str:
    raw = Raw(gate="suite", uses="external", parser=2, members={})
    cases = junit.read_cases(f'<testsuite name="s">{case}</testsuite>'.encode(), "j.xml")
    (finding,) = junit.report_of(raw, cases, PLACES, files).findings
    return str(finding.location)


VITEST = '<testcase classname="src/cart.test.js" name="a"><failure message="m">AssertionError: m\n\n \u276f {trace}</failure></testcase>'


@pytest.mark.parametrize(
    ("trace", "place"),
    [
        ("src/cart.test.js:5:19", "src/cart.test.js:5"),
        ("src/price.js:3:1\n \u276f src/cart.test.js:5:19\n \u276f src/cart.test.js:9:1", "src/cart.test.js:5"),
        ("cart.test.js:5:19", "src/cart.test.js:5"),
        ("/home/someone/project/src/cart.test.js:5:19", "src/cart.test.js:5"),
        ("other/cart.test.js:5:19", "src/cart.test.js"),
        ("my-cart.test.js:5:19", "src/cart.test.js"),
        ("src/cart.test.js:x", "src/cart.test.js"),
        ("src/cart.test.js:0", "src/cart.test.js"),
        ("nowhere", "src/cart.test.js"),
        ("x" * 70_000 + "\nsrc/cart.test.js:5", "src/cart.test.js"),
    ],
)
def test_a_test_that_is_called_after_its_file_stands_there(trace: str, place: str) -> None:
    assert located(VITEST.format(trace=trace), "src/cart.test.js", "src/other.test.js") == place


PLAYWRIGHT = """<testcase classname="cart.spec.ts" name="sum"><failure message="m"><![CDATA[  cart.spec.ts:7:3 \u203a cart
    > 8 |  expect(1).toBe(2);
    at sum (/root/e2e/cart.spec.ts:8:15)]]></failure></testcase>"""


@pytest.mark.parametrize(
    ("case", "files", "place"),
    [
        (PLAYWRIGHT, ["e2e/cart.spec.ts"], "e2e/cart.spec.ts:8"),
        (PLAYWRIGHT.replace("    at", "    by"), ["e2e/cart.spec.ts"], "e2e/cart.spec.ts:7"),
        (PLAYWRIGHT, ["a/cart.spec.ts", "b/cart.spec.ts"], "cart.spec.ts::sum"),
        (PLAYWRIGHT, [], "cart.spec.ts::sum"),
        ('<testcase file="t.py" line="4" classname="b.py" name="c"><error>t.py:9: x</error></testcase>', ["b.py"], "t.py:4"),
        ('<testcase file="/elsewhere/tests/t.py" name="c"><error>t.py:9: x</error></testcase>', ["tests/t.py"], "tests/t.py:9"),
        (
            '<testcase classname="tests.t.C" name="c"><flakyFailure>tests/t.py:9: x</flakyFailure></testcase>',
            ["tests/t.py"],
            "tests/t.py:9",
        ),
    ],
)
def test_a_name_that_fits_one_file_is_its_place(case: str, files: list[str], place: str) -> None:
    assert located(case, *files) == place
