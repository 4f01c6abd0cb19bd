"""Pages of a site, audited with axe-core in a real browser: every page that the policy lists, or the gate could not tell."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path

from gates.api import (
    BROWSER_INSTALL,
    BROWSER_INSTALL_ON,
    RUNS_THE_PROJECT,
    Depends,
    Gate,
    Limit,
    Need,
    ObserveContext,
    Severity,
    Suggestion,
    Survey,
    ToolMissingError,
    find_browser,
    find_driver,
    newest_axe,
    program_needs,
    variable_needs,
)
from gates.runners.accessibility.options import Options
from gates.runners.accessibility.reading import parse
from gates.runners.accessibility.visits import observe

__all__ = ["GATE", "Options"]

_FOLDERS = ("public", "site", "www", "dist", "static", "docs")


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
    """The programs of the service and of the login, the variables, a browser with its driver, and axe-core."""
    serving = options.serve.command if options.serve else ()
    yield from program_needs(root, serving, where="serve.command", environment=os.environ)
    if options.login and options.login.command[:1] != serving[:1]:  # most often it is one interpreter
        yield from program_needs(root, options.login.command, where="login.command", environment=os.environ)
    yield from variable_needs(options.needs, environment=os.environ)
    yield Need(name="Chromium or Chrome", found=find_browser(os.environ, root), remedy=BROWSER_INSTALL, commands=BROWSER_INSTALL_ON)
    yield Need(name="chromedriver", found=find_driver(os.environ, root), remedy=BROWSER_INSTALL, commands=BROWSER_INSTALL_ON)
    if not options.axe_script:
        try:
            script: str | None = f"axe-core {newest_axe()}"
        except ToolMissingError:
            script = None
        yield Need(name="axe-core 4.9 or later", found=script, remedy="pip install 'quality-gates[accessibility]'")


def steered_by(options: Options) -> tuple[str, ...]:
    """A copy of axe-core in the repository says what is a fault."""
    return (posixpath.normpath(options.axe_script),) if options.axe_script else ()


def why_no_base(options: Options) -> str:
    """A folder of the repository is the base's in a tree of the base; what a program or another machine serves may be anyone's."""
    if options.serve is None:
        return "the pages are served by another, who has no base"
    return RUNS_THE_PROJECT if options.serve.command or options.login else ""


def depends(context: ObserveContext, options: Options) -> Depends | str:
    """A folder that is served is all there is of a site; a program makes its pages of any file."""
    if options.serve is None:
        return "the site is somewhere else"
    if options.login:
        return "what somebody who is signed in sees can change at any time"
    if options.serve.directory:
        return Depends(places=[context.inside(options.serve.directory)], machine=True)
    return Depends(files=context.select(options.inputs) if options.inputs else None, machine=True)


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
    measurements={
        "needs-review": "elements of which axe-core could not tell whether they are at fault",
        "frames": "frames in the pages that were examined",
    },
    detect=detect,
    needs=needs,
    why_no_base=why_no_base,
    steered_by=steered_by,
    depends=depends,
)
