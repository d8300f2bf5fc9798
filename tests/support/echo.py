"""A server that repeats in its errors whatever was sent to it, credentials included."""

import json

from .script import Script


class EchoServer(Script):
    """A context manager.

    :ivar status: of every answer
    :ivar token: what the token endpoint grants; None when it refuses, too
    :ivar as_html: whether errors are web pages
    """

    def __init__(self):
        super().__init__()
        self.status, self.token, self.as_html = 400, None, False
        self.answers = [self._answer]

    def _answer(self, handler):
        request = handler.asked
        sent = request.body.decode("utf-8", "replace")
        status, body, mimetype = self.reply(request.path, request.headers.get("Authorization", ""), sent)
        handler.send(status, body, {"Content-Type": mimetype, "x-trace-id": "trace-of-the-echo"})

    def reply(self, path, authorization, sent):
        """Status, body and MIME type."""
        if self.token and path.endswith("/token"):
            granted = {"access_token": self.token, "token_type": "Bearer", "expires_in": 864_000, "scope": ""}
            return 200, json.dumps(granted), "application/json"
        value = authorization.rpartition(" ")[2]
        text = f"You sent Authorization: {authorization}, that is {value}, and {sent}"
        if self.as_html:
            return self.status, f"<html><body>{text}</body></html>", "text/html"
        error = {"error_code": f"CODE {value}", "message": text, "additional_info": {"header": [text]}}
        body = {"error_v2": error, "error": value, "error_description": text, "message": text}
        return self.status, json.dumps(body), "application/json"

    def __enter__(self):
        return self

    def __exit__(self, *exc_info):
        self.close()
