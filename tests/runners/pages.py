"""Sites for the accessibility gate, and what it says of them in a real browser."""

from __future__ import annotations

import os
import select
import shutil
from pathlib import Path
from typing import Any

from gates.api import Facts, Kind
from gates.runners.accessibility import GATE
from gates.testing import observe_and_parse

EXAMPLES = Path(__file__).parents[1] / "examples" / "accessibility"
FAULTY = ["/", "/frames.html", "/private.html", "/review.html", "/spoofed.html"]
PUBLIC = {"serve": {"directory": "public"}}
BROKEN = {"serve": {"command": ["{python}", "site.py", "{port}"]}, "page_timeout": 20}


def copied(example: str, folder: Path) -> Path:
    return Path(shutil.copytree(EXAMPLES / example, folder / "project"))


def look(root: Path, work: Path, pages: list[str], **options: Any) -> Facts:
    work.mkdir(exist_ok=True)
    served = {} if {"serve", "url"} & set(options) else PUBLIC
    return observe_and_parse(GATE, root=root, work=work, options={"pages": pages, **served, **options})


def rules(facts: Facts, route: str, kind: Kind = Kind.FINDING) -> list[tuple[str, str]]:
    """The rules and selectors of the findings of one kind on one page."""
    here = [finding for finding in facts.findings if finding.kind is kind and finding.location.url == route]
    return sorted((finding.rule, finding.location.selector or "") for finding in here)


def left_behind(work: Path) -> list[int]:
    """Processes that were started for a work folder and do not end."""
    stubborn = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if str(work).encode() not in (entry / "cmdline").read_bytes():
                continue
            handle = os.pidfd_open(int(entry.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
        if not select.select([handle], [], [], 10)[0]:
            stubborn.append(int(entry.name))
        os.close(handle)
    return stubborn
