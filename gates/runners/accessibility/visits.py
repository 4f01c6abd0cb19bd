"""The first half: what is to be examined, the browser that examines it, and what axe-core said."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from gates.api import (
    BROWSER_INSTALL,
    OLDEST_AXE,
    AxeScript,
    GateError,
    ObserveContext,
    Site,
    ToolMissingError,
    find_browser,
    find_driver,
    is_published_axe,
    newest_axe,
    read_answer,
    read_axe,
)
from gates.dataclass import dataclass
from gates.runners.accessibility.login import signed_in
from gates.runners.accessibility.options import Options

_SECRET_NAME = re.compile(r"csrf|xsrf|token|secret|auth|session|nonce|key|passw|signature", re.IGNORECASE)
_HELP = "https://dequeuniversity.com/rules/axe/"
INVENTORY, RESULTS = "inventory.json", "axe.json"
#: What is kept of the gate's time for the browser to end and for what was found to be written.
_RESERVE_SECONDS = 10
#: The longest path that a socket can have, without its end, and what the browser adds to its folder's.
_LONGEST_SOCKET, _SOCKET_LENGTH = 107 if sys.platform == "linux" else 103, len("/org.chromium.Chromium.XXXXXX/SingletonSocket")
#: From so many visits another browser is worth its start, and how many there are at most: each takes some 400 MB.
_VISITS = 24
_MOST_BROWSERS = 4
#: How long all the sitemaps of a site may take together.
_SITEMAP_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One page in one view. `item` names both where there are several views."""

    item: str
    route: str
    size: str
    scheme: str

    @property
    def view(self) -> str:
        return f"{self.size} {self.scheme}"

    def planned(self) -> dict[str, str]:
        return {"item": self.item, "route": self.route, "view": self.view}

    def task(self, site: Site) -> dict[str, Any]:
        """What the driver is told."""
        width, height = self.size.split("x")
        place = {"item": self.item, "address": f"{site.address}{self.route}"}
        return place | {"width": int(width), "height": int(height), "scheme": self.scheme}


def observe(context: ObserveContext, options: Options) -> None:
    """Expand the list of pages without the browser, examine each in it, and write what axe-core said."""
    context.distribution("selenium")
    axe = _axe(context, options)
    programs = _programs(context)
    given = context.needed(options.needs)
    with _site(context, options, given) as site:
        visits = _visits(site, options)
        for secret in _secrets(visits, options):
            context.add_secret(secret, "address")
        context.raw_json(INVENTORY, {"items": [visit.planned() for visit in visits]})
        login = signed_in(context, options.login, site, given, options.pages) if options.login else None
        context.report_progress(f"{len(visits)} pages")
        job = programs | {
            "axe": str(axe.path),
            "options": json.dumps({"runOnly": {"type": "tag", "values": options.tags()}, "resultTypes": ["violations", "incomplete"]}),
            "profile": str(context.scratch / "profile"),
            "seconds": options.page_timeout,
            "seconds_in_all": context.seconds_left() - _RESERVE_SECONDS,
            "wait_for": options.wait_for,
            "login": login,
            "offline": context.offline,
            "root_user": os.geteuid() == 0,
            "visits": [visit.task(site) for visit in visits],
        }
        result = _joined(context.at_once([partial(_run_driver, context, *part) for part in enumerate(_parts(context, job))]))
        files = {visit.item: site.file_of(visit.route) for visit in visits}
        _write(context, options, axe, files, result)


def _axe(context: ObserveContext, options: Options) -> AxeScript:
    """The copy of axe-core to use: one that an installed package carries, or one that the policy vouches for."""
    if not options.axe_script:
        return newest_axe()
    # From here on a copy of ours counts: the service under test could write to its own repository.
    copy = context.scratch / "axe.min.js"
    script = read_axe(context.steering(options.axe_script), copy=copy)
    if script.version < OLDEST_AXE:
        raise GateError(
            f"`axe-script` is axe-core {script}, which misses too much: 4.9 is the oldest that will do", remedy="use a newer one"
        )
    if options.axe_sha256 and options.axe_sha256 != script.sha256:
        raise GateError(
            "`axe-script` is not the copy that `axe-sha256` names",
            remedy=f"see who changed it and why; if it is right, write `axe-sha256: {script.sha256}`",
        )
    if not options.axe_sha256 and not is_published_axe(script):
        raise GateError(
            "`axe-script` is not a copy that an installed package carries, and nobody vouches for it: it may see less than it should",
            remedy=f"compare it with the one that axe-core publishes, then write `axe-sha256: {script.sha256}` in the policy",
        )
    return script


def _programs(context: ObserveContext) -> dict[str, str]:
    programs = {
        "browser": find_browser(context.environment, context.root),
        "driver": find_driver(context.environment, context.root),
    }
    for name, path in programs.items():
        if path is None:
            what = "Chromium or Chrome" if name == "browser" else "chromedriver"
            raise ToolMissingError(f"{what} was not found on PATH", remedy=BROWSER_INSTALL)
    return {name: path for name, path in programs.items() if path}


@contextlib.contextmanager
def _site(context: ObserveContext, options: Options, given: Mapping[str, str]) -> Iterator[Site]:
    seconds = min(_SITEMAP_SECONDS, context.seconds_left())
    if options.serve is not None:
        folder = context.inside(options.serve.directory) if options.serve.directory else None
        with context.serve(replace(options.serve, environment={**given, **options.serve.environment})) as service:
            yield Site(address=service.url, root=context.root, folder=folder, seconds=seconds)
        return
    if context.offline and urlsplit(options.url).hostname not in ("127.0.0.1", "localhost", "::1"):
        raise GateError(
            f"{options.url} can't be asked in a run that is offline", remedy="run without --offline, or let `serve` start the site"
        )
    yield Site(address=options.url, root=context.root, folder=None, seconds=seconds)


def _visits(site: Site, options: Options) -> list[Visit]:
    """What to examine: each page at each size and in each colour scheme."""
    views = options.views()
    return [
        Visit(item=route if len(views) == 1 else f"{route} ({size} {scheme})", route=route, size=size, scheme=scheme)
        for route in site.routes(options.pages)
        for size, scheme in views
    ]


def _secrets(visits: Iterable[Visit], options: Options) -> Iterator[str]:
    """Values of the addresses that a sitemap brought and whose names look secret. What the policy itself says is no secret."""
    for visit in visits:
        for name, value in parse_qsl(urlsplit(visit.route).query):
            if _SECRET_NAME.search(name) and not any(value in page for page in options.pages):
                yield value


def _parts(context: ObserveContext, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The job of each browser: several share many visits, no more than there are cores."""
    visits = job["visits"]
    number = max(1, min(context.cores(), _MOST_BROWSERS, len(visits) // _VISITS))
    for part in range(number):
        first, end = (len(visits) * place // number for place in (part, part + 1))
        yield job | {"profile": f"{job['profile']}-{part + 1}", "visits": visits[first:end]}


def _joined(results: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What all browsers said, as one. Each was tried with the canary. Raises `GateError` where one of them was another."""
    about = results[0]["about"]
    if any(result["about"] != about for result in results):
        raise GateError("the browsers that shared the pages are not the same", remedy="run again: one was updated meanwhile")
    return {
        "about": about,
        "canaries": [found for result in results for found in result["canaries"]],
        "visits": [visit for result in results for visit in result["visits"]],
    }


def _run_driver(context: ObserveContext, part: int, job: dict[str, Any]) -> dict[str, Any]:
    folder = context.scratch / f"{part + 1}"
    home, job_path, result_path = folder / "home", folder / "job.json", folder / "result.json"
    home.mkdir(parents=True)
    job_path.write_text(json.dumps(job), "utf-8")
    here = ",".join(filter(None, [context.environment.get("no_proxy", ""), "127.0.0.1", "localhost"]))
    done = context.run_driver(
        "axe_driver",
        [job_path, result_path],
        tool="axe-selenium-python",
        version=context.distribution("axe-selenium-python"),
        env={"SE_OFFLINE": "true", "HOME": str(home), "no_proxy": here, "NO_PROXY": here, **_temporary(folder / "t")},
        keep_output=False,
        record=part == 0,
    )
    if done.exit_code != 0 or not result_path.is_file():
        raise GateError(f"the driver of the browser broke: {done.last_words()}", remedy="this is a defect of the gate: please report it")
    result: dict[str, Any] = read_answer(result_path, tool="the driver of the browser")
    if "error" in result:
        raise GateError(result["error"], remedy=result["remedy"])
    return result


def _temporary(folder: Path) -> dict[str, str]:
    """Where the browser keeps its temporary folders, which it leaves behind when it is killed: in `folder`, if a socket's path fits there.

    It doesn't start at all where that does not fit into the folder that it is given.
    """
    # The browser makes a folder of its own in it, with a name that nobody can foresee.
    places = (folder, Path(tempfile.gettempdir()), Path("/tmp"))  # noqa: S108  # nosec B108
    fitting = [place for place in places if len(os.fsencode(place)) + _SOCKET_LENGTH <= _LONGEST_SOCKET]
    if fitting[:1] == [folder]:
        folder.mkdir()
    return {"TMPDIR": str(fitting[0])} if fitting else {}


def _write(context: ObserveContext, options: Options, axe: AxeScript, files: dict[str, Path | None], result: dict[str, Any]) -> None:
    """Keep what axe-core said, without the text of elements: it may hold what people typed."""
    about = result["about"]
    unknown = sorted(set(options.exclude_rules) - set(about["rules"].split()))
    if unknown:
        raise GateError(f"`exclude-rules` names {unknown[0]!r}, which axe-core {axe} does not have", remedy=f"see {_HELP} for its rules")
    context.record_tool(tool="axe-core", version=str(axe), argv=("axe.min.js", f"sha256:{axe.sha256}"))
    context.record_tool(tool=about["name"], version=about["version"])
    for visit in result["visits"]:
        _clean(context, visit, files[visit["item"]])
    said = {"axe": about["axe"], "canaries": result["canaries"], "excluded": sorted(options.exclude_rules), "visits": result["visits"]}
    context.raw_json(RESULTS, said | ({"login": {"proof": options.login.proof}} if options.login else {}))


def _clean(context: ObserveContext, visit: dict[str, Any], file: Path | None) -> None:
    """Take the text of elements out of a record, for their lines in the file where there is one."""
    for secret in visit.pop("secrets", ()):
        context.add_secret(secret, "field")
    for words in {"reason", "without_login"} & visit.keys():
        visit[words] = context.scrub(visit[words])
    if file is not None:
        visit["path"] = file.resolve().relative_to(context.root.resolve()).as_posix()
    text = file.read_text("utf-8", "replace") if file is not None else ""
    for result_of_rule in (*visit.get("violations", ()), *visit.get("incomplete", ())):
        nodes = result_of_rule["nodes"]
        whole = [node for node in nodes if len(node["target"]) == 1]  # not of a frame, which is another page
        lines = dict(zip(map(id, whole), lines_of([node["html"] for node in whole], text), strict=True))
        for node in nodes:
            del node["html"]
            node["line"] = lines.get(id(node))


def lines_of(elements: Sequence[str], text: str) -> list[int | None]:
    """The line of each element in its file: where its opening tag, or all of it, stands there just as the browser writes it.

    `elements` are those in which one rule found something, in the order of the page. Of several that are alike the lines are known
    where as many of them stand in the file; else it can't be told which of them it is.
    """
    by_tag, by_whole = ([part(html) for html in elements] for part in (_opening_tag, str))
    tags, wholes = _occurrences(by_tag, text), _occurrences(by_whole, text)
    return [tag if tag is not None else other for tag, other in zip(tags, wholes, strict=True)]


def _opening_tag(html: str) -> str:
    return html[: html.find(">") + 1]


def _occurrences(parts: Sequence[str], text: str) -> Iterator[int | None]:
    """The line of each part, of parts that are the same one after the other; None where the text holds more of them, or fewer."""
    counts = Counter(parts)
    places = {
        part: [found.start() for found in re.finditer(re.escape(part), text)] if part and text.count(part) == count else []
        for part, count in counts.items()
    }
    left = {part: iter(found) for part, found in places.items()}
    for part in parts:
        place = next(left[part], None)
        yield None if place is None else text.count("\n", 0, place) + 1
