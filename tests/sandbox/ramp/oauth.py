"""Tokens and scopes (guide "Authorization")."""

import secrets
from base64 import b64decode
from dataclasses import dataclass
from datetime import timedelta
from hmac import compare_digest

from .errors import NO_SCOPE, NO_TOKEN, TOKEN_EXPIRED, refuse, refuse_oauth
from .routes import handlers
from .state import now


@dataclass
class App:
    """A developer app: its credentials and the scopes an administrator ticked."""

    client_id: str
    client_secret: str
    scopes: frozenset


@dataclass
class Token:
    app: App
    scopes: frozenset
    expires_at: object


@handlers("POST /token")
def create_token(call):
    """Client credentials; a token asked for without scopes has none."""
    app = _authenticate(call)
    form = call.body
    if form["grant_type"] != "client_credentials":
        raise refuse_oauth(400, "unauthorized_client", "The grant type is not enabled for this app.")
    scopes = frozenset(form.get("scope", "").split())
    if not scopes <= app.scopes:
        raise refuse_oauth(400, "invalid_scope", "A requested scope is not allowed for this app.")
    seconds = call.sandbox.settings.token_seconds
    value = f"ramp_business_tok_{secrets.token_urlsafe(24)}"
    call.state.tokens[value] = Token(app, scopes, now() + timedelta(seconds=seconds))
    return {"access_token": value, "token_type": "Bearer", "expires_in": seconds, "scope": " ".join(sorted(scopes))}


def find_token(state, request):
    """The token of a request, or a 401."""
    token = state.tokens.get(bearer(request))
    if token is None:
        raise refuse(401, NO_TOKEN, "The access token is missing or not valid.")
    if token.expires_at <= now():
        raise refuse(401, TOKEN_EXPIRED, "The access token has expired.")
    return token


def require_scopes(token, scopes):
    missing = scopes - token.scopes
    if missing:
        raise refuse(403, NO_SCOPE, f"The token lacks the scope {' '.join(sorted(missing))}.")


def bearer(request):
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else ""


def _authenticate(call):
    """Basic authentication; the credentials may come in the form instead."""
    client_id, secret = _basic(call.request) or (
        call.request.form.get("client_id", ""),
        call.request.form.get("client_secret", ""),
    )
    app = call.sandbox.apps.get(client_id)
    if app is None or not compare_digest(app.client_secret.encode(), secret.encode()):
        raise refuse_oauth(401, "invalid_client", "Client authentication failed.")
    return app


def _basic(request):
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        client_id, _, secret = b64decode(value, validate=True).decode().partition(":")
    except ValueError:
        return None
    return client_id, secret
