"""OAuth 2.0 token calls, the protocol of a token store, and the credentials of a request."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from requests.auth import AuthBase, HTTPBasicAuth

from ..errors import AuthError, NotFoundError, PermanentError, RemoteError
from ..messages import Message, _


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


_REASONS = {
    "invalid_client": _("%(provider)s rejected the credentials: the client ID or the client secret is wrong."),
    "invalid_scope": _("%(provider)s rejected the credentials: the app lacks a requested permission (scope)."),
    "invalid_tenant": _(
        "%(provider)s rejected the credentials: the tenant ID is wrong, or the app is not approved for that tenant."
    ),
    "unauthorized_client": _("%(provider)s rejected the credentials: the app may not use client credentials."),
}
"""By OAuth error code."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    """The answer of a token endpoint.

    :param expires_in: seconds for which it is valid
    :param scope: granted scopes, separated by spaces
    :param location: base URL for calls with it, if the provider names one
    :param grant_key: identifies the credentials behind the refresh token, not secret
    :param refresh_expires_at: expiry of the refresh token, as a naive UTC time; None: unknown
    """

    value: str = field(repr=False)
    expires_in: int
    scope: str = ""
    refresh_token: str = field(default="", repr=False)
    location: str = ""
    grant_key: str = ""
    refresh_expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredGrant:
    """Values that a token store keeps besides the access token; see `AccessToken`.

    :param lost_at: naive UTC time at which a renewal was sent that got no answer; None: there is none
    """

    refresh_token: str = field(default="", repr=False)
    location: str = ""
    scope: str = ""
    grant_key: str = ""
    lost_at: datetime | None = None
    refresh_expires_at: datetime | None = None


class TokenStore(Protocol):
    """Keeps access tokens between calls and processes. Several threads call its methods.

    `fetch` is a function without arguments that asks the provider for a new `AccessToken`.
    """

    def get(self, fetch) -> str:
        """The stored token while it is valid; else the value of `fetch()`, which is stored. Only one caller fetches."""

    def renew(self, fetch, rejected: str) -> str:
        """A token other than `rejected`, which the provider refused: the stored one if it was renewed meanwhile."""

    def stored(self) -> StoredGrant:
        """The values besides the access token. `fetch` may call it."""


def client_credentials(client, path, client_id, client_secret, scope, in_form=None):
    """Ask for a token with the client credentials grant: Basic authentication, form body (RFC 6749, 4.4).

    :param client: the `HttpClient` of the provider
    :param scope: scopes to request, separated by spaces
    :param in_form: more fields of the form, which then also holds ID and secret (RFC 6749, 2.3.1)
    :raises AuthError: the credentials or a scope are refused; `code` is the OAuth error code
    """
    if not (client_id and client_secret):
        raise AuthError(
            _("The client ID or the client secret for %(provider)s is missing. Enter both.", provider=client.label)
        )
    form = {"grant_type": "client_credentials", "scope": scope}
    auth = HTTPBasicAuth(client_id, client_secret)
    if in_form is not None:
        form |= {"client_id": client_id, "client_secret": client_secret, **in_form}
        auth = NoAuth()
    refusal = None
    try:
        # A repeated request only creates a second token.
        answer = client.call("POST", path, form=form, auth=auth, repeatable=True)
    except NotFoundError:
        raise
    except (PermanentError, AuthError) as error:
        refusal = error
    if refusal:
        raise _refused(client.label, refusal)
    return granted(client.label, answer, scope)


def _refused(label, error):
    reason = _REASONS.get(error.code)
    message = Message(reason, provider=label) if reason else error.message
    return AuthError(message, trace_id=error.trace_id, status=error.status, code=error.code, details=error.details)


def granted(label, answer, scope=""):
    """The `AccessToken` in the answer of a token endpoint (RFC 6749, 5.1).

    :param scope: the requested scopes, which count if the answer names none
    :raises RemoteError: the answer holds no token
    """
    data = answer.data if isinstance(answer.data, dict) else {}
    value = data.get("access_token")
    if not (isinstance(value, str) and value):
        raise RemoteError(
            _("%(provider)s answered the token request without a token.", provider=label), status=answer.status
        )
    scopes = data.get("scope")
    refresh = data.get("refresh_token")
    return AccessToken(
        value=value,
        # The lifetime is optional in OAuth; a short one is always safe.
        expires_in=seconds(data.get("expires_in")) or 300,
        scope=scopes if isinstance(scopes, str) else scope,
        refresh_token=refresh if isinstance(refresh, str) else "",
    )


def seconds(value):
    """A positive integer, which some providers send as text; 0 for anything else."""
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    return int(value) if isinstance(value, (int, float)) and value > 0 else 0
