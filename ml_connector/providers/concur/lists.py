"""Concur's lists, into Odoo and from Odoo: the codes of accounts and custom fields (common/lists, common/list-item).

No API tells which list a field of the site's forms shows, so the administrator enters it on the connection:
`account = GL Accounts; custom1 = Cost Centers`.
"""

import re
import threading
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from ...core import items as listed
from ...core.documents import Reference
from ...core.errors import InvalidDataError, NotFoundError, NotRelevantError, PermanentError, RemoteError
from ...core.flow import CodesFlow, PushFlow
from ...core.items import id_of
from ...core.messages import _
from ...core.remote import RemotePage, RemoteRecord, SendResult
from ...core.wire import needed, text
from .coding import ACCOUNT, field_label, reference
from .scopes import ACCOUNT_LIST, FIELD_LISTS, ITEMS, ITEMS_DELETE, ITEMS_WRITE, LISTS
from .wire import found_text, rows

LISTS_PATH = "/list/v4"
EXAMPLE = f"{ACCOUNT} = GL Accounts; custom1 = Cost Centers; custom2 = Projects"
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
            raise InvalidDataError(
                _(
                    'Enter a field and its list instead of "%(entry)s". Example: %(example)s.',
                    entry=line.strip(),
                    example=EXAMPLE,
                )
            )
        if field.lower() in found:
            raise InvalidDataError(_("The field %(field)s has two lists. Remove one of them.", field=field))
        found[field.lower()] = Choice(field.lower(), name)
    return list(found.values())


class Lists(CodesFlow):
    key = "lists"
    label = _("Lists")
    scopes = (LISTS, ITEMS)
    help = _(
        "Reads the items of the lists named on the connection, so that you can map them before the first document."
    )

    def pull(self, cursor, since):
        """Pages of the fields and the items of their lists, which become mappings."""
        for field, chosen in chosen_lists(self.provider.settings).items():
            if field != ACCOUNT:
                yield RemotePage(items=(_field_item(field, chosen["name"]),))
            found = _whole_tree(self.client, _list_items(self.client, chosen["id"]), chosen["levels"])
            yield from listed.pages(found, partial(_list_item, field), self.provider.label)

    def translate(self, payload):
        field = payload["field"]
        if "code" not in payload:
            return Reference(kind="plan", external_id=field, name=payload["name"], group=field_label(field))
        return reference(field, payload["code"], payload["shortCode"], payload["value"])


def chosen_lists(settings):
    """{field: id, name and levels of its list}, as the connection check found them."""
    return settings.stored.get("lists") or {}


def _pages(client, path):
    return client.numbered_pages(LISTS_PATH + path, first=1, isDeleted=False)


def _list_items(client, list_id):
    """Pages of the items of the first level."""
    return _pages(client, f"/lists/{list_id}/children")


def _whole_tree(client, pages, levels):
    for page in pages:
        yield page
        if levels > 1:
            for item in page:
                if id_of(item) and any(part.get("hasChildren") for part in rows(item.get("lists"))):
                    with suppress(NotFoundError):
                        yield from _whole_tree(client, _pages(client, f"/items/{item['id']}/children"), levels - 1)


def _field_item(field, name):
    return RemoteRecord.of(f"plan:{field}", name, {"field": field, "name": name})


def _list_item(field, item):
    code = needed(text(item, "code", "shortCode"), _("The list item has no code."))
    payload = {"field": field, "code": code, "shortCode": text(item, "shortCode") or code, "value": text(item, "value")}
    title = f"{code} {payload['value']}".strip()
    return RemoteRecord.of(f"{field}:{code}", title, payload)


# To Concur


class ListPush(PushFlow):
    """Sends accounts and analytic accounts as items of the list of their field.

    An item that the list already has is linked by its code, so that documents coded with it stay valid.
    """

    scopes = (LISTS, ITEMS, ITEMS_WRITE, ITEMS_DELETE)
    interval = 24 * 60
    active = False

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._lists = {}

    def field(self, document):
        raise NotImplementedError

    def known_code(self, document):
        """The code under which Concur has it already; empty when it has not."""
        raise NotImplementedError

    def render(self, document):
        code = self.known_code(document) or plain_code(document.code)
        if not (code and document.name.strip()):
            raise InvalidDataError(_("SAP Concur requires a code and a name. Enter both on the account."))
        field = self.field(document)
        return {"field": field, "shortCode": code, "value": document.name.strip(), "deleted": not document.active}

    def send(self, payload, external_id, key):
        with self._lock:
            items = self._items(payload["field"])
            known = items.get(external_id) or items.get(_code_key(payload["shortCode"]))
        if payload["deleted"]:
            sent = self._remove(payload, known, external_id)
            self._replace(items, known)
            return sent
        item, wanted = known, {"shortCode": payload["shortCode"], "value": payload["value"]}
        if item is None:
            body = {"listId": self._list_id(payload["field"]), **wanted}
            item = self.client.call("POST", f"{LISTS_PATH}/items", body=body).data
        elif (text(item, "shortCode"), text(item, "value")) != (payload["shortCode"], payload["value"]):
            path = f"{LISTS_PATH}/items/{item['id']}"
            item = {**item, **self.client.call("PUT", path, body=wanted, repeatable=True).data}
        sent = self._sent(payload, item, linked=not external_id and known is not None)
        self._replace(items, known, {**item, **wanted})
        return sent

    def find(self, payload, key):
        item = self._read(payload["field"]).get(_code_key(payload["shortCode"]))
        return self._sent(payload, item) if item else None

    def _sent(self, payload, item, linked=False):
        if not (isinstance(item, dict) and item.get("id")):
            raise RemoteError(_("SAP Concur answered without the list item."))
        code = payload["shortCode"]
        return SendResult(
            external_id=item["id"],
            linked=linked,
            mapping=reference(payload["field"], text(item, "code") or code, code, payload["value"]),
        )

    def _remove(self, payload, item, external_id):
        if item is None and not external_id:
            raise NotRelevantError(_("The account was archived in Odoo before it was sent."))
        if item is None:
            return SendResult(external_id=external_id)
        # out of this list only
        path = f"{LISTS_PATH}/lists/{self._list_id(payload['field'])}/items/{item['id']}"
        self.client.call("DELETE", path, repeatable=True)
        return SendResult(external_id=item["id"])

    def _items(self, field):
        """The items of a list by id and by code, read once for each run."""
        if field not in self._lists:
            self._lists[field] = self._read(field)
        return self._lists[field]

    def _replace(self, items, known, item=None):
        """Keep the list that was read up to date for what the same run sends later."""
        with self._lock:
            if known:
                items.pop(known["id"], None)
                items.pop(_code_key(found_text(known, "shortCode")), None)
            if item:
                items[item["id"]] = items[_code_key(item["shortCode"])] = item

    def _read(self, field):
        items = defaultdict(dict)
        for page in _list_items(self.client, self._list_id(field)):
            for item in filter(id_of, page):
                items[item["id"]] = items[_code_key(found_text(item, "shortCode"))] = item
        return dict(items)

    def _list_id(self, field):
        chosen = chosen_lists(self.provider.settings).get(field)
        if not chosen:
            raise PermanentError(
                _("No list of SAP Concur is chosen for the field %(field)s. Enter it on the connection.", field=field)
            )
        if chosen["levels"] > 1:
            raise PermanentError(
                _("The list %(list)s has several levels. Odoo cannot add items to it.", list=chosen["name"])
            )
        return chosen["id"]


def plain_code(code):
    """A code that Concur can tell apart: it joins the codes of several levels with hyphens."""
    return (code or "").strip().replace("-", "_")


def _code_key(code):
    return f"code:{code.strip().casefold()}"


def check_lists(client, setting, find):
    """({field: id, name and levels of its list}, capabilities) for the lists that the connection names.

    :param find: called with level, title and message of each finding
    """
    try:
        wanted = choices(setting)
    except InvalidDataError as error:
        find("error", _("The lists of the connection cannot be read"), error.message)
        return {}, set()
    if not wanted:
        return {}, set()
    try:
        known = {
            found_text(row, "value").casefold(): row for page in _pages(client, "/lists") for row in filter(id_of, page)
        }
    except NotFoundError:
        known = {}
    found = {}
    for choice in wanted:
        row = known.get(choice.name.casefold())
        if not row:
            names = tuple(sorted(found_text(row, "value") for row in known.values()))
            advice = (
                _("SAP Concur has these lists: %(lists)s. Correct the entry on the connection.", lists=names)
                if names
                else _("SAP Concur has no lists. Remove the entry from the connection.")
            )
            find("error", _("The list %(list)s does not exist in SAP Concur", list=choice.name), advice)
            continue
        levels = row.get("levelCount") if isinstance(row.get("levelCount"), int) else 1
        found[choice.field] = {"id": row["id"], "name": text(row, "value"), "levels": levels}
    flat = {field for field, chosen in found.items() if chosen["levels"] < 2}
    for field in found.keys() - flat:
        title = _("The list %(list)s has several levels", list=found[field]["name"])
        find("ok", title, _("Odoo reads this list, but cannot add items to it."))
    if found:
        find("ok", _("Lists: %(lists)s", lists=tuple(chosen["name"] for chosen in found.values())))
    capabilities = {ACCOUNT_LIST} if ACCOUNT in flat else set()
    return found, capabilities | ({FIELD_LISTS} if flat - {ACCOUNT} else set())
