"""Traps of axe-core in a browser: pages that it never saw, and content that it can't reach."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from gates import registry
from gates.adapters.browser import newest_axe
from gates.api import Facts, Stage
from gates.errors import PolicyError
from gates.model import Outcome
from gates.policy.compose import compose
from gates.policy.load import collect_text
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.runners.pages import EXAMPLES, FAULT, copied, good, look, look_at
from tests.traps.accessibility_sites import CLEAN, DOCTORED, DOUBTFUL, HANGS, HIDDEN, LEVEL_A, PARTS, UNSEEN, ByHand, running_by_hand

BY_QUERY = "/index.php?page=account"


@pytest.fixture(scope="module")
def by_hand() -> Iterator[ByHand]:
    """All that is asked of axe-core by hand, in one browser."""
    with running_by_hand() as run:
        yield run


@pytest.fixture(scope="module")
def unseen(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return look_at(UNSEEN | PARTS | {"/": good()}, tmp_path_factory.mktemp("unseen"), ["/", "/missing", "/sandboxed", BY_QUERY, *UNSEEN])


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return look_at(HIDDEN | PARTS, tmp_path_factory.mktemp("hidden"), list(HIDDEN))


@pytest.fixture(scope="module")
def doubtful(tmp_path_factory: pytest.TempPathFactory) -> Facts:
    return look_at(DOUBTFUL | PARTS, tmp_path_factory.mktemp("doubtful"), list(DOUBTFUL))


@trap("X1", "a page that asks for a login redirects to it", alone=CLEAN, here=errored("/account was not examined: it leads to /login"))
def test_x1_a_redirect_to_a_login(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/account"))


@trap(
    "X1",
    "a page that asks for a login redirects to it, and both are one script with another query",
    alone=CLEAN,
    here=errored("/index.php?page=account was not examined: it leads to /index.php where 'page' in the query is gone or another"),
)
def test_x1_a_redirect_to_another_query(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand(BY_QUERY))


@trap("X1", "a page answers with an error, in full", alone=CLEAN, here=errored("/error was not examined: it answered 500"))
def test_x1_an_error_page(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/error"))


@trap("X1", "a page has not drawn itself yet", alone=CLEAN, here=errored("/blank was not examined: it shows nothing"))
def test_x1_a_page_that_is_not_drawn(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/blank"))


@trap("X1", "the script that draws a page fails", alone=CLEAN, here=errored("/script-error was not examined: a script of the page failed"))
def test_x1_a_script_that_fails(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/script-error"))


@trap("X2", "a mistyped tag", alone=CLEAN, here=errored("'wcag22a'"))
def test_x2_a_mistyped_tag(by_hand: ByHand) -> Seen:
    options = {"url": "http://127.0.0.1:1", "pages": ["/"], "standard": "wcag22a"}
    policy = {"version": 1, "gates": {"accessibility": {"options": options}}}
    with pytest.raises(PolicyError) as refused:
        compose(collect_text(Path(), "gates.yaml", json.dumps(policy)), Stage.CHANGE, registry.find)
    alone = by_hand("/faulty", options={"runOnly": ["wcag22a"]})
    return Seen(outcome=Outcome.ERRORED, text=str(refused.value), alone=alone)


@trap("X2", "a mistyped rule", alone=CLEAN, here=errored("`exclude-rules` names 'image-alts', which axe-core"))
def test_x2_a_mistyped_rule(tmp_path: Path, by_hand: ByHand) -> Seen:
    alone = by_hand("/faulty", options={"runOnly": ["image-alts"]})
    return judged(look_at({"/": good(FAULT)}, tmp_path, exclude_rules=["image-alts"]), alone=alone)


@trap("X3", "a fault in a frame of the same site", alone=CLEAN, here=failed("image-alt at /frames iframe > img"))
def test_x3_a_frame_of_the_site(hidden: Facts, by_hand: ByHand) -> Seen:
    return judged(hidden, alone=by_hand("/frames"))


@trap("X3", "a fault in a frame of another site", alone=CLEAN, here=failed("image-alt at /sites iframe > img"))
def test_x3_a_frame_of_another_site(hidden: Facts, by_hand: ByHand) -> Seen:
    return judged(hidden, alone=by_hand("/sites"))


@trap("X3", "a fault in a `srcdoc` frame in a frame", alone=CLEAN, here=failed("image-alt at /deep iframe > iframe > img"))
def test_x3_a_frame_in_a_frame(hidden: Facts, by_hand: ByHand) -> Seen:
    return judged(hidden, alone=by_hand("/deep"))


@trap("X4", "the page replaces `window.axe` with one that finds nothing", alone=CLEAN, here=failed("image-alt at /replaced img"))
def test_x4_the_page_replaces_axe(hidden: Facts, by_hand: ByHand) -> Seen:
    return judged(hidden, alone=by_hand("/replaced"))


@trap(
    "X5",
    "a page sends the browser to an address where nobody listens",
    alone=CLEAN,
    here=errored("/elsewhere was not examined: the browser could not load it"),
)
def test_x5_an_error_page_of_the_browser(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/elsewhere", options=LEVEL_A))


@trap("X5", "a page is not there", alone=CLEAN, here=errored("/missing was not examined: it answered 404"))
def test_x5_a_missing_file(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/missing"))


@trap("X5", "nothing listens at the port", alone=CLEAN, here=errored("/: the browser could not load it"))
def test_x5_a_closed_port(tmp_path: Path, by_hand: ByHand) -> Seen:
    return judged(look(EXAMPLES / "pass", tmp_path, ["/"], url="http://127.0.0.1:1"), alone=by_hand("/elsewhere", options=LEVEL_A))


@trap("X6", "the context of an audit matches nothing", alone=HANGS, here=errored("nothing that fits `wait-for` (#never) appeared in 1 s"))
def test_x6_a_context_that_matches_nothing(tmp_path: Path, by_hand: ByHand) -> Seen:
    facts = look_at({"/": good()}, tmp_path, wait_for="#never", page_timeout=1)
    return judged(facts, alone=by_hand("/faulty", context="'#never'"))


@trap(
    "X6",
    "the policy of a page (`sandbox`) forbids scripts",
    alone=HANGS,
    here=errored("/sandboxed was not examined: its own policy allows no scripts"),
)
def test_x6_a_policy_that_forbids_scripts(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/sandboxed"))


@trap("X7", "text on a gradient", alone=CLEAN, here=passed("needs-review accessibility/color-contrast at /gradient #gradient"))
def test_x7_text_on_a_gradient(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/gradient"))


@trap("X7", "a fault in a closed shadow root", alone=CLEAN, here=passed("needs-review accessibility/closed-shadow-root at /closed"))
def test_x7_a_closed_shadow_root(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/closed"))


@trap(
    "X8",
    "a login page puts the address back that was asked for",
    alone=CLEAN,
    here=errored("/orders was not examined: it leads to /masked"),
)
def test_x8_a_login_under_the_address_that_was_asked_for(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/orders"))


@trap("X9", "a page whose body is not displayed", alone=CLEAN, here=errored("/undisplayed was not examined: it shows nothing"))
def test_x9_a_body_that_is_not_displayed(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/undisplayed"))


@trap("X9", "a page whose body is `inert`", alone=CLEAN, here=errored("/inert was not examined: it shows nothing"))
def test_x9_an_inert_body(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/inert"))


@trap("X9", "a page that only says that it is loading", alone=CLEAN, here=errored("/spinner was not examined: it shows nothing"))
def test_x9_a_page_that_is_loading(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/spinner"))


@trap(
    "X10",
    "a frame whose sandbox allows no scripts",
    alone=CLEAN,
    here=passed(
        "frame-tested at /locked html > body > main > iframe:nth-child(2): A frame was not examined: its sandbox allows no scripts"
    ),
)
def test_x10_a_sandboxed_frame(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/locked"))


@trap("X10", "a frame with a policy of its own that allows no scripts", alone=CLEAN, here=passed("frame-tested at /forbidden"))
def test_x10_a_frame_that_forbids_scripts(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/forbidden"))


@trap(
    "X10",
    "a frame that has not drawn itself",
    alone=CLEAN,
    here=passed("A frame was not examined: it shows nothing"),
)
def test_x10_a_frame_that_is_not_drawn(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/empty"))


@trap("X10", "a frame that is not displayed", alone=CLEAN, here=passed("frame-tested at /undrawn"))
def test_x10_a_frame_that_is_not_displayed(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/undrawn"))


@trap(
    "X10",
    "a frame in an `<object>`",
    alone=CLEAN,
    here=passed("A frame was not examined: axe-core does not look into <object>"),
)
def test_x10_a_frame_in_an_object(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/object"))


@trap("X10", "a frame in a closed shadow root", alone=CLEAN, here=passed("A frame was not examined: it is in a closed shadow root"))
def test_x10_a_frame_in_a_closed_shadow_root(doubtful: Facts, by_hand: ByHand) -> Seen:
    return judged(doubtful, alone=by_hand("/in-closed"))


@trap(
    "X10",
    "a frame that may not be shown in one (`X-Frame-Options`)",
    alone=CLEAN,
    here=errored(
        "/framed was not examined: its frame html > body > main > iframe:nth-child(2) could not be examined: it could not be loaded"
    ),
)
def test_x10_a_blocked_frame(unseen: Facts, by_hand: ByHand) -> Seen:
    return judged(unseen, alone=by_hand("/framed"))


@trap("X11", "a change brings an axe-core that finds the canary and nothing else", alone=CLEAN, here=errored("nobody vouches for it"))
def test_x11_a_doctored_axe(tmp_path: Path, by_hand: ByHand) -> Seen:
    root = copied("fail", tmp_path)
    doctored = root / "axe.min.js"
    doctored.write_text(newest_axe().path.read_text("utf-8") + DOCTORED, "utf-8")
    facts = look(root, tmp_path / "work", ["/"], axe_script="axe.min.js")
    return judged(facts, alone=by_hand("/faulty", script=doctored))
