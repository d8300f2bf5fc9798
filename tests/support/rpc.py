"""What a user's browser or program can ask of a server."""

import requests


class Rpc:
    """Somebody who is logged in. Every method returns the text of the answer, whether it is a result or an error."""

    def __init__(self, server, login="admin", password="admin"):
        self._url = server.url
        self._session = requests.Session()
        self._session.trust_env = False
        credentials = {"db": server.database, "login": login, "password": password}
        self._post("/web/session/authenticate", {"params": credentials})

    def call(self, model, method, *arguments, **options):
        """As the web client does."""
        call = {"model": model, "method": method, "args": arguments, "kwargs": options}
        return self._post(f"/web/dataset/call_kw/{model}/{method}", {"params": call})

    def json2(self, key, model, method, **arguments):
        """As a program with an API key does."""
        return self._post(f"/json/2/{model}/{method}", arguments, {"Authorization": f"Bearer {key}"})

    def _post(self, path, content, headers=None):
        answer = self._session.post(self._url + path, json=content, headers=headers, timeout=60)
        return answer.text
