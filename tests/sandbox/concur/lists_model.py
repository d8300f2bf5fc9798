"""Lists and their items."""

import uuid
from dataclasses import dataclass

SPACE = uuid.UUID("88888888-0000-4000-8000-000000000000")


@dataclass
class List:
    id: str
    value: str
    levels: int


@dataclass
class ListItem:
    """An item. `code` has the short codes of all levels, joined with hyphens."""

    id: str
    list_id: str
    short_code: str
    code: str
    value: str
    parent_id: str | None
    level: int
    is_deleted: bool = False


def add_list(state, name, levels=1):
    return state.lists.add(List(str(uuid.uuid5(SPACE, f"list/{name}")), name, levels))


def add_item(state, list_id, code, value, parent=None):
    """An item under an id of its own, even when one of the code was there before."""
    whole = f"{parent.code}-{code}" if parent else code
    earlier = sum(item.list_id == list_id and item.code == whole for item in state.list_items)
    item_id = str(uuid.uuid5(SPACE, f"{list_id}/{whole}/{earlier}"))
    level = parent.level + 1 if parent else 1
    return state.list_items.add(ListItem(item_id, list_id, code, whole, value, parent.id if parent else None, level))
