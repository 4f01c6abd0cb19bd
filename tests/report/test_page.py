"""The page in a real browser: accessibility, filtering, sorting, paging, the keyboard, narrow screens, and no script at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from gates.adapters.browser import INSTALL, find_browser, find_driver
from gates.model import Record
from gates.report import html
from gates.report.view import Claim
from tests.report.record_factory import BUNDLE, compared, full, hostile, large, nothing, passed

FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
AXE = "const done = arguments[0]; axe.run(document).then((found) => done(found.violations.map((v) => [v.id, v.nodes.map((n) => n.html)])));"

pytestmark = pytest.mark.engine("chromium")
Browser = webdriver.Chrome


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    chromium, chromedriver = find_browser(os.environ), find_driver(os.environ)
    assert chromium, INSTALL
    assert chromedriver, INSTALL
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(chromedriver))
    yield driver
    driver.quit()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Any]:
    def open_page(record: Record, *, width: int = 1280, dark: bool = False, script: bool = True, claim: Claim | None = None) -> Browser:
        path = tmp_path / "report.html"
        path.write_text(html.render(record, bundle=BUNDLE, claim=claim), "utf-8")
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": not script})
        browser.get(path.as_uri())
        return browser

    yield open_page
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def rows(page: Browser) -> list[str]:
    """The messages of the findings that can be seen."""
    found: list[str] = page.execute_script(
        "return [...document.querySelectorAll('#findings-table tbody tr')].filter((row) => row.offsetHeight)"
        ".map((row) => row.querySelector('.message').textContent)"
    )
    return found


def count(page: Browser) -> str:
    return page.find_element(By.ID, "findings-count").text


#: A page of a bundle that can't be what it claims, in the words and under the name of whoever wrote it.
UNTRUE = Claim(bundle="evidence/" + "long-" * 30 + "<b>.zip", headline="Does not follow", doubt="what it says does not follow: x" * 9)


@pytest.mark.parametrize(
    ("record", "claim"),
    [(compared(), None), (passed(), None), (nothing(), None), (hostile(), None), (passed(), UNTRUE), (passed(), Claim(bundle="b.zip"))],
    ids=["compared", "passed", "nothing", "hostile", "untrue", "claimed"],
)
def test_no_message_and_no_sideways_scrolling(show: Any, record: Record, claim: Claim | None) -> None:
    page = show(record, width=320, claim=claim)
    assert page.get_log("browser") == []
    assert page.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(
    ("record", "width", "dark", "claim"),
    [
        (compared(), 1280, False, None),
        (compared(), 1280, True, None),
        (compared(), 320, False, None),
        (nothing(), 1280, True, None),
        (passed(), 1280, False, UNTRUE),
        (passed(), 1280, True, Claim(bundle="b.zip")),
    ],
    ids=["light", "dark", "narrow", "empty", "untrue", "claimed"],
)
def test_no_accessibility_rule_is_broken(show: Any, record: Record, width: int, dark: bool, claim: Claim | None) -> None:
    page = show(record, width=width, dark=dark, claim=claim)
    page.execute_script((files("axe_playwright_python") / "axe.min.js").read_text("utf-8"))
    page.execute_script("document.querySelectorAll('details').forEach((element) => { element.open = true; })")
    assert page.execute_async_script(AXE) == []


def test_text_filters_and_the_count_is_announced(show: Any) -> None:
    page = show(full())
    assert len(rows(page)) == 9
    page.find_element(By.ID, "filter-text").send_keys("SRC/SHOP removed")
    WebDriverWait(page, 5).until(lambda page: count(page) == "1 of 9 findings match")
    assert rows(page) == ["assert is removed by -O"]
    assert page.find_element(By.ID, "findings-count").get_attribute("role") == "status"
    page.find_element(By.ID, "filter-clear").click()
    assert count(page) == "All 9 findings"


@pytest.mark.parametrize(
    ("control", "letter", "number"),
    [("filter-gate", "t", 2), ("filter-severity", "c", 2), ("filter-state", "w", 1), ("filter-state", "su", 1)],
    ids=["tests", "critical", "waived", "suppressed"],
)
def test_each_choice_filters(show: Any, control: str, letter: str, number: int) -> None:
    page = show(full())
    page.find_element(By.ID, control).send_keys(letter)
    WebDriverWait(page, 5).until(lambda page: len(rows(page)) == number)
    assert count(page) == f"{number} of 9 findings match"


def test_nothing_that_matches_is_said(show: Any) -> None:
    page = show(full())
    page.find_element(By.ID, "filter-text").send_keys("no such thing")
    WebDriverWait(page, 5).until(lambda page: count(page) == "0 of 9 findings match")
    assert rows(page) == []


def test_sorting_by_keyboard_says_its_direction(show: Any) -> None:
    page = show(full())
    heading = page.find_element(By.CSS_SELECTOR, "#findings-table th[data-sort='severity']")
    heading.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    severities = "return [...document.querySelectorAll('#findings-table .severity')].map((word) => Number(word.className.slice(-1)))"
    assert heading.get_attribute("aria-sort") == "ascending"
    assert page.execute_script(severities) == sorted(page.execute_script(severities), reverse=True)
    heading.find_element(By.TAG_NAME, "button").send_keys(Keys.ENTER)
    assert heading.get_attribute("aria-sort") == "descending"
    assert page.execute_script(severities) == sorted(page.execute_script(severities))
    assert len(page.find_elements(By.CSS_SELECTOR, "[aria-sort]")) == 1


def test_many_findings_are_shown_in_pages(show: Any) -> None:
    page = show(large(250))
    assert len(rows(page)) == 100
    page.find_element(By.ID, "page-on").click()
    page.find_element(By.ID, "page-on").click()
    assert page.find_element(By.ID, "page-where").text == "201 to 250 of 250"
    assert len(rows(page)) == 50
    assert page.find_element(By.ID, "page-on").get_attribute("aria-disabled") == "true"
    page.find_element(By.ID, "page-on").click()
    assert len(rows(page)) == 50
    page.find_element(By.ID, "page-back").click()
    assert page.find_element(By.ID, "page-where").text == "101 to 200 of 250"


def media(page: Browser, name: str) -> None:
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": name})


def is_seen(page: Browser, selector: str) -> bool:
    return any(element.is_displayed() for element in page.find_elements(By.CSS_SELECTOR, selector))


def test_print_opens_everything_and_has_no_controls(show: Any) -> None:
    page = show(replace(large(250), comparison=compared().comparison))
    page.find_element(By.ID, "filter-text").send_keys("module_7")
    WebDriverWait(page, 5).until(lambda page: count(page).startswith("19 of 250"))
    folded = page.execute_script("return document.querySelectorAll('details:not([open])').length")
    assert folded
    media(page, "print")
    WebDriverWait(page, 5).until(lambda page: page.find_element(By.ID, "printed").is_displayed())
    assert page.find_element(By.ID, "printed").text == "Printed: 19 findings that match the filter, of 250 in all."
    assert page.find_elements(By.CSS_SELECTOR, "details:not([open])") == []
    assert not is_seen(page, "button:not(th button), input, select, .contents, .skip, .count")
    media(page, "")
    again = "return document.querySelectorAll('details:not([open])').length"
    WebDriverWait(page, 5).until(lambda page: page.execute_script(again) == folded)  # the page hears of it a frame later
    assert len(rows(page)) == 19


def test_print_shows_all_that_match_up_to_a_bound(show: Any) -> None:
    page = show(large(620))
    media(page, "print")
    WebDriverWait(page, 10).until(lambda page: len(rows(page)) == 500)
    assert page.find_element(By.ID, "printed").text.startswith("Printed: the first 500 of 620 findings. Filter to print others")
    media(page, "")
    WebDriverWait(page, 10).until(lambda page: len(rows(page)) == 100)


DRAWN = """
const rows = [...document.querySelectorAll("#findings-table tbody tr")];
return rows.map((row) => row.outerHTML.replace(/>\\s+</g, "><").replace(/> (?=<)/g, ">"));
"""


@pytest.mark.parametrize("record", [compared(), hostile(), large(100)], ids=["compared", "hostile", "large"])
def test_the_script_draws_the_same_rows_as_the_template(show: Any, record: Record) -> None:
    by_script = show(record).execute_script(DRAWN)
    page = show(record, script=False)
    page.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert by_script == page.execute_script(DRAWN)
    assert by_script


def test_ten_thousand_findings_are_few_elements_and_all_are_found(show: Any) -> None:
    record = large(10_000)
    assert len(html.render(record, bundle=BUNDLE)) < 5_000_000
    page = show(record)
    assert page.execute_script("return document.querySelectorAll('*').length") < 6000
    page.find_element(By.ID, "filter-text").send_keys("package_79/module_9 9876")
    WebDriverWait(page, 10).until(lambda page: count(page) == "1 of 10,000 findings match")
    assert rows(page) == ["Call number 9876 is not checked"]
    page.find_element(By.ID, "filter-clear").click()
    page.find_element(By.CSS_SELECTOR, "th[data-sort='place'] button").click()
    assert count(page) == "All 10,000 findings, by place"
    places = [cell.text for cell in page.find_elements(By.CSS_SELECTOR, "#findings-table td.place")[:2]]
    assert places == ["src/package_0/module_0.py:1", "src/package_0/module_0.py:1262"]
    assert page.get_log("browser") == []


def test_lineage_leads_from_a_finding_to_its_limit_and_evidence_and_back(show: Any) -> None:
    page = show(full())
    page.find_element(By.ID, "filter-text").send_keys("PYSEC-2026-114")
    WebDriverWait(page, 5).until(lambda page: len(rows(page)) == 1)
    row = page.find_element(By.CSS_SELECTOR, "#findings-table tbody tr")
    row.find_element(By.TAG_NAME, "summary").click()
    limit, evidence, tool = row.find_elements(By.CSS_SELECTOR, ".pairs a")
    assert (limit.text, evidence.text) == ("findings from high is 1, at most 0 allowed", "raw/dependencies/")
    assert tool.text == "pip-audit 2.10.0"
    tool.click()
    assert "{gates}/drivers/audit.py" in page.find_element(By.CSS_SELECTOR, "tr:target").text
    limit.click()
    target = page.find_element(By.CSS_SELECTOR, "tr:target")
    assert target.text.startswith("dependencies findings from high is 1")
    assert "gates.yaml:28" in target.text
    target.find_element(By.LINK_TEXT, "1 finding").click()
    assert count(page) == "1 of 9 findings match"
    assert page.find_element(By.ID, "filter-limit").get_attribute("value") == target.get_attribute("id")


def test_a_link_to_the_evidence_opens_it_and_leads_back(show: Any) -> None:
    page = show(full())
    page.find_element(By.ID, "filter-gate").send_keys("t")
    WebDriverWait(page, 5).until(lambda page: len(rows(page)) == 2)
    page.find_element(By.CSS_SELECTOR, "#findings-table summary").click()
    page.find_element(By.LINK_TEXT, "raw/tests/").click()
    files = page.find_element(By.CSS_SELECTOR, "details:target")
    WebDriverWait(page, 5).until(lambda _: files.get_attribute("open"))
    assert "raw/tests/junit.xml" in files.text
    page.find_element(By.ID, "filter-clear").click()
    files.find_element(By.LINK_TEXT, "its findings").click()
    assert count(page) == "2 of 9 findings match"


def test_what_is_new_since_the_previous_bundle_is_a_filter(show: Any) -> None:
    page = show(compared())
    page.find_element(By.ID, "filter-state").send_keys("new since")
    WebDriverWait(page, 5).until(lambda page: count(page) == "1 of 9 findings match")
    assert "test_total_includes_shipping" in rows(page)[0]


def test_the_keyboard_alone_filters_sorts_and_turns_pages(show: Any) -> None:
    page = show(large(250))

    def tab_to(id: str) -> None:
        """Press Tab until it is there: what no key reaches is not there for everybody."""
        for _ in range(400):
            if page.switch_to.active_element.get_attribute("id") == id:
                return
            ActionChains(page).send_keys(Keys.TAB).perform()
        raise AssertionError(f"the Tab key does not reach {id}")

    tab_to("filter-text")
    ActionChains(page).send_keys("module_1").perform()
    WebDriverWait(page, 5).until(lambda page: "match" in count(page))
    tab_to("filter-clear")
    ActionChains(page).send_keys(Keys.ENTER).perform()
    assert count(page) == "All 250 findings"
    ActionChains(page).send_keys(Keys.TAB, Keys.TAB, Keys.ENTER).perform()
    assert page.find_element(By.CSS_SELECTOR, "th[data-sort='severity']").get_attribute("aria-sort") == "ascending"
    tab_to("page-on")
    ActionChains(page).send_keys(Keys.ENTER, Keys.ENTER, Keys.ENTER).perform()
    assert page.find_element(By.ID, "page-where").text == "201 to 250 of 250"
    assert page.switch_to.active_element.get_attribute("id") == "page-on"


def test_without_a_script_the_first_findings_stand_there_and_where_the_others_are(show: Any) -> None:
    page = show(large(620), script=False)
    assert len(page.find_elements(By.CSS_SELECTOR, "#findings-table tbody tr")) == 500
    assert page.find_element(By.ID, "findings-rest").text.startswith("These are the first 500 of 620. All are in the bundle")
    assert page.find_element(By.CSS_SELECTOR, "#findings-table tbody tr:last-child").is_displayed()
    assert not page.find_element(By.ID, "filters").is_displayed()
    assert page.find_elements(By.CSS_SELECTOR, "th button") == []


def test_the_keyboard_reaches_the_verdict_and_every_wide_table(show: Any) -> None:
    page = show(full(), width=320)
    page.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert page.switch_to.active_element.text == "Skip to the verdict"
    wide = page.find_elements(By.CSS_SELECTOR, ".scroll")
    assert wide
    for region in wide:
        label = page.find_element(By.ID, region.get_attribute("aria-labelledby"))
        assert label.get_attribute("textContent")
        assert region.get_attribute("tabindex") == "0"
