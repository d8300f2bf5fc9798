"""Lists v4: lists, and their items level by level."""

from .errors import refuse
from .lists_model import add_item
from .routes import find, handlers

PAGE = 100


@handlers("GET /list/v4/lists")
def read_lists(call):
    rows = [
        {
            "id": row.id,
            "value": row.value,
            "category": {"id": None, "type": None},
            "levelCount": row.levels,
            "searchCriteria": "TEXT",
            "displayFormat": "(CODE) TEXT",
            "isReadOnly": False,
            "isDeleted": False,
            "managedBy": None,
        }
        for row in call.state.lists
    ]
    return _page(call, [row for row in rows if call.query.get("value") in (None, row["value"])])


@handlers("GET /list/v4/lists/{listId}/children")
def read_items(call):
    if call.path["listId"] not in call.state.lists:
        raise _unknown(call, "list")
    return _items(call, lambda item: item.list_id == call.path["listId"] and item.level == 1)


@handlers("GET /list/v4/items/{itemId}/children")
def read_children(call):
    return _items(call, lambda item: item.parent_id == call.path["itemId"])


def _items(call, keep):
    wanted = call.query.get("shortCode")
    deleted = call.query.get("isDeleted", False)
    found = [
        item
        for item in call.state.list_items
        if keep(item) and wanted in (None, item.short_code) and item.is_deleted == deleted
    ]
    return _page(call, [_shown(call, item) for item in found])


@handlers("GET /list/v4/items/{itemId}")
def read_item(call):
    return _shown(call, _item(call))


@handlers("POST /list/v4/items")
def create_item(call):
    body, state = call.body, call.state
    if body["listId"] not in state.lists:
        raise _unknown(call, "list")
    parent = state.list_items.get(body["parentId"]) if body.get("parentId") else None
    if _is_taken(call, body["listId"], body["shortCode"], parent.id if parent else None):
        raise refuse(call.request.path, 400, "listItem.duplicate", "The code is in use in this list.")
    item = add_item(state, body["listId"], body["shortCode"], body["value"], parent)
    call.sandbox.journal.effect("listItem.create", item.code)
    return _shown(call, item)


@handlers("PUT /list/v4/items/{itemId}")
def update_item(call):
    item, body = _item(call), call.body
    if _is_taken(call, item.list_id, body["shortCode"], item.parent_id, item.id):
        raise refuse(call.request.path, 400, "listItem.duplicate", "The code is in use in this list.")
    item.code = item.code.removesuffix(item.short_code) + body["shortCode"]
    item.short_code, item.value = body["shortCode"], body["value"]
    call.sandbox.journal.effect("listItem.update", item.code)
    return _shown(call, item)


@handlers("DELETE /list/v4/lists/{listId}/items/{itemId}")
def delete_item(call):
    item = _item(call)
    item.is_deleted = True
    call.sandbox.journal.effect("listItem.delete", item.code)


def _item(call):
    item = find(call, call.state.list_items, "itemId", "item.notFound", "item")
    if item.is_deleted:
        raise _unknown(call, "item")
    return item


def _is_taken(call, list_id, short_code, parent_id, own_id=None):
    return any(
        item.list_id == list_id
        and item.parent_id == parent_id
        and item.short_code.casefold() == short_code.casefold()
        and not item.is_deleted
        and item.id != own_id
        for item in call.state.list_items
    )


def _unknown(call, what):
    return refuse(call.request.path, 404, f"{what}.notFound", f"There is no such {what}.")


def _shown(call, item):
    children = any(other.parent_id == item.id and not other.is_deleted for other in call.state.list_items)
    return {
        "id": item.id,
        "code": item.code,
        "shortCode": item.short_code,
        "value": item.value,
        "parentId": item.parent_id,
        "level": item.level,
        "isDeleted": item.is_deleted,
        "lists": [{"id": item.list_id, "hasChildren": children}],
    }


def _page(call, rows):
    number = call.query.get("page") or 1
    page = {"size": PAGE, "totalElements": len(rows), "totalPages": -(-len(rows) // PAGE), "number": number}
    return {"links": [], "content": rows[(number - 1) * PAGE : number * PAGE], "page": page}
