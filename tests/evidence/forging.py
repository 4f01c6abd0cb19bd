"""Real bundles, and what somebody needs who changes one with care: a manifest that is right again, and signatures of any key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from gates import canonical
from gates.cli.main import main
from gates.errors import GatesError
from gates.evidence import archive, attestation, bundle, dsse, keys
from gates.evidence.keys import PrivateKey
from gates.evidence.trust import Trusted, named_keys
from gates.evidence.verify import Expectation
from gates.judge.decide import decide
from gates.model import Record, Stage
from gates.report import html
from tests.repository import Repository

Members = dict[str, bytes]

POLICY = """\
version: 1
extends: [baseline]
gates:
  secrets: {}
  checks:
    uses: external
    options: {command: ["{python}", make_report.py, "{raw}/report.xml"], junit: report.xml}
"""
#: What somebody would rather be judged by.
WEAK = POLICY.replace("    uses: external", "    enforcement: warn\n    uses: external")
REPORT = """\
import sys
open(sys.argv[1], "w").write(
    '<testsuites><testsuite name="s" tests="2"><testcase classname="a" name="one"/>'
    '<testcase classname="a" name="two">%s</testcase></testsuite></testsuites>'
)
"""
FAULT = '<failure message="two is wrong"/>'
PASSING = {"gates.yaml": POLICY, "make_report.py": REPORT.replace("%s", ""), "app.py": "print('hello')\n"}
FAILING = {**PASSING, "make_report.py": REPORT.replace("%s", FAULT)}
ORIGIN = "https://git.example.org/tea/shop"
TIME = "2026-01-01T00:00:00Z"


@dataclass(frozen=True)
class Bundle:
    """A bundle as a run wrote it, before it was signed, and the commit that it is about."""

    unsigned: Members
    commit: str

    @cached_property
    def context(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.unsigned["context.json"])
        return found

    @cached_property
    def policy_digest(self) -> str:
        return str(json.loads(self.unsigned["decision.json"])["policy_digest"])


@dataclass(frozen=True)
class Forge:
    """What an attacker can get: bundles of other runs, a key of his own; and for the worst day the key that is trusted.

    `good` passed, `bad` failed under the same policy, `weak` is `bad` judged by a weaker policy, `other` is `good` of another commit.
    """

    folder: Path
    key: PrivateKey
    enemy: PrivateKey
    good: Bundle
    bad: Bundle
    weak: Bundle
    other: Bundle
    content: bytes = field(default=b"")

    @property
    def members(self) -> Members:
        """Those of the signed bundle that is attacked."""
        return archive.unpack(self.content)

    @property
    def trusted(self) -> Trusted:
        return Trusted(keys=named_keys([self.folder / "release.pub"]))

    @property
    def expected(self) -> Expectation:
        """What the verifier asks for: the one key, and everything that the bundle could be about."""
        return Expectation(
            trusted=self.trusted,
            signed=True,
            commit=self.good.commit,
            repository=self.good.context["repository"],
            ref=self.good.context["ref"],
            stage=Stage.CHANGE,
            policy_digest=self.good.policy_digest,
        )

    @property
    def options(self) -> list[str]:
        """The same as options of `gates verify`."""
        context = self.good.context
        asked = {name: context[name] for name in ("commit", "repository", "ref")} | {"policy-digest": self.good.policy_digest}
        about = [word for name, value in asked.items() for word in (f"--{name}", value)]
        return ["--trust", str(self.folder / "trust.yaml"), "--require", "signed", "--stage", "change", *about]


def forge(folder: Path) -> Forge:
    """Run, for real, what is attacked and what it is attacked with."""
    repository = Repository(folder)
    repository.git("remote", "add", "origin", ORIGIN)

    def run(files: Mapping[str, str], code: int) -> Bundle:
        commit, path = repository.commit(files), folder / "run.zip"
        assert main(["-C", str(repository.root), "run", "--bundle", str(path)]) == code
        return Bundle(archive.unpack(path.read_bytes()), commit)

    for name in ("release", "enemy"):
        keys.write_pair(folder / name)
    (folder / "trust.yaml").write_text("version: 1\nkeys: [{name: release, file: release.pub}]\n")
    key, enemy = keys.load_private(folder / "release"), keys.load_private(folder / "enemy")
    good = run(PASSING, 0)
    weak, bad = run({**FAILING, "gates.yaml": WEAK}, 0), run(FAILING, 1)
    other = run(PASSING, 0)
    content = archive.pack(signed(good.unsigned, key))
    return Forge(folder, key, enemy, good=good, bad=bad, weak=weak, other=other, content=content)


def unsigned(members: Mapping[str, bytes]) -> Members:
    return {name: content for name, content in members.items() if name not in bundle.SIGNATURES}


def signed(members: Mapping[str, bytes], key: PrivateKey) -> Members:
    """The members with signatures of a key over whatever they say. Where they say nothing that can be read, over their manifest alone."""
    plain = unsigned(members)
    try:
        return plain | attestation.sign(bundle.open_members(plain), key, place="apart", time=TIME)
    except (GatesError, ValueError, TypeError):
        subject = [{"name": "manifest.json", "digest": {"sha256": canonical.sha256(plain.get("manifest.json", b""))}}]
        statement = {"_type": attestation.STATEMENT_TYPE, "subject": subject, "predicateType": attestation.PREDICATE_TYPE, "predicate": {}}
        envelope = dsse.encode(dsse.sign(canonical.dumps(statement), key))
        return plain | {attestation.ATTESTATION: envelope, attestation.SUMMARY: envelope}


def closed(members: Mapping[str, bytes]) -> Members:
    """The members with a manifest whose lines, context and digest are right again, as far as they can be."""
    manifest = json.loads(members["manifest.json"])
    names = sorted(name for name in members if name not in {"manifest.json", *bundle.SIGNATURES})
    manifest["members"] = json.loads(canonical.of(tuple(bundle._member(name, members[name]) for name in names)))
    manifest["content_digest"] = bundle.content_digest({name: members[name] for name in names})
    try:
        manifest["context"] = canonical.loads(members["context.json"])
        manifest["parsers"] = {facts["gate"]: facts["parser"] for facts in _each_facts(members)}
    except (KeyError, TypeError, ValueError):
        pass  # it can't be right
    return {**members, "manifest.json": canonical.dumps(manifest)}


def _each_facts(members: Mapping[str, bytes]) -> list[dict[str, Any]]:
    return [canonical.loads(members[name]) for name in sorted(members) if name.startswith("facts/")]


def edited(members: Mapping[str, bytes], name: str, change: Callable[[Any], object]) -> Members:
    """The members with other data in one of them, canonically written."""
    data = json.loads(members[name])
    change(data)
    return {**members, name: canonical.dumps(data)}


def statement(members: Mapping[str, bytes], name: str) -> Any:
    return json.loads(base64.b64decode(json.loads(members[name])["payload"]))


def restated(members: Mapping[str, bytes], name: str, change: Callable[[Any], object], key: PrivateKey) -> Members:
    """The members with another statement under a signature of a key."""
    said = statement(members, name)
    change(said)
    return {**members, name: dsse.encode(dsse.sign(canonical.dumps(said), key))}


def remade(members: Mapping[str, bytes], change: Callable[[Record], Record] = lambda record: record, **context: Any) -> Members:
    """The members of a run of which something else is said, judged and rendered anew, so that all of it follows."""
    contents = bundle.open_members(unsigned(members))
    record = change(contents.record)
    record = replace(record, context=replace(record.context, **context))
    record = replace(record, decision=decide(record.policy, record.context, record.facts, record.base, reviews=record.reviews))
    raw = {gate: files for gate, files in contents.raw.items() if gate in {facts.gate for facts in record.facts}}
    made = bundle.members_of(record, contents.sources, raw)
    record = replace(record, content_digest=bundle.content_digest(made), artifacts=bundle.artifacts(raw))
    made[bundle.PAGE] = html.render(record, bundle=None).encode()
    return closed({**{name: members[name] for name in ("manifest.json", "redactions.json")}, **made})
