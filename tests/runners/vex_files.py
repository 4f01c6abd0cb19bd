"""A project with the flaw of teapot 1.1 (CVE-2026-90001), audited once by the real pip-audit, and what VEX files make of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gates.api import Facts
from gates.facts import read_facts
from gates.observe import Observation
from gates.runners.dependencies import GATE
from gates.testing import observe_raw
from tests.runners.audited_shop import ADVISORIES

NAME = "security/vex/2026-1.json"
REQUIREMENTS = "saucer==5.0\nteapot==1.1\n"


def audited(folder: Path, files: Mapping[str, str], **options: Any) -> Observation:
    """The gate's raw output for a project in a folder: its dependencies, and these files beside."""
    root, work = folder / "shop", folder / "work"
    work.mkdir(parents=True)
    shutil.copytree(ADVISORIES, folder / "advisories")
    for name, text in {"requirements.txt": REQUIREMENTS, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    chosen = {"advisories": str(folder / "advisories"), "max_age": 0, "vex": ["security/vex/"], **options}
    return observe_raw(GATE, root=root, work=work, options=chosen)


def judged_by(observation: Observation, *documents: Any) -> Facts:
    """What the gate makes of its raw output, had the project these VEX documents: read again, and nothing is audited anew."""
    kept = {f"vex-{number}.json": json.dumps(document).encode() for number, document in enumerate(documents, 1)}
    names = [{"member": member, "path": f"security/vex/2026-{number}.json"} for number, member in enumerate(kept, 1)]
    listed = {"vex.json": json.dumps({"files": names}).encode()}
    members = {name: content for name, content in observation.members.items() if not name.startswith("vex")}
    return read_facts(GATE, observation.name, {**members, **listed, **kept})


def document(*statements: Mapping[str, Any], author: str = "Anna") -> dict[str, Any]:
    said = {"author": author, "timestamp": "2026-11-20T10:00:00Z", "statements": list(statements)}
    return {"@context": "https://openvex.dev/ns/v0.2.0", "@id": "https://shop.example/vex", "version": 1, **said}


def statement(**more: Any) -> dict[str, Any]:
    """One that covers the flaw, but for what is said otherwise."""
    return {
        "vulnerability": {"name": "CVE-2026-90001"},
        "products": [{"@id": "pkg:oci/shop", "subcomponents": [{"@id": "pkg:pypi/teapot@1.1"}]}],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        **more,
    }
