"""Exporters for a provider that keeps the books: it gets posted bills, coded with its own codes."""

from itertools import product

from odoo import models
from odoo.fields import Domain

from ..core.documents import AnalyticShare, Bill, BillLine, DownloadedFile, OutgoingFiles
from ..core.errors import InvalidDataError
from ..core.messages import _
from ..core.own_ids import own_id
from ..importers.importer_tools import exact
from .ml_exporter import decimal_of

WHOLE = 100
LINE_FIELDS = (
    *("display_type", "sequence", "name", "product_id", "account_id", "tax_ids", "analytic_distribution"),
    *("quantity", "price_unit", "discount", "amount_currency", "purchase_line_id"),
)


class MlExporterBill(models.AbstractModel):
    """Posted vendor bills and credit notes of any origin."""

    _name = "ml.exporter.bill"
    _inherit = "ml.exporter"
    _description = "Posted Bill Exporter"
    _reads = (
        *("state", "name", "ref", "partner_id", "currency_id", "payment_reference", "invoice_payment_term_id"),
        *("date", "invoice_date", "invoice_date_due"),
        *(f"line_ids.{name}" for name in LINE_FIELDS),
    )
    _groups = ("account.group_account_readonly",)
    _goes_in_order_of = "commercial_partner_id"

    _move_types = ("in_invoice", "in_refund")
    _dated_by = "date"
    """The field that the start date of the flow limits."""

    def _domain(self, flow):
        domain = Domain("company_id", "=", flow.company_id.id) & Domain("move_type", "in", self._move_types)
        domain &= Domain("state", "in", ("posted", "cancel"))
        if flow.start_date:
            domain &= Domain(self._dated_by, ">=", flow.start_date)
        return domain

    def _sendable(self, flow, records):
        """Cancelled bills only if the provider has them."""
        known = flow.env["ml.binding"]._external_ids(flow.connection_id, flow.kind, records)
        return records.filtered(lambda move: move.state == "posted" or move.id in known)

    def _is_taken_back(self, record):
        return record.state == "cancel"

    def _document(self, flow, record):
        return Bill(
            external_id="",
            odoo_id=own_id(record),
            number=record.ref or record.name,
            vendor=self._party(flow, record.commercial_partner_id),
            document_date=record.invoice_date or record.date,
            accounting_date=record.date,
            due_date=record.invoice_date_due or record.invoice_date or record.date,
            currency=record.currency_id.name,
            total=exact(record.amount_total, record.currency_id),
            lines=tuple(self._lines(flow, record)),
            memo=record.name,
            is_void=self._is_taken_back(record),
            **self._details(flow, record),
        )

    def _details(self, flow, move):
        """What the document of this kind of bill states in addition."""
        return {
            "tax_total": exact(move.amount_tax, move.currency_id),
            "amounts_include_tax": False,
            "is_credit": move.move_type == "in_refund",
            "payment_reference": move.payment_reference or "",
            "payment_term": self._reference(flow, "payment_term", move.invoice_payment_term_id),
        }

    # ------------------------------------------------------------------ lines

    def _lines(self, flow, move):
        """Lines without their tax; a line that is split across analytic accounts becomes one line for each."""
        if move.state == "cancel":
            return
        lines = move.line_ids.filtered(lambda line: line.display_type in ("product", "rounding")).sorted(
            lambda line: (line.sequence, line.id)
        )
        analytics = self._analytic_accounts(lines)
        wanted = (("account", lines.account_id), ("tax", lines.tax_ids), ("analytic", analytics))
        codes = self._codes(flow, wanted)
        for line in lines:
            taxes = tuple(filter(None, (codes["tax", tax.id] for tax in line.tax_ids)))
            digits = move.currency_id.decimal_places
            for accounts, amount in _divided(self._amount(line), self._shares(line), digits):
                references = filter(None, (codes["analytic", account.id] for account in accounts))
                yield BillLine(
                    amount=amount,
                    description=line.name or line.product_id.display_name or "",
                    account=codes["account", line.account_id.id],
                    taxes=taxes,
                    analytics=tuple(AnalyticShare(reference=reference) for reference in references),
                    purchase_order_line=own_id(line.purchase_line_id),
                )

    def _amount(self, line):
        """Amount of a line without tax, positive for both bills and credit notes."""
        if line.display_type == "product":
            return exact(line.price_subtotal, line.currency_id)
        return exact(line.amount_currency, line.currency_id) * (-1 if line.move_id.move_type == "in_refund" else 1)

    # ------------------------------------------------------------------ analytic distribution

    def _shares(self, line):
        """[(analytic accounts, percentage)] that make up a whole line.

        Plans may be distributed together (`1,5`) or each separately; then all parts of one are combined with all parts
        of the other.
        """
        groups = {}
        for key, percentage in (line.analytic_distribution or {}).items():
            accounts = self.env["account.analytic.account"].browse(map(int, key.split(","))).exists()
            groups.setdefault(accounts.root_plan_id, []).append((accounts, decimal_of(percentage)))
        parts = [self._whole(line, shares) for shares in groups.values()]
        shares = []
        for combination in product(*parts):
            percentage = decimal_of(WHOLE)
            accounts = self.env["account.analytic.account"]
            for part_accounts, part_percentage in combination:
                percentage = percentage * part_percentage / WHOLE
                accounts |= part_accounts
            shares.append((accounts, percentage))
        return shares

    def _whole(self, line, shares):
        """Add the remainder, which goes to no account.

        :raises InvalidDataError: more than 100 percent is distributed
        """
        rest = WHOLE - sum(percentage for _accounts, percentage in shares)
        if rest < 0:
            raise InvalidDataError(
                _("The analytic distribution of %(line)s is more than the whole line.", line=line.display_name)
            )
        no_account = self.env["account.analytic.account"]
        return [*shares, (no_account, rest)] if rest else shares


def _divided(amount, shares, digits):
    """[(accounts, part of the amount)]: rounded to the currency's digits, with the sum of the amount."""
    left, parts = amount, []
    for accounts, percentage in shares[:-1]:
        part = round(amount * percentage / WHOLE, digits)
        parts.append((accounts, part))
        left -= part
    parts.append((shares[-1][0], left))
    return parts


class MlExporterOutgoingFiles(models.AbstractModel):
    """The files of an accepted record that may be shared."""

    _name = "ml.exporter.outgoing_files"
    _inherit = "ml.exporter.follower"
    _description = "File Exporter"

    _holds_up = False
    _watches_files = True

    def _files(self, flow, records):
        files = self._attachments(records)
        return files & records.message_main_attachment_id if flow.attachment_mode == "main" else files

    def _sendable(self, flow, records):
        """Records with files that the provider has or is about to get."""
        owners = set(self._files(flow, records).mapped("res_id"))
        followed = flow.connection_id._provider_class().flow_class(flow._spec().follows)
        sent = set(flow.env["ml.binding"]._external_ids(flow.connection_id, followed.kind, records))
        # a file may be added while its record is being sent
        queued = flow.env["ml.sync.log"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("flow_id.key", "=", followed.key),
                ("res_model", "=", records._name),
                ("res_id", "in", [record_id for record_id in owners if record_id not in sent]),
                ("state", "in", ("running", "unknown")),
            ]
        )
        sent.update(queued.mapped("res_id"))
        return records.filtered(lambda record: record.id in owners and record.id in sent)

    def _document(self, flow, record):
        spec = flow.connection_id._provider_class().flow_class(flow._spec().follows)
        return OutgoingFiles(
            parent_external_id=self._remote_id(flow, spec.kind, record),
            files=tuple(
                DownloadedFile(name=file.name, mimetype=file.mimetype or "", content=file.raw or b"")
                for file in self._files(flow, record)
            ),
        )
