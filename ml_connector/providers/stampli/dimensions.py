"""Odoo's analytic accounts, to Stampli."""

from ...core.flow import Column, FileOutFlow, Template
from ...core.messages import _
from .columns import COMPANY, DAILY, FILE_NAME, UPDATED


class Dimensions(FileOutFlow):
    key = "dimensions"
    label = _("Dimensions")
    sequence = 20
    daily_hour = DAILY
    help = _("Sends analytic accounts as departments, locations, classes and projects.")
    template = Template(
        entity="dimensions",
        model="account.analytic.account",
        folder="inbound",
        file_name=FILE_NAME,
        document_element="DimensionValue",
        root_element="StampliImport",
        columns=(
            COMPANY,
            Column(label="Dimension", expression="dimension", required=True),
            Column(label="ValueCode", name="id", expression="analytic_code", type="code", required=True),
            Column(label="ValueName", name="name", path="name", required=True),
            Column(label="ParentCode", type="code"),
            Column(label="Active", name="active", expression="is_active", type="boolean"),
            UPDATED,
        ),
    )
