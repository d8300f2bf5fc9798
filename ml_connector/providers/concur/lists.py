"""Concur's lists, both ways: what accounts and custom fields are coded with (common/lists, common/list-item).

No API says which list a field of the site's forms shows, so the administrator does, in one line of the connection:
`account = GL Accounts; custom1 = Cost Centers`.
"""

# Odoo translates, and there is no Odoo here.

import re
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from ...core import items as rows
from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError, NotRelevantError, PermanentError, RemoteError
from ...core.items import id_of
from ...core.provider import RemotePage, RemoteRecord, SendResult, content_version
from . import coding
from .wire import found_text, text
from .wire import rows as parts_of

ACCOUNT = "account"
EXAMPLE = f"{ACCOUNT} = GL Accounts; custom1 = Cost Centers; custom2 = Projects"
ACCOUNT_LIST, FIELD_LISTS = "list of accounts", "lists of custom fields"
"""Capabilities: such lists are chosen and found."""
_FIELD = re.compile(rf"{ACCOUNT}|custom([1-9]|1[0-9]|20)")


@dataclass(frozen=True)
class Choice:
    """A field and the name of the list that it shows."""

    field: str
    name: str


def choices(setting):
    """The fields of the setting, in its order.

    :raises InvalidDataError: it cannot be read
    """
    found = {}
    for line in re.split(r"[;\n]", setting or ""):
        field, equals, name = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not (equals and name and _FIELD.fullmatch(field.lower())):
            raise InvalidDataError(f"The lists cannot be read at “{line.strip()}”. Write them like: {EXAMPLE}.")
        if field.lower() in found:
            raise InvalidDataError(f"The field {field} has two lists: leave one of them.")
        found[field.lower()] = Choice(field.lower(), name)
    return list(found.values())


def field_label(field):
    return f"Custom {field.removeprefix('custom')}"


def reference(field, code, short_code, name):
    """What documents are coded with, alike in the list and on a document."""
    if field == ACCOUNT:
        return coding.account(code, name)
    return Reference(
        kind="analytic", external_id=f"{field}:{code}", code=short_code, name=name, group=field_label(field)
    )


class ListPuller:
    """Fields and the items of their lists become rows under Mappings."""

    def __init__(self, provider):
        self._provider = provider

    def pull(self, _cursor, _since):
        for field, chosen in chosen_lists(self._provider.settings).items():
            if field != ACCOUNT:
                yield RemotePage(items=(_field_item(field, chosen["name"]),))
            client = self._provider.client
            found = _whole_tree(client, client.list_items(chosen["id"]), chosen["levels"])
            yield from rows.pages(found, partial(_list_item, field), self._provider.label)

    def fetch(self, external_id):
        found = (item for page in self.pull("", None) for item in page.items)
        return next((item for item in found if item.external_id == external_id), None)

    def document(self, payload):
        field = payload["field"]
        if "code" not in payload:
            return Reference(kind="plan", external_id=field, name=payload["name"], group=field_label(field))
        return reference(field, payload["code"], payload["shortCode"], payload["value"])


def chosen_lists(settings):
    """{field: id, name and levels of its list}, as the connection check found them."""
    return settings.stored.get("lists") or {}


def _whole_tree(client, pages, levels):
    for page in pages:
        yield page
        if levels > 1:
            for item in page:
                if id_of(item) and any(part.get("hasChildren") for part in parts_of(item.get("lists"))):
                    with suppress(NotFoundError):
                        yield from _whole_tree(client, client.children_of_item(item["id"]), levels - 1)


def _field_item(field, name):
    payload = {"field": field, "name": name}
    return RemoteRecord(external_id=f"plan:{field}", version=content_version(payload), title=name, payload=payload)


def _list_item(field, item):
    code = text(item, "code", "shortCode")
    if not code:
        raise InvalidDataError("It has no code.")
    payload = {"field": field, "code": code, "shortCode": text(item, "shortCode") or code, "value": text(item, "value")}
    title = f"{code} {payload['value']}".strip()
    return RemoteRecord(external_id=f"{field}:{code}", version=content_version(payload), title=title, payload=payload)


# To Concur


class ListPush:
    """Accounts and analytic accounts as items of the list of their field.

    What a person already coded stays valid: an item that is there is taken over, by its code.
    """

    def __init__(self, provider):
        self._provider = provider
        self._lock = threading.Lock()
        self._lists = {}

    @property
    def client(self):
        return self._provider.client

    def field(self, document):
        raise NotImplementedError

    def known_code(self, document):
        """The code under which Concur has it already; empty when it has not."""
        raise NotImplementedError

    def render(self, document):
        code = self.known_code(document) or plain_code(document.code)
        if not (code and document.name.strip()):
            raise InvalidDataError("SAP Concur needs a code and a name: enter both on the account.")
        field = self.field(document)
        return {"field": field, "shortCode": code, "value": document.name.strip(), "deleted": not document.active}

    def send(self, payload, external_id, _key):
        with self._lock:
            items = self._items(payload["field"])
            known = items.get(external_id) or items.get(_code_key(payload["shortCode"]))
        if payload["deleted"]:
            sent = self._remove(payload, known, external_id)
            self._replace(items, known)
            return sent
        item = known
        if item is None:
            item = self.client.create_list_item(self._list_id(payload["field"]), payload["shortCode"], payload["value"])
        elif (text(item, "shortCode"), text(item, "value")) != (payload["shortCode"], payload["value"]):
            item = {**item, **self.client.update_list_item(item["id"], payload["shortCode"], payload["value"])}
        sent = self._sent(payload, item, linked=not external_id and known is not None)
        self._replace(items, known, {**item, "shortCode": payload["shortCode"], "value": payload["value"]})
        return sent

    def find(self, payload, _key):
        item = self._read(payload["field"]).get(_code_key(payload["shortCode"]))
        return self._sent(payload, item) if item else None

    def _sent(self, payload, item, linked=False):
        if not (isinstance(item, dict) and item.get("id")):
            raise RemoteError("SAP Concur answered without the list item.")
        code = payload["shortCode"]
        return SendResult(
            external_id=item["id"],
            linked=linked,
            mapping=reference(payload["field"], text(item, "code") or code, code, payload["value"]),
        )

    def _remove(self, payload, item, external_id):
        if item is None and not external_id:
            raise NotRelevantError("It was archived in Odoo before it was sent.")
        if item is None:
            return SendResult(external_id=external_id)
        self.client.delete_list_item(self._list_id(payload["field"]), item["id"])
        return SendResult(external_id=item["id"])

    def _items(self, field):
        """The items of a list by id and by code, read once in a run."""
        if field not in self._lists:
            self._lists[field] = self._read(field)
        return self._lists[field]

    def _replace(self, items, known, item=None):
        """What is sent later in the same run finds the list as it is by then."""
        with self._lock:
            if known:
                items.pop(known["id"], None)
                items.pop(_code_key(found_text(known, "shortCode")), None)
            if item:
                items[item["id"]] = items[_code_key(item["shortCode"])] = item

    def _read(self, field):
        items = defaultdict(dict)
        for page in self.client.list_items(self._list_id(field)):
            for item in filter(id_of, page):
                items[item["id"]] = items[_code_key(found_text(item, "shortCode"))] = item
        return dict(items)

    def _list_id(self, field):
        chosen = chosen_lists(self._provider.settings).get(field)
        if not chosen:
            raise PermanentError(f"No list of SAP Concur is chosen for {field}: enter it on the connection.")
        if chosen["levels"] > 1:
            raise PermanentError(f"The list {chosen['name']} has several levels: Odoo adds nothing to it.")
        return chosen["id"]


class AccountPush(ListPush):
    def field(self, document):
        return ACCOUNT

    def known_code(self, document):
        return document.external_id


class AnalyticPush(ListPush):
    def field(self, document):
        return document.dimension_key

    def known_code(self, document):
        field, _colon, code = document.external_id.partition(":")
        return code if field == document.dimension_key else ""


def plain_code(code):
    """A code that Concur can tell apart: it joins the codes of several levels with hyphens."""
    return (code or "").strip().replace("-", "_")


def _code_key(code):
    return f"code:{code.strip().casefold()}"


def check_lists(client, setting, find):
    """Look up the chosen lists: what the flows need to know of each, and the capabilities that follow.

    :param find: takes level, title and message of a finding
    """
    try:
        wanted = choices(setting)
    except InvalidDataError as error:
        find("error", "The lists cannot be read", error.message)
        return {}, set()
    if not wanted:
        return {}, set()
    try:
        known = {found_text(row, "value").casefold(): row for page in client.lists() for row in filter(id_of, page)}
    except NotFoundError:
        known = {}
    found = {}
    for choice in wanted:
        row = known.get(choice.name.casefold())
        if not row:
            names = ", ".join(sorted(found_text(row, "value") for row in known.values()))
            find("error", f"SAP Concur has no list {choice.name}", f"It has: {names or 'none'}. Correct the lists.")
            continue
        levels = row.get("levelCount") if isinstance(row.get("levelCount"), int) else 1
        found[choice.field] = {"id": row["id"], "name": text(row, "value"), "levels": levels}
    flat = {field for field, chosen in found.items() if chosen["levels"] < 2}
    for field in found.keys() - flat:
        name = found[field]["name"]
        find("ok", f"The list {name} has several levels", "It is read; Odoo adds nothing to it.")
    if found:
        find("ok", f"Lists: {', '.join(chosen['name'] for chosen in found.values())}")
    capabilities = {ACCOUNT_LIST} if ACCOUNT in flat else set()
    return found, capabilities | ({FIELD_LISTS} if flat - {ACCOUNT} else set())
