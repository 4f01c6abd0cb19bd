"""`gates init`: a policy that fits what is there, says why, and is never written over one that stands."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from gates.errors import ExitCode
from tests.cli.conftest import Outcome
from tests.repository import Repository

PROJECTS = {
    "library": {"pyproject.toml": "[project]\nname = 'shop'\n", "shop.py": "", "tests/test_shop.py": "def test_a(): pass\n"},
    "django": {
        "manage.py": "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
        "requirements.txt": "django==5.2\n",
        "shop/tests/test_shop.py": "def test_a(): pass\n",
    },
    "settings of bandit": {"app.py": "", "pyproject.toml": "[tool.bandit]\nskips = ['B101']\nexclude_dirs = ['vendor']\n"},
    "no Python": {"index.html": "<h1>Shop</h1>\n"},
}


@pytest.mark.parametrize("files", PROJECTS.values(), ids=PROJECTS)
def test_what_it_writes_can_be_read(gates: Callable[..., Outcome], repository: Repository, files: dict[str, str]) -> None:
    repository.commit(files)
    printed = gates("-C", repository.root, "init", "--print")
    written = gates("-C", repository.root, "init")
    assert (printed.code, written.code) == (ExitCode.PASSED, ExitCode.PASSED)
    assert (repository.root / "gates.yaml").read_text("utf-8") == printed.out
    assert gates("-C", repository.root, "policy", "check").code == ExitCode.PASSED
    assert max(map(len, printed.out.splitlines())) <= 110


def test_what_a_project_says_of_itself_is_taken_over(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit(PROJECTS["settings of bandit"])
    policy = gates("-C", repository.root, "init", "--print").out
    assert "skips: [B101]" in policy
    assert "exclude: [vendor]" in policy
    assert "taken over from [tool.bandit]" in policy


def test_what_it_does_not_propose_is_said(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"back end/pyproject.toml": "", "back end/test_a.py": "def test_a(): pass\n"})
    written = gates("-C", repository.root, "init")
    words = " ".join(line.strip(" #") for line in (repository.root / "gates.yaml").read_text("utf-8").splitlines())
    assert written.code == ExitCode.PASSED, written.err
    assert written.out.splitlines()[-1].endswith("to be judged from there: `gates -C 'back end' init`")
    assert written.out.splitlines()[-1] in words
    assert "they need to be told how the service is started (`serve`). See docs/gates/contracts.md" in words
    assert "  tests:" not in words


def test_no_name_of_a_file_ends_a_comment(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"te\u2028gates: {}\x85\nstolen: 1\r/test_a.py": "def test_a(): pass\n", "requirements\u2029x: 1.txt": ""})
    outcome = gates("-C", repository.root, "init")
    assert outcome.code == ExitCode.PASSED, outcome.err
    assert "te\\u2028gates: {}\\x85 stolen: 1 /test_a.py" in " ".join((repository.root / "gates.yaml").read_text("utf-8").split())
    assert gates("-C", repository.root, "policy", "check").code == ExitCode.PASSED


def test_a_policy_that_stands_is_left_alone(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"app.py": "", "gates.yaml": "version: 1\n"})
    outcome = gates("-C", repository.root, "init")
    assert outcome.code == ExitCode.USAGE
    assert "gates.yaml exists and is never overwritten" in outcome.err
    assert (repository.root / "gates.yaml").read_text("utf-8") == "version: 1\n"


# -- what runs it ------------------------------------------------------------------------------

WORKFLOW, HOOKS = ".github/workflows/gates.yml", ".pre-commit-config.yaml"


def test_all_three_are_shown_then_written_and_never_again(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit(PROJECTS["library"])
    shown = gates("-C", repository.root, "init", "--workflow", "--hooks", "--print")
    assert shown.code == ExitCode.PASSED, shown.err
    assert sorted(path.name for path in repository.root.iterdir()) == [".git", "pyproject.toml", "shop.py", "tests"]
    written = gates("-C", repository.root, "init", "--workflow", "--hooks")
    assert written.code == ExitCode.PASSED, written.err
    texts = {name: (repository.root / name).read_text("utf-8") for name in ("gates.yaml", WORKFLOW, HOOKS)}
    assert shown.out == "".join(f"# {name}\n{text}\n" for name, text in texts.items())
    assert "put the full commit id in the place of the tag: `git ls-remote " in written.out
    again = gates("-C", repository.root, "init", "--workflow", "--hooks")
    assert again.code == ExitCode.USAGE
    assert f"{WORKFLOW} exists and is never overwritten" in again.err
    (repository.root / WORKFLOW).rename(repository.root / ".github" / "workflows" / "check.yaml")
    assert f"{WORKFLOW.rpartition('/')[0]}/check.yaml runs the gates already" in gates("-C", repository.root, "init", "--workflow").err
    assert {name: (repository.root / name).read_text("utf-8") for name in ("gates.yaml", HOOKS)} == {
        name: texts[name] for name in ("gates.yaml", HOOKS)
    }


def test_a_file_with_hooks_that_stands_is_left_alone_and_told_what_to_add(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({**PROJECTS["library"], HOOKS: "repos: []  # mine\n", "gates.yaml": "version: 1\ngates: {tests: {}}\n"})
    told = gates("-C", repository.root, "init", "--hooks")
    assert told.code == ExitCode.PASSED, told.err
    assert "    hooks:\n      - id: gates-tests        # each push\n" in told.out
    assert "pre-commit install --hook-type pre-push" in told.out
    assert "id: gates " not in told.out  # that policy has nothing at the commit stage
    assert repository.git("status", "--porcelain") == ""


PACKAGES = {
    "a library": (PROJECTS["library"], "-e . pytest"),
    "an extra": ({"pyproject.toml": "[project]\nname='a'\n[project.optional-dependencies]\ntest=['pytest']\n"}, "-e '.[test]'"),
    "a group": ({"pyproject.toml": "[project]\nname='a'\n[dependency-groups]\ndev=['pytest']\n"}, "-e . --group dev"),
    "settings alone": ({"pyproject.toml": "[tool.ruff]\n"}, "pytest"),
    "an old one": ({"setup.py": "", "requirements-dev.txt": "pytest==8\n"}, "-e . -r requirements-dev.txt"),
    "requirements": (PROJECTS["library"] | {"pyproject.toml": "", "requirements.txt": "flask\n"}, "-r requirements.txt pytest"),
    "a plug-in that --ds wants": (PROJECTS["django"], "-r requirements.txt pytest-django"),
    "a plug-in that they bring": (
        {**PROJECTS["django"], "requirements/test.txt": "-r sub.txt\n", "requirements/sub.txt": "pytest-django\n"},
        "-r requirements.txt -r requirements/test.txt",
    ),
    "for developers, not for production": (
        {
            "requirements.txt": "-r requirements/production.txt\n",
            "requirements/production.txt": "gunicorn\n",
            "requirements/base.txt": "flask\n",
            "requirements/development.txt": "-r base.txt\npytest\n",
        },
        "-r requirements/development.txt",
    ),
    "a lock without what --ds wants": (
        {**PROJECTS["django"], "poetry.lock": '[[package]]\nname = "pytest"\n'},
        "-r requirements.txt pytest-django",
    ),
    "nonsense": ({"pyproject.toml": "project = [}"}, "pytest"),
}


@pytest.mark.parametrize("what", PACKAGES)
def test_the_workflow_installs_what_the_tests_need(gates: Callable[..., Outcome], repository: Repository, what: str) -> None:
    files, packages = PACKAGES[what]
    repository.commit({"tests/test_a.py": "def test_a(): pass\n", **files})
    workflow = gates("-C", repository.root, "init", "--workflow", "--print").out
    assert f".venv/bin/pip install {packages}   #" in workflow
    assert ("--upgrade-deps" in workflow) == ("--group" in packages)


LOCK = '[[package]]\nname = "pytest"\nversion = "9"\n'
GROUPS = "[project]\nname='a'\n[dependency-groups]\ntests=['Pytest-Cov>=5']\ndocs=['sphinx']\ndev=['ruff']\n"
OWN = "[tool.poetry.extras]\nci=['pytest']\n[tool.poetry.group.test]\noptional=true\n[tool.poetry.group.dev.dependencies]\npytest='*'\n"
LOCKED = {
    "uv": ({"pyproject.toml": GROUPS, "uv.lock": LOCK}, "uv==[0-9.]+ uv sync --locked --group tests"),
    "another default of uv's": (
        {"pyproject.toml": f"{GROUPS}[tool.uv]\ndefault-groups=['tests']\nrequired-version='>=0.5, <2'\n", "uv.lock": LOCK},
        "'uv>=0.5, <2' uv sync --locked --group dev",
    ),
    "all of uv's, one version": (
        {"pyproject.toml": f"{GROUPS}[tool.uv]\ndefault-groups='all'\nrequired-version='0.7.1'\nworkspace={{}}\n", "uv.lock": LOCK},
        "uv==0.7.1 uv sync --locked --all-packages",
    ),
    "an extra of uv's": (
        {"pyproject.toml": "[project.optional-dependencies]\n'$(id)'=['pytest']\nqa=['pytest']\n", "uv.lock": LOCK},
        "uv==[0-9.]+ uv sync --locked --extra qa",
    ),
    "hostile settings of uv": (
        {"pyproject.toml": '[tool.uv]\nrequired-version=">\'; id"\n', "uv.lock": LOCK},
        "uv==[0-9.]+ uv sync --locked",
    ),
    "Poetry": ({"pyproject.toml": OWN, "poetry.lock": LOCK}, "poetry==[0-9.]+ poetry install --with test --extras ci"),
    "the Poetry of the lock": (
        {"poetry.lock": f"# This file is automatically @generated by Poetry 1.8.3 and should not be changed.\n{LOCK}"},
        "poetry==1.8.3 poetry install",
    ),
    "Pipenv": ({"Pipfile.lock": '{"develop": {\n  "pytest": {}}}'}, "pipenv==[0-9.]+ pipenv sync --dev"),
}


@pytest.mark.parametrize("what", LOCKED)
def test_the_workflow_installs_by_a_lock_that_has_pytest(gates: Callable[..., Outcome], repository: Repository, what: str) -> None:
    files, words = LOCKED[what]
    repository.commit({"tests/test_a.py": "def test_a(): pass\n", **files})
    workflow = gates("-C", repository.root, "init", "--workflow", "--print").out
    variable = {"poetry.lock": "POETRY_VIRTUALENVS_IN_PROJECT=true ", "Pipfile.lock": "PIPENV_VENV_IN_PROJECT=1 "}.get(list(files)[-1], "")
    assert re.search(f"      - run: {re.escape(variable)}pipx run --spec {words}   # whatever your tests need\n", workflow), workflow


def test_a_lock_without_pytest_does_not_count(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({**PROJECTS["library"], "uv.lock": '[[package]]\nname = "pytest-cov"\n'})
    assert ".venv/bin/pip install -e . pytest   #" in gates("-C", repository.root, "init", "--workflow", "--print").out


MEMBER = "[project]\nname='a'\n[dependency-groups]\ntest=['pytest']\n"
WORKSPACE = "[tool.uv]\nrequired-version='0.7.1'\n[tool.uv.workspace]\nmembers=['backend']\n"
MEMBERS = {
    "one that brings pytest": ({"backend/pyproject.toml": MEMBER, "uv.lock": LOCK}, "uv==0.7.1 uv sync --locked --group test"),
    "one that does not": ({"backend/pyproject.toml": "[project]\nname='a'\n", "uv.lock": LOCK}, "uv sync --locked --all-packages"),
    "one of another workspace": (
        {"backend/pyproject.toml": MEMBER, "uv.lock": LOCK, "pyproject.toml": "[tool.uv.workspace]\nmembers=['libs/*']\n"},
        ".venv/bin/pip install -e . --group test",
    ),
    "one that is left out": (
        {"backend/pyproject.toml": MEMBER, "uv.lock": LOCK, "pyproject.toml": "[tool.uv.workspace]\nmembers=['*']\nexclude=['backend']\n"},
        ".venv/bin/pip install -e . --group test",
    ),
    "members that are none": (
        {"backend/pyproject.toml": MEMBER, "uv.lock": LOCK, "pyproject.toml": "[tool.uv.workspace]\nmembers=5\n"},
        ".venv/bin/pip install -e . --group test",
    ),
    "a lock of something else": ({"backend/pyproject.toml": MEMBER, "uv.lock": ""}, ".venv/bin/pip install -e '.' --group test"),
}


@pytest.mark.parametrize("what", MEMBERS)
def test_in_a_folder_all_that_runs_it_is_written_at_the_repository_s_top(
    gates: Callable[..., Outcome], repository: Repository, what: str
) -> None:
    files, words = MEMBERS[what]
    repository.commit({"backend/tests/test_a.py": "def test_a(): pass\n", "pyproject.toml": WORKSPACE, ".gitmodules": "", **files})
    written = gates("-C", repository.root / "backend", "init", "--workflow", "--hooks")
    assert written.code == ExitCode.PASSED, written.err
    assert f"at the repository's top, {repository.root}" in written.out
    assert sorted(path.name for path in (repository.root / "backend").iterdir()) == ["gates.yaml", "pyproject.toml", "tests"]
    workflow = yaml.safe_load((repository.root / ".github/workflows/gates-backend.yml").read_text("utf-8"))
    checkout, install, check = workflow["jobs"]["gates-backend"]["steps"]
    assert checkout["with"]["submodules"] is True
    assert words.replace("'", "") in install["run"].replace("'", "")
    assert install["working-directory"] == "backend"
    assert check["with"] == {"working-directory": "backend", "name": "gates-backend"}
    hooks = yaml.safe_load((repository.root / HOOKS).read_text("utf-8"))["repos"][0]["hooks"]
    assert [hook["entry"] for hook in hooks] == [
        "gates -C backend run --stage commit",
        "gates -C backend run --stage change --gate tests",
    ]
    assert hooks[0]["files"] == "^backend/"


def test_a_folder_s_check_is_neither_the_top_s_nor_another_folder_s(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"a/app.py": "", "b/app.py": "", "app.py": ""})
    for place in ("a", "b", "."):
        written = gates("-C", repository.root / place, "init", "--workflow", "--hooks")
        assert written.code == ExitCode.PASSED, written.err
    folder = repository.root / ".github/workflows"
    assert sorted(path.name for path in folder.iterdir()) == ["gates-a.yml", "gates-b.yml", "gates.yml"]
    assert "add below its `repos:`" in written.out
    (folder / "gates-b.yml").rename(folder / "b.yml")
    assert "b.yml runs the gates already" in gates("-C", repository.root / "b", "init", "--workflow").err


@pytest.mark.parametrize("name", ["a b", "it's", "yes", "${{ x }}", "-x"])
def test_a_folder_that_a_workflow_would_read_as_something_else_is_refused(
    gates: Callable[..., Outcome], repository: Repository, name: str
) -> None:
    repository.commit({f"{name}/app.py": ""})
    refused = gates("-C", repository.root / name, "init", "--workflow")
    assert refused.code == ExitCode.USAGE
    assert "can't be named in a workflow" in refused.err
    assert repository.git("status", "--porcelain") == ""


@pytest.mark.parametrize(("branch", "said"), [("trunk", "trunk"), ("feature/a", "main"), ("master", "master")])
def test_the_workflow_names_the_branch_that_changes_go_into(
    gates: Callable[..., Outcome], repository: Repository, branch: str, said: str
) -> None:
    repository.commit({"app.py": ""})
    repository.git("checkout", "-q", "-b", branch)
    workflow = gates("-C", repository.root, "init", "--workflow", "--print").out
    assert f"branches: [{said}]" in workflow
    assert "pip install" not in workflow  # it has no tests


def test_the_remote_s_branch_comes_first(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({"app.py": ""})
    repository.git("branch", "-m", "it's,new")
    clone = repository.clone("clone")
    clone.git("checkout", "-q", "-b", "master")
    assert "branches: ['it''s,new']" in gates("-C", clone.root, "init", "--workflow", "--print").out


def test_linters_find_nothing_but_the_tag_that_is_to_be_pinned(gates: Callable[..., Outcome], repository: Repository) -> None:
    repository.commit({**PROJECTS["library"], **LOCKED["another default of uv's"][0]})
    gates("-C", repository.root, "init", "--workflow", "--hooks")
    path = repository.root / WORKFLOW

    def found(*argv: str) -> tuple[int, str]:
        program = str(Path(sys.executable).parent / argv[0])
        done = subprocess.run([program, *argv[1:]], cwd=repository.root, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout + done.stderr

    zizmor = ("zizmor", "--offline", "--quiet", "--format", "plain", WORKFLOW)
    assert set(re.findall(r"^\w+\[([\w-]+)\]", found(*zizmor)[1], re.MULTILINE)) == {"unpinned-uses"}
    path.write_text(re.sub(r"gates@v\S+ # .*", f"gates@{'0' * 40} # v0.1.0", path.read_text("utf-8")), "utf-8")
    for argv in (zizmor, ("actionlint", WORKFLOW), ("check-jsonschema", "--builtin-schema", "vendor.github-workflows", WORKFLOW)):
        assert found(*argv)[0] == 0, found(*argv)
    assert found("pre-commit", "validate-config", HOOKS)[0] == 0
