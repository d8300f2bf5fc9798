"""What the ERP uploads for coding: GL accounts, custom fields, accounting vendors (guide "ERP integrations")."""

from . import render
from .connections import api_connection, connection_of
from .errors import BAD_DATA, invalid, not_found, refuse
from .model import ACCOUNTING_VENDOR, CUSTOM, GL_ACCOUNT, Option
from .routes import assign, handlers, page_of
from .state import now

UPLOADED = "display_name classification entity_remote_ids gl_account_id"
SAME = "code name display_name entity_remote_ids visibility gl_account_id tax_rate_ids"
"""What a change sets; the ``value`` of an option of a custom field is its name."""


# -- shared by all kinds of options ----------------------------------------------------------------------------------


def wanted(query, names):
    """The filter of a list: our id is their remote id."""
    given = {name: query[name] for name in names.split() if query.get(name) is not None}
    return lambda row: all(
        value == getattr(row, "external_id" if name == "remote_id" else name) for name, value in given.items()
    )


def page_options(call, field, show):
    keep = wanted(call.query, "remote_id is_active code visibility")
    return page_of(
        call, call.state.options, lambda row: show(call.state, row), lambda row: row.field is field and keep(row)
    )


def upload_options(call, field, items):
    """Add all items or none: one that exists already, or twice in the batch, rejects the batch without being named."""
    state = call.state
    remote_ids = {item["id"] for item in items}
    if len(remote_ids) < len(items) or any(state.find_option(field, remote_id) for remote_id in remote_ids):
        raise refuse(400, BAD_DATA, "The batch holds an item that already exists.")
    for item in items:
        check_entities(state, item)
    moment = now()
    added = [
        Option(
            *(state.new_id("option"), field, item["id"], item.get("name") or item["value"], moment, moment),
            code=item.get("code") or "",
            tax_rate_ids=item.get("tax_rate_ids", []),
            **{name: item.get(name) for name in UPLOADED.split()},
        )
        for item in items
    ]
    for option in added:
        state.add_option(option)
        call.sandbox.journal.effect(f"{field.kind}.upload", option.external_id)
    return added


def check_entities(state, values):
    """An item is limited to entities that were uploaded before; how an unknown one is refused is not published."""
    if set(values.get("entity_remote_ids") or ()) - set(state.erp_entities):
        raise invalid("Entity not found.", "entity_remote_ids")


def change_option(call, option):
    check_entities(call.state, call.body)
    assign(option, {"name": call.body.get("value", option.name), **call.body}, SAME)
    if call.body.get("reactivate"):
        option.is_active = True
    option.updated_at = now()
    call.sandbox.journal.effect(f"{option.field.kind}.update", option.external_id)
    return option


def delete_option(call, option):
    """Soft delete: the remote id stays taken."""
    option.is_active, option.updated_at = False, now()
    call.sandbox.journal.effect(f"{option.field.kind}.delete", option.external_id)


def find_option(call, option_id, kind, label):
    """An option by its Ramp id; a write needs the API connection."""
    if call.request.method != "GET":
        api_connection(call.state)
    option = call.state.options.get(option_id)
    if option is None or option.field.kind != kind:
        raise not_found(label)
    return option


def writable_field(call, kind):
    """The built-in field of the active API connection."""
    connection = api_connection(call.state)
    if call.body.get("accounting_connection_id") not in (None, connection.id):
        raise not_found("Accounting connection")
    return call.state.field_of(connection, kind)


def asked_connection(call):
    return connection_of(call.state, call.query.get("accounting_connection_id"))


# -- GL accounts and accounting vendors ------------------------------------------------------------------------------


class BuiltIn:
    """The options of a built-in field: listed, uploaded and changed.

    :param name: of the list in an upload and its answer
    """

    def __init__(self, path, key, kind, name, show, label):
        self.key, self.kind, self.name, self.show, self.label = key, kind, name, show, label
        handlers(f"GET {path}")(self.list)
        handlers(f"POST {path}")(self.upload)
        handlers(f"PATCH {path}/{{{key}}}")(self.update)

    def list(self, call):
        """Of the connection that is asked for, by default the active one."""
        connection = asked_connection(call)
        return page_options(call, call.state.field_of(connection, self.kind), self.show)

    def upload(self, call):
        field = writable_field(call, self.kind)
        shown = uploaded(call, field, self.name, self.show)
        if self.kind == ACCOUNTING_VENDOR:
            del shown["accounting_connection_id"]  # not published for vendors
        return shown

    def update(self, call):
        option = find_option(call, call.path[self.key], self.kind, self.label)
        return self.show(call.state, change_option(call, option))


def uploaded(call, field, name, show):
    """The answer to an upload, whose options stand under this name in both bodies."""
    added = upload_options(call, field, call.body[name])
    return {
        "accounting_connection_id": field.connection_id,
        name: [show(call.state, option) for option in added],
        "uploaded": [option.id for option in added],
    }


ACCOUNTS = BuiltIn(
    *("/accounting/accounts", "gl_account_id", GL_ACCOUNT, "gl_accounts", render.gl_account, "GL account")
)
VENDORS = BuiltIn(
    "/accounting/vendors", "vendor_id", ACCOUNTING_VENDOR, "vendors", render.accounting_vendor, "Accounting vendor"
)


# -- custom fields ---------------------------------------------------------------------------------------------------


@handlers("GET /accounting/fields")
def list_fields(call):
    state = call.state
    connection = asked_connection(call)
    keep = wanted(call.query, "remote_id is_active")
    return page_of(
        call,
        state.fields,
        lambda row: render.custom_field(state, row),
        lambda row: row.kind == CUSTOM and row.connection_id == connection.id and keep(row),
    )


@handlers("POST /accounting/fields")
def create_field(call):
    """The same remote id gives the field that exists, reactivated."""
    state, body = call.state, call.body
    connection = api_connection(state)
    field = _named_field(state, connection, body["id"])
    if field is None:
        field = state.add_field(
            *(connection, CUSTOM, body["id"], body["name"], now()),
            display_name=body.get("display_name"),
            input_type=body["input_type"],
            is_splittable=body.get("is_splittable", False),
            is_required_for=body.get("is_required_for", []),
        )
        call.sandbox.journal.effect("field.create", field.external_id)
    field.is_active = True
    return render.custom_field(state, field)


@handlers("PATCH /accounting/fields/{field_id}")
def update_field(call):
    api_connection(call.state)
    field = custom_field(call.state, call.path["field_id"])
    assign(field, call.body, "name display_name is_splittable")
    field.updated_at = now()
    return render.custom_field(call.state, field)


def _named_field(state, connection, remote_id):
    return state.fields.first(
        lambda row: row.kind == CUSTOM and row.connection_id == connection.id and row.external_id == remote_id
    )


def custom_field(state, field_id):
    field = state.fields.get(field_id)
    if field is None or field.kind != CUSTOM:
        raise not_found("Accounting field")
    return field


@handlers("GET /accounting/field-options")
def list_field_options(call):
    """Of a field given by its Ramp id or, since 2026-08-20, by its id with us."""
    remote_id = call.query.get("field_remote_id")
    if not remote_id and not call.query.get("field_id"):
        raise invalid("Missing data for required field.", "field_id")
    if not remote_id:
        return page_options(call, custom_field(call.state, call.query["field_id"]), render.field_option)
    connection = asked_connection(call)
    field = _named_field(call.state, connection, remote_id)
    if field is None:
        raise not_found("Accounting field")
    return page_options(call, field, render.field_option)


@handlers("POST /accounting/field-options")
def upload_field_options(call):
    api_connection(call.state)
    field = custom_field(call.state, call.body["field_id"])
    if field.input_type != "SINGLE_CHOICE":
        raise invalid("The field has no options.", "field_id")
    return uploaded(call, field, "options", render.field_option)


@handlers("PATCH /accounting/field-options/{field_option_id}")
def update_field_option(call):
    option = find_option(call, call.path["field_option_id"], CUSTOM, "Accounting field option")
    return render.field_option(call.state, change_option(call, option))
