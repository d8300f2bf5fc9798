"""Recent features of Ramp's interface, which some businesses do not have yet."""

from datetime import UTC, datetime, timedelta

from ...core.errors import NotFoundError, PermanentError

VENDOR_NAME = "vendor_name"
"""The name of a vendor can be changed (2026-08-27)."""
VENDOR_CONTACTS = "vendor_contacts"
"""Contacts of a vendor can be added and changed (2026-08-21) by an operation of their own."""
VENDOR_CONTACT_FIELD = "vendor_contact_field"
"""Contacts of a vendor can be added by changing the vendor; Ramp does not document which of the two works."""
FIELD_REMOTE_ID = "field_remote_id"
"""Options of a field can be listed by the field's Odoo ID (2026-08-20)."""
TAX_REACTIVATION = "tax_reactivation"
"""A deleted tax can be reactivated, as accounts can; undocumented."""

STORED = "lacks"
TRIED_AGAIN = timedelta(days=7)
_METHOD_NOT_ALLOWED = 405


class Newer:
    """Missing features of this business's interface: stored on the connection until the next attempt."""

    def __init__(self, provider):
        self._provider = provider
        stored = provider.settings.stored.get(STORED)
        self._lacks = dict(stored) if isinstance(stored, dict) else {}

    def lacks(self, what):
        found_at = self._lacks.get(what)
        return bool(found_at) and _now() - datetime.fromisoformat(found_at) < TRIED_AGAIN

    def attempt(self, what, newer, older):
        """The answer of `newer`, or that of `older` if the interface lacks the feature."""
        if self.lacks(what):
            return older()
        try:
            return newer()
        except (NotFoundError, PermanentError) as error:
            if not _is_unknown(error):
                raise
        # a refusal of the older request as well has another reason
        answer = older()
        self._lacks[what] = _now().isoformat()
        self._provider.learned[STORED] = dict(self._lacks)
        return answer


def _is_unknown(error):
    if isinstance(error, NotFoundError) or error.status == _METHOD_NOT_ALLOWED:
        return True
    text = f"{error.message} {error.details}".casefold()
    # the older parameter is missing
    return "unknown field" in text or ("field_id" in text and "missing" in text)


def _now():
    return datetime.now(UTC)
