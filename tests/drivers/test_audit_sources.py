"""What is read out of lock and requirements files: every package with its place, nothing resolved, nothing skipped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from gates.drivers.audit import locks, pyproject, sources
from gates.drivers.audit.inventory import CannotTellError, Package, packages

EXAMPLES = Path(__file__).parent.parent / "examples" / "dependencies"
LOCKS = {
    "uv": ("uv.lock", 6, 35),
    "poetry": ("poetry.lock", 4, 31),
    "pdm": ("pdm.lock", 11, 30),
    "pipenv": ("Pipfile.lock", 20, 13),
    "pylock": ("pylock.toml", 7, 23),
}


def read(root: Path, *paths: str, **files: str) -> list[Package]:
    """Read files that are written first: their names' dots and slashes are given as `_dot_` and `_in_`."""
    for name, text in files.items():
        path = root / name.replace("_dot_", ".").replace("_in_", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    return sources.read(root, list(paths))


def shown(found: list[Package]) -> list[str]:
    return [f"{item.name} {item.version} {','.join(map(str, item.places))}".strip() + (" (skip)" if item.skip else "") for item in found]


@pytest.mark.parametrize("tool", LOCKS)
def test_a_lock_gives_every_group_and_extra_but_not_the_project(tool: str) -> None:
    name, kettle, teapot = LOCKS[tool]
    found = sources.read(EXAMPLES / "locks" / tool, [name])
    assert [(item.name, item.version, item.skip) for item in found if item.name != "spoon"] == [
        ("kettle", "2.9", ""),
        ("teapot", "1.1", ""),
    ]
    assert [item.skip for item in found if item.name == "spoon"] == [locks.VCS]
    places = {item.name: item.places[0].line for item in found}
    lines = (EXAMPLES / "locks" / tool / name).read_text("utf-8").splitlines()
    assert all(package in lines[line - 1] for package, line in places.items())
    assert (places["kettle"], places["teapot"]) == (kettle, teapot)


UNKNOWN = "is of a lock format that is not known here"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("uv.lock", "version = 2\n", UNKNOWN),
        ("poetry.lock", "[metadata]\nlock-version = '9.0'\n", UNKNOWN),
        ("pdm.lock", "[metadata]\n", UNKNOWN),
        ("pylock.toml", "lock-version = '2.0'\n", UNKNOWN),
        ("Pipfile.lock", '{"_meta": {"pipfile-spec": 7}}', UNKNOWN),
        ("Pipfile.lock", '{"default": {}}', "is not a lock file of Pipenv"),
        ("uv.lock", "version = 1\n[[package]]\nversion = '1'\n", "lists a package without a name"),
        ("uv.lock", "version = 1\n[[package]]\nname = 7\nversion = '1'\n", "lists a package without a name"),
        ("uv.lock", "<<<<<<< mine\n", "is not TOML that can be read: "),
        ("uv.lock", f"x = {'[' * 100_000}", "is nested too deeply to be read"),
        ("environment.yml", "dependencies: []\n", "is no lock or requirements file that is known here"),
    ],
)
def test_a_lock_that_is_not_understood_is_an_error(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(CannotTellError) as raised:
        sources.read(tmp_path, [name])
    assert raised.value.reason.startswith(f"{name} {said}")
    assert raised.value.remedy


@pytest.mark.parametrize("text", ["<<<<<<< mine\n", f"x = {'[' * 100_000}"], ids=["not TOML", "deep"])
def test_a_project_beside_its_lock_that_is_not_understood_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotTellError, match=r"pyproject\.toml is (not TOML|nested too deeply)"):
        read(tmp_path, "a.txt", a_dot_txt="cups==1\n", pyproject_dot_toml=text)


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ('{ editable = "packages/cups" }', []),
        ('{ virtual = "." }', []),
        ('{ editable = "../cups" }', [locks.LOCAL]),
        ('{ directory = "vendor/cups" }', [locks.LOCAL]),
        ('{ path = "cups.whl" }', [locks.LOCAL]),
        ('{ url = "https://packages.example/cups.whl" }', [locks.ADDRESS]),
    ],
)
def test_where_a_package_of_uv_comes_from(source: str, left: list[str]) -> None:
    text = f'version = 1\n[[package]]\nname = "cups"\nversion = "1"\nsource = {source}\n'
    assert [entry.skip for entry in locks.read_toml("uv.lock", text, locks.UV)] == left


def test_a_version_that_can_not_be_compared_is_said() -> None:
    text = 'lock-version = "1.0"\n[[packages]]\nname = "pytz"\nversion = "2004d-old"\n[[packages]]\nname = "cups"\n'
    found = packages(locks.read_toml("pylock.toml", text, locks.PYLOCK))
    assert [(item.name, "PEP 440" in item.skip, "no version" in item.skip) for item in found] == [
        ("cups", False, True),
        ("pytz", True, False),
    ]


def test_requirements_with_includes_constraints_and_false_markers() -> None:
    root = EXAMPLES / "locks" / "requirements"
    assert shown(sources.read(root, ["requirements.txt", "constraints.txt"])) == [
        "kettle 2.9 requirements.txt:5",
        "spoon  requirements.txt:6 (skip)",
        "teapot 1.1 constraints.txt:1,requirements.txt:4",
    ]


def test_a_file_that_another_includes_is_read_as_a_part_of_it(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "requirements.txt",
        "requirements/base.txt",
        "requirements/limits.txt",
        requirements_dot_txt="-r requirements/base.txt\n-c requirements/limits.txt\n",
        requirements_in_base_dot_txt="cups\n",
        requirements_in_limits_dot_txt="cups==1.0\nplates<3\n",
    )
    assert shown(found) == ["cups 1.0 requirements/base.txt:1,requirements/limits.txt:1"]


def test_files_that_include_each_other_are_read_once(tmp_path: Path) -> None:
    found = read(tmp_path, "a.txt", "b.txt", a_dot_txt="-r b.txt\ncups==1\n", b_dot_txt="-r a.txt\nplates==2\n")
    assert shown(found) == ["cups 1 a.txt:2", "plates 2 b.txt:2"]


@pytest.mark.parametrize("line", ["cups", "cups>=1", "cups==1.*", "cups~=1.0", "cups[milk]<2"])
def test_what_is_not_pinned_is_an_error_with_place_and_remedy(tmp_path: Path, line: str) -> None:
    with pytest.raises(CannotTellError, match=r"a\.txt:2 \(cups\)") as raised:
        read(tmp_path, "a.txt", a_dot_txt=f"plates==1\n{line}\n")
    assert "pip compile" in raised.value.remedy


def test_only_the_first_few_unpinned_are_named(tmp_path: Path) -> None:
    with pytest.raises(CannotTellError, match=r"a\.txt:5 \(p4\) and 3 more"):
        read(tmp_path, "a.txt", a_dot_txt="".join(f"p{number}\n" for number in range(8)))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("cups 1.0 please", r"a\.txt:1 can't be read"),
        ("--frobnicate", r"a\.txt:1 can't be read"),
        ("-r https://packages.example/r.txt", "from the network"),
        ("-r ../outside.txt", "outside the repository"),
        ("-c gone.txt", "not there"),
    ],
)
def test_a_line_that_can_not_be_followed_is_an_error(tmp_path: Path, line: str, said: str) -> None:
    (tmp_path / "outside.txt").write_text("cups==1\n", "utf-8")
    (tmp_path / "project").mkdir()
    with pytest.raises(CannotTellError, match=said):
        read(tmp_path / "project", "a.txt", a_dot_txt=f"{line}\n")


def test_what_comes_by_link_is_skipped_and_its_token_is_not_repeated(tmp_path: Path) -> None:
    text = (
        "-e .\n./vendor/cups\n-e git+https://me:s3cr3t@code.example/plates@v1#egg=plates\nhttps://me:s3cr3t@files.example/pots-1.0.tar.gz\n"
    )
    found = read(tmp_path, "a.txt", a_dot_txt=text)
    assert {(item.name, item.skip) for item in found} == {
        ("this-project", locks.LOCAL),
        ("cups", locks.LOCAL),
        ("plates", locks.VCS),
        ("pots-1-0-tar-gz", locks.ADDRESS),
    }
    assert "s3cr3t" not in str([item.as_json() for item in found])


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    for name in ("a.txt", "uv.lock"):
        (tmp_path / name).write_bytes(b"cups==1 # \xff\xfe\x81\n")
        with pytest.raises(CannotTellError, match=f"{name} is not text"):
            sources.read(tmp_path, [name])


@pytest.mark.parametrize("text", ["", "# nothing\n", "--index-url https://packages.example/simple\n"])
def test_nothing_declared_is_an_error(tmp_path: Path, text: str) -> None:
    with pytest.raises(CannotTellError, match="no dependency is declared") as raised:
        read(tmp_path, "a.txt", a_dot_txt=text)
    assert "not-applicable" in raised.value.remedy


def test_pyproject_with_all_extras_and_groups(tmp_path: Path) -> None:
    text = """[project]
name = "shop"
dependencies = ["teapot==1.1; python_version < '3'"]
[project.optional-dependencies]
hot = ["kettle==2.9", "shop[cold]"]
cold = ["spoon @ git+https://code.example/spoon.git"]
[dependency-groups]
dev = ["saucer==4.0", {include-group = "docs"}]
docs = []
"""
    assert shown(read(tmp_path, "pyproject.toml", pyproject_dot_toml=text)) == [
        "kettle 2.9 pyproject.toml:5",
        "saucer 4.0 pyproject.toml:8",
        "spoon  pyproject.toml:6 (skip)",
        "teapot 1.1 pyproject.toml:3",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[project]\nname = "shop"\ndependencies = ["teapot>=1"]\n', r"pyproject\.toml:3 \(teapot\)"),
        ('[project]\nname = "shop"\ndynamic = ["dependencies"]\n', "dynamic"),
        ('[tool.poetry.dependencies]\nteapot = "^1"\n', "Poetry"),
        ('[project]\nname = "shop"\n', "no dependency is declared"),
        ('[project]\nname = "shop"\ndependencies = ["not a requirement"]\n', "can't be read"),
    ],
)
def test_pyproject_that_can_not_tell(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(CannotTellError, match=said):
        read(tmp_path, "pyproject.toml", pyproject_dot_toml=text)


def test_two_files_that_list_one_package_are_one_package_at_two_places(tmp_path: Path) -> None:
    found = read(tmp_path, "a.txt", "b.txt", a_dot_txt="My_Cups==1.0.0\n", b_dot_txt="my-cups==1.0.0\nmy.cups==2\n")
    assert shown(found) == ["my-cups 1.0.0 a.txt:1,b.txt:1", "my-cups 2 b.txt:2"]


def test_every_marker_extra_and_version_of_a_requirement_counts(tmp_path: Path) -> None:
    text = """Cups[hot,cold]==1.0 ; python_version < "3"
cups===2.0 ; extra == "dev" and sys_platform == "win32"
plates==1!2.0+cu118 --hash=sha256:00
"""
    assert shown(read(tmp_path, "a.txt", a_dot_txt=text)) == ["cups 1.0 a.txt:1", "cups 2.0 a.txt:2", "plates 1!2.0+cu118 a.txt:3"]


PROJECT = """[project]
name = "shop"
dependencies = ["Cups>=1", "shop[hot]"]
[project.optional-dependencies]
hot = ["kettle; sys_platform == 'win32'"]
[dependency-groups]
dev = ["plates", {include-group = "docs"}]
[tool.poetry.group.lint.dependencies]
python = "^3.11"
knife = "*"
"""


def test_what_a_project_asks_for_and_no_lock_lists_is_said(tmp_path: Path) -> None:
    found = read(tmp_path, "locks_in_a.txt".replace("_in_", "/"), locks_in_a_dot_txt="cups==1\n", pyproject_dot_toml=PROJECT)
    assert shown(found) == [
        "cups 1 locks/a.txt:1",
        "kettle  pyproject.toml:5 (skip)",
        "knife  pyproject.toml (skip)",
        "plates  pyproject.toml:7 (skip)",
    ]


def test_a_member_of_a_workspace_is_known_by_its_project(tmp_path: Path) -> None:
    lock = 'version = 1\n[[package]]\nname = "plates"\nversion = "1"\nsource = { editable = "parts" }\n'
    lock += '[[package]]\nname = "cups"\nversion = "1"\n'
    other = read(tmp_path, "uv.lock", uv_dot_lock=lock, parts_in_pyproject_dot_toml='[project]\nname = "cups"\n')
    assert shown(other) == ["cups 1 uv.lock:7", "plates 1 uv.lock:3 (skip)"]
    parts = {"parts_in_pyproject_dot_toml": '[project]\nname = "Plates"\n'}
    assert [item.skip for item in read(tmp_path, "uv.lock", **parts)] == ["", locks.COPY]
    root = '[project]\nname = "shop"\n[tool.uv.workspace]\n'
    member = read(tmp_path, "uv.lock", pyproject_dot_toml=f'{root}members = ["./par*"]\n')
    assert shown(member) == ["cups 1 uv.lock:7"]
    left_out = read(tmp_path, "uv.lock", pyproject_dot_toml=f'{root}members = ["**"]\nexclude = ["parts"]\n')
    assert [item.skip for item in left_out] == ["", locks.COPY]


@pytest.mark.parametrize(
    ("pattern", "folder", "fits"),
    [
        ("packages/*", "packages/cups", True),
        ("packages/*", "packages/old/cups", False),
        ("packages/*", "vendor/packages/cups", False),
        ("packages/**", "packages/cups/../../vendor/cups", False),
        ("**/cups", "a/b/cups", True),
        ("packages/**", "packages/a/b", True),
        ("packages/**/x", "vendor/x", False),
        ("**/" * 60 + "x", "/".join("a" * 60), False),
    ],
)
def test_a_workspace_names_its_members_by_globs(tmp_path: Path, pattern: str, folder: str, fits: bool) -> None:
    lock = f'version = 1\n[[package]]\nname = "cups"\nversion = "1"\nsource = {{ editable = "{folder}" }}\n'
    (tmp_path / "pyproject.toml").write_text(f'[project]\nname = "shop"\n[tool.uv.workspace]\nmembers = ["{pattern}"]\n', "utf-8")
    for path in (tmp_path / "packages/cups", (tmp_path / folder).resolve()):
        path.mkdir(parents=True, exist_ok=True)
    (tmp_path / folder / "pyproject.toml").write_text('[project]\nname = "cups"\n', "utf-8")
    assert [entry.skip for entry in locks.read_toml("uv.lock", lock, locks.UV, tmp_path)] == ([] if fits else [locks.COPY])


def test_a_version_that_a_project_asks_for_and_no_lock_lists_is_said(tmp_path: Path) -> None:
    project = '[project]\nname = "shop"\ndependencies = ["cups==1", "plates>=2", "pots; extra == 1", "pans @ https://x.example/p.whl"]\n'
    lines = "cups==2\nplates==3.0rc1\npots==1\npans==1\n"
    found = read(tmp_path, "requirements.txt", requirements_dot_txt=lines, pyproject_dot_toml=project)
    assert [(item.name, item.skip) for item in found if item.skip] == [("cups", pyproject.UNFIT)]


def test_a_project_of_another_folder_is_held_against_the_lock_above_it(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api/pyproject.toml").write_text('[project]\nname = "api"\ndependencies = ["cups", "plates"]\n', "utf-8")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/all.txt").write_text("cups==1\n", "utf-8")
    paths, projects = ["requirements/all.txt"], ["api/pyproject.toml"]
    found = sources.read(tmp_path, paths, projects)
    assert [(str(item.places[0]), item.skip) for item in found if item.skip] == [("api/pyproject.toml:3", pyproject.UNLISTED)]
    assert list(sources.unlocked(tmp_path, paths, projects)) == []


def test_a_project_without_a_lock_is_named_unless_it_asks_for_nothing(tmp_path: Path) -> None:
    for name, text in {"api": 'dependencies = ["cups"]', "none": "dependencies = []", "odd": "<<<"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").write_text(f'[project]\nname = "x"\n{text}\n', "utf-8")
    projects = [f"{name}/pyproject.toml" for name in ("api", "none", "odd")]
    assert list(sources.unlocked(tmp_path, ["docs/requirements.txt"], projects)) == [
        {"path": "api/pyproject.toml", "reason": pyproject.UNLOCKED},
        {"path": "odd/pyproject.toml", "reason": pyproject.UNREADABLE},
    ]


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock", "Requirements.TXT", "requirements/dev.lock"])
def test_requirements_by_other_names_are_read_as_such(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("cups==1\n", "utf-8")
    assert shown(sources.read(tmp_path, [name])) == [f"cups 1 {name}:1"]
