"""Pages of a site, audited with axe-core in a real browser: every page that the policy lists, or the gate could not tell."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from gates.api import (
    BROWSER_INSTALL,
    OLDEST_AXE,
    AxeScript,
    Duration,
    Examined,
    Facts,
    Finding,
    Gate,
    GateError,
    Kind,
    Limit,
    Need,
    ObserveContext,
    Proof,
    Raw,
    Serve,
    Severity,
    Site,
    Suggestion,
    Survey,
    ToolMissingError,
    count,
    find_browser,
    find_driver,
    newest_axe,
    option,
    program_needs,
    read_axe,
)
from gates.formats.axe import Page, merged

Standard = Literal["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]
#: What each standard adds to those before it, as axe-core names the rules of a success criterion.
_TAGS: tuple[tuple[Standard, tuple[str, ...]], ...] = (
    ("wcag2a", ("wcag2a",)),
    ("wcag2aa", ("wcag2aa",)),
    ("wcag21aa", ("wcag21a", "wcag21aa")),
    ("wcag22aa", ("wcag22aa",)),
    ("best-practice", ("best-practice",)),
)
_VIEWPORT = re.compile(r"([1-9]\d{2,3})x([1-9]\d{2,3})")
_FOLDERS = ("public", "site", "www", "dist", "static", "docs")
_CANARY_FAULTS = 2
#: Pages that could not be examined and are named with their reasons; the others stand in the raw output.
_NAMED = 10
_HELP = "https://dequeuniversity.com/rules/axe/"
INVENTORY, RESULTS = "inventory.json", "axe.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Options of the gate, as a policy writes them."""

    pages: tuple[str, ...] = option(
        "paths such as /cart, addresses, files or globs below `serve.directory`, or a sitemap (a file, path or address that ends in .xml)"
    )
    url: str = option("address of a site that runs already; paths are below it", default="")
    serve: Serve | None = option("how to start the site under test", default=None)
    standard: Standard = option("rules of this standard and of those it builds on", default="wcag22aa")
    exclude_rules: tuple[str, ...] = option("rules whose findings are listed as suppressed", default=())
    viewports: tuple[str, ...] = option("sizes of the window in pixels, such as 1280x800 and 390x844", default=("1280x800",))
    color_schemes: tuple[Literal["light", "dark"], ...] = option("what the reader prefers", default=("light",))
    wait_for: str = option("CSS selector of an element that must be visible before a page is examined", default="")
    page_timeout: Duration = option("how long a page may take to load, and again to be examined", default=30, minimum=1)
    axe_script: str = option("an axe.min.js of this repository, 4.9 or later; without it the newest installed", default="")

    def __post_init__(self) -> None:
        if bool(self.url) == (self.serve is not None):
            raise ValueError("accessibility needs either `url` or `serve`")
        parts = urlsplit(self.url)
        if self.url and (parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.query or parts.fragment):
            raise ValueError("`url` is an http(s) address without user, query or anchor")
        wrong = [size for size in self.viewports if not _VIEWPORT.fullmatch(size)]
        if wrong:
            raise ValueError(f"viewport {wrong[0]!r} is not a width and a height of 100 to 9999 pixels, such as 1280x800")
        if not (self.pages and self.viewports and self.color_schemes):
            raise ValueError("`pages`, `viewports` and `color-schemes` need at least one entry each")


# -- observing


def observe(context: ObserveContext, options: Options) -> None:
    """Expand the list of pages without the browser, examine each in it, and write what axe-core said."""
    context.distribution("selenium")
    axe = _axe(context, options)
    programs = {"browser": find_browser(context.environment), "driver": find_driver(context.environment)}
    for name, path in programs.items():
        if path is None:
            what = "Chromium or Chrome" if name == "browser" else "chromedriver"
            raise ToolMissingError(f"{what} was not found on PATH", remedy=BROWSER_INSTALL)
    with _site(context, options) as site:
        tasks = _tasks(site, options)
        context.raw_json(INVENTORY, {"items": [{key: task[key] for key in ("item", "route", "view")} for task in tasks]})
        context.report_progress(f"{len(tasks)} pages")
        job = programs | {
            "axe": str(axe.path),
            "options": json.dumps(
                {"runOnly": {"type": "tag", "values": _tags(options.standard)}, "resultTypes": ["violations", "incomplete"]}
            ),
            "profile": str(context.scratch / "profile"),
            "seconds": options.page_timeout,
            "wait_for": options.wait_for,
            "offline": context.offline,
            "root_user": os.geteuid() == 0,
            "visits": tasks,
        }
        result = _run_driver(context, job)
        _write(context, site, options, axe, result)


def _axe(context: ObserveContext, options: Options) -> AxeScript:
    if not options.axe_script:
        return newest_axe()
    script = read_axe(context.inside(options.axe_script))
    if script.version < OLDEST_AXE:
        raise GateError(
            f"`axe-script` is axe-core {script}, which misses too much: 4.9 is the oldest that will do", remedy="use a newer one"
        )
    return script


@contextlib.contextmanager
def _site(context: ObserveContext, options: Options) -> Iterator[Site]:
    if options.serve is not None:
        folder = context.inside(options.serve.directory) if options.serve.directory else None
        with context.serve(options.serve) as service:
            yield Site(address=service.url, root=context.root, folder=folder)
        return
    if context.offline and urlsplit(options.url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise GateError(
            f"{options.url} can't be asked in a run that is offline", remedy="run without --offline, or let `serve` start the site"
        )
    yield Site(address=options.url, root=context.root, folder=None)


def _tags(standard: Standard) -> list[str]:
    names = [name for name, _ in _TAGS]
    return [tag for _, tags in _TAGS[: names.index(standard) + 1] for tag in tags]


def _tasks(site: Site, options: Options) -> list[dict[str, Any]]:
    """What to examine: each page at each size and in each colour scheme."""
    views = [(size, scheme) for size in dict.fromkeys(options.viewports) for scheme in dict.fromkeys(options.color_schemes)]
    tasks = []
    for route in site.routes(options.pages):
        for size, scheme in views:
            width, height = size.split("x")
            view = f"{size} {scheme}"
            item = route if len(views) == 1 else f"{route} ({view})"
            tasks.append(
                {
                    "item": item,
                    "route": route,
                    "view": view,
                    "address": f"{site.address}{route}",
                    "width": int(width),
                    "height": int(height),
                    "scheme": scheme,
                }
            )
    return tasks


def _run_driver(context: ObserveContext, job: dict[str, Any]) -> dict[str, Any]:
    job_path, result_path = context.scratch / "job.json", context.scratch / "result.json"
    job_path.write_text(json.dumps(job), "utf-8")
    home = context.scratch / "home"
    home.mkdir()
    here = ",".join(filter(None, [context.environment.get("no_proxy", ""), "127.0.0.1", "localhost"]))
    done = context.run_driver(
        "axe_driver",
        [job_path, result_path],
        tool="axe-selenium-python",
        version=context.distribution("axe-selenium-python"),
        env={"SE_OFFLINE": "true", "HOME": str(home), "no_proxy": here, "NO_PROXY": here},
        keep_output=False,
    )
    if done.exit_code != 0 or not result_path.is_file():
        raise GateError(f"the driver of the browser broke: {done.last_words()}", remedy="this is a defect of the gate: please report it")
    result: dict[str, Any] = json.loads(result_path.read_text("utf-8"))
    if "error" in result:
        raise GateError(result["error"], remedy=result["remedy"])
    return result


def _write(context: ObserveContext, site: Site, options: Options, axe: AxeScript, result: dict[str, Any]) -> None:
    """Keep what axe-core said, without the text of elements: it may hold what people typed."""
    about = result["about"]
    unknown = sorted(set(options.exclude_rules) - set(about["rules"].split()))
    if unknown:
        raise GateError(f"`exclude-rules` names {unknown[0]!r}, which axe-core {axe} does not have", remedy=f"see {_HELP} for its rules")
    context.record_tool(tool="axe-core", version=str(axe), argv=("axe.min.js", f"sha256:{axe.sha256}"))
    context.record_tool(tool=about["name"], version=about["version"])
    routes = {task["item"]: task["route"] for task in _tasks(site, options)}
    for visit in result["visits"]:
        for secret in visit.pop("secrets", ()):
            context.add_secret(secret)
        if "reason" in visit:
            visit["reason"] = context.scrub(visit["reason"])
        file = site.file_of(routes[visit["item"]])
        if file is not None:
            visit["path"] = file.resolve().relative_to(context.root.resolve()).as_posix()
        text = file.read_text("utf-8", "replace") if file is not None else ""
        for result_of_rule in (*visit.get("violations", ()), *visit.get("incomplete", ())):
            for node in result_of_rule["nodes"]:
                html = node.pop("html")
                node["line"] = _line_of(html, text) if len(node["target"]) == 1 else None
    context.raw_json(
        RESULTS,
        {"axe": about["axe"], "canaries": result["canaries"], "excluded": sorted(options.exclude_rules), "visits": result["visits"]},
    )


def _line_of(html: str, text: str) -> int | None:
    """The line of an element in its file, where its opening tag stands there once just as the browser writes it."""
    tag = html[: html.find(">") + 1]
    return text[: text.index(tag)].count("\n") + 1 if tag and text.count(tag) == 1 else None


# -- parsing


def parse(raw: Raw) -> Facts:
    """Facts of what axe-core said. A page of the list that was not examined leaves the whole unknown."""
    inventory, results = raw.json(INVENTORY)["items"], raw.json(RESULTS)
    if not results["canaries"] or any(found != _CANARY_FAULTS for found in results["canaries"]):
        raise GateError("axe-core is blind: it did not find the faults of our own page", remedy="use an axe.min.js as it was published")
    visits = {visit["item"]: visit for visit in results["visits"]}
    _check_examined([entry["item"] for entry in inventory], visits)
    found: dict[tuple[str, str, str], list[tuple[str, Finding]]] = {}
    for entry in inventory:
        page = Page(raw=raw, route=entry["route"], visit=visits[entry["item"]], excluded=frozenset(results["excluded"]))
        for finding in page.findings():
            key = (finding.rule, entry["route"], finding.location.selector or "")
            found.setdefault(key, []).append((entry["view"], finding))
    findings = [merged(several) for several in found.values()]
    review = sum(finding.kind is Kind.NEEDS_REVIEW and finding.suppressed_by is None for finding in findings)
    return raw.facts(
        examined=Examined(unit="pages", expected=len(inventory), done=len(inventory), proof=Proof.INVENTORY),
        findings=findings,
        measurements=[count("needs-review", review, "elements")],
    )


def _check_examined(items: Sequence[str], visits: dict[str, dict[str, Any]]) -> None:
    failed: list[tuple[str, str, str]] = []
    for item in items:
        visit = visits.get(item, {"examined": False, "reason": "the browser never came to it"})
        if not visit["examined"]:
            failed.append((item, visit["reason"], visit.get("remedy", "")))
        elif not sum(visit["rules"].values()):
            failed.append((item, "no rule of axe-core ran", "use an axe.min.js that has the rules of the standard"))
    if failed:
        more = f"; and {len(failed) - _NAMED} more" if len(failed) > _NAMED else ""
        reasons = "; ".join(f"{item}: {reason}" for item, reason, _ in failed[:_NAMED])
        remedies = dict.fromkeys(remedy for _, _, remedy in failed[:_NAMED] if remedy)
        raise GateError(f"{len(failed)} of {len(items)} pages could not be examined: {reasons}{more}", remedy="; ".join(remedies))


# -- proposing and preparing


def detect(survey: Survey) -> Suggestion | None:
    """A folder with an index page that no template engine has yet to fill."""
    for folder in _FOLDERS:
        text = survey.read(f"{folder}/index.html") if f"{folder}/index.html" in survey.files else None
        if text is not None and "{{" not in text and "{%" not in text:
            return Suggestion(
                options={"serve": {"directory": folder}, "pages": ["**/*.html"]},
                comments=(f"{folder}/index.html is a page of a static site",),
            )
    return None


def needs(root: Path, options: Options) -> Iterable[Need]:
    """The service's program, a browser with its driver, and axe-core."""
    if options.serve:
        yield from program_needs(root, options.serve.command, where="serve.command", environment=os.environ)
    yield Need(name="Chromium or Chrome", found=find_browser(os.environ), remedy=BROWSER_INSTALL)
    yield Need(name="chromedriver", found=find_driver(os.environ), remedy=BROWSER_INSTALL)
    if not options.axe_script:
        try:
            script: str | None = f"axe-core {newest_axe()}"
        except ToolMissingError:
            script = None
        yield Need(name="axe-core 4.9 or later", found=script, remedy="pip install 'quality-gates[accessibility]'")


GATE = Gate(
    id="accessibility",
    title="Accessibility",
    unit="pages",
    options=Options,
    executes_project=True,
    parser=1,
    observe=observe,
    parse=parse,
    requires=("selenium", "axe-selenium-python"),
    extra="accessibility",
    limits=(Limit(name="findings", severity=Severity.HIGH, new_max=Decimal(0)),),
    measurements={"needs-review": "elements of which axe-core could not tell whether they are at fault"},
    detect=detect,
    needs=needs,
)
