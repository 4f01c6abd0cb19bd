"""Makes gates(1), gates.yaml(5) and the page of all commands from the argument parser and the tables of the policy. For generate.py."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterator

from gates import registry
from gates.cli.explain import EXIT_CODES
from gates.cli.main import parser_of
from gates.cli.pages import ABOUT, EPILOG, FILES, PAGES, VARIABLES, Page
from gates.cli.parser import SAID
from gates.policy.reference import Row, Section, sections

DOCS = "https://github.com/quality-gates/quality-gates/tree/main/docs"
_WIDTH = 78
#: Where a command line goes on in the next line.
_CONTINUED = re.compile(r" \\\n +")


def parsers() -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    (action,) = (action for action in parser_of(PAGES)._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


def groups(parser: argparse.ArgumentParser) -> Iterator[tuple[str, list[argparse.Action]]]:
    """A command's arguments and options under the headings that its help has, without what every command has."""
    for group in parser._action_groups:
        shown = [action for action in group._group_actions if action.help != argparse.SUPPRESS and action.dest != "help"]
        if shown:
            yield group.title or "", shown


def synopsis(name: str, parser: argparse.ArgumentParser) -> tuple[str, str]:
    """The command, and what may follow it."""
    required = [f"{action.option_strings[-1]} {value(action)}" for action in parser._actions if action.option_strings and action.required]
    arguments = [value(action) for action in parser._actions if not action.option_strings]
    optional = [action for _, found in groups(parser) for action in found if action.option_strings and not action.required]
    return f"gates {name}", " ".join([*required, *(["[OPTIONS]"] if optional else []), *arguments])


def value(action: argparse.Action) -> str:
    """The name of a value; nothing for an option without one."""
    if action.nargs == 0:
        return ""
    named = action.metavar if isinstance(action.metavar, str) else "|".join(map(str, action.choices or ())) or action.dest.upper()
    return f"[{named} ...]" if action.nargs == "*" else f"[{named}]" if action.nargs == "?" else named


# -- manual pages --------------------------------------------------------------------------------


def command_page() -> str:
    """gates(1)."""
    lines = _head("GATES", 1, "gates", "judge a change by one policy, and keep the evidence")
    lines += [".SH SYNOPSIS", ".B gates", ".RB [ \\-C", ".IR DIR ]", ".I COMMAND", ".RI [ ARGUMENTS ]", ".PP", ".B gates \\-\\-version"]
    words = EPILOG.partition("\n\nexit codes:")[0]
    lines += [".SH DESCRIPTION", *_text(ABOUT), *_text(words)]
    lines += [".SH OPTIONS", *_term("-C", "DIR", "Run as though started in this folder.")]
    lines += [
        *_term("--version", "", "Print the version and exit."),
        *_term("-h, --help", "", "Print the help of all commands, or of one."),
    ]
    lines += [".SH COMMANDS", *(line for name, parser in parsers().items() for line in _command(name, PAGES[name], parser))]
    lines += [".SH EXIT STATUS", "Codes 5 to 9 are of", ".B gates verify", "alone."]
    lines += [line for code, meaning in EXIT_CODES.items() for line in _term(str(code), "", meaning)]
    lines += [".SH ENVIRONMENT", *(line for name, meaning in VARIABLES for line in _term(name, "", meaning))]
    lines += [".SH FILES", *(line for name, meaning in FILES for line in _term(name, "", meaning))]
    lines += [".SH SEE ALSO", ".BR gates.yaml (5)", ".PP", _roff(DOCS)]
    return _page(lines)


def policy_page() -> str:
    """gates.yaml(5)."""
    lines = _head("GATES.YAML", 5, "gates.yaml", "the policy file of Quality Gates")
    lines += [".SH DESCRIPTION", *_text(_POLICY), ".SH EXAMPLE", *_verbatim(_EXAMPLE)]
    for section in sections(tuple(registry.find(name) for name in registry.BUILT_IN)):
        lines += _section(section)
    lines += [".SH SEE ALSO", ".BR gates (1)", ".PP", _roff(f"{DOCS}/policy.md")]
    return _page(lines)


_POLICY = """\
A policy says which gates run, at which stage, how strict each is, and which exceptions hold. It is one YAML file at the root of a \
repository. `gates init` writes one that fits the repository, `gates policy check` says all that is wrong in it, and `gates policy show` \
prints what follows from it, each line with the place where it was said.

Policies are laid over each other: what a gate itself says, then `defaults` for its kind, then `gates` under its name; what is said under \
`at` of the stage at hand comes last in each. Of several files those named by `extends` come first, from left to right, and the file \
itself last."""
_EXAMPLE = """\
version: 1
extends: [baseline]
gates:
  tests: {require: {line-coverage: {min: 85}}}
  secrets: {}
  dependencies: {}"""


def _page(lines: list[str]) -> str:
    """The page's text. After a heading a paragraph begins by itself."""
    after = zip(["", *lines], lines, strict=False)
    return "".join(f"{line}\n" for before, line in after if line != ".PP" or not before.startswith((".SH", ".SS")))


def _head(title: str, section: int, name: str, line: str) -> list[str]:
    return [
        '.\\" Written by scripts/generate.py.',
        f'.TH {title} {section} "" "Quality Gates" "Quality Gates"',
        ".SH NAME",
        f"{_roff(name)} \\- {_roff(line)}",
    ]


def _command(name: str, page: Page, parser: argparse.ArgumentParser) -> Iterator[str]:
    command, follows = synopsis(name, parser)
    yield f".SS {command}"
    yield from _wrapped(f"`{command}` {follows}")
    yield from _text(page.about)
    for title, actions in groups(parser):
        if title not in {"arguments", "options"}:
            yield from (".PP", f"{_roff(title.capitalize())}:")
        for action in actions:
            yield from _term(", ".join(action.option_strings), value(action), _sentence(action.help or ""))
    for example, what in page.examples:
        yield from (".PP", f"{_roff(_sentence(what).removesuffix('.'))}:", *_verbatim(example))
    yield from (".PP", *_wrapped(f"Exit codes: {page.codes}"), ".PP", *_wrapped(f"Next: {page.then}"))


def _section(section: Section) -> Iterator[str]:
    yield f".SH {_roff(section.title.replace('`', '')).upper()}"
    yield from _wrapped(section.words or "")
    for row in section.rows:
        yield from _term(row.key, "", _meaning(row))
    if section.planned:
        yield from (".PP", *_wrapped(f"Planned, and refused until they work: {', '.join(f'`{name}`' for name in section.planned)}."))
    if section.measurements:
        yield from (".PP", "It measures, beside what is counted for every gate:")
        for name, meaning in section.measurements:
            yield from _term(name, "", meaning)


def _meaning(row: Row) -> str:
    """What a key means, what it may hold, and what it is when nothing is said."""
    default = " Required." if row.required else f" Default: `{row.default}`." if row.default else ""
    return f"{_sentence(row.help)} ({row.value}){default}"


def _term(name: str, argument: str, meaning: str) -> Iterator[str]:
    bold = f"\\fB{_roff(name)}\\fP" if name else ""
    yield ".TP"
    yield " ".join(filter(None, (bold, f"\\fI{_roff(argument)}\\fP" if argument else "")))
    yield from _wrapped(_sentence(meaning))


def _text(text: str) -> Iterator[str]:
    """Paragraphs as the help has them: plain ones, and lines that are set apart."""
    for paragraph in text.split("\n\n"):
        if not paragraph.startswith(" "):
            yield from (".PP", *_wrapped(paragraph))
            continue
        for line in paragraph.split("\n"):
            found = SAID.fullmatch(line)
            if found is None:
                raise ValueError(f"neither words nor what they mean: {line!r}")
            yield from _term(found[1].strip(), "", found[2])


def _verbatim(text: str) -> list[str]:
    return [".PP", ".RS 4", ".nf", *(f"\\&{_roff(line)}" for line in text.split("\n")), ".fi", ".RE"]


def _wrapped(text: str) -> Iterator[str]:
    """Lines short enough for a source file; what stands between backticks is bold."""
    parts = [f"\\fB{_roff(part)}\\fP" if index % 2 else _roff(part) for index, part in enumerate(text.split("`"))]
    for line in textwrap.wrap("".join(parts), _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield f"\\&{line}" if line.startswith((".", "'")) else line


def _sentence(text: str) -> str:
    """Of a help line of the command a sentence."""
    first = text[:1] if re.match(r"[a-z]+[.=_]", text) else text[:1].upper()
    return f"{first}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def _roff(text: str) -> str:
    """A text with what roff would read as its own, and what is not ASCII, written so that it is shown."""
    text = text.replace("\\", "\\e").replace("-", "\\-")
    return "".join(char if ord(char) < 128 else f"\\[u{ord(char):04X}]" for char in text)


# -- the page of all commands --------------------------------------------------------------------


def markdown() -> str:
    """A section a command, with its examples and options; then the variables that are read."""
    found = [line for name, parser in parsers().items() for line in _markdown(name, PAGES[name], parser)]
    rows = [f"| {', '.join(f'`{word}`' for word in name.split(', '))} | {_cell(meaning)} |" for name, meaning in VARIABLES]
    return "\n".join([*found, "## Variables", "", "| variable | what it does |", "|---|---|", *rows])


def _markdown(name: str, page: Page, parser: argparse.ArgumentParser) -> Iterator[str]:
    command, follows = synopsis(name, parser)
    yield from (f"## `{command}`", "", *_paragraphs(page.about), "```text", f"{command} {follows}", "```", "")
    for example, what in page.examples:
        yield f"- `{_CONTINUED.sub(' ', example)}`: {what}"
    yield ""
    for title, actions in groups(parser):
        heading = "option" if title == "options" else "argument" if title == "arguments" else title
        yield from (f"| {heading} | meaning |", "|---|---|")
        for action in actions:
            shown = " ".join(filter(None, (", ".join(action.option_strings), value(action))))
            yield f"| `{_cell(shown)}` | {_cell(action.help or '')} |"
        yield ""
    yield from (f"Exit codes: {page.codes}", "", f"Next: {page.then}", "")


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in text.split("\n\n"):
        for line in paragraph.split("\n"):
            found = SAID.fullmatch(line)
            yield f"- `{found[1].strip()}`: {found[2]}" if found else line
        yield ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
