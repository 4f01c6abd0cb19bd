"""Each thing that a bundle must not be is refused for its own reason, even where every later check would refuse it too."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gates import canonical
from gates.cli.main import main
from gates.errors import BundleError, EvidenceError
from gates.evidence import archive, bundle
from tests.repository import Repository

Members = dict[str, bytes]
POLICY = "version: 1\nextends: [baseline]\ngates: {secrets: {}}\n"


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> Members:
    folder = tmp_path_factory.mktemp("tampering")
    repository = Repository(folder)
    repository.commit({"gates.yaml": POLICY, "app.py": "print('hello')\n"})
    assert main(["-C", str(repository.root), "run", "--bundle", str(folder / "bundle.zip")]) == 0
    return archive.unpack((folder / "bundle.zip").read_bytes())


@pytest.fixture
def members(sealed: Members) -> Members:
    assert bundle.open_members(sealed), "the bundle itself is whole"
    return dict(sealed)


def edited(members: Members, name: str, change: Callable[[Any], None]) -> None:
    data = json.loads(members[name])
    change(data)
    members[name] = canonical.dumps(data)


def listed_anew(members: Members) -> Members:
    """The members with a manifest whose lines and digest are right again."""
    manifest = json.loads(members["manifest.json"])
    names = sorted(name for name in members if name not in {"manifest.json", *bundle.SIGNATURES})
    listed = [bundle._member(name, members[name]) for name in names]
    digest = bundle.content_digest({name: members[name] for name in names})
    manifest["members"] = json.loads(canonical.of(tuple(listed)))
    manifest["content_digest"] = digest
    return {**members, "manifest.json": canonical.dumps(manifest)}


def _add(listed: list[dict[str, Any]], path: str) -> None:
    listed.append({**listed[0], "path": path})
    listed.sort(key=lambda line: str(line["path"]))


def refused(members: Members) -> str:
    with pytest.raises(BundleError) as raised:
        bundle.open_members(members)
    return f"{raised.value.problems[0].error} {raised.value.problems[0].where}"


def test_a_member_that_is_not_listed(members: Members) -> None:
    members["raw/secrets/more.json"] = b"{}"
    assert refused(members) == "a member is not listed in the manifest raw/secrets/more.json"


def test_a_member_that_is_gone(members: Members) -> None:
    del members["run.json"]
    assert refused(members) == "a member is missing run.json"


def test_a_member_that_was_changed(members: Members) -> None:
    edited(members, "run.json", lambda run: run.update(platform="another"))
    assert refused(members) == "a member is not what the manifest says run.json"


def test_a_digest_of_other_content(members: Members) -> None:
    edited(members, "manifest.json", lambda manifest: manifest.update(content_digest=f"sha256:{'0' * 64}"))
    assert refused(members).startswith("the content digest is not that of the content")


def test_no_manifest(members: Members) -> None:
    del members["manifest.json"]
    assert refused(members).startswith("there is no manifest.json")


def test_a_manifest_beyond_all_bounds(members: Members, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "MANIFEST_LIMIT", len(members["manifest.json"]) - 1)
    assert refused(members).startswith("the manifest is larger than")


@pytest.mark.parametrize("content", [b"[]", b"1", b'{"schema":"gates/bundle/v999"}', b"{}"])
def test_a_manifest_of_another_schema(members: Members, content: bytes) -> None:
    members["manifest.json"] = content
    assert refused(members).startswith(f"the bundle's schema is not {bundle.SCHEMA}")


def test_a_manifest_that_is_no_json(members: Members) -> None:
    members["manifest.json"] = b"{"
    assert refused(members).startswith("not canonical JSON")


@pytest.mark.parametrize(
    "change",
    [
        lambda listed: listed.reverse(),
        lambda listed: listed.append(listed[-1]),
        lambda listed: _add(listed, "manifest.json"),
        lambda listed: _add(listed, min(bundle.SIGNATURES)),
    ],
    ids=["order", "twice", "itself", "signature"],
)
def test_a_list_that_is_not_as_it_is_written(members: Members, change: Callable[[Any], None]) -> None:
    edited(members, "manifest.json", lambda manifest: change(manifest["members"]))
    assert refused(members).startswith("the manifest's list is not sorted, or lists what it must not")


@pytest.mark.parametrize("name", ["context.json", "decision.json", "run.json", "policies/effective.json"])
def test_a_bundle_without_one_of_its_parts(members: Members, name: str) -> None:
    del members[name]
    assert refused(listed_anew(members)) == f"a member is missing {name}"


def test_a_manifest_about_another_context(members: Members) -> None:
    edited(members, "manifest.json", lambda manifest: manifest["context"].update(commit="0" * 40))
    assert refused(members).startswith("the manifest is about another context than the content")


def test_facts_under_the_name_of_another_gate(members: Members) -> None:
    members["facts/tests.json"] = members.pop("facts/secrets.json")
    assert refused(listed_anew(members)) == "the facts are of the gate 'secrets' facts/tests.json"


def test_a_policy_file_that_is_gone(members: Members) -> None:
    del members["policies/gates.yaml"]
    assert refused(listed_anew(members)).startswith("a policy file is missing or is another than was composed")


def test_a_policy_file_that_was_changed(members: Members) -> None:
    members["policies/gates.yaml"] += b"# more\n"
    assert refused(listed_anew(members)).startswith("a policy file is missing or is another than was composed")


@pytest.mark.parametrize("name", ["context.json", "decision.json", "run.json", "facts/secrets.json", "policies/effective.json"])
def test_a_part_of_another_form(members: Members, name: str) -> None:
    edited(members, name, lambda data: data.update(unheard_of=1))
    assert refused(listed_anew(members)).startswith("it does not have the form that it should")


@pytest.mark.parametrize("name", ["context.json", "facts/secrets.json"])
def test_a_part_that_is_not_written_canonically(members: Members, name: str) -> None:
    members[name] = json.dumps(json.loads(members[name]), indent=1).encode()
    assert refused(listed_anew(members)).startswith("not canonical JSON: writing it again gives other bytes")


def test_members_beyond_the_bounds_are_not_written(members: Members, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match="more than"):
        bundle.write(tmp_path / "bundle.zip", {f"raw/x/{number}": b"" for number in range(archive.MEMBERS_LIMIT + 1)})
    assert not (tmp_path / "bundle.zip").exists()
