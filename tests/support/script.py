"""A server that answers as it is told."""

import threading
import types
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Script:
    """An HTTP server on loopback that answers as told, one answer a request, the last one for ever.

    An answer is a function that gets the handler, whose `asked` is the request, or `(status, body)`, or
    `(status, body, headers)`.
    """

    def __init__(self):
        self.answers = []
        self.requests = []
        script = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                request = types.SimpleNamespace(
                    method=self.command, path=self.path, headers=self.headers, body=self.rfile.read(length)
                )
                script.requests.append(request)
                self.asked = request
                answer = script.answers.pop(0) if len(script.answers) > 1 else script.answers[0]
                if callable(answer):
                    answer(self)
                else:
                    self.send(*answer)

            do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = handle_any

            def send(self, status, body=b"", headers=()):
                body = body.encode() if isinstance(body, str) else body
                self.send_response(status)
                for name, value in dict(headers).items():
                    self.send_header(name, value)
                if "Content-Length" not in dict(headers):
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                """Tests read `requests`."""

        class Server(ThreadingHTTPServer):
            def handle_error(self, request, client_address):
                """A client that hangs up is part of some tests."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()
