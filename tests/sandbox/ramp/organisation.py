"""The business and its entities (guide "Entities")."""

from .errors import not_found
from .routes import handlers


@handlers("GET /business")
def get_business(call):
    return call.state.business


@handlers("GET /entities")
def list_entities(call):
    query = call.query
    rows = [
        entity
        for entity in call.state.entities
        if query.get("currency") in (None, entity["currency"])
        and query.get("entity_name") in (None, entity["entity_name"])
        and query.get("is_primary") in (None, entity["is_primary"])
    ]
    return {"data": rows[: query["page_size"]], "page": {"next": None}}


def check_entity(state, entity_id):
    if not any(entity["id"] == entity_id for entity in state.entities):
        raise not_found("Entity")
