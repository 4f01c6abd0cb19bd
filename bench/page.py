"""What the page costs with many findings. Called by `bench/page`, in the environment of the tests.

The findings look like those of real scanners: a message of two lines, a remedy, an address, two properties; about 700 bytes
of JSON each. Times in the browser run from the event to the frame after the one in which its work is done; typing waits 100 ms for more.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from selenium import webdriver

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # for the tests' records, which are no part of the package

from gates.adapters.browser import find_browser, find_driver  # noqa: E402
from gates.model import Finding, Record  # noqa: E402
from gates.report import html  # noqa: E402
from tests.report.record_factory import large  # noqa: E402

FINDINGS = int(os.environ.get("BENCH_FINDINGS", "10000"))
RUNS = int(os.environ.get("BENCH_RUNS", "5"))
FLAGS = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--window-size=1280,900")
#: What is held: bytes of the page, and milliseconds of each act in the browser.
BOUNDS = {"size": 5_000_000, "first view": 1000, "filter": 400, "filter all": 400, "sort": 400, "next page": 200}

ACT = """
const [act, argument, done] = arguments, byId = (id) => document.getElementById(id), start = performance.now();
const enter = (id) => { byId(id).value = argument; byId(id).dispatchEvent(new Event("input", { bubbles: true })); };
const said = byId("findings-count").textContent;
if (act === "type") enter("filter-text");
if (act === "choose") enter("filter-severity");
if (act === "sort") document.querySelectorAll("#findings-table th button")[Number(argument)].click();
if (act === "next") byId("page-on").click();
if (act === "clear") byId("filter-clear").click();
const painted = () => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - start)));
const settled = () => (act === "type" && byId("findings-count").textContent === said ? setTimeout(settled, 1) : painted());
settled();
"""
VIEW = """
const done = arguments[0], paint = performance.getEntriesByName("first-contentful-paint")[0];
const load = performance.getEntriesByType("navigation")[0];
done([paint ? paint.startTime : -1, load.domContentLoadedEventEnd, document.querySelectorAll("*").length]);
"""


def main() -> int:
    """Print each figure with its bound; exit code 1 where a median is over it."""
    record = realistic(FINDINGS)
    begun = time.perf_counter()
    page = html.render(record, bundle=None).encode()
    made = time.perf_counter() - begun
    print(f"{FINDINGS:,} findings; page made in {made:.2f} s")
    over = _told("size", [len(page)], "bytes")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.html"
        path.write_bytes(page)
        driver = _browser(folder)
        try:
            over |= _in_browser(driver, path.as_uri())
        finally:
            driver.quit()
    return int(over)


def _in_browser(driver: webdriver.Chrome, address: str) -> bool:
    views: list[tuple[float, float, float]] = []
    acts: dict[str, list[float]] = {"filter": [], "filter all": [], "sort": [], "next page": []}

    def act(name: str, argument: str = "") -> float:
        return float(driver.execute_async_script(ACT, name, argument))

    for _ in range(RUNS):
        driver.get(address)
        driver.execute_async_script("requestAnimationFrame(() => requestAnimationFrame(arguments[0]))")
        views.append(tuple(driver.execute_async_script(VIEW)))
        acts["filter"].append(act("type", "module_7 number 9"))
        acts["filter all"].append(act("type", "the"))
        act("clear")
        acts["filter"].append(act("choose", "3"))
        act("clear")
        acts["sort"] += [act("sort", "2"), act("sort", "0")]
        acts["next page"] += [act("next"), act("next")]
    acts["print"] = [_clocked(lambda: driver.execute_cdp_cmd("Page.printToPDF", {}))]
    over = _told("first view", [view[0] for view in views], "ms")
    over |= _told("ready", [view[1] for view in views], "ms")
    over |= _told("elements", [view[2] for view in views], "")
    for name, times in acts.items():
        over |= _told(name, times, "ms")
    return over


def _clocked(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - begun)


def _told(name: str, values: list[float] | list[int], unit: str) -> bool:
    """Print a figure; whether its median is over its bound."""
    middle, bound = statistics.median(values), BOUNDS.get(name)
    limit = f"  at most {bound:,}" if bound else ""
    print(f"{name:11} {unit:5} min {min(values):>12,.0f}  median {middle:>12,.0f}  max {max(values):>12,.0f}{limit}")
    return bound is not None and middle > bound


def _browser(folder: str) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = find_browser(os.environ) or ""
    for flag in (*FLAGS, f"--user-data-dir={folder}/profile"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(find_driver(os.environ)))
    driver.set_script_timeout(120)
    return driver


def realistic(number: int) -> Record:
    """A failed run with so many findings, each as wordy as a scanner's."""
    record = large(number)
    (facts,) = record.facts
    return replace(record, facts=(replace(facts, findings=tuple(map(_wordy, facts.findings))),))


def _wordy(finding: Finding) -> Finding:
    return replace(
        finding,
        message=f"{finding.message}: the value that it returns says whether the order was stored\n    store.put(order, key=customer.id)",
        remedy="Check what it returns, or let it raise: an order that was not stored is lost without a word to the customer",
        help_url=f"https://scanner.example/en/latest/plugins/{finding.rule.partition('/')[2].lower()}_unchecked_return_value.html",
        properties={"confidence": "HIGH", "cwe": "CWE-252: Unchecked Return Value"},
    )


if __name__ == "__main__":
    raise SystemExit(main())
