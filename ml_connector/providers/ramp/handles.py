"""The IDs of Odoo records in Ramp."""

from ...core.documents import OwnId


class Handles:
    """The IDs of Odoo records in Ramp: `odoo:<instance>:<kind>:<record id>`."""

    def __init__(self, instance):
        self._prefix = f"odoo:{instance}:" if instance else "odoo:"

    def partner(self, record_id):
        return self.of("partner", record_id)

    def partner_id(self, handle):
        """The Odoo ID of the partner in a handle; None if the handle is not of this database."""
        return self.record_id("partner", handle)

    def of(self, kind, record_id):
        """The handle of a record: `partner`, `move`, `purchase_order`, `purchase_order_line`."""
        return f"{self._prefix}{kind}:{record_id}"

    def is_marked(self, handle):
        """Whether no other record ever had the handle; without a mark, its ID may have been assigned again."""
        return "-" in handle.removeprefix(self._prefix)

    def record_id(self, kind, handle):
        """The Odoo ID in a handle; None if the handle is not of this database or of another kind."""
        prefix = f"{self._prefix}{kind}:"
        return OwnId.read(handle.removeprefix(prefix)) if handle.startswith(prefix) else None
