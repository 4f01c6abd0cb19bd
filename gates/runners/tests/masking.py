"""What looks like a secret in the name of a test or in a message: it is masked in the whole evidence."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from gates.api import MASK, MINIMUM_LENGTH, Masked, ObserveContext, Why

#: Shapes that no ordinary word has: well-known prefixes, and what follows a name that says secret.
_SHAPES = re.compile(
    r"(?P<prefixed>\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bgh[oprsu]_\w{20,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abpr]-[\w-]{10,}"
    r"|\bsk[-_](?:live|test|proj|ant)?[-_]?[\w-]{16,}|\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]+)?|\bpypi-[\w-]{16,})"
    r"|(?i:passw(?:or)?d|passphrase|secret|token|api_?key)[\"']?\s*[=:]\s*[\"']?(?P<named>[^\s\"',;)\]}]{4,})"
)
#: In parameters of a test also a long run of mixed letters and digits.
_PARAMETER = re.compile(r"\b(?=\w*\d)(?=\w*[a-z])(?=\w*[A-Z])[A-Za-z0-9]{20,}\b|\b(?=[a-f]*\d)[0-9a-f]{32,}\b")

_UNCOMMON = re.compile(r"(?=\S*\d)(?=\S*[A-Za-z])\S{12,}")


def clean(context: ObserveContext, data: Any) -> Any:
    """JSON data of an event stream without secrets and without what varies by machine."""
    if isinstance(data, str):
        return _masked(context, context.scrub(data))
    if isinstance(data, list):
        return [clean(context, item) for item in data]
    if isinstance(data, dict):
        cleaned = {key: clean(context, item) for key, item in data.items()}
        return cleaned | {"id": clean_id(context, data["id"])} if "id" in data else cleaned
    return data


def clean_id(context: ObserveContext, node_id: str) -> str:
    """A test's id with what looks secret among its parameters masked."""
    function, bracket, parameters = node_id.partition("[")
    for found in _PARAMETER.finditer(parameters):
        context.add_secret(found.group(), "parameter")
    plain, count = _PARAMETER.subn(MASK, bracket + parameters)
    masked = _masked(context, plain)
    rules = masked.rules if isinstance(masked, Masked) else {}
    return Masked(context.scrub(function) + masked, {**rules, "parameter": count} if count else rules)


def _masked(context: ObserveContext, text: str) -> str:
    """Mask where it was found; everywhere else too, unless the value is one that also stands in ordinary text."""
    rules: Counter[str] = Counter()
    for found in _SHAPES.finditer(text):
        named = found.group("named")
        value, rule = (named, "named-value") if named else (found.group("prefixed"), "token")
        if named is None or _UNCOMMON.fullmatch(named):
            context.add_secret(value, rule)
        else:
            context.add_unsearched(rule, Why.SHORT if len(named) < MINIMUM_LENGTH else Why.WORD)
        rules[rule] += text.count(value)
        text = text.replace(value, MASK)
    return Masked(text, rules) if rules else text
