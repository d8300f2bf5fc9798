"""The base of flows whose lists tell what changed."""

from datetime import UTC, datetime

from ...core import items
from ...core.flow import PullFlow
from ...core.remote import RemotePage
from ...core.wire import text
from .client import modified_since
from .scopes import READ


class ChangedRecords(PullFlow):
    """Reads the records that changed since the start of the last run, which is the cursor.

    :cvar identified_by: names of the fields that make the ID of a row
    """

    scopes = (READ,)
    identified_by = ()

    def pull(self, cursor, since):
        started = datetime.now(UTC)
        filters = modified_since(datetime.fromisoformat(cursor)) if cursor else {}
        pages = self.listed(**filters)
        yield from items.pages(pages, self.reader(since), self.provider.label, identify=self._identify)
        yield RemotePage(items=(), cursor=started.isoformat())

    def _identify(self, row):
        parts = [text(row, name) for name in self.identified_by]
        return "/".join(parts) if all(parts) else ""

    def listed(self, **filters):
        """Pages of rows."""
        raise NotImplementedError

    def reader(self, since):
        """What makes the record of a row in one pull; None of a row that Odoo does not need."""
        raise NotImplementedError
