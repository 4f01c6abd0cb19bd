"""A waiver is put where a person would write it, and every other byte stays as it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from gates.model import PolicyApproval, Waiver
from gates.policy.insertion import NoPlaceError, add_signature, add_waiver, set_approved, written, written_approval
from tests.policy.making import policy

WAIVER = Waiver(
    id="W-2",
    gate="tests",
    match={"rule": "tests/failure", "path": "a b.py"},
    waiver_class="accepted-risk",
    reason='it says: "no" # yet\n\tand \\ more',
    owner="@shop/platform",
    approver="on",
    created=date(2026, 11, 1),
    expires=date(2026, 11, 30),
)
BLOCK = r"""- id: W-2
  gate: tests
  match: {rule: tests/failure, path: "a b.py"}
  class: accepted-risk
  reason: "it says: \"no\" # yet\n\tand \\ more"
  owner: "@shop/platform"
  approver: on
  created: 2026-11-01
  expires: 2026-11-30
"""
SIGNATURE = "ed25519:" + "A" * 86 + "=="
SIGNED = replace(WAIVER, id="W-1", signature=SIGNATURE)
FIRST = """\
  - id: W-1
    gate: tests
    match: {rule: tests/failure, path: b.py}
    class: mitigated
    reason: r
    owner: o
    approver: a
    created: 2026-11-01
    expires: 2026-11-30
"""
FLOW = (
    "{id: W-1, gate: tests, match: {rule: r, path: b.py}, class: mitigated, reason: r, "
    "owner: o, approver: a, created: 2026-11-01, expires: 2026-11-30}"
)
HEAD = "version: 1\ngates: {tests: {}}\n"


def indented(text: str, by: int) -> str:
    return "".join(" " * by + line for line in text.splitlines(keepends=True))


#: What stands before and after the new waiver: the text without it is the two together.
PLACES = {
    "no list": (HEAD, "", "\nwaivers:\n" + indented(BLOCK, 2)),
    "no list, and a last line that does not end": (HEAD[:-1], "", "\n\nwaivers:\n" + indented(BLOCK, 2)),
    "no list, and a blank line at the end": (HEAD + "\n", "", "waivers:\n" + indented(BLOCK, 2)),
    "no list, and comments at the end": (HEAD + "# that is all\n", "", "\nwaivers:\n" + indented(BLOCK, 2)),
    "no list, and the end of the document": (HEAD, "...\n", "\nwaivers:\n" + indented(BLOCK, 2)),
    "no list, and everything indented": (indented(HEAD, 3), "", "\n   waivers:\n" + indented(BLOCK, 5)),
    "a list at the end": (HEAD + "waivers:\n" + FIRST, "", indented(BLOCK, 2)),
    "a list, comments and more": (HEAD + "waivers:\n" + FIRST, "  # of W-1?\n\n# more\nrunbook: r.md\n", indented(BLOCK, 2)),
    "a list that is not indented": ("waivers:\n" + FIRST.replace("  - ", "- ").replace("    ", "  "), "runbook: x\n" + HEAD, BLOCK),
    "a comment on the last line": (HEAD + "waivers:\n" + FIRST[:-1] + " # soon\n", "runbook: x\n", indented(BLOCK, 2)),
    "a list of one line each": (HEAD + f"waivers:\n    - {FLOW} # one\n", "# two\n", indented(BLOCK, 4)),
    "a text of several lines at the end": (
        HEAD + "waivers:\n" + FIRST.replace("    reason: r\n", "") + "    reason: |\n      one\n\n      two\n",
        "\n\nrunbook: x\n",
        indented(BLOCK, 2),
    ),
    "an item in another order": (
        HEAD + "waivers:\n  - expires: 2026-11-30\n" + FIRST.replace("    expires: 2026-11-30\n", "").replace("  - id", "    id"),
        "decisions: []\n",
        indented(BLOCK, 2),
    ),
}


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("place", PLACES)
def test_a_waiver_is_added_where_it_belongs(place: str, newline: str) -> None:
    before, after, added = (part.replace("\n", newline) for part in PLACES[place])
    assert add_waiver(before + after, WAIVER) == before + added + after
    assert policy(add_waiver(before + after, WAIVER)).waivers[-1] == WAIVER


def test_an_empty_list_is_filled_as_a_person_would() -> None:
    text = HEAD + "waivers: []  # none yet\nrunbook: x\n"
    assert add_waiver(text, WAIVER) == HEAD + "waivers:  # none yet\n" + indented(BLOCK, 2) + "runbook: x\n"


@pytest.mark.parametrize(
    ("before", "after", "opening", "closing"),
    [
        (f"version: 1\nwaivers: [{FLOW}", "]\ngates: {tests: {}}\n", ", ", ""),
        (f"version: 1\nwaivers:\n  [\n    {FLOW}", ",  # the first\n  ]\ngates: {tests: {}}\n", ", ", ""),
        ("{version: 1, gates: {tests: {}}", "}", ", waivers: [", "]"),
        ("{version: 1, gates: {tests: {}}, waivers: [", "]}\n", "", ""),
    ],
)
def test_in_a_list_on_one_line_it_stands_on_that_line(before: str, after: str, opening: str, closing: str) -> None:
    found = add_waiver(before + after, WAIVER)
    assert found.startswith(before + opening + "{id: W-2, gate: tests, match: {rule")
    assert found.endswith("expires: 2026-11-30}" + closing + after)
    assert policy(found).waivers[-1] == WAIVER


def test_what_is_shown_is_what_is_written() -> None:
    assert written(WAIVER) + "\n" == BLOCK


@pytest.mark.parametrize(
    ("before", "after", "added"),
    [
        (HEAD + "waivers:\n" + FIRST, "# end\n", f'    signature: "{SIGNATURE}"\n'),
        (HEAD + "waivers:\n" + FIRST, indented(BLOCK, 2), f'    signature: "{SIGNATURE}"\n'),
        (f"{HEAD}waivers: [{FLOW[:-1]}", "]\n", f', signature: "{SIGNATURE}"}}'),
    ],
)
def test_a_signature_stands_at_the_end_of_its_waiver(before: str, after: str, added: str) -> None:
    text = before + ("}" if added.endswith("}") else "") + after
    found = add_signature(text, SIGNED)
    assert found == before + added + after
    assert policy(found).waivers[0].signature == SIGNATURE


def test_a_new_signature_takes_the_place_of_the_old_one() -> None:
    once = add_signature(HEAD + "waivers:\n" + FIRST + "runbook: x\n", SIGNED)
    other = SIGNATURE.replace("A", "B")
    assert add_signature(once, replace(SIGNED, signature=other)) == once.replace(SIGNATURE, other)


@pytest.mark.parametrize(
    "text", [HEAD, HEAD + "waivers: []\n", HEAD + "waivers:\n" + FIRST.replace("W-1", "W-10"), HEAD + "waivers:\n" + FIRST + FIRST]
)
def test_where_a_waiver_does_not_stand_once_there_is_no_place_to_sign_it(text: str) -> None:
    with pytest.raises(NoPlaceError):
        add_signature(text, SIGNED)


@pytest.mark.parametrize("text", ["", "[]\n", "just a text\n", "waivers: none\n"])
def test_what_is_no_policy_has_no_place(text: str) -> None:
    with pytest.raises(NoPlaceError):
        add_waiver(text, WAIVER)


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Cf"]) | st.sampled_from("\n\t"), min_size=1).filter(str.strip)


@given(reason=TEXTS, owner=TEXTS, path=TEXTS)
def test_whatever_it_says_reads_back_as_it_was_said(reason: str, owner: str, path: str) -> None:
    said = replace(WAIVER, reason=reason, owner=owner, match={"rule": "r", "path": f"x{path}"})
    assert policy(add_waiver(HEAD, said)).waivers == (said,)


ROWS = st.lists(st.sampled_from(["# a comment", "", "a: r.md", 'b: "é: #"', "c:\n- a\n- b", "d: []", "e: |\n  a\n\n"]), max_size=6)


@given(ROWS, ROWS, st.sampled_from(["", "waivers: []", "waivers:\n" + FIRST[:-1], f"waivers: [{FLOW}]"]))
def test_nothing_else_in_the_file_says_anything_else(before: list[str], after: list[str], listed: str) -> None:
    text = "\n".join(["version: 1", *before, listed, *after, "gates: {tests: {}}"])
    found = add_waiver(text, WAIVER)
    old, new = (yaml.load(part, yaml.BaseLoader) for part in (text, found))
    (added,) = new["waivers"][len(old.get("waivers", [])) :]
    assert {**new, "waivers": new["waivers"][:-1]} == {"waivers": [], **old}
    assert added["reason"] == WAIVER.reason


# -- an approval of the whole policy -----------------------------------------------------------

APPROVED = PolicyApproval(
    of=f"sha256:{'0' * 64}",
    to=f"sha256:{'1' * 64}",
    repository="example.org/shop/web",
    by="@anna",
    created=date(2026, 11, 1),
    expires=date(2026, 11, 15),
    signature=SIGNATURE,
)
OTHER = replace(APPROVED, to=f"sha256:{'2' * 64}", repository=None, by="@ben")


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("text", "end"),
    [
        (HEAD, ""),
        (HEAD[:-1], ""),
        (f"# first\n{HEAD}# last\n", ""),
        (HEAD, "...\n"),
        (indented(HEAD, 2), ""),
    ],
)
def test_an_approval_stands_at_the_end(text: str, end: str, newline: str) -> None:
    found = set_approved((text + end).replace("\n", newline), APPROVED)
    by = 2 if text.startswith(" ") else 0
    block = indented(f"{written_approval(APPROVED)}\n", by)
    assert found == f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{block}{end}".replace("\n", newline)
    assert policy(found).approved == APPROVED


def test_an_approval_takes_the_place_of_the_one_there_and_leaves_the_rest() -> None:
    after = "  # for #12\nrunbook: x # of ours\n"
    once = HEAD + written_approval(APPROVED) + after
    assert set_approved(once, OTHER) == HEAD + written_approval(OTHER) + after
    assert set_approved(set_approved(once, OTHER), APPROVED) == once


@pytest.mark.parametrize("text", ["{version: 1, gates: {tests: {}}}", HEAD + "approved: {of: x}  # soon\nrunbook: x\n"])
def test_on_one_line_an_approval_stays_on_it(text: str) -> None:
    found = set_approved(text, APPROVED)
    assert (found.count("\n"), "# soon" in found) == (text.count("\n"), "# soon" in text)
    assert policy(found).approved == APPROVED
    assert policy(set_approved(found, OTHER)).approved == OTHER


@pytest.mark.parametrize("text", ["", "[]\n", f"{HEAD}approved: none\n", f"{HEAD}approved:\n"])
def test_where_an_approval_has_no_place(text: str) -> None:
    with pytest.raises(NoPlaceError):
        set_approved(text, APPROVED)
