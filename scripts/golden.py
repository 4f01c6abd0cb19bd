"""`golden.py NAME [FOLDER]`: run the gates on a folder, or on files that stand here under the name, and keep the bundle with the tests."""

from __future__ import annotations

import lzma
import subprocess
import sys
import tempfile
from pathlib import Path

from gates.evidence import bundle

KEPT = Path(__file__).resolve().parent.parent / "tests" / "evidence" / "golden"
SARIF = """\
{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "linter", "version": "1.0", "rules": [{"id": "L1"}]}},
"artifacts": [{"location": {"uri": "app.py"}}], "invocations": [{"executionSuccessful": true}],
"results": [{"ruleId": "L1", "level": "warning", "message": {"text": "the name is short"}, "locations": [{"physicalLocation":
{"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 1, "startColumn": 1}}}]}]}]}
"""
JUNIT = """\
<testsuites><testsuite name="suite" tests="3"><testcase classname="a" name="one" file="app.py" line="1"/>
<testcase classname="a" name="two"><failure message="two is wrong">traceback</failure></testcase>
<testcase classname="a" name="three"><skipped message="not here"/></testcase></testsuite></testsuites>
"""
CYCLONEDX = """\
{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
"components": [{"type": "library", "name": "tea", "version": "1.0", "purl": "pkg:npm/tea@1.0", "bom-ref": "tea"}],
"vulnerabilities": [{"id": "CVE-2026-0001", "ratings": [{"severity": "high"}], "description": "it is hot", "affects": [{"ref": "tea"}]}]}
"""
REPORTS = {
    "app.py": "x = 1\n",
    "copy.py": "import shutil, sys\n\nshutil.copy(sys.argv[1], sys.argv[2])\n",
    "report.sarif": SARIF,
    "report.xml": JUNIT,
    "bom.json": CYCLONEDX,
    "gates.yaml": """\
version: 1
extends: [baseline]
gates:
  lint: {uses: external, options: {command: ["{python}", copy.py, report.sarif, "{raw}/out.sarif"], sarif: out.sarif}}
  junit: {uses: external, options: {command: ["{python}", copy.py, report.xml, "{raw}/out.xml"], junit: out.xml}}
  packages: {uses: external, options: {command: ["{python}", copy.py, bom.json, "{raw}/out.json"], cyclonedx: out.json}}
  command: {uses: tests, options: {command: ["{python}", copy.py, report.xml, "{raw}/out.xml"], junit: out.xml}}
""",
}
#: What a command says of the files that it looked at, and tests that are called after their files.
NAMED = {
    "app.py": "x = 1\n",
    "cart.spec.js": "test\n",
    "copy.py": "import pathlib, sys\n\nfor name in sys.argv[2:]:\n"
    "    pathlib.Path(sys.argv[1], name).write_bytes(pathlib.Path(name).read_bytes())\n",
    "out.sarif": SARIF,
    "seen.json": '{"files": [{"name": "app.py"}]}\n',
    "out.xml": """\
<testsuites><testsuite name="cart.spec.js" tests="2"><testcase classname="cart.spec.js" name="adds"/>
<testcase classname="cart.spec.js" name="takes"><failure message="two is wrong">
 at web/cart.spec.js:1:3</failure></testcase></testsuite></testsuites>
""",
    "gates.yaml": """\
version: 1
extends: [baseline]
gates:
  lint:
    uses: external
    options:
      command: ["{python}", copy.py, "{raw}", out.sarif, seen.json]
      sarif: out.sarif
      examined: seen.json#/files/*/name
      inventory: ["*.py"]
  tests:
    uses: external
    options: {command: ["{python}", copy.py, "{raw}", out.xml], junit: out.xml, inventory: ["*.spec.js"]}
""",
}
#: One scan for which detect-secrets was asked, and one for which it was not so much as loaded.
SECRETS = {
    "app.py": "x = 1\n",
    "settings.py": "pass" + "word = 'q7Rbx81" + "kTv'\n",
    "gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}, clean: {uses: secrets, options: {paths: [app.py]}}}\n",
}
#: Flaws that VEX files of both formats settle, do not settle, and say nothing of.
VEX = {
    "requirements.txt": "cup==1.0\nsaucer==1.0\nteapot==1.0\n",
    **{
        f"advisories/DEMO-{number}.json": f"""\
{{"id": "DEMO-{number}", "modified": "2026-01-02T00:00:00Z", "summary": "made up",
"affected": [{{"package": {{"ecosystem": "PyPI", "name": "{name}"}}, "versions": ["1.0"]}}]}}
"""
        for number, name in enumerate(("cup", "saucer", "teapot"), 1)
    },
    "vex/a.json": """\
{"@context": "https://openvex.dev/ns/v0.2.0", "author": "Anna", "timestamp": "2026-11-20T10:00:00Z", "statements": [
{"vulnerability": {"name": "DEMO-1"}, "products": [{"@id": "pkg:pypi/cup@1.0"}], "status": "not_affected",
"justification": "vulnerable_code_not_present"},
{"vulnerability": {"name": "DEMO-2"}, "products": [{"@id": "pkg:pypi/saucer"}], "status": "not_affected"},
{"vulnerability": {"name": "DEMO-9"}, "products": [{"@id": "pkg:pypi/saucer"}], "status": "affected"}]}
""",
    "vex/b.json": """\
{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "vulnerabilities": [{"id": "DEMO-3",
"affects": [{"ref": "pkg:pypi/teapot@1.0"}], "analysis": {"state": "not_affected", "detail": "it has no lid"}}]}
""",
    "gates.yaml": """\
version: 1
extends: [baseline]
gates:
  dependencies: {options: {advisories: advisories, max-age: 0d, vex: [vex/]}}
""",
}
#: A test that fails, with the command that runs it by hand, and one of another runner, whose suite is called after its file.
TOLD = {
    "test_app.py": "def test_one():\n    assert 1\n\n\ndef test_two():\n    assert 1 == 2\n",
    "cart.spec.js": "test\n",
    "hand_over.py": NAMED["copy.py"],
    "out.xml": NAMED["out.xml"],
    "gates.yaml": """\
version: 1
extends: [baseline]
gates:
  tests: {options: {args: [-k, "one or two"]}}
  web: {uses: tests, options: {command: ["{python}", hand_over.py, "{raw}", out.xml], junit: out.xml}}
""",
}
#: A finding of each scanner, and one that a marker hides.
MARKED = {
    "app.py": "import subprocess\n\n\ndef say(words):\n    subprocess.run(words, shell=True)\n    return eval(words)  # no" + "sec B307\n",
    "settings.py": SECRETS["settings.py"],
    "gates.yaml": "version: 1\nextends: [baseline]\ngates: {secrets: {}, security: {}}\n",
}
FILES = {"marked": MARKED, "told": TOLD, "reports": REPORTS, "secrets": SECRETS, "named": NAMED, "vex": VEX}


def main(name: str, folder: str = "") -> int:
    kept = KEPT / f"{name}.zip.xz"
    if kept.exists():
        sys.exit(f"{kept} is there already: give the new one another name")
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "project"
        if folder:  # in a clone, since raw output names folders
            subprocess.run(["git", "clone", "-q", Path(__file__).resolve().parent.parent, root], check=True)
            root = root / folder
        else:
            root.mkdir()
            for path, text in FILES[name].items():
                (root / path).parent.mkdir(exist_ok=True)
                (root / path).write_text(text, "utf-8")
        made = Path(scratch) / "bundle.zip"
        code = subprocess.run(["gates", "-C", root, "run", "--bundle", made], check=False, stdout=subprocess.DEVNULL).returncode
        contents = bundle.read(made)
        kept.write_bytes(lzma.compress(made.read_bytes(), preset=9 | lzma.PRESET_EXTREME))
    print(f'"{name}": ({code}, "{contents.manifest.content_digest}"),')
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
