"""Company tokens (page "Authentication"): password grant with a company request token, rotating refresh tokens."""

import secrets
import time
from dataclasses import dataclass
from hmac import compare_digest

from .errors import refuse, refuse_token
from .routes import handlers

SIX_MONTHS = 182 * 24 * 3600


@dataclass
class App:
    """An app of the customer's site: its credentials, grants and scopes."""

    client_id: str
    client_secret: str
    scopes: frozenset
    grants: frozenset = frozenset({"password", "refresh_token", "client_credentials"})


@dataclass
class Token:
    """An access token, good in one data centre."""

    scopes: frozenset
    centre: str
    ends: float
    is_company: bool = True


@dataclass
class Refresh:
    scopes: frozenset
    ends: float


@handlers("POST /oauth2/v0/token")
def create_token(call):
    """One of three grants; a company token is only given by the company's own data centre."""
    form, tenant = call.body, call.state.tenant
    app = call.sandbox.apps.get(form["client_id"])
    if app is None:
        raise refuse_token(400, 61, "invalid_client", "client not found")
    if not compare_digest(app.client_secret.encode(), form["client_secret"].encode()):
        raise refuse_token(401, 64, "invalid_client", "incorrect credentials")
    if form["grant_type"] not in app.grants:
        raise refuse_token(400, 60, "unauthorized_client", "grant type not allowed for this client")
    if form["grant_type"] == "client_credentials":
        return _application_token(call, app)
    # the global base forwards the first token call; a data centre does not
    centre = call.sandbox.centre_of(call.request)
    if form["grant_type"] == "password":
        scopes = _first(call, app, form)
        if centre not in ("", tenant.centre):
            raise _elsewhere(call)
    else:
        if centre != tenant.centre:
            raise _elsewhere(call)
        scopes = _used(call, form)
    return _company_token(call, scopes, form)


def _first(call, app, form):
    """The request token may be used more than once within its 24 hours."""
    tenant = call.state.tenant
    if form.get("credtype") != "authtoken":
        raise refuse_token(400, 120, "invalid_request", "credtype is not valid for this principal")
    if "username" not in form or "password" not in form:
        raise refuse_token(400, 65, "invalid_request", "username or password is missing")
    if tenant.is_disabled:
        raise refuse_token(403, 10, "invalid_grant", "company is disabled")
    given = tenant.request_tokens.get(form["password"])
    if form["username"] != tenant.uuid or given is None or given["ends"] <= time.time():
        raise refuse_token(401, 5, "invalid_grant", "Incorrect Credentials. Please Retry")
    if given["client_id"] != app.client_id:
        raise refuse_token(400, 136, "invalid_grant", "authtoken was issued for another application")
    return app.scopes


def _used(call, form):
    """A refresh token; when it rotates, it is good once."""
    state = call.state
    known = state.refresh_tokens.get(form.get("refresh_token", ""))
    if known is None or known.ends <= time.time():
        raise refuse_token(400, 108, "invalid_grant", "refresh token is invalid or has expired")
    if state.tenant.is_disabled:
        raise refuse_token(403, 10, "invalid_grant", "company is disabled")
    if call.sandbox.settings.rotate_refresh_tokens:
        del state.refresh_tokens[form["refresh_token"]]
    return known.scopes


def _company_token(call, scopes, form):
    settings, state = call.sandbox.settings, call.state
    wanted = frozenset(form.get("scope", "").split()) or scopes
    if not wanted <= scopes:
        raise refuse_token(400, 54, "invalid_scope", "scope exceeds what was granted")
    refresh = form.get("refresh_token", "")
    if refresh not in state.refresh_tokens:
        refresh = secrets.token_hex(16)
    ends = int(time.time()) + settings.refresh_seconds
    state.refresh_tokens[refresh] = Refresh(scopes, ends)
    call.sandbox.journal.effect("token", form["grant_type"])
    answer = _access_token(call, wanted, state.tenant.centre)
    return {**answer, "refresh_token": refresh, "refresh_expires_in": ends}


def _application_token(call, app):
    centre = call.sandbox.centre_of(call.request) or call.state.tenant.centre
    return _access_token(call, app.scopes, centre, is_company=False)


def _access_token(call, scopes, centre, is_company=True):
    settings = call.sandbox.settings
    value = f"eyJ.{secrets.token_urlsafe(24)}.sig"
    call.state.tokens[value] = Token(scopes, centre, time.time() + settings.token_seconds, is_company)
    return {
        "access_token": value,
        "token_type": "Bearer",
        "expires_in": str(settings.token_seconds) if settings.numbers_as_text else settings.token_seconds,
        "scope": " ".join(sorted(scopes)),
        "geolocation": settings.geolocation or call.sandbox.centres[centre],
    }


def _elsewhere(call):
    home = call.sandbox.centres[call.state.tenant.centre]
    return refuse_token(404, 16, "invalid_grant", "user lives elsewhere", geolocation=home)


def find_token(sandbox, operation, request):
    """The token of a request, or the refusal that Concur gives: 401, or a 403 that means the same."""
    value = bearer(request)
    token = sandbox.state.tokens.get(value)
    centre = sandbox.centre_of(request)
    if token is None or token.ends <= time.time() or token.centre != centre or centre != sandbox.home_of(token):
        status = sandbox.settings.ended_status
        raise refuse(request.path, status, "unauthorized", "Token is missing, has expired or belongs elsewhere.")
    missing = operation.scopes - token.scopes
    if missing:
        raise refuse(request.path, 403, "forbidden", "Forbidden")
    if operation.path.startswith("/financialintegration/") and not token.is_company:
        raise refuse(request.path, 403, "forbidden", "A company level token is needed.")
    return token


def bearer(request):
    kind, _, value = request.headers.get("Authorization", "").partition(" ")
    return value if kind.lower() == "bearer" else ""
