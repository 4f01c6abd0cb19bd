"""A stand-in for GitHub's interface on 127.0.0.1: pull requests, reviews and teams, page by page, for one token."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.serving import listening

TOKEN = "ghs_stand_in_token_of_this_test"
PULL, REVIEWS = "/repos/shop/web/pulls/7", "/repos/shop/web/pulls/7/reviews"


@dataclass
class CodeHost:
    """What the host knows. `answers` takes the place of what it would say: status and body, by path."""

    address: str = ""
    head: str = ""
    author: dict[str, Any] | None = field(default_factory=lambda: {"login": "dev", "type": "User"})
    reviews: list[dict[str, Any]] = field(default_factory=list)
    teams: dict[str, dict[str, str]] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def review(self, login: str, state: str = "APPROVED", commit: str | None = None, kind: str = "User") -> None:
        """Somebody says something, after all that was said before."""
        user = {"login": login, "type": kind}
        self.reviews.append({"id": len(self.reviews), "user": user, "state": state, "commit_id": commit or self.head})

    def answer(self, path: str, query: Mapping[str, list[str]], authorization: str | None) -> tuple[int, bytes]:
        self.asked.append(path)
        if authorization != f"Bearer {TOKEN}":
            return 401, b'{"message": "Bad credentials"}'
        if path in self.answers:
            return self.answers[path]
        status, data = self._find(path, query)
        return status, json.dumps(data).encode()

    def _find(self, path: str, query: Mapping[str, list[str]]) -> tuple[int, Any]:
        if path == PULL:
            return 200, {"html_url": "https://github.com/shop/web/pull/7", "user": self.author, "head": {"sha": self.head}}
        if path == REVIEWS:
            size, page = int(query["per_page"][0]), int(query["page"][0])
            return 200, self.reviews[(page - 1) * size : page * size]
        if (team := re.fullmatch(r"/orgs/([^/]+)/teams/([^/]+)(?:/memberships/([^/]+))?", path)) and (
            members := self.teams.get(f"{team[1]}/{team[2]}")
        ) is not None:
            if team[3] is None:
                return 200, {"slug": team[2]}
            if team[3] in members:
                return 200, {"state": members[team[3]]}
        return 404, {"message": "Not Found"}


@contextmanager
def code_host() -> Iterator[CodeHost]:
    """A code host that lives as long as the block."""
    host = CodeHost()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            status, body = host.answer(parts.path, parse_qs(parts.query), self.headers.get("Authorization"))
            self.send_response(status)
            if status in {301, 302, 307, 308}:
                self.send_header("Location", body.decode())
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with listening(Handler) as host.address:
        yield host


def job(host: CodeHost, folder: Path, event: Any, *, token: str = TOKEN) -> dict[str, str]:
    """The variables of a job of GitHub that this event started."""
    path = folder / "event.json"
    path.write_text(json.dumps(event), "utf-8")
    return {
        "GITHUB_API_URL": host.address,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "shop/web",
        **({"GITHUB_TOKEN": token} if token else {}),
    }
