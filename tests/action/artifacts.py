"""Stands in for the nested actions, which a runner without network can't fetch: artifacts in a folder, by the rules that GitHub's have.

`python artifacts.py upload|download`: inputs arrive as JSON in WITH, the folder as ARTIFACTS. A name is taken once unless it may be
overwritten; without an archive the file's own name is the artifact's; what is not there can't be downloaded by name, and by pattern
nothing is downloaded.
"""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import sys
from pathlib import Path


def upload(given: dict[str, str], store: Path) -> int:
    file = Path(given["path"])
    if not file.is_file():
        print(f"::error::no files were found with the path {file}")
        return 1
    place = store / (file.name if given.get("archive") == "false" else given["name"])
    if place.exists() and given.get("overwrite") != "true":
        print(f"::error::an artifact with the name {place.name} already exists on the workflow run")
        return 1
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    shutil.copy(file, place)
    return 0


def download(given: dict[str, str], store: Path) -> int:
    wanted, pattern = given.get("name"), given.get("pattern", "")
    found = [place for place in sorted(store.iterdir()) if place.name == wanted or (pattern and fnmatch.fnmatch(place.name, pattern))]
    if wanted and not found:
        print(f"::error::artifact not found for name: {wanted}")
        return 1
    for place in found:
        shutil.copytree(place, given["path"], dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit({"upload": upload, "download": download}[sys.argv[1]](json.loads(os.environ["WITH"]), Path(os.environ["ARTIFACTS"])))
