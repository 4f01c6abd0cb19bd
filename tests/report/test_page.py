"""The page in a real browser: accessibility, filtering, sorting, paging, the keyboard, narrow screens, and no script at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from gates.adapters.browser import INSTALL, find_browser, find_driver
from gates.model import Record
from gates.report import html
from tests.report.record_factory import BUNDLE, full, hostile, large, nothing, passed

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
    def open_page(record: Record, *, width: int = 1280, dark: bool = False, script: bool = True) -> Browser:
        path = tmp_path / "report.html"
        path.write_text(html.render(record, bundle=BUNDLE), "utf-8")
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


@pytest.mark.parametrize("record", [full(), passed(), nothing(), hostile()], ids=["full", "passed", "nothing", "hostile"])
def test_no_message_and_no_sideways_scrolling(show: Any, record: Record) -> None:
    page = show(record, width=320)
    assert page.get_log("browser") == []
    assert page.execute_script("return document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.parametrize(
    ("record", "width", "dark"),
    [(full(), 1280, False), (full(), 1280, True), (full(), 320, False), (nothing(), 1280, True)],
    ids=["light", "dark", "narrow", "empty"],
)
def test_no_accessibility_rule_is_broken(show: Any, record: Record, width: int, dark: bool) -> None:
    page = show(record, width=width, dark=dark)
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
    severities = "return [...document.querySelectorAll('#findings-table tbody tr')].map((row) => Number(row.dataset.severity))"
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
    assert not page.find_element(By.ID, "page-on").is_enabled()
    page.find_element(By.ID, "page-back").click()
    assert page.find_element(By.ID, "page-where").text == "101 to 200 of 250"


def test_print_shows_all_that_match(show: Any) -> None:
    page = show(large(250))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert len(rows(page)) == 250
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_without_a_script_all_findings_stand_there(show: Any) -> None:
    page = show(large(250), script=False)
    assert len(page.find_elements(By.CSS_SELECTOR, "#findings-table tbody tr")) == 250
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
