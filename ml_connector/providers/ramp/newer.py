"""What Ramp's interface takes since a certain day, which the interface of some businesses does not know yet."""

from datetime import UTC, datetime, timedelta

from ...core.errors import NotFoundError, PermanentError

VENDOR_NAME = "vendor_name"
"""The name of a vendor can be changed (2026-08-27)."""
VENDOR_CONTACTS = "vendor_contacts"
"""Contacts of a vendor can be added and changed (2026-08-21) by an operation of their own."""
VENDOR_CONTACT_FIELD = "vendor_contact_field"
"""Contacts of a vendor can be added by a change of the vendor: which of the two it is is not published."""
FIELD_REMOTE_ID = "field_remote_id"
"""Options of a field are found by the field's id with us (2026-08-20)."""
TAX_REACTIVATION = "tax_reactivation"
"""A tax that was taken away can be offered again, as accounts can: not published."""

STORED = "lacks"
TRIED_AGAIN = timedelta(days=7)
_METHOD_NOT_ALLOWED = 405


class Newer:
    """What this business's interface lacks: found out once, and kept on the connection until it is tried again."""

    def __init__(self, provider):
        self._provider = provider
        stored = provider.settings.stored.get(STORED)
        self._lacks = dict(stored) if isinstance(stored, dict) else {}

    def lacks(self, what):
        found_at = self._lacks.get(what)
        return bool(found_at) and _now() - datetime.fromisoformat(found_at) < TRIED_AGAIN

    def attempt(self, what, newer, older):
        """The answer of `newer`, or that of `older` where the interface does not know what it asks for."""
        if self.lacks(what):
            return older()
        try:
            return newer()
        except (NotFoundError, PermanentError) as error:
            if not _is_unknown(error):
                raise
        # what is refused without it as well was refused for something else
        answer = older()
        self._lacks[what] = _now().isoformat()
        self._provider.learned[STORED] = dict(self._lacks)
        return answer


def _is_unknown(error):
    if isinstance(error, NotFoundError) or error.status == _METHOD_NOT_ALLOWED:
        return True
    text = f"{error.message} {error.details}".casefold()
    # a field by which it was asked for before is missing
    return "unknown field" in text or ("field_id" in text and "missing" in text)


def _now():
    return datetime.now(UTC)
