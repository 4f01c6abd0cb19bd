"""What is told to GitHub beside the job's own outcome: a comment on the pull request, and the bundle on the page of a release.

Both by GitHub's REST API with the job's token.
"""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from runner import StepError, event, name, notice

#: GitHub answers at once or not at all.
_SECONDS = 30
_MOST_PAGES = 30
#: What a comment may hold, in characters.
_COMMENT_LIMIT = 65_536


def comment() -> int:
    """Write the comment of this check on the pull request, or its newest state into the one that is there. Best effort: see `notice`."""
    number = (event().get("pull_request") or {}).get("number")
    if not isinstance(number, int):
        notice("no comment: this is not a run of a pull request")
        return 0
    marker = f"<!-- quality-gates: {name()} -->"
    text = Path(os.environ["COMMENT"]).read_text("utf-8")
    body = f"{marker}\n{text}\n[This run]({_run_url()})\n"
    if len(body) > _COMMENT_LIMIT:
        body = f"{marker}\nQuality Gates: too long for a comment. [This run]({_run_url()}) has it.\n"
    try:
        before = _own_comment(number, marker)
        if before is None:
            _ask("POST", f"{_repository()}/issues/{number}/comments", {"body": body})
        else:
            _ask("PATCH", f"{_repository()}/issues/comments/{before}", {"body": body})
    except OSError as found:
        notice(f"no comment: {_said(found)}. It needs `permissions: {{pull-requests: write}}`, which a fork or Dependabot never has")
    return 0


def attach() -> int:
    """Lay the bundle beside the release's other files, since artifacts expire. Raises `StepError` where it can't be: it was asked for."""
    bundle = Path(os.environ["BUNDLE"])
    try:
        release = event().get("release") or _ask("GET", f"{_repository()}/releases/tags/{urllib.parse.quote(_tag(), safe='')}")
        address = str(release["upload_url"]).partition("{")[0]
        query = urllib.parse.urlencode({"name": bundle.name, "label": f"Quality Gates: evidence ({name()})"})
        _ask("POST", f"{address}?{query}", bundle.read_bytes())
    except OSError as found:
        raise StepError(
            f"the bundle could not be attached to the release: {_said(found)}. It needs `permissions: {{contents: write}}`"
        ) from found
    return 0


def _tag() -> str:
    if os.environ.get("GITHUB_REF_TYPE") != "tag":
        raise StepError("`attach` needs a release: let the workflow begin `on: release` or with the push of a tag that has one")
    return os.environ["GITHUB_REF_NAME"]


def _own_comment(number: int, marker: str) -> int | None:
    """The comment that an earlier run wrote. Anyone may write the marker: what a person wrote is not ours."""
    for page in range(1, _MOST_PAGES + 1):
        found: list[dict[str, Any]] = _ask("GET", f"{_repository()}/issues/{number}/comments?per_page=100&page={page}")
        for item in found:
            if str(item.get("body") or "").startswith(marker) and (item.get("user") or {}).get("type") == "Bot":
                return int(item["id"])
        if len(found) < 100:
            return None
    return None


def _repository() -> str:
    return f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}"


def _run_url() -> str:
    return f"{os.environ['GITHUB_SERVER_URL']}/{os.environ['GITHUB_REPOSITORY']}/actions/runs/{os.environ['GITHUB_RUN_ID']}"


def _ask(method: str, address: str, data: dict[str, Any] | bytes | None = None) -> Any:
    """An answer of the API. Raises `OSError` (urllib's errors are such), and `StepError` for what is no address of one."""
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['TOKEN']}",
        "User-Agent": "quality-gates",
        "X-GitHub-Api-Version": "2022-11-28",
        "Content-Type": "application/zip" if isinstance(data, bytes) else "application/json",
    }
    if not address.startswith(("https://", "http://")):
        raise StepError(f"{address} is not an address of GitHub's API")
    content = json.dumps(data).encode() if isinstance(data, dict) else data
    request = urllib.request.Request(address, data=content, headers=headers, method=method)
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:  # nosec B310 - its scheme is looked at above
        return json.load(answer)


def _said(found: OSError) -> str:
    if isinstance(found, urllib.error.HTTPError):
        return f"GitHub answered {found.code} {found.reason}"
    return str(getattr(found, "reason", found))
