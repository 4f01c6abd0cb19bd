"""Reads what a project declares and audits it: `audit_driver.py REQUEST.json FOLDER`.

The request is `{"root", "sources": [path…], "beside": [{"path", "reason"}…], "projects": [path…], "advisories": {"kind",
"name", "where"}}`, kind being `pypi`, `osv` or `records`; `beside` lists files that are not audited, unless a source includes
them, `projects` each `pyproject.toml` that is no source. Writes `inventory.json`, `advisories.json` and `audit.json` into the
folder, or `problem.json`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gates.drivers.audit import sources
from gates.drivers.audit.engine import Audit, Service
from gates.drivers.audit.inventory import CannotTellError
from gates.drivers.audit.records import open_records
from gates.drivers.audit.services import PATIENT, OsvAdvisories, Patience, PyPIAdvisories, RecordAdvisories


def main(request_path: str, folder: str) -> None:
    out = Path(folder)
    try:
        _audit(json.loads(Path(request_path).read_text("utf-8")), out)
    except CannotTellError as error:
        _write(out / "problem.json", {"reason": error.reason, "remedy": error.remedy})


def _audit(request: dict[str, Any], out: Path) -> None:
    root = Path(request["root"])
    found = sources.read(root, request["sources"], request["projects"])
    beside = [*request["beside"], *sources.unlocked(root, request["sources"], request["projects"])]
    included = sources.included(root, request["sources"])
    declared = [package for package in found if not package.skip]
    _write(
        out / "inventory.json",
        {
            "sources": request["sources"],
            "packages": [package.as_json() for package in declared],
            "skipped": [package.as_json() for package in found if package.skip],
            "unread": [item for item in beside if item["path"] not in included],
        },
    )
    advisories = request["advisories"]
    service = open_service(advisories)
    audit = Audit(service, advisories["name"])
    about = {"kind": advisories["kind"], "name": advisories["name"], **_data(service)}
    _write(out / "advisories.json", {**about, "canaries": audit.check_canaries()})
    _write(out / "audit.json", {"dependencies": audit.packages(declared)})


def open_service(advisories: dict[str, str], patience: Patience = PATIENT) -> Service:
    where = advisories["where"]
    match advisories["kind"]:
        case "pypi":
            return PyPIAdvisories(where, patience)
        case "osv":
            return OsvAdvisories(where or OsvAdvisories.DEFAULT_OSV_URL, patience)
        case _:
            return RecordAdvisories(open_records(Path(where), advisories["name"]))


def _data(service: Service) -> dict[str, Any]:
    """What is known of the data itself; a service on the network says nothing of its age."""
    if not isinstance(service, RecordAdvisories):
        return {}
    held = service.held
    return {"records": len(held.by_id), "withdrawn": held.withdrawn, "newest": held.newest.isoformat(), "sha256": held.sha256}


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, sort_keys=True, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
