"""Traps of the secret scan: files, values and settings of which detect-secrets says "clean" and isn't."""

from __future__ import annotations

import json
import shutil
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from gates.adapters import process
from gates.model import Facts
from gates.runners.secrets import GATE
from tests.guarantees import Seen, errored, failed, judged, passed, trap
from tests.repository import Repository
from tests.runners.samples import SECRETS, scan, write

pytestmark = pytest.mark.engine("detect-secrets")

DETECT_SECRETS = str(Path(sys.executable).with_name("detect-secrets"))
LINE = f'key = "{SECRETS["github"]}"\n'
PROJECT_KEY = "sk" + "-proj-" + SECRETS["base64"][:48]
FILES: dict[str, str | bytes] = {
    "theme.css": f"/* {SECRETS['github']} */\n",
    "logo.svg": f"<!-- {SECRETS['github']} -->\n",
    "uv.lock": LINE,
    "swagger.py": LINE,
    "latin1.py": b"name = 'caf\xe9'\n" + LINE.encode(),
    "utf16.txt": LINE.encode("utf-16"),
    "allowed.py": LINE.rstrip() + "  # pragma: allowlist secret\n",
    "call.py": f'aws = connect("{SECRETS["aws"]}")\n',
    "google.py": f"google = connect({SECRETS['google']})\n",
    "project.py": f"openai = connect({PROJECT_KEY})\n",
    "anthropic.py": f"anthropic = connect({SECRETS['anthropic']})\n",
    "uuid.py": 'secret = "3f2b8c1e-5d4a-4f6b-9e2d-7a1c0b9d8e7f"\n',
    "twice.py": f"connect({SECRETS['github']})\n" * 2,
    "comment.yaml": f"name: shop\n# {SECRETS['github']}\n",
    "unmarked.txt": LINE.encode("utf-16-le"),
    "appended.txt": b"first = 1\r\n" + LINE.encode("utf-16-le"),
    "swagger-config.yaml": f'db_password: "{SECRETS["password"]}"\n',
    "prod.lock": f'db_password: "{SECRETS["password"]}"\n',
}


def run(root: Path, argv: list[str], **env: str) -> tuple[int | None, bytes]:
    done = process.run(argv, cwd=root, env={"LC_ALL": "C.UTF-8", **env}, timeout=60, scratch=root.parent)
    return done.exit_code, done.stdout


def by_hand(root: Path, *argv: str, file: str = "", **env: str) -> str:
    """What `detect-secrets scan` says of a folder, or of one file of it."""
    code, out = run(root, [DETECT_SECRETS, "scan", *argv], **env)
    return answer(code, json.loads(out)["results"], file)


def answer(code: int | None, results: dict[str, list[Any]], file: str = "") -> str:
    count = len(results.get(file, ())) if file else sum(map(len, results.values()))
    return f"exit code {code}, " + ("nothing found" if not count else f"{count} found")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Facts, int | None, dict[str, list[Any]]]:
    """One scan of every file by the gate, and one by hand."""
    root = write(tmp_path_factory.mktemp("project"), FILES)
    code, out = run(root, [DETECT_SECRETS, "scan", "-n", "--all-files"])
    return scan(GATE, root, tmp_path_factory.mktemp("work")), code, json.loads(out)["results"]


Both = tuple[Facts, int | None, dict[str, list[Any]]]


def seen(both: Both, file: str) -> Seen:
    return judged(both[0], alone=answer(both[1], both[2], file))


# -- D1: the engine asks git, and believes an empty answer

NOTHING = "exit code 0, nothing found"
FOUND = failed("finding secrets/github-token at app.py:1:8")


@trap("D1", "the folder is not a git repository", alone=NOTHING, here=FOUND)
def test_d1_no_repository(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"app.py": LINE})
    return judged(scan(GATE, root, tmp_path / "work"), alone=by_hand(root, "-n"))


@trap("D1", "git refuses the folder: it belongs to another user, as usual in containers of CI", alone=NOTHING, here=FOUND)
def test_d1_dubious_ownership(repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    repository.commit({"app.py": LINE})
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    alone = by_hand(repository.root, "-n", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    return judged(scan(GATE, repository.root, tmp_path / "work"), alone=alone)


@trap("D1", "a path leads out of the folder", alone=NOTHING, here=errored("`paths` names '../other', where there is no file"))
def test_d1_a_path_outside(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit({"app.py": LINE})
    write(tmp_path / "other", {"app.py": LINE})
    facts = scan(GATE, repository.root, tmp_path / "work", options={"paths": ["../other"]})
    return judged(facts, alone=by_hand(repository.root, "-n", "../other"))


@trap("D1", "a file is named that is not there", alone=NOTHING, here=errored("`paths` names 'settings.py', where there is no file"))
def test_d1_a_missing_file(repository: Repository, tmp_path: Path) -> Seen:
    repository.commit({"app.py": LINE})
    facts = scan(GATE, repository.root, tmp_path / "work", options={"paths": ["settings.py"]})
    return judged(facts, alone=by_hand(repository.root, "-n", "settings.py"))


# -- D2, D3: files that are left out without a word


@trap("D2", "a token in a `.css` file", alone=NOTHING, here=failed("finding secrets/github-token at theme.css:1:4"))
def test_d2_a_stylesheet(both: Both) -> Seen:
    return seen(both, "theme.css")


@trap("D2", "a token in a `.svg` file", alone=NOTHING, here=failed("finding secrets/github-token at logo.svg:1:6"))
def test_d2_a_picture(both: Both) -> Seen:
    return seen(both, "logo.svg")


@trap("D2", "a token in a lock file", alone=NOTHING, here=failed("finding secrets/github-token at uv.lock:1:8"))
def test_d2_a_lock_file(both: Both) -> Seen:
    return seen(both, "uv.lock")


@trap("D2", "a file with `swagger` in its name", alone=NOTHING, here=failed("finding secrets/github-token at swagger.py:1:8"))
def test_d2_swagger(both: Both) -> Seen:
    return seen(both, "swagger.py")


@trap("D3", "one byte of the file is not UTF-8", alone=NOTHING, here=failed("finding secrets/github-token at latin1.py:2:8"))
def test_d3_one_byte(both: Both) -> Seen:
    return seen(both, "latin1.py")


@trap("D3", "the file is UTF-16", alone=NOTHING, here=failed("finding secrets/github-token at utf16.txt:1:8"))
def test_d3_utf16(both: Both) -> Seen:
    return seen(both, "utf16.txt")


@trap("D3", "the file is UTF-16 without a mark", alone=NOTHING, here=failed("finding secrets/github-token at unmarked.txt:1:8"))
def test_d3_unmarked_utf16(both: Both) -> Seen:
    return seen(both, "unmarked.txt")


# -- D4, D7, D8: values that are not found


@trap(
    "D4",
    "the line ends in a comment that allows it",
    alone=NOTHING,
    here=failed(
        "github-token at allowed.py:1:8: GitHub token: whoever can read this file can use it (suppressed by pragma: allowlist secret)"
    ),
)
def test_d4_an_allowed_line(both: Both) -> Seen:
    return seen(both, "allowed.py")


@trap("D4", "the secret is the argument of a call", alone=NOTHING, here=failed("finding secrets/aws-access-key at call.py:1:16"))
def test_d4_an_argument(both: Both) -> Seen:
    return seen(both, "call.py")


@trap("D4", "the value has the form of a UUID", alone=NOTHING, here=passed("filtered: 1"))
def test_d4_a_uuid(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"uuid.py": FILES["uuid.py"]})
    return judged(scan(GATE, root, tmp_path / "work"), alone=by_hand(root, "-n", "--all-files"))


@trap("D7", "an API key of Google (`AIza…`)", alone=NOTHING, here=failed("finding secrets/google-api-key at google.py:1:18"))
def test_d7_google(both: Both) -> Seen:
    return seen(both, "google.py")


@trap("D7", "a project key of OpenAI (`sk-proj-…`)", alone=NOTHING, here=failed("finding secrets/openai-token at project.py:1:18"))
def test_d7_openai(both: Both) -> Seen:
    return seen(both, "project.py")


@trap("D7", "an API key of Anthropic (`sk-ant-…`)", alone=NOTHING, here=failed("finding secrets/anthropic-token at anthropic.py:1:21"))
def test_d7_anthropic(both: Both) -> Seen:
    return seen(both, "anthropic.py")


@trap("D8", "the same secret stands twice", alone="exit code 0, 1 found", here=failed("finding secrets/github-token at twice.py:2:9"))
def test_d8_twice(both: Both) -> Seen:
    return seen(both, "twice.py")


@trap("D10", "a token in a comment of a YAML file", alone=NOTHING, here=failed("finding secrets/github-token at comment.yaml:2:3"))
def test_d10_a_comment_of_yaml(both: Both) -> Seen:
    return seen(both, "comment.yaml")


# -- D11, D12, D13: files that are taken for read


@trap(
    "D11",
    "PowerShell's `>>` appends UTF-16 to a text",
    alone=NOTHING,
    here=failed("finding secrets/github-token at appended.txt:2:8"),
)
def test_d11_two_encodings(both: Both) -> Seen:
    return seen(both, "appended.txt")


@trap(
    "D12",
    "the content of a file is in Git LFS, and a pointer stands in its place",
    alone=NOTHING,
    here=passed("keys.json: its content is in Git LFS and not here"),
)
def test_d12_a_pointer(tmp_path: Path) -> Seen:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'4d7a' * 16}\nsize 12345\n"
    root = write(tmp_path / "project", {"keys.json": pointer, "app.py": "x = 1\n"})
    return judged(scan(GATE, root, tmp_path / "work"), alone=by_hand(root, "-n", "--all-files"))


@trap(
    "D13",
    "a password in a file with `swagger` in its name",
    alone=NOTHING,
    here=failed("finding secrets/keyword at swagger-config.yaml:1:15"),
)
def test_d13_swagger(both: Both) -> Seen:
    return seen(both, "swagger-config.yaml")


@trap("D13", "a password in a file that ends in `.lock`", alone=NOTHING, here=failed("finding secrets/keyword at prod.lock:1:15"))
def test_d13_a_lock(both: Both) -> Seen:
    return seen(both, "prod.lock")


# -- D5, D6, D9: settings

BASELINE = {"version": "1.5.0", "generated_at": "2026-01-01T00:00:00Z", "results": {}}
BLIND = {"path": "detect_secrets.filters.regex.should_exclude_file", "pattern": [".*"]}


def with_baseline(tmp_path: Path, **settings: Any) -> Seen:
    """Both answers where the project brings a baseline: by hand it is brought up to date and read."""
    text = json.dumps({**BASELINE, "plugins_used": [{"name": "GitHubTokenDetector"}], "filters_used": [], **settings})
    root = write(tmp_path / "project", {"app.py": LINE, ".secrets.baseline": text})
    copy = shutil.copytree(root, tmp_path / "copy")
    code, _ = run(copy, [DETECT_SECRETS, "scan", "-n", "--all-files", "--baseline", ".secrets.baseline"])
    results = json.loads((copy / ".secrets.baseline").read_text("utf-8"))["results"]
    return judged(scan(GATE, root, tmp_path / "work"), alone=answer(code, results))


@trap("D5", "a baseline brings a filter that leaves out every file", alone=NOTHING, here=FOUND)
def test_d5_a_filter(tmp_path: Path) -> Seen:
    return with_baseline(tmp_path, filters_used=[BLIND])


@trap("D5", "a baseline names one detector and no other", alone=NOTHING, here=FOUND)
def test_d5_detectors(tmp_path: Path) -> Seen:
    return with_baseline(tmp_path, plugins_used=[{"name": "MailchimpDetector"}])


@trap("D6", "the engine's own functions are called with no settings in force", alone="exit code 0, nothing found", here=FOUND)
def test_d6_no_settings(tmp_path: Path) -> Seen:
    root = write(tmp_path / "project", {"app.py": LINE})
    program = "from detect_secrets.core.scan import scan_file; import sys; sys.stdout.write('found' * len([*scan_file('app.py')]))"
    code, out = run(root, [sys.executable, "-c", program])
    return judged(scan(GATE, root, tmp_path / "work"), alone=f"exit code {code}, " + (out.decode() or "nothing found"))


class Listener:
    """A proxy that notes which hosts it is asked for, and gives none."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._socket.settimeout(0.05)
        self.asked: list[str] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def _listen(self) -> None:
        while not self._ended.is_set():
            try:
                connection, _ = self._socket.accept()
            except TimeoutError:
                continue
            with connection:
                connection.settimeout(5)
                self.asked.append(connection.recv(1000).split(b" ")[1].decode().partition(":")[0])

    def close(self) -> list[str]:
        self._ended.set()
        self._thread.join()
        self._socket.close()
        return sorted(set(self.asked))


def hosts_asked(root: Path, work: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Facts, list[str]]:
    listener = Listener()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, listener.address)
    try:
        facts = scan(GATE, root, work)
    finally:
        asked = listener.close()
    return facts, asked


@trap(
    "D9",
    "a found token is sent to its service to see whether it is alive",
    alone="exit code 0, asked slack.com",
    here=failed("finding secrets/slack-token at app.py:1:10"),
)
def test_d9_verification(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Seen:
    token = "xo" + "xb-123456789012-123456789012-" + SECRETS["hex"][:24]
    root = write(tmp_path / "project", {"app.py": f"slack = '{token}'\n"})
    listener = Listener()
    try:
        code, _ = run(root, [DETECT_SECRETS, "scan", "--all-files"], HTTPS_PROXY=listener.address, https_proxy=listener.address)
    finally:
        asked = listener.close()
    facts, ours = hosts_asked(root, tmp_path / "work", monkeypatch)
    assert ours == []
    return judged(facts, alone=f"exit code {code}, asked {', '.join(asked)}")
