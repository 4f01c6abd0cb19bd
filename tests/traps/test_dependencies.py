"""Traps of pip-audit: what it is not asked, what it can't reach, and what answers it without knowing anything."""

from __future__ import annotations

import dataclasses
import json
import socket
from pathlib import Path
from typing import Any

import pytest

from gates.runners.dependencies.options import Options
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.runners.advisories import NOT_FOUND, PAGE, osv, pypi, serving
from tests.runners.audited_shop import ADVISORIES, Shop, shop_in

CLEAN = "exit code 0, No known vulnerabilities found"
PINNED = ("-r", "requirements.txt", "--no-deps", "--disable-pip")
VULNERABLE = {"requirements.txt": "teapot==1.1\n"}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return shop_in(tmp_path)


def asked(address: str) -> tuple[str, ...]:
    """Arguments that send pip-audit to a service like OSV."""
    return "-s", "osv", "--osv-url", f"{address}/v1/query"


def test_the_flaw_that_the_traps_hide_is_found_by_hand(shop: Shop) -> None:
    record = json.loads((ADVISORIES / "DEMO-2026-0001.json").read_bytes())
    shop.write(VULNERABLE)
    with serving(lambda _, question: osv(question, teapot=[record])) as address:
        assert shop.alone(*PINNED, *asked(address)) == "exit code 1, Found 1 known vulnerability in 1 package"


# -- A1: a source that does not know


@trap("A1", "the advisory service answers 404 for everything, as a mirror of packages does", alone=CLEAN, here=errored("is blind"))
def test_a1_a_mirror_answers_not_found(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    with serving(lambda *_: (404, NOT_FOUND)) as address:
        return judged(shop.observe(advisories=f"pypi+{address}/pypi"), alone=shop.alone(*PINNED, index=address))


@trap(
    "A1",
    "one package is not on the advisory service",
    alone=CLEAN,
    here=passed("teapot 1.1 (requirements.txt:2): the advisory source"),
)
def test_a1_a_package_is_not_on_the_service(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "saucer==5.0\nteapot==1.1\n"})
    with serving(lambda path, _: pypi(path, {"saucer/5.0": []})) as address:
        return judged(shop.observe(advisories=f"pypi+{address}/pypi"), alone=shop.alone(*PINNED, index=address))


@trap("A1", "none of the packages is on the advisory service", alone=CLEAN, here=failed("nothing was examined"))
def test_a1_no_package_is_on_the_service(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    with serving(lambda path, _: pypi(path, {})) as address:
        return judged(shop.observe(advisories=f"pypi+{address}/pypi"), alone=shop.alone(*PINNED, index=address))


# -- A2: nothing is asked


@trap("A2", "the requirements file is empty", alone=CLEAN, here=errored("no dependency is declared in requirements.txt"))
def test_a2_an_empty_file(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "# none yet\n"})
    return judged(shop.observe(), alone=shop.alone(*PINNED))


@trap("A2", "a marker is false on this machine", alone=CLEAN, here=failed("teapot 1.1: A lid that is left open"))
def test_a2_a_false_marker(shop: Shop) -> Seen:
    shop.write({"requirements.txt": 'teapot==1.1; sys_platform == "cli"\n'})
    return judged(shop.observe(), alone=shop.alone(*PINNED))


@trap("A2", "`pyproject.toml` has no `dependencies`", alone=CLEAN, here=errored("no dependency is declared in pyproject.toml"))
def test_a2_no_dependencies(shop: Shop) -> Seen:
    shop.write({"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n'})
    return judged(shop.observe(), alone=shop.alone("."))


@trap("A2", "the folder that should be audited is not there", alone=CLEAN, here=errored("`sources` names 'packages'"))
def test_a2_a_missing_folder(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    return judged(shop.observe(sources=["packages"]), alone=shop.alone("--path", "packages"))


# -- A3: extras and groups


@trap("A3", "what is vulnerable stands in an extra", alone=CLEAN, here=failed("teapot 1.1: A lid that is left open"))
def test_a3_an_extra(shop: Shop) -> Seen:
    shop.write({"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[project.optional-dependencies]\nhot = ["teapot==1.1"]\n'})
    return judged(shop.observe(), alone=shop.alone("."))


@trap("A3", "what is vulnerable stands in a dependency group", alone=CLEAN, here=failed("teapot 1.1: A lid that is left open"))
def test_a3_a_group(shop: Shop) -> Seen:
    shop.write({"pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[dependency-groups]\ndev = ["teapot==1.1"]\n'})
    return judged(shop.observe(), alone=shop.alone("."))


@trap(
    "A3",
    "an extra is declared beside a requirements file that does not hold it",
    alone=CLEAN,
    here=passed("teapot (pyproject.toml:5): it is declared here, and no file that is audited lists it"),
)
def test_a3_an_extra_that_is_not_locked(shop: Shop) -> Seen:
    project = '[project]\nname = "shop"\ndependencies = ["saucer"]\n[project.optional-dependencies]\nhot = ["teapot>=1"]\n'
    shop.write({"pyproject.toml": project, "requirements.txt": "saucer==5.0\n"})
    with serving(lambda path, _: pypi(path, {"saucer/5.0": []})) as address:
        return judged(shop.observe(), alone=shop.alone(*PINNED, index=address))


# -- A4: no source


@trap("A4", "no source is named: pip-audit looks at its own environment", alone=CLEAN, here=failed("teapot 1.1: A lid that is left open"))
def test_a4_no_arguments(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(), alone=shop.alone(*asked(address)))


@trap("A4", "no source is named, and the project has none", alone=CLEAN, here=errored("there is no lock or requirements file"))
def test_a4_no_source_at_all(shop: Shop) -> Seen:
    shop.write({"shop.py": "import teapot\n"})
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(), alone=shop.alone(*asked(address)))


# -- A5: a crash and a vulnerability have one exit code


@trap("A5", "there is no network", alone="exit code 1, Traceback (most recent call last)", here=errored("it could not be reached"))
def test_a5_no_network(shop: Shop) -> Seen:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
    away = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "ALL_PROXY"), nowhere) | {"NO_PROXY": "", "no_proxy": ""}
    shop.write({"requirements.txt": "teapot==1.2\n"})
    return judged(shop.observe(advisories="pypi", environment=away), alone=shop.alone(*PINNED, environment=away))


@trap("A5", "the advisory service answers 500", alone="exit code 1, Traceback (most recent call last)", here=errored("it answered 500"))
def test_a5_the_service_is_down(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "teapot==1.2\n"})
    with serving(lambda *_: (500, "")) as address:
        return judged(shop.observe(advisories=address), alone=shop.alone(*PINNED, *asked(address)))


@trap("A5", "a portal's page answers", alone="exit code 1, Traceback (most recent call last)", here=errored("is not JSON"))
def test_a5_a_page_of_a_portal(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "teapot==1.2\n"})
    with serving(lambda *_: (200, PAGE)) as address:
        return judged(shop.observe(advisories=address), alone=shop.alone(*PINNED, *asked(address)))


# -- A6: an answer of nothing


@trap("A6", "a service like OSV answers `{}` to everything", alone=CLEAN, here=errored("is blind"))
def test_a6_osv_answers_nothing(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(advisories=address), alone=shop.alone(*PINNED, *asked(address)))


@trap("A6", "an index answers `{}` to everything", alone=CLEAN, here=errored("its answer does not speak of vulnerabilities"))
def test_a6_an_index_answers_nothing(shop: Shop) -> Seen:
    shop.write(VULNERABLE)
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(advisories=f"pypi+{address}/pypi"), alone=shop.alone(*PINNED, index=address))


@trap("A6", "a stand-in knows the one package that everybody asks for", alone=CLEAN, here=errored("is blind"))
def test_a6_a_stand_in_knows_one_canary(shop: Shop) -> Seen:
    def answer(_: str, question: Any) -> tuple[int, str]:
        return osv(question) if question["package"]["name"] == "jinja2" else (200, "{}")

    shop.write(VULNERABLE)
    with serving(answer) as address:
        return judged(shop.observe(advisories=address), alone=shop.alone(*PINNED, *asked(address)))


# -- A7: told to look away


@trap(
    "A7",
    "`--ignore-vuln` in the command that the team runs",
    alone="exit code 0, No known vulnerabilities found, 1 ignored",
    here=failed("teapot 1.1: A lid that is left open"),
)
def test_a7_ignored_advisories(shop: Shop) -> Seen:
    record = json.loads((ADVISORIES / "DEMO-2026-0001.json").read_bytes())
    shop.write({**VULNERABLE, "pyproject.toml": '[tool.pip-audit]\nignore-vulns = ["CVE-2026-90001"]\n'})
    with serving(lambda _, question: osv(question, teapot=[record])) as address:
        seen = judged(shop.observe(advisories=address), alone=shop.alone(*PINNED, *asked(address), "--ignore-vuln", "CVE-2026-90001"))
    assert [field.name for field in dataclasses.fields(Options)] == ["sources", "advisories", "max_age", "vex"]  # no list of what to ignore
    return seen


# -- A8: another lock


@trap(
    "A8",
    "a second lock lies beside the file that is named",
    alone=CLEAN,
    here=passed("uv.lock: `sources` does not name it, so what it locks was not audited"),
)
def test_a8_a_lock_that_is_not_named(shop: Shop) -> Seen:
    lock = 'version = 1\n[[package]]\nname = "teapot"\nversion = "1.1"\nsource = { registry = "https://packages.example/simple" }\n'
    shop.write({"requirements.txt": "saucer==5.0\n", "uv.lock": lock})
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(sources=["requirements.txt"]), alone=shop.alone(*PINNED, *asked(address)))


@trap(
    "A8",
    "a script declares dependencies of its own in a comment (PEP 723)",
    alone=CLEAN,
    here=passed("tools/report.py: a script with dependencies of its own and no lock"),
)
def test_a8_a_script_with_dependencies(shop: Shop) -> Seen:
    script = '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "teapot==1.1",\n# ]\n# ///\nimport teapot\n'
    shop.write({"requirements.txt": "saucer==5.0\n", "tools/report.py": script})
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(), alone=shop.alone(*PINNED, *asked(address)))


@trap(
    "A8",
    "an environment of Conda lies beside the file that is audited",
    alone=CLEAN,
    here=passed("environment.yml: environments of Conda are not read"),
)
def test_a8_an_environment_of_conda(shop: Shop) -> Seen:
    shop.write({"requirements.txt": "saucer==5.0\n", "environment.yml": "dependencies: [teapot=1.1]\n"})
    with serving(lambda *_: (200, "{}")) as address:
        return judged(shop.observe(), alone=shop.alone(*PINNED, *asked(address)))
