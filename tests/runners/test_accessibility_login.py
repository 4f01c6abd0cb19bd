"""The login of the accessibility gate: what its program is given, what is said where it fails, and what the option means elsewhere."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from gates.api import Facts, Serve, Site, Status, ToolResult
from gates.facts import read_facts
from gates.formats.storage_state import read_state
from gates.observe import redacted
from gates.redact import Redactor
from gates.runners.accessibility import GATE, Options, login
from gates.runners.accessibility.options import Login
from gates.testing import observe_and_parse, observe_raw
from tests.api.making import a_context
from tests.runners.behind_login import COOKIE, LOGIN, a_project, a_state, printing
from tests.runners.pages import not_examined

ROOT = Path(__file__).parents[2]
NOWHERE = "http://127.0.0.1:9"


def signing_in(folder: Path, program: str, **options: Any) -> Facts:
    """Facts where nobody can be signed in: no browser is started."""
    (folder / "work").mkdir()
    environment = options.pop("environment", None)
    options = {"pages": ["/"], "url": NOWHERE, "login": LOGIN, **options}
    facts = observe_and_parse(GATE, root=a_project(folder, program), work=folder / "work", options=options, environment=environment)
    assert facts.status is Status.ERROR
    assert not any(tool.tool == "axe-selenium-python" for tool in facts.tools)
    assert facts.remedy
    return facts


WORDS = "open-and-shut"
FAILING = f"""
import sys
{printing(a_state({"value": WORDS}))}
sys.exit("error: session={COOKIE} is answered with 403, {WORDS}")
"""


@pytest.mark.parametrize(
    ("program", "options", "reason"),
    [
        ("import sys; sys.exit(3)", {}, "the program of `login` ended with 3: it printed nothing on standard error"),
        ("", {}, "the program of `login` gave no state"),
        ("print()", {}, "the program of `login` gave no state"),
        ("print('x' * 5 * 2**20)", {}, "the program of `login` gave a state of more than 4 MiB"),
        ("print('signing in')", {}, "`login` gave no storage state: it is not JSON"),
        (printing([]), {}, "`login` gave no storage state: it is not a JSON object"),
        (
            printing(a_state({})),
            {"login": {**LOGIN, "command": ["{python}", "login.py", "{state}"]}},
            "the program of `login` gave no state",
        ),
        ("", {"login": {**LOGIN, "command": ["no-such-program"]}}, "no-such-program was not found"),
        ("", {"needs": ["SHOP_PASSWORD"]}, "variables are not set: SHOP_PASSWORD"),
    ],
)
def test_where_nobody_can_be_signed_in_no_page_is_visited(tmp_path: Path, program: str, options: dict[str, Any], reason: str) -> None:
    assert signing_in(tmp_path, program, **options).reason.startswith(reason)


def test_what_a_program_gave_before_it_failed_is_masked_and_so_is_what_looks_like_it(tmp_path: Path) -> None:
    facts = signing_in(tmp_path, FAILING)
    assert facts.reason == "the program of `login` ended with 1: error: session=… is answered with 403, [redacted]"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("error: Set-Cookie: sid=abc; Path=/", "error: Set-Cookie: …"),
        ("fatal: Authorization: Bearer abc", "fatal: Authorization: …"),
        ("KeyError: 'SHOP_PASSWORD'", "KeyError: 'SHOP_PASSWORD'"),
        ("AuthenticationError: wrong password", "AuthenticationError: wrong password"),
        ('ValueError: {"accessToken": "abc", "n": 1}', 'ValueError: {"accessToken": …, "n": 1}'),
        (f"AssertionError: {COOKIE}", "AssertionError: …"),
        ("ConnectionRefusedError: [Errno 111] Connection refused", "ConnectionRefusedError: [Errno 111] Connection refused"),
        ("", "it printed nothing on standard error"),
    ],
)
def test_the_words_of_a_program_that_failed_are_said_without_what_may_be_of_a_session(words: str, told: str) -> None:
    done = ToolResult(exit_code=1, stdout=b'{"cookies": []}', stderr=words.encode(), duration=0.1)
    assert login._words(done) == told


@pytest.mark.parametrize(("address", "other"), [("http://127.0.0.1:8000", False), ("http://localhost:8000", True)])
def test_a_session_for_another_host_is_said_where_it_was_not_taken(address: str, other: bool, tmp_path: Path) -> None:
    state = read_state(json.dumps(a_state({})).encode())
    remedy = login._remedy(state, Site(address=address, root=tmp_path, folder=None))
    assert ("is for another host or port" in remedy) is other


GIVEN = """
import os, sys
names = sorted({"SHOP_PASSWORD", "OTHER_TOKEN", "GATES_BASE_URL"} & set(os.environ))
sys.exit("error: " + " ".join([*names, os.environ["GATES_BASE_URL"], *sys.argv[1:], os.environ["SHOP_PASSWORD"]]))
"""


def test_a_program_is_given_the_address_and_the_variables_that_the_policy_names_and_no_other_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse-battery")
    monkeypatch.setenv("OTHER_TOKEN", "nobody-names-this-one")
    given = {**LOGIN, "command": ["{python}", "login.py", "{url}/in"]}
    facts = signing_in(tmp_path, GIVEN, login=given, needs=["SHOP_PASSWORD"])
    assert facts.reason.partition(": error: ")[2] == f"GATES_BASE_URL SHOP_PASSWORD {NOWHERE} {NOWHERE}/in [redacted]"
    assert facts.tools[-1].argv == ("{python}", "login.py", f"{NOWHERE}/in")


# -- the example of the documentation

SHOP = f"""
import argparse, http.server, os, urllib.parse

class Shop(http.server.BaseHTTPRequestHandler):
    def page(self, status, body="", **headers):
        self.send_response(status)
        for name, value in {{"Content-Type": "text/html", **headers}}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(f'<!doctype html><html lang="en"><title>Shop</title><main><h1>Shop</h1>{{body}}</main></html>'.encode())

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form["password"] != [os.environ["SHOP_PASSWORD"]]:
            return self.page(403)
        self.page(303, Location="/account", Set_Cookie="session={COOKIE}; HttpOnly; Path=/")

    def do_GET(self):
        print("the cookie is", self.headers.get("Cookie"), flush=True)
        known = "session={COOKIE}" in self.headers.get("Cookie", "")
        if self.path in ("/account", "/orders") and not known:
            return self.page(303, Location="/login")
        self.page(200, "<a href='/sign-out'>Sign out</a>" if known else "<p>Welcome</p>")

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int)
http.server.ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Shop).serve_forever()
"""


def test_the_example_of_the_documentation_signs_in_and_says_nothing_of_the_session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "docs" / "gates" / "accessibility.md").read_text("utf-8")
    policy = next(block for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL) if "login:" in block)
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ((name, gate),) = yaml.safe_load(policy)["gates"].items()
    root = tmp_path / "root"
    for path, content in {"shop.py": SHOP, gate["options"]["login"]["command"][1]: program}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content, "utf-8")
    (root / ".venv" / "bin").mkdir(parents=True)
    (root / ".venv" / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse-battery")
    (tmp_path / "work").mkdir()
    seen = observe_raw(GATE, root=root, work=tmp_path / "work", options=gate["options"], name=name)
    members = redacted(seen, Redactor(seen.secrets))
    facts = read_facts(GATE, name, members)
    assert (facts.status, facts.reason, facts.findings) == (Status.COMPLETED, "", ())
    assert facts.examined is not None
    assert facts.examined.done == 2
    assert b"the cookie is session=[redacted]\n" in members["service.log"]
    assert [name for name, content in members.items() if COOKIE.encode() in content or b"correct-horse" in content] == []


@pytest.mark.parametrize(("sizes", "missed"), [(("1280x800", "390x844"), []), (("1280x800",), ["/ (390x844 light)"])])
def test_each_size_has_a_proof_of_its_own(sizes: tuple[str, ...], missed: list[str]) -> None:
    """One colour scheme serves for the other."""
    views = [(size, scheme) for size in ("1280x800", "390x844") for scheme in ("dark", "light") if (size, scheme) != ("390x844", "dark")]
    visit = {"examined": True, "frames": 0, "rules": {"passes": 9}, "violations": [], "incomplete": [], "unseen": [], "closed": []}
    visits = [
        {**visit, "item": f"/ ({size} {scheme})", **({"without_login": "it answered 401"} if size in sizes and scheme != "dark" else {})}
        for size, scheme in views
    ]
    items = [{"item": f"/ ({size} {scheme})", "route": "/", "view": f"{size} {scheme}"} for size, scheme in views]
    members = {
        "observe.json": {"status": "completed"},
        "tools.json": [],
        "inventory.json": {"items": items},
        "axe.json": {"axe": "4.10.0", "canaries": [3], "excluded": [], "visits": visits, "login": {"proof": "#out"}},
    }
    facts = read_facts(GATE, GATE.id, {name: json.dumps(data).encode() for name, data in members.items()})
    assert list(not_examined(facts)) == missed


# -- what the option means elsewhere

SIGNED = Options(pages=("/",), url=NOWHERE, login=Login(command=("no-such-login",), proof="#out"), needs=("SHOP_PASSWORD",))
SERVED = replace(SIGNED, url="", serve=Serve(directory="public"))


def test_doctor_is_told_of_the_program_and_of_the_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    assert GATE.needs is not None
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    program, variable, *_ = GATE.needs(ROOT, SIGNED)
    assert (program.name, program.found, variable.name, variable.found) == ("no-such-login", None, "$SHOP_PASSWORD", None)
    assert "login.command" in program.remedy
    served = replace(SIGNED, url="", serve=Serve(command=("no-such-login", "{port}")))
    assert [need.name for need in GATE.needs(ROOT, served)][:2] == ["no-such-login", "$SHOP_PASSWORD"]


def test_what_is_seen_with_a_login_is_never_kept_and_has_no_base(tmp_path: Path) -> None:
    """Also where the pages themselves are a folder of the repository: the program of the login is the project's."""
    assert GATE.depends is not None
    assert GATE.why_no_base is not None
    assert GATE.depends(a_context(tmp_path), SERVED) == "what somebody who is signed in sees can change at any time"
    assert GATE.why_no_base(SERVED)
    assert not GATE.why_no_base(replace(SERVED, login=None))


@pytest.mark.parametrize("options", [{"command": (), "proof": "#out"}, {"command": ("a",), "proof": " "}, {"command": ("",), "proof": "a"}])
def test_a_login_without_a_program_or_a_proof_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="`login` needs a `command`, and a `proof`"):
        Login(**options)
