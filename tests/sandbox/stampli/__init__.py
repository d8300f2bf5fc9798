"""Stampli's side: a real file server, and an actor who uses it as Stampli does.

`StampliSandbox` also answers on a small HTTP address: `/_control/account` says how to log in, `/_control/violations`
what was wrong with the feeds.
"""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .actor import Stampli
from .server import SftpServer

__all__ = ["SftpServer", "Stampli", "StampliSandbox"]


class StampliSandbox:
    """Server, actor and control address together."""

    def __init__(self, port=0, plays=True):
        self.server = SftpServer()
        self.actor = Stampli(self.server, plays=plays)
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        self._closed = threading.Event()

    @classmethod
    def add_arguments(cls, parser):
        parser.add_argument(
            "--size", choices=("small", "demo"), default="small", help="accepted for all vendors; no effect here"
        )

    @classmethod
    def from_arguments(cls, arguments):
        return cls(port=arguments.port)

    @property
    def url(self):
        return f"http://127.0.0.1:{self._http.server_port}"

    @property
    def control(self):
        """As other sandboxes have it."""
        return self

    def __enter__(self):
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *_error):
        self._http.shutdown()
        self.close()

    def account(self):
        server = self.server
        return {
            "host": "127.0.0.1",
            "port": str(server.port),
            "username": server.user,
            "password": server.password,
            "private_key": server.private_key,
            "host_key": server.host_key,
        }

    def violations(self):
        return list(self.actor.problems)

    def serve_forever(self):
        try:
            self._http.serve_forever()
        finally:
            self.close()

    def close(self):
        if not self._closed.is_set():
            self._closed.set()
            self.actor.close()
            self.server.close()
            self._http.server_close()


def _handler(sandbox):
    answers = {"/_control/account": sandbox.account, "/_control/violations": sandbox.violations}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            answer = answers.get(self.path)
            body = json.dumps(answer() if answer else {"error": "not found"}).encode()
            self.send_response(200 if answer else 404)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            """Quiet."""

    return Handler
