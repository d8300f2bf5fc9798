"""The accounting seat: one active connection for a business (guide "ERP integrations")."""

from . import render
from .errors import NO_API_CONNECTION, not_found, refuse
from .routes import handlers
from .state import now

SETTINGS = (
    "entity_selection_enabled",
    "reimbursement_sync_button_enabled",
    "transaction_accounting_vendor_creation_on_sync_enabled",
    "transaction_sync_button_enabled",
    "vendor_credits_enabled",
)


@handlers("GET /accounting/all-connections")
def list_connections(call):
    """Deleted connections stay in the list as tombstones."""
    return {"connections": [render.connection(item) for item in call.state.connections]}


@handlers("POST /accounting/connection")
def create_connection(call):
    """A CSV connection is upgraded; whoever else holds the seat is returned as is, without an error."""
    state, body = call.state, call.body
    incumbent = state.connection
    if incumbent is not None and incumbent.connection_type != "CSV":
        return render.connection(incumbent)
    if incumbent is None:
        incumbent = state.add_connection("API", body["remote_provider_name"], now())
    incumbent.connection_type, incumbent.remote_provider_name = "API", body["remote_provider_name"]
    incumbent.last_linked_at = now()
    incumbent.settings = {name: (body.get("settings") or {}).get(name, False) for name in SETTINGS}
    call.sandbox.journal.effect("connection.create", incumbent.id)
    return render.connection(incumbent)


@handlers("DELETE /accounting/connection")
def delete_connection(call):
    connection = api_connection(call.state)
    connection.is_active = False
    call.sandbox.journal.effect("connection.delete", connection.id)


@handlers("PATCH /accounting/connection/{connection_id}")
def update_connection(call):
    connection = _find(call)
    if connection.connection_type != "API" or not connection.is_active:
        raise refuse(400, NO_API_CONNECTION, "Only an active API connection has settings.")
    connection.settings = {**(connection.settings or dict.fromkeys(SETTINGS, False)), **call.body.get("settings", {})}
    return render.connection(connection)


@handlers("POST /accounting/connection/{connection_id}/reactivate")
def reactivate_connection(call):
    """Relink a disconnected API connection with its fields, while no other holds the seat."""
    connection, holder = _find(call), call.state.connection
    if connection.connection_type != "API" or holder not in (None, connection):
        raise refuse(400, NO_API_CONNECTION, "The connection cannot be reactivated.")
    connection.is_active, connection.last_linked_at = True, now()
    return render.connection(connection)


def api_connection(state):
    """The active API connection, which all writes to the coding and all syncs need."""
    connection = state.connection
    if connection is None or connection.connection_type != "API":
        raise refuse(400, NO_API_CONNECTION, "There is no active API accounting connection.")
    return connection


def _find(call):
    return connection_of(call.state, call.path["connection_id"])


def connection_of(state, connection_id):
    """The connection of this id; without one the active."""
    connection = state.connections.get(connection_id) if connection_id else state.connection
    if connection is None:
        raise not_found("Accounting connection")
    return connection
