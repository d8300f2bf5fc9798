"""The HTTP interface of Example Books."""

from odoo.addons.ml_connector.core.http import HttpClient, objects
from odoo.addons.ml_connector.core.http.oauth import BearerAuth


class ExampleClient(HttpClient):
    label = "Example Books"

    def __init__(self, base_url, api_key, **options):
        super().__init__(base_url, secrets=[api_key], **options)
        self._auth = BearerAuth(api_key)

    def ask(self, method, path, body=None, **params):
        """The JSON of an answer."""
        return self.call(method, path, body=body, params=params, auth=self._auth).data

    def pages(self, path):
        """The rows of each page of a list."""
        page = 1
        while page:
            answer = self.ask("GET", path, page=page)
            yield objects(answer["data"])
            page = answer.get("next")
