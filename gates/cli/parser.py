"""The argument parser: its errors are data and name what was probably meant; its help is wrapped, and leaves examples as they are."""

from __future__ import annotations

import argparse
import re
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from gates.cli.pages import PAGES
from gates.errors import UsageError

#: Longer lines are hard to read, however wide the terminal.
_WIDEST = 100
#: What an example does, below it; or what a word means, beside it.
SAID = re.compile(r"( {6}| {2}\S.*?\S {2,})(\S.*)")


class Formatter(argparse.HelpFormatter):
    """Wraps paragraphs to the terminal, keeps indented lines, and puts commands under the heading of their group."""

    def __init__(self, prog: str, **kwargs: Any) -> None:
        kwargs["width"] = max(40, min(_WIDEST, shutil.get_terminal_size().columns - 2))
        super().__init__(prog, max_help_position=28, **kwargs)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n\n".join(self._paragraph(part, width, indent) for part in text.split("\n\n"))

    @staticmethod
    def _paragraph(text: str, width: int, indent: str) -> str:
        if text.startswith(" "):
            return "\n".join(_example(indent + line, width) for line in text.split("\n"))
        return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return textwrap.wrap(" ".join(text.split()), width, break_on_hyphens=False)

    def _format_action(self, action: argparse.Action) -> str:
        shown = super()._format_action(action)
        if isinstance(action, argparse._SubParsersAction):
            return shown.partition("\n")[2]  # its own line says COMMAND, as the heading does
        first = next((name for name, page in PAGES.items() if page.group == PAGES[action.dest].group), "") if _is_command(action) else None
        return f"\n  {PAGES[action.dest].group}:\n{shown}" if first == action.dest else shown


def _example(line: str, width: int) -> str:
    """A line that is set apart: a command stays as it is typed, what is said of it is wrapped where it begins."""
    found = SAID.fullmatch(line)
    if found is None:
        return line
    before, said = found.groups()
    return textwrap.fill(said, width, initial_indent=before, subsequent_indent=" " * len(before), break_on_hyphens=False)


def _is_command(action: argparse.Action) -> bool:
    """Whether it is one of the lines that the list of commands is made of."""
    return isinstance(action, argparse._SubParsersAction._ChoicesPseudoAction)


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are ours: data, so that `--format json` can print them.

    With `intermixed`, words and options stand in any order; by itself argparse takes the words that stand together alone.
    """

    intermixed = False

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(formatter_class=Formatter, **kwargs)
        self._positionals.title = "arguments"

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        if not self.intermixed:
            self._check_options(args)
            return super().parse_known_args(args, namespace)
        self.intermixed = False  # it asks this method again
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self.intermixed = True

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, help=f"see `{self.prog} --help`")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        """A choice is checked before it is converted, so that the error names the choices."""
        known = [] if isinstance(action, argparse._SubParsersAction) else [str(choice) for choice in action.choices or ()]
        if known and arg_string not in known:
            name = "/".join(action.option_strings) or action.metavar or action.dest
            raise UsageError(
                f"{name}: {arg_string!r} is none of {', '.join(known)}", help=f"{nearest(arg_string, known)}see `{self.prog} --help`"
            )
        return super()._get_value(action, arg_string)

    def _check_options(self, words: Sequence[str]) -> None:
        """Raises `UsageError` for an option that there is not, before what is missing is complained of: it may be that one, mistyped."""
        for word in words:
            name = word.partition("=")[0]
            if word == "--" or (self._subparsers is not None and word in PAGES):
                return  # what follows are names of files, or a command's own
            if word.startswith("--") and " " not in word and name not in self._option_string_actions:
                shown = [option for option, action in self._option_string_actions.items() if action.help != argparse.SUPPRESS]
                raise UsageError(f"`{self.prog}` has no option {name}", help=f"{nearest(name, shown)}`{self.prog} --help` lists all")


def nearest(word: str, known: Iterable[str], before: str = "") -> str:
    """`did you mean …? ` for the known word that is most like this one; nothing where none is."""
    from difflib import get_close_matches

    found = get_close_matches(word, list(known), n=1)
    return f"did you mean `{before}{found[0]}`? " if found else ""
