"""Odoo's vendors, to Stampli."""

from ...core.flow import Column
from ...core.messages import _
from .columns import UPDATED, DailyFiles, to_stampli


class Vendors(DailyFiles):
    key = "vendors"
    label = _("Vendors")
    sequence = 30
    help = _("Sends vendors without their bank accounts.")
    template = to_stampli(
        entity="vendors",
        model="res.partner",
        domain="[('supplier_rank', '>', 0), ('parent_id', '=', False)]",
        document_element="Vendor",
        columns=(
            Column(label="VendorId", name="id", expression="code", type="code", required=True),
            Column(label="VendorName", name="name", path="name", required=True),
            Column(label="LegalName"),
            Column(label="TaxId", path="vat", type="code"),
            Column(label="Email", path="email", type="code"),
            Column(label="Phone", path="phone", type="code"),
            Column(label="Street", path="street"),
            Column(label="Street2", path="street2"),
            Column(label="City", path="city"),
            Column(label="State", path="state_id.code", type="code"),
            Column(label="PostalCode", path="zip", type="code"),
            Column(label="Country", path="country_id.code", type="code"),
            Column(
                label="Currency",
                expression="or_company_currency",
                argument="property_purchase_currency_id",
                type="code",
            ),
            Column(label="PaymentTerms", path="property_supplier_payment_term_id.name"),
            Column(label="DefaultGLAccount", type="code"),
            Column(label="Active", name="active", expression="is_active", type="boolean"),
            UPDATED,
        ),
    )
