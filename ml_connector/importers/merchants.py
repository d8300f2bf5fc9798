"""The contacts of the merchants of card transactions."""

from ..core.documents import Reference
from ..core.errors import InvalidDataError, MappingError
from ..core.messages import _


class Merchants:
    """The contacts of the merchants of a batch, read with one query."""

    def __init__(self, batch, documents):
        self.batch = batch
        self.env = batch.env
        self._by_name = self._read(documents)

    def _read(self, documents):
        """{name: partner} of the merchants for which Odoo has exactly one company of that name."""
        names = {document.merchant for document in documents if document.merchant}
        partners = self.env["res.partner"].search(
            [
                *self.env["res.partner"]._check_company_domain(self.batch.flow.company_id),
                ("name", "in", list(names)),
                ("parent_id", "=", False),
                ("is_company", "=", True),
            ]
        )
        # a merchant is never one of our own companies or a user of the same name
        partners -= partners._ml_protected()
        return {name: group for name, group in partners.grouped("name").items() if len(group) == 1}

    def find(self, document, mode):
        """The contact of the merchant; only a vendor bill must have one."""
        partner = self._by_name.get(document.merchant)
        if partner or mode != "vendor_bill":
            return partner
        if not document.merchant:
            raise InvalidDataError(_("The card transaction has no merchant, so it cannot become a vendor bill."))
        reference = Reference(
            kind="vendor", external_id=f"merchant:{document.merchant_id or document.merchant}", name=document.merchant
        )
        try:
            return self.batch.resolver.mapping(reference)
        except MappingError:
            mapped = self.batch.connection.env["ml.mapping"]._resolved(
                self.batch.connection, {(reference.kind, reference.external_id)}
            )
            partner = mapped.get((reference.kind, reference.external_id))
            if partner or self.batch.flow.create_vendors:
                return partner
            raise

    def create(self, document):
        """The contact of a new merchant, which an earlier transaction of the batch may have made."""
        found = self._read([document]).get(document.merchant)
        return found or self.env["res.partner"].create(
            {"name": document.merchant, "is_company": True, "supplier_rank": 1}
        )
