"""Tax rates, the tax code field and its options, in this order; and ERP entities (guide "ERP integrations")."""

from .coding import (
    asked_connection,
    change_option,
    delete_option,
    find_option,
    page_options,
    uploaded,
    writable_field,
)
from .connections import api_connection
from .errors import BAD_DATA, invalid, not_found, refuse
from .model import GL_ACCOUNT, TAX_CODE, TaxRate
from .render import copied
from .routes import Resource, assign, handlers
from .state import now


def render_rate(_state, rate):
    return {
        "ramp_id": rate.id,
        "id": rate.external_id,
        "name": rate.name,
        "rate": str(rate.rate),
        "accounting_gl_account_id": rate.gl_account_id,
        "accounting_connection_id": rate.connection_id,
    }


RATES = Resource("/accounting/tax/rates", "tax_rates", render_rate)


@handlers("GET /accounting/tax/rates")
def list_tax_rates(call):
    connection = asked_connection(call)
    return RATES.page(call, lambda row: row.connection_id == connection.id and row.is_active)


@handlers("POST /accounting/tax/rates")
def upload_tax_rates(call):
    """An API connection must name the GL account of each rate, by its Ramp id."""
    state, connection = call.state, api_connection(call.state)
    known = {rate.external_id for rate in state.tax_rates if rate.connection_id == connection.id}
    items = call.body["tax_rates"]
    if known & {item["id"] for item in items}:
        raise refuse(400, BAD_DATA, "The batch holds an item that already exists.")
    for item in items:
        _check_account(state, item.get("accounting_gl_account_id"))
    added = [
        TaxRate(
            *(state.new_id("tax-rate"), item["id"], item["name"], item["rate"], connection.id),
            gl_account_id=item["accounting_gl_account_id"],
        )
        for item in items
    ]
    for rate in added:
        state.tax_rates.add(rate)
        call.sandbox.journal.effect("tax_rate.upload", rate.external_id)
    return {"accounting_connection_id": connection.id, "tax_rates": [render_rate(state, rate) for rate in added]}


@handlers("PATCH /accounting/tax/rates/{tax_rate_id}")
def update_tax_rate(call):
    api_connection(call.state)
    rate, body = call.state.tax_rates.get(call.path["tax_rate_id"]), call.body
    if rate is None:
        raise not_found("Tax rate")
    if "accounting_gl_account_id" in body:
        _check_account(call.state, body["accounting_gl_account_id"])
        rate.gl_account_id = body["accounting_gl_account_id"]
    assign(rate, body, "name rate")
    return render_rate(call.state, rate)


def _check_account(state, account_id):
    option = state.options.get(account_id)
    if option is None or option.field.kind != GL_ACCOUNT:
        raise invalid("GL account not found.", "tax_rates", "accounting_gl_account_id")


# -- the tax code field ------------------------------------------------------------------------------------------------


@handlers("GET /accounting/tax/code")
def get_tax_code(call):
    return render_tax_code(_tax_code(call, asked_connection(call)))


@handlers("POST /accounting/tax/code")
def create_tax_code(call):
    """One per connection."""
    connection = api_connection(call.state)
    if call.state.field_of(connection, TAX_CODE):
        raise refuse(400, BAD_DATA, "The connection has a tax code field.")
    name, shown = call.body["name"], call.body.get("display_name")
    field = call.state.add_field(connection, TAX_CODE, "tax_code", name, now(), display_name=shown)
    call.sandbox.journal.effect("tax_code.create", field.id)
    return render_tax_code(field)


def _tax_code(call, connection):
    field = call.state.field_of(connection, TAX_CODE)
    if field is None:
        raise not_found("Tax code field")
    return field


def render_tax_code(field):
    ids = {"ramp_id": field.id, "id": field.external_id, "accounting_connection_id": field.connection_id}
    return {**ids, **copied(field, "name display_name")}


@handlers("GET /accounting/tax/code/options")
def list_tax_options(call):
    field = _tax_code(call, asked_connection(call))
    return page_options(call, field, render_tax_option)


@handlers("POST /accounting/tax/code/options")
def upload_tax_options(call):
    """``tax_rate_ids`` are remote ids of rates that were uploaded before."""
    field = writable_field(call, TAX_CODE)
    if field is None:
        raise not_found("Tax code field")
    known = {rate.external_id for rate in call.state.tax_rates if rate.connection_id == field.connection_id}
    if any(set(item.get("tax_rate_ids", [])) - known for item in call.body["options"]):
        raise invalid("Tax rate not found.", "options", "tax_rate_ids")
    return {"options": uploaded(call, field, "options", render_tax_option)["options"]}


@handlers("PATCH /accounting/tax/code/options/{option_id}")
def update_tax_option(call):
    return render_tax_option(call.state, change_option(call, _tax_option(call)))


@handlers("DELETE /accounting/tax/code/options/{option_id}")
def delete_tax_option(call):
    delete_option(call, _tax_option(call))


def _tax_option(call):
    return find_option(call, call.path["option_id"], TAX_CODE, "Tax code option")


def render_tax_option(_state, option):
    return {
        **copied(option, "name is_active tax_rate_ids entity_remote_ids"),
        "ramp_id": option.id,
        "id": option.external_id,
        "accounting_connection_id": option.field.connection_id,
    }


# -- ERP entities ------------------------------------------------------------------------------------------------------


@handlers("POST /accounting/entities")
def upload_entities(call):
    state, connection = call.state, api_connection(call.state)
    added = []
    for item in call.body["entities"]:
        if item["id"] in state.erp_entities:
            raise refuse(400, BAD_DATA, "The batch holds an item that already exists.")
        entity = {"country": None, "currency": None, "federal_id_number": None, **item}
        entity |= {"ramp_id": state.new_id("erp-entity"), "accounting_connection_id": connection.id}
        added.append({**entity, "is_active": True})
    state.erp_entities.update((entity["id"], entity) for entity in added)
    return {"accounting_connection_id": connection.id, "entities": added}
