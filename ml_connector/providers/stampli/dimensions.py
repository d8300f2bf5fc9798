"""Odoo's analytic accounts, to Stampli."""

from ...core.flow import Column
from ...core.messages import _
from .columns import UPDATED, DailyFiles, to_stampli


class Dimensions(DailyFiles):
    key = "dimensions"
    label = _("Dimensions")
    sequence = 20
    help = _("Sends analytic accounts as departments, locations, classes and projects.")
    template = to_stampli(
        entity="dimensions",
        model="account.analytic.account",
        document_element="DimensionValue",
        columns=(
            Column(label="Dimension", expression="dimension", required=True),
            Column(label="ValueCode", name="id", expression="analytic_code", type="code", required=True),
            Column(label="ValueName", name="name", path="name", required=True),
            Column(label="ParentCode", type="code"),
            Column(label="Active", name="active", expression="is_active", type="boolean"),
            UPDATED,
        ),
    )
