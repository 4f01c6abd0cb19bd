"""A service that breaks its contract: a crash, a wrong type, a refusal that is missing, a connection that is dropped."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Stock(BaseHTTPRequestHandler):
    def answer(self, status, body=None):
        data = b"" if body is None else json.dumps(body).encode()
        self.send_response(status)
        if data:
            self.send_header("Content-Type", "application/json")
        if status == 405:
            self.send_header("Allow", "GET, POST")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self):
        if self.path == "/health":
            self.answer(200)
        elif self.path == "/hang-up":
            self.close_connection = True
        elif self.path.startswith("/stock/"):
            self.answer(500 if self.path == "/stock/9" else 200, {"count": "many"})
        else:
            self.answer(404)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.answer(201 if self.path == "/stock" else 405)

    def refuse(self):
        self.answer(405)

    do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_TRACE = do_QUERY = refuse

    def log_message(self, format, *arguments):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Stock).serve_forever()
