"""The findings of the page: the texts of each row, and all of them as data for the page's script.

The table holds the first rows as markup, for readers without a script; the data holds every one. Both are made of the same
texts, and `page.js` draws the same row from its data as `parts.html.j2` does.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from gates.dataclass import dataclass
from gates.model import Comparison, Severity
from gates.report.lineage import GateLineage, LimitView
from gates.report.safe import shown, unicode_text, visible, web_address
from gates.report.since import new_findings
from gates.report.view import FindingView, ranked

WAIVED, SUPPRESSED, SINCE = 1, 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A finding as the page shows it: every text made visible. `order` is its number when sorted by place."""

    gate: GateLineage
    severity: Severity
    state: str
    note: str
    flags: int
    rule: str
    place: str
    order: int
    message: str
    remedy: str
    more: str
    fingerprint: str
    properties: tuple[tuple[str, str], ...]
    limits: tuple[LimitView, ...]

    @property
    def address(self) -> str:
        """Where to read more, if a browser may be led there."""
        return web_address(self.more)


def rows(gates: Sequence[GateLineage], views: Iterable[FindingView], comparison: Comparison | None = None) -> list[Row]:
    """A row a finding, in the order in which a person should read them."""
    found = ranked(views)
    by_name = {gate.name: gate for gate in gates}
    new = _since(gates, comparison)
    places = {id(view): number for number, view in enumerate(sorted(found, key=_by_place))}
    return [_row(by_name[view.finding.gate], view, places[id(view)], id(view.finding) in new) for view in found]


def _since(gates: Sequence[GateLineage], comparison: Comparison | None) -> frozenset[int]:
    """The identities of the findings that are new since the earlier bundle."""
    changes = {change.gate: change for change in comparison.gates} if comparison else {}
    facts = [gate.view.facts for gate in gates if gate.view.facts and gate.name in changes]
    return frozenset(id(finding) for item in facts for finding in new_findings(changes[item.gate], item.findings))


def _by_place(view: FindingView) -> tuple[str, int, int]:
    where = view.finding.location
    return (where.path or str(where), where.line or 0, where.column or 0)


def _row(gate: GateLineage, view: FindingView, order: int, since: bool) -> Row:
    finding = view.finding
    return Row(
        gate=gate,
        severity=finding.severity,
        state=view.state.value,
        note=visible(view.note),
        flags=WAIVED * (view.waiver is not None) + SUPPRESSED * (finding.suppressed_by is not None) + SINCE * since,
        rule=visible(finding.rule),
        place=visible(str(finding.location)),
        order=order,
        message=shown(finding.message),
        remedy=shown(finding.remedy),
        more=visible(finding.help_url),
        fingerprint=visible(finding.fingerprint),
        properties=tuple((visible(name), shown(value)) for name, value in sorted(finding.properties.items())),
        limits=tuple(limit for limit in gate.limits if limit.counts(view)),
    )


def data(gates: Sequence[GateLineage], found: Sequence[Row]) -> str:
    """All rows as JSON on one line, that may stand in a `script` element: a text that occurs often is written once."""
    texts = _Texts()
    limits = [limit for gate in gates for limit in gate.limits]
    number = {limit.id: index for index, limit in enumerate(limits)}
    table = [
        [
            *(row.gate.number, int(row.severity), texts[row.state], texts[row.note], row.flags, texts[row.rule], texts[row.place]),
            *(row.order, texts[row.message], texts[row.remedy], texts[row.more], int(bool(row.address)), texts[row.fingerprint]),
            [number[limit.id] for limit in row.limits],
            [texts[text] for pair in row.properties for text in pair],
        ]
        for row in found
    ]
    document = {
        "gates": [[shown(gate.name), visible(gate.tools), len(gate.artifacts)] for gate in gates],
        "limits": [[limit.id, shown(limit.check.text), limit.met, limit.tone, visible(limit.place)] for limit in limits],
        "texts": texts.all(),
        "rows": table,
    }
    return inert(json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


def inert(text: str) -> str:
    """JSON that no reader of HTML and no CI runner takes for anything else: `</script>`, `<!--` and `##[` do not stand in it."""
    text = unicode_text(text).replace("##[", "##\\u005b")
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


class _Texts:
    """Texts by number, each once; the empty one is 0."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {"": 0}

    def __getitem__(self, text: str) -> int:
        return self._numbers.setdefault(text, len(self._numbers))

    def all(self) -> list[str]:
        return list(self._numbers)
