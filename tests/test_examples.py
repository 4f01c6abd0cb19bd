"""The two shops differ by the planted faults and by nothing else, and the README of the broken one names each place."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest

from gates.adapters import git

EXAMPLES = Path(__file__).parent.parent / "examples"
SHOP, BROKEN = EXAMPLES / "shop", EXAMPLES / "shop-broken"

#: Each planted fault: what stands in the shop, what stands instead, and the line of the broken shop that the README names.
FAULTS: dict[str, tuple[list[str], list[str], int]] = {
    "tests/test_api.py": (
        ['assert client.get("/api/products/assam").get_json()["price"] == 890'],
        ['assert client.get("/api/products/assam").get_json()["price"] == 980'],
        34,
    ),
    "shop/api.py": (["return jsonify(sold(sku).document())"], ['return jsonify({**sold(sku).document(), "origin": None})'], 40),
    "shop/templates/about.html": (
        ["""<img src="{{ url_for('static', filename='leaf.svg') }}" alt="A tea leaf with its veins" width="120" height="120">"""],
        ["""<img src="{{ url_for('static', filename='leaf.svg') }}" width="120" height="120">"""],
        6,
    ),
    "requirements.txt": (["waitress==3.0.2"], ["waitress==3.0.0"], 8),
    "shop/app.py": ([], [f'app.config["BACKUP_USER"] = "{"AKIA"}LEAFANDCUPTEA234"'], 16),
    "shop/__main__.py": (
        [],
        [
            "import os",
            'parser.add_argument("--open", action="store_true", help="open the shop in a browser")',
            "if arguments.open:",
            'os.system(f"xdg-open http://{arguments.host}:{arguments.port}/")',
        ],
        21,
    ),
}


def files(root: Path) -> set[str]:
    listed = git.list_files(root)
    assert listed, "the examples are part of the repository"
    return set(listed) - {"README.md"}


def test_both_shops_have_the_same_files() -> None:
    assert files(SHOP) == files(BROKEN)


def test_only_the_planted_files_differ() -> None:
    assert {name for name in files(SHOP) if (SHOP / name).read_bytes() != (BROKEN / name).read_bytes()} == set(FAULTS)


@pytest.mark.parametrize("name", FAULTS)
def test_each_file_differs_by_its_fault_alone(name: str) -> None:
    before, after = ((root / name).read_text("utf-8").splitlines() for root in (SHOP, BROKEN))
    changes = [line for line in difflib.ndiff(before, after) if line[:2] in {"- ", "+ "}]
    gone, come, _ = FAULTS[name]
    assert [line[2:].strip() for line in changes if line.startswith("-")] == gone
    assert [line[2:].strip() for line in changes if line.startswith("+")] == come


@pytest.mark.parametrize("name", FAULTS)
def test_the_readme_names_the_place_of_each_fault(name: str) -> None:
    _, come, number = FAULTS[name]
    assert (BROKEN / name).read_text("utf-8").splitlines()[number - 1].strip() == come[-1]
    assert f"`{name}:{number}`" in (BROKEN / "README.md").read_text("utf-8")
