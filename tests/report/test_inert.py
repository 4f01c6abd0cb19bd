"""Whatever a text from outside holds, no report of any format moves a cursor, commands a CI runner, or becomes markup."""

from __future__ import annotations

import json as json_reader
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from gates.model import Comparison, Record
from gates.report import diff, html, json, junit, markdown, sarif, text
from gates.report.safe import visible
from tests.report.record_factory import BUNDLE, HOSTILE, with_texts


def comparison(record: Record) -> Comparison:
    assert record.comparison is not None
    return record.comparison


#: github is left out: its lines are commands, and `test_github.py` holds them to be ours alone.
REPORTS: dict[str, Callable[[Record], str]] = {
    "text": lambda record: text.render(record, bundle=BUNDLE, color=False, width=100),
    "json": lambda record: json.render(record, exit_code=1, bundle=BUNDLE, problems=()),
    "markdown": lambda record: markdown.render(record, bundle=BUNDLE),
    "html": lambda record: html.render(record, bundle=BUNDLE),
    "diff": lambda record: diff.render(record, comparison(record), digest="5e" * 32, color=False, width=100),
    "diff-json": lambda record: diff.render_json(record, comparison(record), digest="5e" * 32),
    "sarif": sarif.render,
    "junit": junit.render,
}
#: Pieces that mean something to a terminal, a runner, a browser or a reader of Markdown, put together at random.
PIECES = st.sampled_from(
    [
        *(
            "\x1b[2J",
            "\x1b]0;t\x07",
            "\x9b31m",
            "\x90",
            "\x7f",
            "\x08",
            "\u202e",
            "\u2066",
            "\u200b",
            "\u2028",
            "\ufeff",
            "\ud800",
            "\U000e0041",
        ),
        *("\n", "\r\n", "\t", " ", "::error::", "::add-mask::", "##[error]", "::stop-commands::x", "%0A"),
        *("<b>", "</details>", "<!--", "<a href='https://e.example'>", "&#60;b&#62;", "&lt;", '"', "'", "]]>", "{{", "{%"),
        *(
            "[a](https://e.example)",
            "![a](https://e.example/x.png)",
            "<https://e.example>",
            "https://e.example",
            "[a]: https://e.example",
            "[a]",
        ),
        *("# ", "- ", "> ", "```", "`", "**", "~~", "| ", "\\", "@a", "#1", "javascript:alert(1)", "-rf", "x"),
    ]
)
TEXTS = st.lists(PIECES, min_size=1, max_size=8).map("".join).filter(str.strip).map(lambda made: (made,))
ADDRESS = re.compile(r"https?://[^\s<>\"'`\\]+")


def check_characters(rendered: str) -> None:
    rendered.encode()
    assert visible(rendered.replace("\n", "")) == rendered.replace("\n", "")


def check_lines(rendered: str) -> None:
    assert not [line for line in rendered.split("\n") if line.lstrip().startswith("::") or "##[" in line]


@pytest.mark.parametrize("report", REPORTS)
def test_hostile_texts_neither_move_a_cursor_nor_command_a_runner(report: str) -> None:
    rendered = REPORTS[report](with_texts(HOSTILE))
    check_characters(rendered)
    check_lines(rendered)


@pytest.mark.parametrize("report", REPORTS)
@settings(max_examples=25)
@given(texts=TEXTS)
def test_no_mixture_of_pieces_does(report: str, texts: tuple[str, ...]) -> None:
    rendered = REPORTS[report](with_texts(texts))
    check_characters(rendered)
    check_lines(rendered)


def strings(data: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """All strings of JSON data with the key they stand under, without the addresses, ids and Markdown that are not shown as they are."""
    match data:
        case dict():
            for key, item in data.items():
                if key not in {"id", "ruleId", "helpUri", "repositoryUri", "markdown"}:
                    yield from strings(item, key)
        case list():
            for item in data:
                yield from strings(item, name)
        case str():
            yield name, data


@settings(max_examples=25)
@given(texts=TEXTS)
def test_what_sarif_shows_is_plain(texts: tuple[str, ...]) -> None:
    for name, shown in strings(json_reader.loads(sarif.render(with_texts(texts)))):
        check_characters(shown)
        assert name != "text" or "](" not in shown


def links_images_and_tags(rendered: str) -> tuple[list[str], set[str]]:
    """What a reader of Markdown makes of a text: the kinds of tokens in it, and the HTML that it lets through."""
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    tokens = [child for token in reader.parse(rendered) for child in (token, *(token.children or ()))]
    markup = {token.content for token in tokens if token.type == "html_inline"}
    markup |= {tag for token in tokens if token.type == "html_block" for tag in re.findall(r"<[^>]*>", token.content)}
    return [token.type for token in tokens], markup


@settings(max_examples=60)
@given(texts=TEXTS)
def test_a_reader_of_markdown_finds_no_link_image_or_tag_of_theirs(texts: tuple[str, ...]) -> None:
    kinds, markup = links_images_and_tags(markdown.render(with_texts(texts), bundle=BUNDLE))
    assert not {kind for kind in kinds if kind.startswith(("link", "image", "s_", "fence", "code_block", "blockquote"))}
    ours = re.compile(r"</?(code|details|summary|br|b|a)>")
    others = {tag for tag in markup if not ours.fullmatch(tag)}
    assert others <= {f'<a href="{address}">' for made in texts for address in ADDRESS.findall(made)}
