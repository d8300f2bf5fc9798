"""Odoo's vendors, to Stampli."""

from ...core.flow import Column, FileOutFlow, Template
from ...core.messages import _
from .columns import COMPANY, DAILY, FILE_NAME, UPDATED


class Vendors(FileOutFlow):
    key = "vendors"
    label = _("Vendors")
    sequence = 30
    daily_hour = DAILY
    help = _("Sends vendors without their bank accounts.")
    template = Template(
        entity="vendors",
        model="res.partner",
        domain="[('supplier_rank', '>', 0), ('parent_id', '=', False)]",
        folder="inbound",
        file_name=FILE_NAME,
        document_element="Vendor",
        root_element="StampliImport",
        columns=(
            COMPANY,
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
