"""Credentials of a request, as `requests` takes them."""

from requests.auth import AuthBase


class BearerAuth(AuthBase):
    """Sends a token, and keeps `.netrc` from replacing it. Never shows it."""

    def __init__(self, token):
        self._token = token

    def __call__(self, request):
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request

    def __repr__(self):
        return "BearerAuth()"


class NoAuth(AuthBase):
    """Sends no credentials at all, not even those of `.netrc`."""

    def __call__(self, request):
        request.headers.pop("Authorization", None)
        return request
