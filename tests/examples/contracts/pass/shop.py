"""A shop that keeps its contract: a service with nothing but the standard library.

SHOP_TOKEN: what the header X-Shop-Pass must hold everywhere but at /health and /openapi.yaml.
SHOP_LIFE: the number of answers after which it ends by itself.
"""

import json
import os
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

TOKEN = os.environ.get("SHOP_TOKEN", "")
LIFE = int(os.environ.get("SHOP_LIFE", "0"))
PATHS = re.compile(r"/health|/items|/items/[^/]+|/retired|/openapi\.yaml")


class Shop(BaseHTTPRequestHandler):
    answers = 0

    def answer(self, status, body=None, content_type="application/json", **headers):
        data = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", content_type)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)
        Shop.answers += 1
        if Shop.answers == LIFE:
            print("the shop is closed", flush=True)
            self.wfile.flush()
            os._exit(3)

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path == "/health":
            self.answer(200)
        elif address.path == "/openapi.yaml":
            self.answer(200, Path(__file__).with_name("openapi.yaml").read_bytes(), "application/yaml")
        elif TOKEN and self.headers.get("X-Shop-Pass") != TOKEN:
            self.answer(401, {"error": "a token is needed"})
        elif address.path == "/retired":
            self.answer(410)
        elif address.path == "/items":
            self.list_items(parse_qs(address.query, keep_blank_values=True).get("limit", ["9"]))
        elif address.path.startswith("/items/"):
            self.show_item(address.path.removeprefix("/items/"))
        else:
            self.answer(404, {"error": "there is no such page"})

    def list_items(self, limits):
        (limit, *others) = limits
        if others or not re.fullmatch(r"[1-9]|[1-4]\d|50", limit):
            self.answer(400, {"error": "limit is a whole number from 1 to 50"})
        else:
            self.answer(200, [{"id": number, "name": f"Item {number}"} for number in range(1, min(int(limit), 9) + 1)])

    def show_item(self, word):
        if not re.fullmatch(r"[1-9]", word):
            self.answer(400, {"error": "an id is a whole number from 1 to 9"})
        else:
            self.answer(200, {"id": int(word), "name": f"Item {word}"})

    def refuse_method(self):
        self.answer(405 if PATHS.fullmatch(urlsplit(self.path).path) else 404, {"error": "only GET is answered"}, Allow="GET")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_QUERY = do_HEAD = refuse_method

    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    HTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
