"""A project in which a secret stands in every place of `PLACES`, and the run of all gates over it."""

from __future__ import annotations

import shutil
import urllib.parse
from pathlib import Path

from tests.leaks.places import CANARIES, PLACES
from tests.leaks.search import ENCODINGS
from tests.repository import Repository

EXAMPLES = Path(__file__).parents[1] / "examples"

#: What stands in no file: the run knows it from a variable, or keeps it out by itself.
ELSEWHERE = {"variable", "address", "header", "remote"}

POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  security: {options: {paths: [app.py, broken.py]}}
  tests: {options: {paths: [test_app.py, test_broken.py], retries: 1}}
  contracts:
    options:
      schema: openapi.yaml
      serve: {command: ["{python}", service.py, "{port}"], ready: /health}
      headers: {X-Service-Pass: SERVICE_TOKEN}
      phases: [examples]
  accessibility: {options: {pages: [/], serve: {directory: public}}}
  dependencies: {options: {sources: [requirements.txt], advisories: advisories, max-age: 0s}}
  sarif:
    uses: external
    options: {command: ["{python}", make_sarif.py, "{raw}"], sarif: report.sarif}
  junit:
    uses: external
    options: {command: ["{python}", make_junit.py, "{raw}"], junit: report.xml}
  cyclonedx:
    uses: external
    options: {command: ["{python}", make_bom.py, "{raw}"], cyclonedx: bom.json}
"""

APP = """\
import subprocess


def connect(host, password="@bandit-code@"):
    subprocess.call(host, shell=True)  # nosec B602 @nosec@
    return host, password


admin_password = "@bandit-text@"
TOKEN = "@source@"
OTHER = "@comment@"  # pragma: allowlist secret
"""

TESTS = """\
import logging
import os
import sys
import warnings

import pytest

import keys


def test_diff():
    assert {"user": "bob", "token": keys.of("diff")} == {"user": "bob", "token": "another"}


def test_long_diff():
    assert "x" * 110 + keys.of("long-diff") + "x" * 200 == "y" * 350


def test_output():
    for content in keys.encoded("stdout"):
        print(content)
    sys.stderr.write(keys.of("stderr"))
    logging.getLogger("shop").warning("logged in with %s", keys.of("log"))
    warnings.warn("deprecated: " + keys.of("warning"), stacklevel=1)
    assert os.environ["DATABASE"] == "nowhere"


@pytest.mark.parametrize("value", [keys.of("parameter")])
def test_parameter(value, record_property):
    record_property("login", keys.of("property"))
    assert not value


def test_exception():
    try:
        raise KeyError(keys.of("exception"))
    except KeyError as error:
        raise RuntimeError("could not log in") from error


@pytest.mark.skip(reason="no access with " + keys.of("skip"))
def test_skipped():
    pass


@pytest.fixture
def login():
    raise ConnectionError("refused: " + keys.of("fixture"))


def test_login(login):
    pass
"""

SERVICE = """\
import json
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
import keys


class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        health = self.path == "/health"
        body = b"" if health else json.dumps({"token": keys.of("response"), "pass": self.headers.get("X-Service-Pass")}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        print("served with", keys.of("service-log"), self.path, flush=True)


HTTPServer(("127.0.0.1", int(sys.argv[1])), Service).serve_forever()
"""

CONTRACT = """\
openapi: 3.0.3
info: {title: Shop, version: "1", description: "log in with @description@"}
paths:
  /items:
    get:
      parameters:
        - {name: token, in: query, required: true, schema: {type: string}, example: "@example@"}
      responses:
        "200":
          description: The items
          content: {application/json: {schema: {type: array, items: {type: integer}}}}
"""

PAGE = """\
<!doctype html>
<html><head><title>Log in</title></head>
<body>
<input type="password" value="@input@">
<a href="mailto:@mail@@example.org"><img src="x.png"></a>
<a href="/?token=@link@"><img src="y.png"></a>
<script>location.hash = "@hash@"; console.error("logged in with @console@");</script>
</body></html>
"""

SARIF = """\
import json
import sys
import keys
from pathlib import Path

raw, token = Path(sys.argv[1]), keys.of("sarif")
place = {"physicalLocation": {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 4, "snippet": {"text": token}}}}
result = {
    "ruleId": "leak", "level": "error", "message": {"text": "found " + token, "markdown": token}, "locations": [place],
    "partialFingerprints": {"x": token}, "properties": {"value": token}, "fixes": [{"description": {"text": token}}],
}
invocation = {
    "executionSuccessful": True, "commandLine": "scan --token " + token, "arguments": [token], "environmentVariables": {"TOKEN": token},
    "toolExecutionNotifications": [{"level": "note", "message": {"text": token}}],
}
driver = {"name": "scan", "rules": [{"id": "leak", "shortDescription": {"text": token}, "helpUri": "https://u:" + token + "@example.org/"}]}
artifacts = [{"location": {"uri": "app.py"}, "roles": ["analysisTarget"]}]
run = {"tool": {"driver": driver}, "results": [result], "invocations": [invocation], "artifacts": artifacts}
(raw / "report.sarif").write_text(json.dumps({"version": "2.1.0", "runs": [run]}))
(raw / "trace.gz").write_bytes(keys.packed("packed"))
(raw / "trace.bin").write_bytes(keys.of("sarif").encode("utf-16-le"))
(raw / ("log-" + keys.of("member"))).write_text("a log")
print("scanning with", keys.of("program"))
print(keys.of("program")[::1], file=sys.stderr)
"""

JUNIT = """\
import sys
import keys
from pathlib import Path

token, variable = keys.of("junit"), Path("@home@").read_text()
case = f'''<testcase classname="{token}" name="test {token}" file="{token}.py">
<failure message="{token} {variable}" type="{token}">{token} {variable}</failure>
<system-out>{token} {variable}</system-out></testcase>'''
properties = f'<properties><property name="{token}" value="{token}"/></properties>'
suite = f'<testsuite name="{token}" tests="1" hostname="{token}">{properties}{case}</testsuite>'
Path(sys.argv[1], "report.xml").write_text(f"<testsuites>{suite}</testsuites>")
"""

BOM = """\
import json
import sys
import keys
from pathlib import Path

token = keys.of("cyclonedx")
component = {
    "type": "library", "name": "lib-" + token, "version": "1.0", "bom-ref": token, "purl": "pkg:pypi/lib@1.0?token=" + token,
    "properties": [{"name": "token", "value": token}], "description": token,
    "externalReferences": [{"type": "distribution", "url": "https://u:" + token + "@example.org/x"}],
}
vulnerability = {
    "id": "CVE-2026-1", "description": token, "recommendation": token, "affects": [{"ref": token}],
    "ratings": [{"severity": "high"}], "source": {"name": "x", "url": "https://u:" + token + "@example.org/"},
}
bom = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [component], "vulnerabilities": [vulnerability]}
Path(sys.argv[1], "bom.json").write_text(json.dumps(bom))
"""

KEYS = """\
import gzip

VALUES = {values}
ENCODED = {encoded}


def of(name):
    return VALUES[name]


def encoded(name):
    return ENCODED[name]


def packed(name):
    return gzip.compress(VALUES[name].encode())
"""


def _keys() -> str:
    """A module with every secret, as a careless project has one: the secret scan reads it, and programs import it."""
    written = {place.name for place in PLACES if place.known} - ELSEWHERE
    values = "{\n" + "".join(f'    "{name}": "{CANARIES[name]}",\n' for name in sorted(written)) + "}"
    shown = [encode(CANARIES["stdout"]).decode("latin-1") for name, encode in ENCODINGS.items() if name not in {"gzip", "zip"}]
    # In pieces, so that no scanner but that of the value itself knows them.
    return (
        KEYS.replace("{values}", values)
        .replace("{encoded}", f"{{'stdout': {[text[::-1] for text in shown]!r}}}")
        .replace("return ENCODED[name]", "return [text[::-1] for text in ENCODED[name]]")
    )


def filled(text: str, home: Path) -> str:
    for name, value in CANARIES.items():
        text = text.replace(f"@{name}@", value)
    return text.replace("@home@", str(home))


def make(folder: Path) -> Repository:
    """The project as a repository. A file beside it holds the value of the secret variable, for the project's code to find."""
    home = folder / "home"
    home.write_text(CANARIES["variable"], "ascii")
    repository = Repository(folder)
    files = {
        "gates.yaml": POLICY,
        "app.py": APP,
        "test_app.py": TESTS,
        "service.py": SERVICE,
        "openapi.yaml": CONTRACT,
        "public/index.html": PAGE,
        "make_sarif.py": SARIF,
        "make_junit.py": JUNIT,
        "make_bom.py": BOM,
        "broken.py": 'def broken(:\n    token = "@bandit-syntax@"\n',
        "test_broken.py": 'import keys\n\nraise ImportError("no licence: " + keys.of("collection"))\n',
        "requirements.txt": "--extra-index-url https://bob:@index@@index.example.org/simple\nrequests==2.0.0\n",
        "notes/@file-name@.txt": "nothing\n",
    }
    shutil.copytree(EXAMPLES / "dependencies" / "advisories", repository.root / "advisories")
    (repository.root / "legacy.txt").write_bytes(f'token = "{CANARIES["utf-16"]}"\n'.encode("utf-16"))
    repository.git("remote", "add", "origin", f"https://bob:{CANARIES['remote']}@code.example.org/shop.git")
    repository.commit({filled(name, home): filled(content, home) for name, content in files.items()} | {"keys.py": _keys()})
    return repository


def variables() -> dict[str, str]:
    address = f"postgres://bob:{urllib.parse.quote(CANARIES['address'])}@db.example.org/shop"
    return {"DEPLOY_TOKEN": CANARIES["variable"], "SERVICE_TOKEN": CANARIES["header"], "DATABASE": address}
