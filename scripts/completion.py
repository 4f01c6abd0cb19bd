"""Makes the scripts that complete `gates` in bash, zsh and fish from its argument parser. Used by scripts/generate.py."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

from gates import registry
from gates.cli.explain import EXIT_CODES
from gates.cli.main import parser_of
from gates.cli.output import FORMATS
from gates.cli.pages import PAGES


class Kind(Enum):
    """What stands in the place of a value."""

    NOTHING = "nothing that could be known"
    WORDS = "one of some words"
    FILES = "a file"
    FOLDERS = "a folder"
    REVISIONS = "a branch or tag"


#: By the name that the help gives to a value.
KINDS = {
    **dict.fromkeys(("FILE", "FILES", "PATH", "BUNDLE", "PLAN", "PART", "A", "B", "REF[#sha256:…]"), Kind.FILES),
    "DIR": Kind.FOLDERS,
    **dict.fromkeys(("REV", "BASE [HEAD]"), Kind.REVISIONS),
}
#: Words that are no choices of the parser, since others are right too.
WORDS = {
    ("run", "--gate"): registry.BUILT_IN,
    ("plan", "--gate"): registry.BUILT_IN,
    ("explain", "THING"): (*registry.BUILT_IN, *map(str, EXIT_CODES)),
    ("run", "--report"): tuple(f"{name}=" for name in FORMATS),
    ("judge", "--report"): tuple(f"{name}=" for name in FORMATS),
    ("verify", "--require"): ("signed", "timestamped", "signed,timestamped"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """An option with its value, or an argument (`names` is empty then)."""

    names: tuple[str, ...]
    help: str
    metavar: str
    kind: Kind
    words: tuple[str, ...]
    repeatable: bool

    @property
    def flag(self) -> bool:
        """An option without a value."""
        return bool(self.names) and not self.metavar


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    name: str
    line: str
    options: tuple[Value, ...]
    arguments: tuple[Value, ...]


def scripts() -> dict[str, str]:
    """The script for each shell, by the shell's name."""
    found = commands()
    return {"bash": bash(found), "zsh": zsh(found), "fish": fish(found)}


def commands() -> tuple[Command, ...]:
    parser = parser_of(PAGES)
    (action,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return tuple(_command(name, command) for name, command in action.choices.items())


def _command(name: str, parser: argparse.ArgumentParser) -> Command:
    values = [_value(name, action) for action in parser._actions if action.help != argparse.SUPPRESS]
    return Command(
        name=name,
        line=PAGES[name].line,
        options=tuple(value for value in values if value.names),
        arguments=tuple(value for value in values if not value.names),
    )


def _value(command: str, action: argparse.Action) -> Value:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    words = tuple(map(str, action.choices or ())) or next(
        (WORDS[command, name] for name in (*action.option_strings, metavar) if (command, name) in WORDS), ()
    )
    return Value(
        names=tuple(action.option_strings),
        help=action.help or "",
        metavar="" if action.nargs == 0 else metavar,
        kind=Kind.WORDS if words else KINDS.get(metavar, Kind.NOTHING),
        words=words,
        repeatable=action.nargs == "*" or isinstance(action, argparse._AppendAction),
    )


# -- bash ----------------------------------------------------------------------------------------

_BASH = """\
# Completion of `gates` for bash, from version 3.2. Written by scripts/generate.py.

# Offers those of the words that begin like what is typed.
_gates_words() {
  local known
  for known in "$@"; do
    if [[ $known == "$typed"* ]]; then COMPREPLY+=("$known"); fi
  done
  # A file's name follows.
  if [[ $1 == *= ]]; then compopt -o nospace 2>/dev/null; fi
}

# Offers files, or with -d folders.
_gates_files() {
  local found
  compopt -o filenames 2>/dev/null
  while IFS= read -r found; do COMPREPLY+=("$found"); done < <(compgen "$1" -- "$typed")
}

_gates_revisions() {
  local found
  while IFS= read -r found; do
    _gates_words "$found"
  done < <(git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null)
}

# Whether one of the words stands between the command and what is typed.
_gates_said() {
  local word known
  for word in "${COMP_WORDS[@]:index + 1:COMP_CWORD - index - 1}"; do
    for known in "$@"; do
      if [[ $word == "$known" ]]; then return 0; fi
    done
  done
  return 1
}

_gates() {
  local typed=${COMP_WORDS[COMP_CWORD]} option=${COMP_WORDS[COMP_CWORD - 1]} command= index
  COMPREPLY=()
  # `--stage=ch` comes as three words.
  if [[ $typed == = ]]; then
    typed=
  elif [[ $option == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((index = 1; index < COMP_CWORD; index++)); do
    case ${COMP_WORDS[index]} in
      -C) ((index++)) ;;
      -*) ;;
      *)
        command=${COMP_WORDS[index]}
        break
        ;;
    esac
  done
  case "$command $option" in
@VALUES@
  esac
  if [[ $typed == -* ]]; then
    case $command in
@OPTIONS@
    esac
    return
  fi
  case $command in
@ARGUMENTS@
  esac
}

complete -F _gates gates
"""


def bash(found: Iterable[Command]) -> str:
    values: dict[str, list[str]] = {_bash_offer(Kind.FOLDERS, ()): ["' -C'"]}
    options, arguments = ["      '') _gates_words -h --help --version -C ;;"], [f"    '') _gates_words {' '.join(PAGES)} ;;"]
    for command in found:
        for value in command.options:
            if not value.flag:
                values.setdefault(_bash_offer(value.kind, value.words), []).extend(f"'{command.name} {name}'" for name in value.names)
        options.append(f"      {command.name}) _gates_words {' '.join(name for value in command.options for name in value.names)} ;;")
        arguments += _bash_arguments(command)
    cases = [line for offer, patterns in values.items() for line in _bash_case(patterns, offer)]
    filled = _BASH.replace("@VALUES@", "\n".join(cases)).replace("@OPTIONS@", "\n".join(options))
    return filled.replace("@ARGUMENTS@", "\n".join(arguments))


def _bash_case(patterns: list[str], offer: str) -> Iterator[str]:
    yield "    " + " | \\\n      ".join(patterns) + ")"
    if offer:
        yield f"      {offer}"
    yield "      return"
    yield "      ;;"


def _bash_offer(kind: Kind, words: Iterable[str]) -> str:
    match kind:
        case Kind.WORDS:
            return f"_gates_words {' '.join(words)}"
        case Kind.FILES:
            return "_gates_files -f"
        case Kind.FOLDERS:
            return "_gates_files -d"
        case Kind.REVISIONS:
            return "_gates_revisions"
        case Kind.NOTHING:
            return ""


def _bash_arguments(command: Command) -> Iterator[str]:
    """One that is a choice comes first and is offered until it is said; then what follows it."""
    offers = [(value, _bash_offer(value.kind, value.words)) for value in command.arguments]
    offers = [(value, offer) for value, offer in offers if offer]
    if not offers:
        return
    yield f"    {command.name})"
    first, offer = offers[0]
    if first.kind is Kind.WORDS:
        said = f"_gates_said {' '.join(first.words)}"
        yield f"      if {said}; then {offers[1][1]}; else {offer}; fi" if len(offers) > 1 else f"      {said} || {offer}"
    else:
        yield f"      {offer}"
    yield "      ;;"


# -- zsh -----------------------------------------------------------------------------------------

_ZSH = """\
#compdef gates
# Completion of `gates` for zsh. Written by scripts/generate.py.

_gates_revisions() {
  local -a found
  found=(${(f)"$(git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null)"})
  compadd -a found
}

_gates_commands() {
  local -a found
  found=(
@COMMANDS@
  )
  _describe -t commands command found
}

_gates() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C \\
    '(- : *)'{-h,--help}'[show this help message and exit]' \\
    '(- : *)--version[print the version and exit]' \\
    '-C[run as though started in this folder]:DIR:_files -/' \\
    '1:command:_gates_commands' \\
    '*::argument:->arguments'
  [[ $state == arguments ]] || return
  curcontext="${curcontext%:*:*}:gates-$line[1]:"
  case $line[1] in
@CASES@
  esac
}

# Sourced it registers itself; from `fpath` it is the function.
if [[ $funcstack[1] == _gates ]]; then _gates "$@"; else compdef _gates gates; fi
"""


def zsh(found: Iterable[Command]) -> str:
    lines = [f"    {_quoted(f'{command.name}:{command.line}')}" for command in found]
    cases = [line for command in found for line in _zsh_case(command)]
    return _ZSH.replace("@COMMANDS@", "\n".join(lines)).replace("@CASES@", "\n".join(cases))


def _zsh_case(command: Command) -> Iterator[str]:
    specs = [spec for value in command.options for spec in _zsh_option(value)]
    specs += [
        _quoted(f"{'*' if value.repeatable else position}:{_escaped(value.metavar)}:{_zsh_action(value)}")
        for position, value in enumerate(command.arguments, 1)
    ]
    yield f"    {command.name})"
    yield "      _arguments \\"
    yield " \\\n".join(f"        {spec}" for spec in specs)
    yield "      ;;"


def _zsh_option(value: Value) -> Iterator[str]:
    for name in value.names:
        excluded = "*" if value.repeatable else "(- : *)" if "--help" in value.names else ""
        takes = "" if value.flag else f":{_escaped(value.metavar)}:{_zsh_action(value)}"
        yield _quoted(f"{excluded}{name}{'=' if takes and name.startswith('--') else ''}[{_escaped(value.help)}]{takes}")


def _zsh_action(value: Value) -> str:
    match value.kind:
        case Kind.WORDS if value.words[0].endswith("="):
            return f'compadd -S "" - {" ".join(value.words)}'  # a file's name follows
        case Kind.WORDS:
            return f"({' '.join(value.words)})"
        case Kind.FILES:
            return "_files"
        case Kind.FOLDERS:
            return "_files -/"
        case Kind.REVISIONS:
            return "_gates_revisions"
        case Kind.NOTHING:
            return " "


def _escaped(text: str) -> str:
    """For the parts of what `_arguments` reads."""
    return re.sub(r"([\[\]:\\])", r"\\\1", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


# -- fish ----------------------------------------------------------------------------------------

_FISH = """\
# Completion of `gates` for fish. Written by scripts/generate.py.

# The words before the cursor, from the command on.
function __gates_words
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case -C
                set -e words[1]
            case '-*'
            case '*'
                printf '%s\n' $words
                return
        end
        set -e words[1]
    end
end

# Whether this is the command (none: ''), and none of the other words follows it yet.
function __gates_at
    set -l words (__gates_words)
    test "$words[1]" = "$argv[1]"
    or return
    set -e words[1]
    for word in $argv[2..-1]
        contains -- $word $words
        and return 1
    end
    return 0
end

function __gates_revisions
    git for-each-ref --format='%(refname:short)' refs/heads refs/remotes refs/tags 2>/dev/null
end

complete -c gates -f
complete -c gates -n "__gates_at ''" -s h -l help -d 'show this help message and exit'
complete -c gates -n "__gates_at ''" -l version -d 'print the version and exit'
complete -c gates -n "__gates_at ''" -s C -x -a '(__fish_complete_directories)' -d 'run as though started in this folder'
"""


def fish(found: Iterable[Command]) -> str:
    return _FISH + "".join(f"{line}\n" for command in found for line in _fish_command(command))


def _fish_command(command: Command) -> Iterator[str]:
    yield f"complete -c gates -n \"__gates_at ''\" -a {command.name} -d {_in_fish(command.line)}"
    for value in command.options:
        names = " ".join(f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in value.names)
        yield f"complete -c gates -n '__gates_at {command.name}' {names}{_fish_value(value)} -d {_in_fish(value.help)}"
    yield from dict.fromkeys(_fish_arguments(command))


def _fish_arguments(command: Command) -> Iterator[str]:
    said: tuple[str, ...] = ()
    for value in command.arguments:
        first = value.words if value.kind is Kind.WORDS and not value.repeatable else ()
        offer = _fish_value(value).replace(" -x", "").replace(" -r", "")
        if offer:
            condition = " ".join(("__gates_at", command.name, *first))
            condition += f"; and not __gates_at {command.name} {' '.join(said)}" if said else ""
            yield f"complete -c gates -n '{condition}'{offer}"
        said = said or first


def _fish_value(value: Value) -> str:
    match value.kind:
        case _ if value.flag:
            return ""
        case Kind.WORDS:
            return f" -x -a '{' '.join(value.words)}'"
        case Kind.FILES:
            return " -r -F"
        case Kind.FOLDERS:
            return " -x -a '(__fish_complete_directories)'"
        case Kind.REVISIONS:
            return " -x -a '(__gates_revisions)'"
        case Kind.NOTHING:
            return " -x"


def _in_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
