"""What people do in Concur to vendors, lists and invoices, for tests."""

from .dataset_invoices import add_payment_request
from .dataset_vendors import NAMES, add_vendor, vendor_values
from .lists_model import add_item
from .vendors import record_key


class MasterControl:
    """A part of `ConcurControl`."""

    def vendors(self, code=None):
        """The records of all vendors, or of one, with what hangs on them."""
        return [
            {**row.values, "banks": list(row.banks.values()), "groups": list(row.groups)}
            for row in self._sandbox.state.vendors
            if code in (None, row.values["VendorCode"])
        ]

    def add_vendor(self, code, name, address_code="001", **values):
        """An approved vendor, by default in Germany; `values` are those of the API."""
        plain = {**dict.fromkeys(NAMES, ""), "country": "DE", "currency": "EUR"}
        plain |= {"code": code, "name": name, "address_code": address_code}
        with self._sandbox.lock:
            add_vendor(self._sandbox.state, {**vendor_values(**plain), **values})

    def edit_vendor(self, code, address_code="001", **values):
        """Change fields of the API."""
        key = record_key({"VendorCode": code, "AddressCode": address_code})
        with self._sandbox.lock:
            self._sandbox.state.vendors.get(key).values.update(values)

    def list_items(self, name):
        """{code: value} of the items of a list."""
        state = self._sandbox.state
        (found,) = [row for row in state.lists if row.value == name]
        return {item.code: item.value for item in state.list_items if item.list_id == found.id and not item.is_deleted}

    def add_list_item(self, name, code, value):
        state = self._sandbox.state
        with self._sandbox.lock:
            (found,) = [row for row in state.lists if row.value == name]
            return add_item(state, found.id, code, value).id

    def payment_requests(self):
        """Id and approval of each invoice."""
        return {row.id: row.values["ApprovalStatus"] for row in self._sandbox.state.payment_requests}

    def list_invoice(self, request_id, modified):
        """Let the list have the invoice of a financial document, as changed on a day."""
        state = self._sandbox.state
        (document,) = [row for row in state.documents if row.source_id == request_id]
        with self._sandbox.lock:
            add_payment_request(state, document.content, modified)

    def edit_payment_request(self, request_id, modified, is_deleted=False, **values):
        """Change fields of the API on a day."""
        row = self._sandbox.state.payment_requests.get(request_id)
        with self._sandbox.lock:
            row.values.update(values)
            row.modified, row.is_deleted = modified, is_deleted
