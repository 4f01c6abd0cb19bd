"""A folder of a repository that is judged by itself: code hosts want places from the top, and each folder's runs by a name of their own."""

from __future__ import annotations

import json
from dataclasses import replace

from gates.report import github, gitlab, sarif, text
from tests.report.record_factory import full

WHOLE = full()
PART = replace(WHOLE, context=replace(WHOLE.context, folder="services/shop"))


def test_annotations_stand_at_files_of_the_repository() -> None:
    files = [line.partition("file=")[2].partition(",")[0] for line in github.render(PART).splitlines() if "file=" in line]
    assert files
    assert all(name.startswith("services/shop/") for name in files)


def test_a_merge_request_shows_them_at_files_of_the_repository() -> None:
    here, whole = (json.loads(gitlab.render(record)) for record in (PART, WHOLE))
    assert [item["location"]["path"] for item in here] == [f"services/shop/{item['location']['path']}" for item in whole]


def test_code_scanning_has_runs_of_their_own_for_each_folder() -> None:
    here, whole = (json.loads(sarif.render(record, for_upload=True))["runs"] for record in (PART, WHOLE))
    assert [run["automationDetails"]["id"] for run in here] == [
        f"gates/services/shop/{run['automationDetails']['id'].removeprefix('gates/')}" for run in whole
    ]
    uris = [result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for run in here for result in run["results"]]
    assert uris
    assert all(uri.startswith("services/shop/") for uri in uris)


def test_people_are_told_which_folder_it_is_of() -> None:
    assert "folder services/shop of commit" in text.render(PART, bundle=None, color=False, width=100)
