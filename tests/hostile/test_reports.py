"""Reports, locks and advisories that are made to exhaust, to mislead, to be followed or to be run."""

from __future__ import annotations

import base64
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees import Seen, errored, failed, hostile, judged, passed
from tests.runners.audited_shop import ADVISORIES, Shop, shop_in
from tests.runners.reporting_tool import Tool, result, sarif, tool_in
from tests.runners.samples import SECRETS

CASE = '<testcase classname="a" name="one"/>'
DEEP = 200_000


@pytest.fixture
def tool(tmp_path: Path) -> Tool:
    return tool_in(tmp_path)


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path)


# -- XML


def junit(tool: Tool, text: str) -> Seen:
    return judged(tool.observe(text.encode(), format="junit"))


@hostile("a JUnit report whose entities multiply (a billion laughs)", here=errored("declares entities or a document type"))
def test_entities_that_multiply(tool: Tool) -> Seen:
    levels = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return junit(tool, f'<!DOCTYPE t [<!ENTITY e0 "ha">{levels}]><testsuite tests="1"><testcase name="&e9;"/></testsuite>')


@hostile("a JUnit report that repeats one long entity", here=errored("declares entities or a document type"))
def test_one_long_entity(tool: Tool) -> Seen:
    return junit(tool, f'<!DOCTYPE t [<!ENTITY e "{"ha" * 50_000}">]><testsuite>{"&e;" * 50_000}{CASE}</testsuite>')


@hostile("a JUnit report that includes a file of this machine", here=errored("declares entities or a document type"))
def test_an_external_entity(tool: Tool) -> Seen:
    return junit(tool, '<!DOCTYPE t [<!ENTITY e SYSTEM "file:///etc/passwd">]><testsuite><testcase name="&e;"/></testsuite>')


@hostile("a JUnit report with a document type on the network", here=errored("declares entities or a document type"))
def test_an_external_document_type(tool: Tool) -> Seen:
    return junit(tool, f'<!DOCTYPE testsuite SYSTEM "http://127.0.0.1:9/t.dtd"><testsuite>{CASE}</testsuite>')


@hostile("a JUnit report of suites in suites without end", here=errored("nests its elements more than 64 deep"))
def test_suites_in_suites(tool: Tool) -> Seen:
    return junit(tool, f"{'<testsuite>' * DEEP}{CASE}{'</testsuite>' * DEEP}")


@hostile("a JUnit report that counts its tests with a number of 5,000 digits", here=errored("counts 1000000000 tests and lists 1"))
def test_a_count_without_end(tool: Tool) -> Seen:
    return junit(tool, f'<testsuite name="s" tests="{"9" * 5000}">{CASE}</testsuite>')


# -- JSON


@hostile("a SARIF report of lists in lists without end", here=errored("it is nested too deeply"))
def test_lists_in_lists(tool: Tool) -> Seen:
    return judged(tool.observe(b'{"version": "2.1.0", "runs": ' + b"[" * DEEP + b"]" * DEEP + b"}"))


@hostile("a SARIF report that holds `results` twice: some readers take the first, some the last", here=errored("holds one key twice"))
def test_a_key_that_stands_twice(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result()).replace(b'"results"', b'"results": [], "results"', 1)[:-3] + b', "results": []}]}'))


@hostile("a SARIF report with a line number of 5,000 digits", here=errored("a number has more than 100 digits"))
def test_a_number_without_end(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result()).replace(b'"startLine": 1', b'"startLine": ' + b"9" * 5000)))


@hostile("a SARIF report whose score is 1e999999", here=failed("external/R1 at app.py:1: It prints"))
def test_a_score_that_is_infinite(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result(level="note", properties={"security-severity": 0})).replace(b": 0}", b": 1e999999}")))


@hostile("a SARIF report whose score is NaN", here=errored("NaN is not a JSON number"))
def test_a_score_that_is_no_number(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result(properties={"security-severity": float("nan")}))))


@hostile("a SARIF report with halves of characters, which can't be written again", here=failed("external/R1 at app.py:1: It ? prints"))
def test_halves_of_characters(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result(message={"text": "It \ud800 prints"}))))


@hostile("a SARIF report with arguments `{99…9}` of 5,000 digits", here=failed("external/R1 at app.py:1"))
def test_a_placeholder_without_end(tool: Tool) -> Seen:
    return judged(tool.observe(sarif(result(message={"text": "{" + "9" * 5000 + "}", "arguments": ["x"]}))))


OUTSIDE = ("file:///etc/passwd", "../../etc/passwd", "%2e%2e/%2e%2e/etc/passwd", "src/../../../etc/passwd", "file://host/etc/passwd")


@hostile("SARIF results at `/etc/passwd`, by every way to say it", here=failed("external/R1 at passwd: It prints"))
def test_places_outside(tool: Tool) -> Seen:
    found = [{**result(), "locations": [{"physicalLocation": {"artifactLocation": {"uri": uri}}}]} for uri in OUTSIDE]
    facts = tool.observe(sarif(*found))
    assert {(finding.location.path, finding.properties["place"]) for finding in facts.findings} == {("passwd", "outside the repository")}
    return judged(facts)


@hostile(
    "a SARIF report that carries files, one of them a secret as base64: nothing is unpacked, and the text of no finding holds it",
    here=failed("external/R1 at app.py:1"),
)
def test_contents_of_files(tool: Tool) -> Seen:
    hidden = base64.b64encode(SECRETS["github"].encode()).decode()
    artifact = {"location": {"uri": "../../app.py"}, "contents": {"binary": hidden}}
    seen = judged(tool.observe(sarif(result(), artifacts=[artifact])))
    assert hidden not in seen.text
    assert sorted(path.name for path in tool.root.iterdir()) == ["app.py", "output", "tool.py"]
    return seen


# -- requirements and locks


def evidence(shop: Shop) -> bytes:
    return b"".join(path.read_bytes() for path in (shop.folder / "work").rglob("*") if path.is_file())


@hostile(
    "requirements from an index whose address holds a token", here=passed("plates (requirements.txt:4): it comes from a version-control")
)
def test_a_token_in_an_address(shop: Shop) -> Seen:
    token = SECRETS["github"]
    lines = [f"--index-url https://me:{token}@packages.example/simple", f"--extra-index-url https://{token}@more.example/", "saucer==5.0"]
    shop.write({"requirements.txt": "\n".join([*lines, f"-e git+https://me:{token}@code.example/plates#egg=plates"]) + "\n"})
    seen = judged(shop.observe())
    assert token not in seen.text
    assert token.encode() not in evidence(shop)
    return seen


@hostile("requirements that include `/etc/passwd`", here=errored("includes '/etc/passwd', which is outside the repository"))
def test_a_file_of_the_machine(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "saucer==5.0\n-r /etc/passwd\n"})
    return judged(shop.observe())


@hostile("requirements that include a link to `/etc/passwd`", here=errored("includes 'more.txt', which is outside the repository"))
def test_a_link_out_of_the_repository(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "saucer==5.0\n-r more.txt\n"})
    (shop.root / "more.txt").symlink_to("/etc/passwd")
    return judged(shop.observe())


@hostile("requirements that include a file from the network", here=errored("requirements.txt:2 includes a file from the network"))
def test_a_file_from_the_network(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "saucer==5.0\n-r http://127.0.0.1:9/more.txt\n"})
    return judged(shop.observe())


@hostile(
    "requirements that would run code: a repository, a local folder with a `setup.py`",
    here=passed("cups (requirements.txt:3): it comes from a local folder"),
)
def test_code_that_would_be_run(shop: Shop) -> Seen:
    trace = shop.folder / "trace"
    shop.write(
        {
            "requirements.txt": f"saucer==5.0\n-e git+ext::sh%20-c%20touch%20{trace}#egg=plates\n./cups\n",
            "cups/setup.py": f"open({str(trace)!r}, 'w').close()\n",
            "bin/git": f"#!/bin/sh\ntouch {trace}\n",
        }
    )
    (shop.root / "bin/git").chmod(0o755)
    seen = judged(shop.observe(environment={"PATH": f"{shop.root / 'bin'}:{os.environ['PATH']}"}))
    assert not trace.exists()
    return seen


@hostile("a lock of lists in lists without end", here=errored("uv.lock is nested too deeply to be read"))
def test_a_deep_lock(shop: Shop) -> Seen:
    shop.write({"uv.lock": f"version = 1\na = {'[' * 50_000}{']' * 50_000}\n"})
    return judged(shop.observe())


@hostile("a lock of Pipenv of objects in objects without end", here=errored("Pipfile.lock is not shaped as its format says"))
def test_a_deep_lock_of_pipenv(shop: Shop) -> Seen:
    shop.write({"Pipfile.lock": '{"a":' * DEEP + "1" + "}" * DEEP})
    return judged(shop.observe())


@hostile("a lock whose list of packages is a number", here=errored("uv.lock is not shaped as its format says"))
def test_a_lock_of_another_shape(shop: Shop) -> Seen:
    shop.write({"uv.lock": "version = 1\npackage = 5\n"})
    return judged(shop.observe())


@hostile(
    "a lock that passes a vulnerable package off as the project itself", here=passed("teapot 1.1 (uv.lock:3): it comes from a local folder")
)
def test_a_package_in_disguise(shop: Shop) -> Seen:
    packages = [("teapot", "1.1", '{ editable = "." }'), ("saucer", "5.0", '{ registry = "https://packages.example/simple" }')]
    tables = "".join(f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {source}\n' for name, version, source in packages)
    shop.write({"uv.lock": f"version = 1\n{tables}", "pyproject.toml": '[project]\nname = "shop"\ndependencies = ["saucer"]\n'})
    return judged(shop.observe())


@hostile(
    "a local copy of a vulnerable package lies in a folder of its own, and the lock passes it off as a part of the project",
    here=passed("teapot 1.1 (uv.lock:3): a local copy, which no advisory is looked up for"),
)
def test_a_vendored_package(shop: Shop) -> Seen:
    packages = [("teapot", "1.1", '{ editable = "vendor/teapot" }'), ("saucer", "5.0", '{ registry = "https://packages.example/simple" }')]
    tables = "".join(f'[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {source}\n' for name, version, source in packages)
    project = '[project]\nname = "{}"\n'
    workspace = '[tool.uv.workspace]\nmembers = ["packages/*"]\n'
    shop.write({"uv.lock": f"version = 1\n{tables}", "vendor/teapot/pyproject.toml": project.format("teapot")})
    shop.write({"pyproject.toml": project.format("shop") + workspace})
    return judged(shop.observe())


# -- files that are not seen

CLEAN = {"docs/requirements.txt": "saucer==5.0\n"}


@hostile("`requirements.txt` is a link to a file that nobody would read", here=failed("teapot 1.1: A lid that is left open"))
def test_requirements_by_way_of_a_link(shop: Shop) -> Seen:
    shop.write({**CLEAN, "deps/list.txt": "-r more.txt\n", "more.txt": "teapot==1.1\n"})
    (shop.root / "requirements.txt").symlink_to("deps/list.txt")
    (shop.root / "requirements-again.txt").symlink_to("requirements.txt")
    (shop.root / "deps/more.txt").symlink_to("../more.txt")
    (shop.root / "more.txt").rename(shop.root / "more-still.txt")
    (shop.root / "more.txt").symlink_to("more-still.txt")
    facts = shop.observe()
    assert facts.examined is not None
    assert (facts.examined.expected, facts.examined.done) == (2, 2)
    return judged(facts)


@hostile("`requirements` is a link to a folder of files that nobody would read", here=failed("teapot 1.1: A lid that is left open"))
def test_a_folder_by_way_of_a_link(shop: Shop) -> Seen:
    shop.write({**CLEAN, "deps/list.txt": "teapot==1.1\n"})
    (shop.root / "requirements").symlink_to("deps")
    return judged(shop.observe())


@hostile(
    "a lock is a link out of the repository",
    here=passed("uv.lock: a link that leads to no file of the repository, so what it locks was not audited"),
)
def test_a_lock_outside(shop: Shop) -> Seen:
    shop.write(CLEAN)
    (shop.folder / "uv.lock").write_text("version = 1\n", "utf-8")
    (shop.root / "uv.lock").symlink_to(shop.folder / "uv.lock")
    return judged(shop.observe())


@hostile(
    "a project in a folder of its own asks for a vulnerable package, and has no lock",
    here=passed("api/pyproject.toml: it asks for packages, and no file that is audited lies beside it or above it"),
)
def test_a_project_without_a_lock(shop: Shop) -> Seen:
    shop.write({**CLEAN, "api/pyproject.toml": '[project]\nname = "api"\ndependencies = ["teapot==1.1"]\n'})
    return judged(shop.observe())


@hostile("a requirements file is called `Requirements.TXT`", here=failed("teapot 1.1: A lid that is left open"))
def test_requirements_in_capitals(shop: Shop) -> Seen:
    shop.write({**CLEAN, "Requirements.TXT": "teapot==1.1\n"})
    return judged(shop.observe())


@hostile(
    "what is installed stands in Rye's `requirements.lock` and in `constraints.txt`",
    here=passed("requirements.lock: `sources` does not name it, so what it locks was not audited"),
)
def test_locks_of_other_tools(shop: Shop) -> Seen:
    shop.write({**CLEAN, "requirements.lock": "teapot==1.1\n", "constraints.txt": "teapot==1.1\n"})
    seen = judged(shop.observe())
    assert "constraints.txt: no file that is audited includes it" in seen.text
    return seen


# -- advisories


def record(**more: Any) -> str:
    return json.dumps({**json.loads((ADVISORIES / "DEMO-2026-0001.json").read_bytes()), **more})


def packed(shop: Shop, members: dict[str, str]) -> Seen:
    """What is made of `teapot==1.1` with advisories in a zip."""
    shop.write({"requirements.txt": "teapot==1.1\n"})
    with zipfile.ZipFile(shop.folder / "osv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return judged(shop.observe(advisories=str(shop.folder / "osv.zip"), max_age=0))


@hostile("a zip of advisories whose names lead out of it: nothing is unpacked", here=failed("teapot 1.1: A lid that is left open"))
def test_names_that_lead_out(shop: Shop) -> Seen:
    seen = packed(shop, {"../../escaped.json": record(), "/escaped.json": record(id="DEMO-2")})
    assert not list(shop.folder.parent.rglob("escaped*"))
    assert not Path("/escaped.json").exists()
    return seen


@hostile("a zip of advisories that unpacks to far more than it is", here=errored("is too large for an OSV record"))
def test_a_zip_bomb(shop: Shop) -> Seen:
    return packed(shop, {"bomb.json": " " * (17 * 1024 * 1024), "one.json": record()})


@hostile("a zip of advisories that says it is smaller than it is", here=errored("are not a zip file that can be read"))
def test_a_zip_that_lies(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "teapot==1.1\n"})
    path = shop.folder / "osv.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("one.json", record())
    size = len(record()).to_bytes(4, "little")
    path.write_bytes(path.read_bytes().replace(size, (9).to_bytes(4, "little")))
    return judged(shop.observe(advisories=str(path), max_age=0))


@hostile("a folder of advisories with a link in the place of a record", here=errored("one.json of the advisories 'ours' is a link"))
def test_a_link_among_the_advisories(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "teapot==1.1\n", "ours/two.json": record()})
    (shop.root / "ours/one.json").symlink_to(shop.root / "ours/two.json")
    return judged(shop.observe(advisories="ours", max_age=0))


@hostile("advisories nested without end", here=errored("deep.json of the advisories"))
def test_a_deep_record(shop: Shop) -> Seen:
    return packed(shop, {"deep.json": "[" * DEEP})


@hostile("a change that brings advisories of its own: one record, of a package that it does not use", here=passed("advisories: 1"))
def test_advisories_of_the_changes_own(shop: Shop) -> Seen:
    harmless = json.loads(record())
    harmless["affected"][0]["package"] = {"ecosystem": "PyPI", "name": "nobody-uses-this"}
    shop.write({"requirements.txt": "teapot==1.1\n", "ours/one.json": json.dumps(harmless)})
    return judged(shop.observe(advisories="ours", max_age=0))
