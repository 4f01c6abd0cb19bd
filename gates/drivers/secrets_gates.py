"""Which lines of a file a detector can match at all: one pass over its bytes with a pattern for each detector.

A *gate* is a pattern that matches every line on which its detector finds something, and a few more. What no gate names is proven
clean without decoding it, splitting it into lines or loading detect-secrets. The gates were proven against the patterns of the
versions in `PROVEN`; with any other, or without RE2, every line is asked: the same answer, slower.

What makes a gate a superset:

- It is matched against UTF-8 as Latin-1, byte for byte. Where a detector's `\\s`, `\\d` or `\\w` reaches beyond ASCII the gate
  takes every byte from 0x80; where it ignores case, letters that fold to ASCII ones are spelled out: the long s, the Kelvin sign,
  the dotless i and the dotted I.
- It never matches a line's end, and so names a line by what stands on that line alone. A detector's `\\s*` can't cross one either:
  it sees one line. What a transformer makes of several lines is joined before it is matched.
- Counted repetitions stop where the rest no longer narrows anything down.
"""

from __future__ import annotations

import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.util import find_spec
from typing import Any

try:
    import re2
except ImportError:  # every line is asked
    re2 = None

#: Versions of detect-secrets whose detectors and transformers the gates were proven against.
PROVEN = frozenset({"1.5.0"})
_VERSION = re.compile(r"VERSION = '([^']+)'\n")
#: RE2 keeps what it has worked out of an automaton within this, and begins anew where it is full.
_MEMORY = 64 * 2**20

_FOLDED = {"i": rb"(?:[iI]|\xc4[\xb0\xb1])", "k": rb"(?:[kK]|\xe2\x84\xaa)", "s": rb"(?:[sS]|\xc5\xbf)", "ñ": rb"\xc3[\x91\xb1]"}
_SPACE = rb"[\t\x0b\x0c\x1c-\x20\x80-\xff]"
_NOT_SPACE = rb"[^\t-\r\x1c-\x20]"
_WORD = rb"[0-9A-Za-z_\x80-\xff]"
_ANY = rb"[^\r\n]"
_HIGH = rb"\x80-\xff"


def _folded(text: str) -> bytes:
    """A pattern for a text in any case, with the letters beyond ASCII that fold to its own. What is in brackets stays as it is."""
    parts = re.split(r"(\[[^]]*\]|\(\?:|\\.)", text)
    return b"".join(part.encode() if number % 2 else b"".join(map(_letter, part)) for number, part in enumerate(parts))


def _letter(letter: str) -> bytes:
    if letter in _FOLDED:
        return _FOLDED[letter]
    return f"[{letter}{letter.upper()}]".encode() if letter.isalpha() else letter.encode()


def _few(most: int, narrow: bytes, wide: bytes) -> bytes:
    """A pattern for at most so many characters: of ASCII they are counted, where there is any other they are not."""
    return rb"(?:" + narrow + rb"{0,%d}|" % most + wide + rb"*[" + _HIGH + rb"]" + wide + rb"*)"


_KEYWORD = _folded(
    "(?:(?:api|auth|service|account|db|database|priv|private|client)_?key"
    "|(?:db|database|key)_?pass|password|passwd|pwd|secret|contrase(?:ñ|n)a)"
)
_HEADER = _folded("(?:authorization|x-(?:api|auth|access)-(?:key|token))")
_KEY_OR_PASS = _folded("(?:key|pwd|pw|password|pass|token)")
#: Between the name and the value in detect-secrets' `build_assignment_regex`: `=`, `:`, `:=`, `=>`, `::` or spaces, spaces around.
_ASSIGNED = rb"[\"']?\]?[ =:>]+[\"']?"
_NOT_RESERVED = rb"[^\t-\r\x1c-\x20:/?#\[\]@!$&'()*+,;=]"
_TOKEN = rb"[a-zA-Z0-9_\-]"
_TOKEN_HIGH = rb"[a-zA-Z0-9_\-" + _HIGH + rb"]"
#: A value of the keyword detector: it begins with a letter, a digit or `_`, and holds no quote but the backtick.
_VALUE = rb"(?:" + rb"|".join(quote + _WORD + rb"[^\r\n\"']*" + quote for quote in (b'"', b"'", b"`")) + rb")"
_BASE64 = rb"A-Za-z0-9+/\\\-_="

#: Bits a character that a quoted value must have more of, each a little less than what detect-secrets asks for: it sums otherwise.
_RANDOM = {"high-entropy-base64": 4.49, "high-entropy-hex": 2.99}
#: What is looked for line by line where a gate matched in a file, instead of its own pattern: narrower, and too slow for every file; or the
#: beginning of a quoted value alone, as one quote may end a value and begin the next.
_LINE_BY_LINE = {
    "discord-bot-token": rb"[MNO]" + _TOKEN_HIGH + rb"{23,}\." + _TOKEN_HIGH + rb"{6,}\." + _TOKEN_HIGH + rb"{27}",
    "high-entropy-base64": rb"[\"'][" + _BASE64 + rb"]{23,}",
    "high-entropy-hex": rb"[\"'][0-9a-fA-F]{8,}",
}

#: (rule, pattern) for detect-secrets' detectors. A rule may have several.
ENGINE_GATES: tuple[tuple[str, bytes], ...] = (
    ("artifactory-credentials", rb"AKC[a-zA-Z0-9]{10}"),
    ("artifactory-credentials", rb"AP(?:[0-9A-F]|[" + _HIGH + rb"]{2,4})[a-zA-Z0-9]{8}"),
    ("aws-access-key", rb"(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{16}"),
    ("aws-access-key", _folded("aws") + _few(48, rb"[^\r\n\x80-\xff]", _ANY) + rb"[\"'][0-9A-Za-z/+" + _HIGH + rb"]{40}"),
    ("azure-storage-key", rb"AccountKey=[a-zA-Z0-9+/=]{8}"),
    ("basic-auth", rb"://" + _NOT_RESERVED + rb"+:" + _NOT_RESERVED + rb"+@"),
    (
        "cloudant-credentials",
        _folded("cl(?:ou(?:dant)?)?[_-]?(?:api)?") + _KEY_OR_PASS + _ASSIGNED + rb"[0-9A-Za-z" + _HIGH + rb"]{24}",
    ),
    ("cloudant-credentials", _folded(r"cloudant\.com")),
    # anchored at the dots: a run of letters that may begin anywhere has an automaton of its own for each place
    (
        "discord-bot-token",
        rb"\.(?:" + _TOKEN + rb"{6}|" + _TOKEN + rb"{0,5}[" + _HIGH + rb"]" + _TOKEN_HIGH + rb"*)\." + _TOKEN_HIGH + rb"{27}",
    ),
    ("github-token", rb"gh[pousr]_[A-Za-z0-9_]{36}"),
    ("gitlab-token", rb"(?:gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas)-|GR1348941)[A-Za-z0-9_\-]{20}"),
    ("high-entropy-base64", rb"[\"'][" + _BASE64 + rb"]{23,}[\"']"),
    ("high-entropy-hex", rb"[\"'][0-9a-fA-F]{8,}[\"']"),
    ("ibm-cloud-iam-key", _KEY_OR_PASS + _ASSIGNED + rb"[a-zA-Z0-9_\-" + _HIGH + rb"]{44}"),
    ("ibm-cos-hmac-key", _folded("secret[-_]?(?:access)?[-_]?key") + _ASSIGNED + rb"[a-fA-F0-9]{48}"),
    ("json-web-token", rb"eyJ[A-Za-z0-9\-_=]+\.[A-Za-z0-9\-_=]"),
    # a name, and behind it an assignment or a call, then a quoted value
    (
        "keyword",
        _KEYWORD + _WORD + rb"*(?:[\]'\"]{0,2}|\[[0-9]*\])" + _SPACE + rb"*[:=!][!=>]{0,2}" + _SPACE + rb"*@?" + _VALUE,
    ),
    ("keyword", _KEYWORD + _WORD + rb"*(?:" + _ANY + rb"{1,4}assign)?\(" + _VALUE),
    # a name, not much more up to a gap, a quoted value and a semicolon
    (
        "keyword",
        _KEYWORD + _WORD + rb"*" + _few(50, rb"[^\t-\r\x1c-\x20\x80-\xff]", _NOT_SPACE) + _SPACE + rb"*" + _VALUE + rb";",
    ),
    # a quoted value that is compared with a name
    ("keyword", rb"[^\r\n,'\"`][\"'`]" + _SPACE + rb"*[!=]{2,3}" + _SPACE + rb"*" + _WORD + rb"*" + _KEYWORD),
    ("mailchimp-access-key", rb"-us[0-9]"),
    ("npm-token", rb"/:_authToken="),
    ("openai-token", rb"T3BlbkFJ"),
    ("private-key", rb"PRIVATE KEY|PuTTY-User-Key-File-[2]"),
    ("public-ip", rb"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]"),
    ("pypi-token", rb"pypi-AgE"),
    ("sendgrid-api-key", rb"SG\.[a-zA-Z0-9_-]{22}\."),
    ("slack-token", _folded("xox(?:a|b|p|o|s|r)-") + rb"[0-9" + _HIGH + rb"]"),
    ("slack-token", _folded(r"hooks\.slack\.com/services/t")),
    (
        "softlayer-credentials",
        _folded("(?:softlayer|sl)[_-]?(?:api)?[_-]?") + _KEY_OR_PASS + _ASSIGNED + rb"[a-zA-Z0-9" + _HIGH + rb"]{64}",
    ),
    ("softlayer-credentials", _folded("api") + _ANY + rb"{1,4}" + _folded("softlayer")),
    ("square-oauth-secret", rb"sq0csp-"),
    ("stripe-access-key", rb"[rs]k_live_"),
    ("telegram-bot-token", rb"[0-9" + _HIGH + rb"]{8}:[0-9A-Za-z_\-]{35}"),
    ("twilio-api-key", rb"(?:AC|SK)[a-z0-9]{32}"),
)
#: Endings of files of which detect-secrets knows the kind. Any other may be INI without a section.
YAML = frozenset({".yaml", ".yml", ".eyaml"})
#: Of these the keyword detector takes values without quotes: a name, and behind it an assignment.
UNQUOTED = YAML | {".cf", ".cfg", ".cnf", ".conf", ".go", ".ini", ".properties", ".toml"}
KNOWN = UNQUOTED | {
    *(".c", ".cls", ".cpp", ".cs", ".example", ".java", ".js", ".m", ".php", ".py", ".pyi", ".swift", ".tf"),
}
_UNQUOTED_KEYWORD = _KEYWORD + _WORD + rb"*[\]'\"]{0,2}" + _SPACE + rb"*(?::=?|={1,3}|!={1,2})" + _SPACE + rb"*[\"'`]?" + _WORD

#: (rule, pattern) for detectors of ours, by the same rules.
OWN_GATES: tuple[tuple[str, bytes], ...] = (
    ("age-secret-key", rb"AGE-SECRET-KEY-1"),
    ("anthropic-token", rb"sk-ant-"),
    ("authorization-header", _HEADER + rb"[\"']?\]?" + _SPACE + rb"*[:=,]"),
    ("databricks-token", rb"dapi[a-f0-9]{32}"),
    ("digitalocean-token", rb"do[opr]_v1_"),
    ("docker-hub-token", rb"dckr_[po]at_"),
    ("encrypted-private-key", rb"ENCRYPTED PRIVATE KEY"),
    ("github-token", rb"github_pat_"),
    ("google-api-key", rb"AIza[0-9A-Za-z_\-]{35}"),
    ("google-oauth-secret", rb"GOCSPX-"),
    ("hashicorp-vault-token", rb"hv[sbr]\.[A-Za-z0-9_\-]{24}"),
    ("hugging-face-token", rb"hf_[A-Za-z]{34}"),
    ("linear-api-key", rb"lin_api_"),
    ("new-relic-key", rb"NRAK-"),
    ("npm-token", rb"npm_[A-Za-z0-9]{36}"),
    ("openai-token", rb"sk-(?:proj|svcacct|admin)-"),
    ("postman-api-key", rb"PMAK-"),
    ("private-key", rb"PuTTY-User-Key-File-[3]"),
    ("sentry-token", rb"sntry[su]_"),
    ("shopify-token", rb"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}"),
    ("slack-token", rb"xapp-[0-9" + _HIGH + rb"]"),
    ("terraform-cloud-token", rb"\.atlasv1\."),
)

# -- files that detect-secrets rewrites before it looks

_BEFORE = rb"(?:\A|[\x00-\x20\"',:=>{\[" + _HIGH + rb"])"
_BEHIND = rb"(?:\z|[\x00-\x20\"',}\]" + _HIGH + rb"])"
#: (name, pattern) without quotes, for YAML and INI. A transformer takes away and adds spaces, line ends, quotes, and backslashes before
#: quotes; what holds none of these stands in the file as in its lines. So for a detector whose pattern has no space and no quote its own
#: gate holds, and for each other one stands here what must be left of it.
LOOSE_GATES: tuple[tuple[str, bytes], ...] = (
    ("keyword", _KEYWORD),
    # and the second form for AWS. A quote within a value gets a backslash, which base64 has too: one character less
    ("high-entropy-base64", _BEFORE + rb"[" + _BASE64 + _HIGH + rb"]{22,}" + _BEHIND),
    ("high-entropy-hex", _BEFORE + rb"[0-9a-fA-F]{8,}" + _BEHIND),
    # Cloudant, IBM and SoftLayer: the value alone, as its name may stand on another line or be an alias
    ("assigned", _BEFORE + _TOKEN_HIGH + rb"{24}"),
    ("private-key", rb"PRIVATE"),
    ("authorization-header", _HEADER),
)
#: What makes text in YAML that does not stand in the file: escapes, and binary values, which are encoded anew; in INI: interpolation.
_YAML_MAKES = rb"\\|binary|![^\t-\r ]*%"
_INI_MAKES = rb"%\("
_ONE_LINE = {ord("\r"): "\x0b", ord("\n"): "\x0b"}
#: Blank lines and comments, then a bracket: without one there is no section, and `configparser` gives up.
_SECTION = re.compile(rb"(?:[\x00-\x20\x7f-\xff]*+(?:[#;][^\r\n]*+)?(?:[\r\n]|\Z))*+[\x00-\x20\x7f-\xff]*+\[")
#: A line that begins at its left edge and is no section, comment or assignment: `configparser` gives up on the whole file.
_NO_INI = re.compile(rb"(?:\A|[\r\n])[!\"$-9<>-Z\\-~][^\r\n:=]*+(?![:=])")


def own(rule: str) -> str:
    """The name of one of our own detectors: the engine's may have the same rule."""
    return f"own {rule}"


def loose(name: str) -> str:
    """The name of a quote-free gate."""
    return f"quote-free {name}"


def is_usable() -> bool:
    """Whether there is RE2, and this is a detect-secrets that the gates were proven against."""
    return re2 is not None and engine_version() in PROVEN


def engine_version() -> str:
    """The version of the detect-secrets that would be imported, read from it without importing it; empty where it does not say."""
    spec = find_spec("detect_secrets")
    if spec is None or spec.origin is None:
        return ""
    try:
        with open(os.path.join(os.path.dirname(spec.origin), "__version__.py"), encoding="utf-8") as file:
            found = _VERSION.fullmatch(file.read())
    except (OSError, UnicodeDecodeError):
        return ""
    return found.group(1) if found else ""


def can_be_rewritten(path: str, data: bytes) -> bool:
    """Whether one of detect-secrets' transformers may take a file apart: YAML by its name, INI by what stands in it."""
    ending = _ending(path)
    if ending in YAML:
        return True
    return (ending not in KNOWN or _SECTION.match(data) is not None) and not _NO_INI.search(data)


def _ending(path: str) -> str:
    return os.path.splitext(path)[1]


def as_data(lines: Sequence[str]) -> bytes:
    """Lines that a transformer made, as gates read them. One of several stays one: all that its line ends are to a detector is space."""
    text = "\n".join(lines)
    if "\r" in text or text.count("\n") != len(lines) - 1:
        text = "\n".join(line.translate(_ONE_LINE) for line in lines)
    return text.encode("utf-8", "surrogatepass")


def _options() -> Any:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    options.max_mem = _MEMORY
    return options


@cache
def _pattern(pattern: bytes) -> Any:
    return re2.compile(pattern, _options())


def _lines(data: bytes, pattern: bytes, bits: float) -> Iterator[int]:
    """Numbers of the lines, from 1, on which a pattern matches. With `bits` a quote must follow, and what stands between it and the quote
    that the pattern begins with must be as random as that.
    """
    number, counted, place = 1, 0, 0
    while match := _pattern(pattern).search(data, place):
        start, place = match.span()
        if bits and (data[place : place + 1] not in (b"'", b'"') or _entropy(data[start + 1 : place]) < bits):
            continue
        number += data.count(b"\n", counted, place)
        yield number
        counted = place = data.find(b"\n", place)
        if place < 0:
            return


def _entropy(value: bytes) -> float:
    """Shannon entropy in bits a character."""
    return math.log2(len(value)) - sum(count * math.log2(count) for count in Counter(value).values()) / len(value)


class BlindError(Exception):
    """RE2 gave no answer: it has run out of memory."""


class _Set:
    """Patterns that are matched together. The first of them matches any text: without it in the answer there was none."""

    def __init__(self, patterns: Iterable[bytes]) -> None:
        self._set = re2.Set.SearchSet(_options())
        for pattern in (rb"\A", *patterns):
            self._set.Add(pattern)
        self._set.Compile()

    def match(self, data: bytes) -> list[int]:
        """Numbers of the patterns, from 0, that match somewhere in the data."""
        found = self._set.Match(data)
        if found == [0]:
            return []
        if not found or 0 not in found:
            raise BlindError("RE2 gave no answer")
        return sorted(number - 1 for number in found if number)


class Prefilter:
    """The gates of a mode. What stands for a detector is its rule, and for one of ours `own` before it, as the canary names them.

    `data` is a text in UTF-8. Raises `BlindError` where RE2 breaks down: nothing is clean then.
    """

    def __init__(self, *, strict: bool) -> None:
        ours = tuple((own(rule), pattern) for rule, pattern in OWN_GATES) if strict else ()
        self._gates = (*ENGINE_GATES, ("keyword", _UNQUOTED_KEYWORD), *ours)
        self._unquoted = len(ENGINE_GATES)
        self._set = _Set(pattern for _, pattern in self._gates)
        self._last: tuple[str, bytes, dict[int, set[str]]] = ("", b"", {})
        self._loose = _Set((*(pattern for _, pattern in LOOSE_GATES), _YAML_MAKES, _INI_MAKES))

    @property
    def forms(self) -> list[str]:
        """The gates by name: that of the detector, and a number behind it from its second gate on."""
        names = [name for name, _ in self._gates]
        earlier = [names[:number].count(name) for number, name in enumerate(names)]
        return [f"{name} {count + 1}" if count else name for name, count in zip(names, earlier, strict=True)]

    def forms_of(self, path: str, data: bytes) -> list[str]:
        """The gates that match in a file as it is."""
        forms = self.forms
        return [forms[number] for number in self._matched(path, data)]

    def loose_names(self, data: bytes) -> set[str]:
        """The quote-free gates that match."""
        return {LOOSE_GATES[number][0] for number in self._loose.match(data) if number < len(LOOSE_GATES)}

    def is_clean(self, path: str, data: bytes, *, rewritten: bool = True) -> bool:
        """Whether no detector finds anything in a file, as it is and, if `rewritten`, as a transformer of detect-secrets makes it."""
        if self.by_line(path, data):
            return False
        return not rewritten or not can_be_rewritten(path, data) or not self._makes_loose(path, data)

    def _makes_loose(self, path: str, data: bytes) -> bool:
        """Whether a transformer of detect-secrets may make a line on which a detector finds something."""
        makes = len(LOOSE_GATES) + (0 if _ending(path) in YAML else 1)
        return any(number < len(LOOSE_GATES) or number == makes for number in self._loose.match(data))

    def by_line(self, path: str, data: bytes) -> dict[int, set[str]]:
        """The lines, from 1, on which a detector may find something, and which."""
        if self._last[:2] != (path, data):  # a file that is not clean is asked about twice
            self._last = (path, data, self._by_line(path, data))
        return self._last[2]

    def _by_line(self, path: str, data: bytes) -> dict[int, set[str]]:
        matched = self._matched(path, data)
        if matched and b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        asked: dict[int, set[str]] = {}
        for index in matched:
            name, pattern = self._gates[index]
            for number in _lines(data, _LINE_BY_LINE.get(name, pattern), _RANDOM.get(name, 0)):
                asked.setdefault(number, set()).add(name)
        return dict(sorted(asked.items()))

    def _matched(self, path: str, data: bytes) -> list[int]:
        found = self._set.match(data)
        if self._unquoted in found and _ending(path) not in UNQUOTED:
            found.remove(self._unquoted)
        return found
