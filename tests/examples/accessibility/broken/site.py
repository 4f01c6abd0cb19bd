"""A site where every page is broken in its own way: what axe-core would call clean. Usage: site.py PORT."""

from __future__ import annotations

import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = sys.argv[1]
HEAD = "<!doctype html><html lang='en'><head><title>Page</title></head><body>"
LATE = "<main id=ready><h1>Page</h1><img src=data:,></main>"
GOOD = f"{HEAD}<main><h1>Page</h1></main></body></html>"
PAGES = {
    "/": GOOD,
    "/moved": f"{HEAD}<p>On my way</p><script>location.href = '/login'</script></body></html>",
    "/login": f"{HEAD}<form><label>Name <input name='name'></label></form></body></html>",
    "/script-missing": f"{HEAD}<p>Loading</p><script src='/gone.js'></script></body></html>",
    "/frame-missing": f"{HEAD}<h1>Page</h1><iframe title='inner' src='/gone'></iframe></body></html>",
    "/late": f"{HEAD}<p>Loading</p><script>setTimeout(() => {{ document.body.innerHTML = '{LATE}' }}, 800)</script></body></html>",
    "/faulty": f"{HEAD}<h1>Faulty</h1><img src='data:,'></body></html>",
    "/two-sites": f"{HEAD}<h1 id='ready'>Two</h1><iframe title='a' src='http://localhost:{PORT}/faulty'></iframe>"
    "<iframe title='b' src='http://localhost:1/'></iframe></body></html>",
    "/endless": f"{HEAD}<h1>Page</h1><script>onload = () => setTimeout(() => {{ for (;;); }}, 0)</script></body></html>",
    "/unfinished": f"{HEAD}<h1>Page</h1><img alt='never' src='/never'></body></html>",
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/never":
            threading.Event().wait()
        elif self.path == "/text":
            self.answer(200, "words", {"Content-Type": "text/plain"})
        elif self.path == "/download":
            self.answer(200, GOOD, {"Content-Disposition": "attachment"})
        elif self.path.partition("?")[0] in PAGES:
            self.answer(200, PAGES[self.path.partition("?")[0]])
        else:
            self.answer(404, GOOD)

    def answer(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *arguments: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True


if __name__ == "__main__":
    Server(("127.0.0.1", int(PORT)), Handler).serve_forever()
