"""The receipts of expense reports, into Odoo."""

from ...core.messages import _
from .images import Images


class Receipts(Images):
    key = "receipts"
    label = _("Receipts")
    sequence = 41
    help = _("Attaches the receipts of an expense report to its entry.")

    source, name = "report", "Receipts"
