"""A server that repeats in its errors whatever was sent to it, credentials included."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class EchoServer:
    """A context manager.

    :ivar status: of every answer
    :ivar token: what the token endpoint grants; None when it refuses, too
    :ivar as_html: whether errors are web pages
    """

    def __init__(self):
        self.status, self.token, self.as_html = 400, None, False
        echo = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self):
                sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace")
                status, body, mimetype = echo.reply(self.path, self.headers.get("Authorization", ""), sent)
                self.send_response(status)
                self.send_header("Content-Type", mimetype)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("x-trace-id", "trace-of-the-echo")
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = do_DELETE = answer

            def log_message(self, *args):
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def reply(self, path, authorization, sent):
        """Status, body and MIME type."""
        if self.token and path.endswith("/token"):
            granted = {"access_token": self.token, "token_type": "Bearer", "expires_in": 864_000, "scope": ""}
            return 200, json.dumps(granted).encode(), "application/json"
        value = authorization.rpartition(" ")[2]
        text = f"You sent Authorization: {authorization}, that is {value}, and {sent}"
        if self.as_html:
            return self.status, f"<html><body>{text}</body></html>".encode(), "text/html"
        error = {"error_code": f"CODE {value}", "message": text, "additional_info": {"header": [text]}}
        body = {"error_v2": error, "error": value, "error_description": text, "message": text}
        return self.status, json.dumps(body).encode(), "application/json"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()
