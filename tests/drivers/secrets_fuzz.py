"""Files that lie near to a secret: samples of each detector, changed a little, in the surroundings of many kinds of file.

The same seed makes the same file. For a long run by hand: `python -m tests.drivers.secrets_fuzz FIRST COUNT`.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from detect_secrets.core.scan import scan_file, scan_for_allowlisted_secrets_in_file
from detect_secrets.settings import default_settings, get_filters, get_plugins

from gates.drivers import secrets_canary
from gates.drivers.secrets_driver import Scanned, Scanner

ENDINGS = (
    *("py", "js", "go", "java", "php", "swift", "tf", "cs", "c", "cpp", "m", "cls"),
    *("yaml", "yml", "eyaml", "yaml", "yml", "ini", "cfg", "conf", "cnf", "properties", "toml"),
    *("txt", "md", "env", "json", "html", "sh", "xml", "", "example"),
)
KEYWORDS = (
    *(
        "password",
        "PASSWD",
        "\u017fecret",
        "secret",
        "api_\u212aey",
        "apikey",
        "ap\u0131_key",
        "pwd",
        "contraseña",
        "CONTRASEÑA",
        "contrasena",
    ),
    *(
        "db_pass",
        "database_pass",
        "priv\u0130ate_key",
        "private_key",
        "client_key",
        "service_key",
        "keypass",
        "token",
        "aws_key",
        "key",
        "id",
    ),
    *(
        "cloudant_key",
        "cl-api-pass",
        "softlayer_api_key",
        "sl_\u017fecret",
        "ibm_cloud_iam_api_key",
        "secret-access-key",
        "cos_hmac_secret_key",
    ),
    *("Authorization", "x-api-key", "author\u0130zation", "sha256", "integrity", "user_id", "name", "port"),
)
MARKS = (
    *("=", ":", " = ", ": ", "==", " == ", "!=", "!==", ":=", " := ", "=>", " => ", " ", "(", ")", ";", ",", "'", '"', "`", '"', "'", "\\"),
    *(
        "[",
        "]",
        "[]",
        "[25]",
        "{",
        "}",
        "<",
        ">",
        "@",
        "#",
        " # ",
        "//",
        "$",
        "%",
        "%%",
        "%(x)s",
        "${x}",
        "|",
        "&a ",
        "*a",
        "!!binary ",
        "!",
    ),
    *("\t", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2028", "\u3000", "\ufeff", "\0", "ß", "\u0661", "\u0967", "é", "\U0001f511"),
    *("://", "://user:", "@host", "Bearer ", ".assign(", "-----BEGIN ", "AP\u0661", "\u066123456789:"),
)
COMMENTS = (
    *("# pragma: allowlist secret", "// pragma: allowlist secret", "# pragma: whitelist secret", "/* pragma: allowlist secret */"),
    *(
        "# pragma: allowlist nextline secret",
        "; pragma: allowlist nextline secret",
        "#pragma:allowlist secret",
        "<!-- pragma: allowlist secret -->",
    ),
)
BREAKS = ("\n", "\n", "\n", "\n", "\r\n", "\r", "\n\n", "\n  ", "\n    ", "\n\t")


class Fuzz:
    """What one seed makes: a file's ending and content."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self._samples = [line for _, _, line in secrets_canary.planted(strict=True)] + list(secrets_canary._forms().values())
        self.ending = self._pick(ENDINGS)
        shapes: tuple[Callable[[], str], ...] = (self._lines, self._lines, self._yaml, self._ini, self._json)
        natural = {"yaml": self._yaml, "yml": self._yaml, "eyaml": self._yaml, "ini": self._ini, "cfg": self._ini, "env": self._ini}
        shape = natural.get(self.ending) if self._random.random() < 0.7 else None
        self.content = self._encoded((shape or self._pick(shapes))())

    @property
    def name(self) -> str:
        return f"file.{self.ending}" if self.ending else "file"

    def _pick(self, choices: Any) -> Any:
        return self._random.choice(choices)

    def _many(self, most: int) -> int:
        """A number of lines. With one alone, what a gate misses is missed by all of them."""
        return 1 if self._random.random() < 0.4 else self._random.randint(1, most)

    def _token(self) -> str:
        """The bare value of a sample, or text that looks like one."""
        kind = self._random.random()
        length = self._random.randint(6, 70)
        if kind < 0.5:
            parts = self._pick(self._samples).split("'")
            return self._changed(parts[1] if len(parts) > 2 else parts[0])
        letters = self._pick(("0123456789abcdef", "0123456789ABCDEFabcdef", "abcdefghijklmnopqrstuvwxyz", "0123456789", None))
        if letters is None:
            letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_=\\"
        return "".join(self._random.choices(letters, k=length))

    def _changed(self, text: str) -> str:
        """A text with a few changes, more often none."""
        for _ in range(self._random.choice((0, 0, 0, 1, 1, 2, 3))):
            place = self._random.randrange(len(text) + 1)
            change = self._random.randrange(6)
            if change == 0:
                text = text[:place] + self._pick(MARKS) + text[place:]
            elif change == 1:
                text = text[:place] + text[place + 1 :]
            elif change == 2:
                text = text[:place] + text[place : place + 1].swapcase() + text[place + 1 :]
            elif change == 3:
                text = text[: max(1, place)]
            elif change == 4:
                text = text.replace(self._pick("sikSIK'\""), self._pick(("\u017f", "\u0131", "\u212a", "\u0130", '"', "`", "")), 1)
            else:
                text = self._pick(KEYWORDS) + self._pick(MARKS) + text
        return text

    def _line(self) -> str:
        kind = self._random.random()
        if kind < 0.35:
            return self._changed(self._pick(self._samples))
        if kind < 0.7:
            quote = self._pick(("'", '"', "`", "", "@'", '@"'))
            behind = self._pick(("", ";", ",", ")", " " + self._pick(COMMENTS)))
            return self._changed(f"{self._pick(KEYWORDS)}{self._pick(MARKS[:16])}{quote}{self._token()}{quote[-1:]}{behind}")
        if kind < 0.75:
            return str(self._pick(COMMENTS))
        if kind < 0.8:
            quote = self._pick(("'", '"'))
            return f"{quote}{self._token()}{quote}{self._pick(('==', ' != ', '==='))}{self._pick(KEYWORDS)}"
        return "".join(self._pick((self._pick(MARKS), self._pick(KEYWORDS), "word")) for _ in range(self._random.randint(0, 8)))

    def _lines(self) -> str:
        return "".join(self._line() + self._pick(BREAKS) for _ in range(self._many(8)))

    def _yaml(self) -> str:
        text = self._pick(("", "", "---\n", "# comment\n"))
        for number in range(self._many(6)):
            key = self._changed(f"{self._pick(KEYWORDS)}{number}") if self._random.random() < 0.8 else self._token()
            text += f"{key}:{self._yaml_value()}{self._pick(('', '', ' ' + self._pick(COMMENTS)))}\n"
        return self._changed(text) if self._random.random() < 0.3 else text

    def _yaml_value(self) -> str:
        value, half = self._token(), self._random.randint(1, 20)
        values: tuple[str, ...] = (
            *(
                f" {value}",
                f" '{value}'",
                f' "{value}"',
                f" '{value[:half]}''{value[half:]}'",
                f' "{value[:half]}\\\n    {value[half:]}"',
                f' "{value[:half]}\\x{ord(value[half : half + 1] or "a") % 256:02x}{value[half + 1 :]}"',
                f" |\n  {value}\n  {self._line()}",
                f" >-\n  {self._line()}\n  {value}",
                f" |\n  {self._pick(KEYWORDS)}:\n  {value}",
                f"\n  {value}",
                f" &a {value}\ncopy_{self._pick(KEYWORDS)}: *a",
                f" !!binary {value}",
                f" !!binary |\n  {value[:half]}\n  {value[half:]}",
                f" {{a: {value}, {self._pick(KEYWORDS)}: '{value}'}}",
                f" [{value}, {{b: {value}}}]",
                f"\n  - name: {value}\n    {self._pick(KEYWORDS)}: {value}",
                f" {value[:half]}\n   {value[half:]}",
                f" 2020-13-45 {value}",
                f" 2020-13-45\nb: {value}",
            ),
        )
        return values[self._random.randrange(len(values))]

    def _ini(self) -> str:
        text = self._pick(("[section]\n", "[section]\n", "", "# comment\n[a]\n", "\n; x\n[DEFAULT]\n", "[[x]]\n"))
        for number in range(self._many(6)):
            key = self._changed(f"{self._pick(KEYWORDS)}{number}") if self._random.random() < 0.8 else self._token()
            value = self._token()
            half = self._random.randint(1, 20)
            text += self._pick(
                (
                    f"{key} = {value}\n",
                    f"{key}={value}\n",
                    f"{key}: {value}\n",
                    f"{key} = '{value}'\n",
                    f'{key} = "{value}"  {self._pick(COMMENTS)}\n',
                    f"{key} =\n  {value}\n  {self._line()}\n",
                    f"x = {value[:half]}\n{key} = %(x)s{value[half:]}\n",
                    f"{key} = {value[:half]}%%{value[half:]}\n",
                    f"{key} = {value}\n  ; {self._line()}\n  {value}\n",
                    f"[{key}]\n",
                    f"{self._line()}\n",
                    f"# {self._line()}\n",
                )
            )
        return self._changed(text) if self._random.random() < 0.3 else text

    def _json(self) -> str:
        pairs = ",\n ".join(f'"{self._pick(KEYWORDS)}": "{self._token()}"' for _ in range(self._many(5)))
        return f"{{{pairs}}}\n" if self._random.random() < 0.7 else f"[\n {pairs}]\n"

    def _encoded(self, text: str) -> bytes:
        kind = self._random.random()
        if kind < 0.88:
            return text.encode()
        if kind < 0.93:
            return text.encode("latin-1", "replace")
        if kind < 0.95:
            return text.encode("utf-8-sig")
        if kind < 0.98:
            return text.encode(self._pick(("utf-16", "utf-16-le", "utf-16-be", "utf-32")))
        return text.encode() + b"\0" + text.encode("utf-16-le")


Found = list[tuple[str, int, str]]


class Oracles:
    """The same file with and without the gates, and by detect-secrets itself. The current folder is where it writes the file."""

    def __init__(self) -> None:
        self.strict, self.compat = Scanner(strict=True), Scanner(strict=False)
        self.ungated = Scanner(strict=True)
        self.ungated.prefilter = None

    def differences(self, fuzz: Fuzz) -> list[str]:
        """What differs, empty where nothing does."""
        with_gates, without = (_plain(scanner.content(fuzz.name, fuzz.content)) for scanner in (self.strict, self.ungated))
        found = [] if _is_same(with_gates, without) else [f"strict: {with_gates} and without gates {without}"]
        ours, theirs = self._compat(fuzz), by_hand(fuzz)
        return found if ours is None or theirs is None or ours == theirs else [*found, f"compat: {ours} and detect-secrets {theirs}"]

    def _compat(self, fuzz: Fuzz) -> tuple[Found, Found] | None:
        scanned = self.compat.content(fuzz.name, fuzz.content)
        if scanned.skipped.startswith("detect-secrets broke on it"):
            return None
        hits = [(hit.engine[0], hit.line, hit.suppressed_by) for hit in scanned.hits]
        both = ([(kind, line, _sha1(value)) for (kind, value), line, by in hits if (by is None) is seen] for seen in (True, False))
        first, second = both
        return sorted(first), sorted(second)


def _plain(scanned: Scanned) -> tuple[str, dict[str, int], list[str]]:
    return scanned.skipped, dict(scanned.filtered), sorted(repr(hit) for hit in scanned.hits)


def _is_same(ours: tuple[str, dict[str, int], list[str]], theirs: tuple[str, dict[str, int], list[str]]) -> bool:
    """Whether they are alike. A file without any candidate is examined whether or not it could have been taken apart."""
    nothing = ours == ("", {}, []) and theirs[1:] == ({}, [])
    return ours == theirs or (nothing and theirs[0].startswith("detect-secrets could not take it apart"))


def by_hand(fuzz: Fuzz) -> tuple[Found, Found] | None:
    """What detect-secrets finds, and what it finds where comments allow it; None where it breaks on the file."""
    Path(fuzz.name).write_bytes(fuzz.content)
    try:
        with default_settings():
            found = list(scan_file(fuzz.name))
            allowed = list(scan_for_allowlisted_secrets_in_file(fuzz.name))
    except Exception:  # noqa: BLE001 (whatever a parser raises ends its scan)
        return None
    finally:
        get_filters.cache_clear()
        get_plugins.cache_clear()
    return _first(found), _first(allowed)


def _first(secrets: list[Any]) -> Found:
    first: dict[tuple[str, str], int] = {}
    for secret in secrets:
        first.setdefault((secret.type, secret.secret_hash), secret.line_number)
    return sorted((kind, line, digest) for (kind, digest), line in first.items())


def _sha1(value: str) -> str:
    return hashlib.sha1(value.encode(), usedforsecurity=False).hexdigest()


def main(first: int, count: int) -> int:
    """Print each difference, and how many files had hits."""
    oracles, found, hits = Oracles(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for seed in range(first, first + count):
            fuzz = Fuzz(seed)
            hits += bool(oracles.strict.content(fuzz.name, fuzz.content).hits)
            for difference in oracles.differences(fuzz):
                found += 1
                sys.stdout.write(f"seed {seed} {fuzz.name}: {fuzz.content!r}\n  {difference}\n")
    sys.stdout.write(f"{count} files, {hits} with hits, {found} differences\n")
    return int(found > 0)


if __name__ == "__main__":
    raise SystemExit(main(int(sys.argv[1]), int(sys.argv[2])))
