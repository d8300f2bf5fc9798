"""Coding that a request gives by remote ids: ``accounting_field_selections`` (guide "ERP integrations")."""

from .errors import invalid
from .model import Option
from .state import now


def read_selections(state, items):
    """Ids of the options; each item names a field and either an option or a text, all of the active connection."""
    return [_read(state, item) for item in items or ()]


def _read(state, item):
    option_id, text = item.get("field_option_external_id"), item.get("free_form_text")
    if (option_id is None) == (text is None):
        raise invalid(
            "Exactly one of field_option_external_id and free_form_text is needed.", "accounting_field_selections"
        )
    field = _field(state, item["field_external_id"])
    option = state.find_option(field, text if option_id is None else option_id)
    if option is None and text is not None and field.input_type == "FREE_FORM_TEXT":
        option = state.add_option(Option(state.new_id("option"), field, text, text, now(), now()))
    if option is None or not option.is_active:
        raise invalid("Accounting field option not found.", "accounting_field_selections", "field_option_external_id")
    return option.id


def _field(state, external_id):
    connection = state.connection
    field = connection and state.fields.first(
        lambda row: row.connection_id == connection.id and row.external_id == external_id and row.is_active
    )
    if not field:
        raise invalid("Accounting field not found.", "accounting_field_selections", "field_external_id")
    return field
