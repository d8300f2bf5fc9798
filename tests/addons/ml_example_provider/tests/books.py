"""Example Books itself, on a port of this machine."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

KEY, SECRET = "example-key", "example-webhook-secret"


class Books(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bills, self.vendors, self.webhooks = {}, {}, {}
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_address[1]}"

    def stop(self):
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    def _answer(self):
        books = self.server
        path, _mark, query = self.path.partition("?")
        _root, kind, *rest = path.split("/")
        size = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(size)) if size else {}
        if self.headers["Authorization"] != f"Bearer {KEY}":
            return 401, {}
        match self.command, kind, rest:
            case "GET", "me", []:
                return 200, {"business": "Example Industries"}
            case "GET", "bills", []:
                return 200, {"data": list(books.bills.values()), "next": None}
            case "GET", "bills", [number]:
                return 200, books.bills[number]
            case "GET", "vendors", []:
                return 200, {
                    "data": [row for row in books.vendors.values() if f"reference={row['reference']}" in query]
                }
            case ("POST", "vendors", []) | ("PUT", "vendors", [_]):
                row = {"id": rest[0] if rest else f"v{len(books.vendors) + 1}", **body}
                books.vendors[row["id"]] = row
                return 200, row
            case "POST", "webhooks", []:
                books.webhooks["w1"] = body["url"]
                return 200, {"id": "w1", "secret": SECRET}
            case "DELETE", "webhooks", [number]:
                return 200, books.webhooks.pop(number, {}) and {}
        return 404, {}

    def _do(self):
        status, content = self._answer()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(content).encode())

    do_GET = do_POST = do_PUT = do_DELETE = _do

    def log_message(self, *_args):
        pass
