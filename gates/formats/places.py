"""What kind of file a path names, as far as its name says: tests and documents hold samples that no one relies on."""

from __future__ import annotations

import re

_DOCUMENT = re.compile(
    r"(?:^|/)(?:docs?|documentation|examples?|samples?|demos?|tutorials?)/"
    r"|\.(?:md|markdown|rst|adoc|example|sample|template|dist|tmpl)$|(?:^|/)(?:CHANGES|CHANGELOG|README|HISTORY|NEWS|PKG-INFO)[^/]*$"
)
_TEST = re.compile(
    r"(?:^|/)(?:tests?|testing|test[-_]?data|[^/]*[-_]tests?|tests?[-_][^/]*|__tests__|t|e2e|fixtures?|mocks?|specs?|benchmarks?|cassettes?)/"
    r"|(?:^|/)(?:conftest\.py|test_[^/]*|[^/]*_test\.\w+|[^/]*[.-](?:test|spec)\.\w+)$"
)


def is_document(path: str) -> bool:
    """Whether a file is documentation, an example or a template."""
    return bool(_DOCUMENT.search(path))


def is_test(path: str) -> bool:
    """Whether a file is a test or what tests are fed with."""
    return bool(_TEST.search(path))


def shown(path: str) -> str:
    """A file's name as a location holds it: a backslash, which is a character like any other outside of Windows, as `%5C`."""
    return path.replace("\\", "%5C")
