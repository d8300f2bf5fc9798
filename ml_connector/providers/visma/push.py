"""The base of all flows that send records to Visma.net."""

from ...core.errors import (
    ConflictError,
    DuplicateError,
    InvalidDataError,
    LockedPeriodError,
    PermanentError,
    UnconfirmedError,
)
from ...core.flow import PushFlow
from ...core.http import read_json
from ...core.messages import _, paragraph
from ...core.wire import needed, text
from .scopes import CREATE, READ, UPDATE
from .wire import wrapped

EMPTY = "cannot be empty"
"""Part of Visma's error for a missing number, among others."""
OVERRIDE = "overrideNumberSeries"
OWN_NUMBERS = ("number", "orderNumber", "referenceNumber")
REFUSALS = (ConflictError, DuplicateError, InvalidDataError, LockedPeriodError, PermanentError)
"""Errors after which nothing has changed in Visma."""
TRIES = 3
"""Attempts to change an object that is changed by others at the same time."""


class VismaPush(PushFlow):
    scopes = (READ, CREATE, UPDATE)
    active = False

    def changed(self, path, body_of, **filters):
        """Change an object by `body_of(row)`, in the version that was read; the row before the change.

        :param body_of: returns the body for the current row; an empty one changes nothing
        :param filters: parameters for reading the row
        :raises ConflictError: others changed the object at the same time, in each attempt
        """
        for attempt in range(1, TRIES + 1):
            record = self.client.one(path, **filters)
            body = body_of(record.data)
            if not body:
                return record.data
            try:
                self.client.update(path, body, record.etag)
            except ConflictError:
                if attempt == TRIES:
                    raise
                continue
            return record.data
        return None

    def own_number(self, number):
        """What `render` adds if Odoo gives the number of a new record; nothing if Visma gives it."""
        options = self.provider.settings.options.get(self.key) or {}
        return {"own_number": number.strip()} if options.get("number_source") == "odoo" else {}

    def created(self, path, body, find):
        """Create an object; its number. For `find` and what is raised, see `settled`."""
        try:
            number = self.settled(lambda: self.client.create(path, body), find)
            # a number of Odoo may hold a slash, which cuts it in the URL of the answer
            return next((body[name]["value"] for name in OWN_NUMBERS if OVERRIDE in body and name in body), number)
        except (InvalidDataError, PermanentError) as error:
            if EMPTY in error.message and OVERRIDE not in body:
                error.message = paragraph(
                    error.message,
                    _(
                        "If the number is missing, let the flow send Odoo's numbers (Numbers of New Records). Or "
                        "choose a number series without manual numbering in Visma.net."
                    ),
                )
            raise

    def settled(self, change, find):
        """Create something. A failure with status 500 may be a refusal, so the object is looked up then.

        :param find: returns the new object if Visma has it
        :return: the result of `change` or else `find`
        :raises InvalidDataError: Visma refused it
        :raises UnconfirmedError: it may have been created
        """
        try:
            return change()
        except UnconfirmedError as error:
            if error.status != 500:
                raise
            refusal = error
        # Visma has answered, so it no longer works on the request
        if created := find():
            return created
        reason = _reason(self.client, refusal)
        message = (
            _("Visma.net refused the record: %(reason)s.", reason=reason.rstrip("."))
            if reason
            else _("Visma.net refused the record and gave no reason.")
        )
        raise InvalidDataError(message, status=500, trace_id=refusal.trace_id)

    def with_mark(self, path, payload, supplier, of_day):
        """Rows of a supplier's records from the day of the payload on that have its mark in their free field 1.

        :param of_day: name of the filter of the day
        """
        days = {of_day: payload["date"], f"{of_day}Condition": ">="}
        pages = self.client.pages(path, supplier=supplier, includeCustomFreeFields=True, **days)
        return (row for page in pages for row in page if text(row, "customStr1") == payload["mark"])


def numbered(payload, name):
    """The fields of the number of a new object, none if Visma gives it.

    :raises InvalidDataError: Odoo gives the number, and the record has none
    """
    if "own_number" not in payload:
        return {}
    missing = _("The flow sends Odoo's numbers, but this record has none. Enter one (for a contact, its Reference).")
    return wrapped({name: needed(payload["own_number"], missing), OVERRIDE: True})


def linked_to(name):
    return _("Linked to %(name)s in Visma.net.", name=name)


def _reason(client, error):
    try:
        _code, message = client.explain(read_json(error.details))
    except ValueError:
        return ""
    return message
