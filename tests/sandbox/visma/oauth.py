"""Visma Connect: tokens for one company, by client credentials and tenant id."""

import secrets
import time
from dataclasses import dataclass
from hmac import compare_digest

from .errors import NO_LICENCE, refuse_oauth, refuse_plain, refuse_session
from .routes import handlers

PREFIX = "vismanet_erp_service_api:"
SCOPES = tuple(PREFIX + name for name in ("read", "create", "update", "delete"))
BY_METHOD = {"GET": "read", "POST": "create", "PUT": "update", "DELETE": "delete"}


@dataclass
class Token:
    scopes: frozenset
    ends_at: float
    is_company: bool


@handlers("POST /connect/token")
def create_token(call):
    """The id of the customer instead of the company gives a token too, with which every call is refused."""
    form, sandbox = call.body, call.sandbox
    known = form["client_id"] == sandbox.client_id
    if not known or not compare_digest(form["client_secret"], sandbox.client_secret):
        raise refuse_oauth("invalid_client")
    if form["grant_type"] != "client_credentials":
        raise refuse_oauth("unsupported_grant_type")
    scopes = frozenset(form["scope"].split())
    if not scopes or not scopes <= sandbox.scopes:
        raise refuse_oauth("invalid_scope")
    if form["tenant_id"] not in (sandbox.tenant_id, sandbox.customer_tenant_id):
        raise refuse_oauth("invalid_tenant")
    seconds = sandbox.settings.token_seconds
    value = f"eyJ{secrets.token_urlsafe(24)}"
    is_company = form["tenant_id"] == sandbox.tenant_id
    call.state.tokens[value] = Token(scopes, time.monotonic() + seconds, is_company)
    return {
        "access_token": value,
        "expires_in": seconds,
        "token_type": "Bearer",
        "scope": " ".join(sorted(scopes)),
    }


def check_token(state, operation, request):
    token = state.tokens.get(bearer(request))
    if token is None or token.ends_at <= time.monotonic():
        raise refuse_plain(401)
    if not token.is_company:
        raise refuse_session(401, NO_LICENCE, "No license for this company.")
    needed = {PREFIX + BY_METHOD[operation.method]}
    if "/action/" in operation.path:
        needed = {PREFIX + "create", PREFIX + "update"}
    if not needed & token.scopes:
        raise refuse_plain(403)
    return token


def bearer(request):
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else ""
