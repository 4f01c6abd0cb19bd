"""Where a secret can't be masked without judging something else, nothing is written, and no word of it is said."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hostile.running import POLICY, environment, gates, project
from tests.leaks.places import FOUND_MARK, canary
from tests.leaks.search import traces
from tests.repository import Repository

SECRET = canary("refused")
IN_ARGV = POLICY.replace('"{raw}/report.xml"]', f'"{{raw}}/report.xml", --token={SECRET}]')
IN_SERVICE = (
    POLICY
    + f"""\
  contracts:
    options: {{schema: a.yaml, serve: {{command: [x, "{{port}}"], environment: {{LOGIN: "{SECRET}"}}}}}}
"""
)


@pytest.mark.parametrize("policy", [IN_ARGV, IN_SERVICE], ids=["argv", "service"])
def test_the_value_of_a_variable_in_the_policy(repository: Repository, policy: str) -> None:
    repository.commit(project(policy=policy))
    check(repository.root, code=2, words="the policy holds the value of a secret variable", DEPLOY_TOKEN=SECRET)


def test_a_secret_in_the_policy_that_the_scan_finds(repository: Repository) -> None:
    repository.commit(project(policy=IN_ARGV))
    check(repository.root, code=4, words="nothing was written")


def test_a_secret_in_the_name_of_a_branch(repository: Repository) -> None:
    repository.commit(project())
    repository.git("checkout", "-q", "-b", f"fix-{SECRET}")
    check(repository.root, code=4, words="nothing was written", DEPLOY_TOKEN=SECRET)


def check(root: Path, *, code: int, words: str, **variables: str) -> None:
    """A run is refused with a reason and a remedy; neither its streams nor a file hold the secret that was not there before."""
    before = set(root.rglob("*"))
    done = gates(root, "run", env=environment(**variables))
    assert (done.returncode, words in done.stderr, "help:" in done.stderr) == (code, True, True), done.stderr
    written = [path.read_bytes() for path in set(root.rglob("*")) - before if path.is_file()]
    for content in [done.stdout.encode(), done.stderr.encode(), *written]:
        assert traces(content, [SECRET], [FOUND_MARK]) == []
