"""A shop that keeps its contract: a service with nothing but the standard library."""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit


class Shop(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    paths = re.compile(r"/health|/items|/items/[^/]+|/retired")

    def answer(self, status, body=None, **headers):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self):
        address = urlsplit(self.path)
        if address.path == "/health":
            self.answer(200)
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
        self.close_connection = True
        self.answer(405 if self.paths.fullmatch(urlsplit(self.path).path) else 404, {"error": "only GET is answered"}, Allow="GET")

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_QUERY = do_HEAD = refuse_method

    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Shop).serve_forever()
