from contextlib import suppress

from odoo import models

from ..core.documents import DownloadedFile, Files, Reference
from ..core.documents.payment import NUMBER
from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotFoundError, RemoteError
from ..core.messages import _
from ..importers.ml_importer import ImportEntry

MOST_NAMING = 5000
"""Number of records of a flow that are searched for the name of a file."""


class MlWorker(models.AbstractModel):
    """Handles records from files, which refer to others by number, code or name."""

    _inherit = "ml.worker"

    def _bound(self, flow, entries, keys):
        bound = super()._bound(flow, entries, keys)
        if flow._spec().feed == "in":
            unknown = {key for key in keys if key[0] == "vendor" and key not in bound}
            bound |= self._known_vendors(flow, unknown)
            if flow.kind == "payment":
                bound |= self._known_bills(flow, [entry.document for entry in entries], bound)
        return bound

    def _known_bills(self, flow, payments, bound):
        """Bills that a payment names by their number only: the only bill of the vendor with that number."""
        found = {}
        for document in payments:
            vendor = bound.get(("vendor", document.vendor.external_id))
            for paid in document.bills:
                if vendor and not paid.external_id and (move := self._bill_numbered(flow, vendor, paid)):
                    found["bill", document.bill_key(paid)] = move
        return found

    def _bill_numbered(self, flow, vendor, paid):
        moves = vendor.env["account.move"].search(
            [
                ("company_id", "=", flow.company_id.id),
                ("commercial_partner_id", "=", vendor.commercial_partner_id.id),
                ("move_type", "=", "in_refund" if paid.amount < 0 else "in_invoice"),
                ("state", "!=", "cancel"),
                ("ref", "=ilike", _literal(paid.number)),
            ],
            limit=2,
        )
        return moves if len(moves) == 1 else None

    def _store_results(self, run, flow, entries, started):
        super()._store_results(run, flow, entries, started)
        if flow._spec().feed == "in" and flow.kind == "bill":
            self._release_payments(flow, {entry.document.number for entry in entries if not entry.error} - {""})

    def _release_payments(self, flow, numbers):
        """Release payments that waited for a bill which they name by its number only."""
        waiting = self.env["ml.sync.log"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("state", "=", "waiting"),
                ("depends_kind", "=", "bill"),
                ("depends_external_id", "=like", f"{NUMBER}%"),
                ("depends_name", "in", list(numbers)),
            ]
        )
        keys = {("bill", log.depends_external_id) for log in waiting}
        self.env["ml.sync.log"]._release_dependents(flow.connection_id, keys)

    def _known_vendors(self, flow, keys):
        """Vendors that a file names: as mapped, else by the code that Odoo sent, else by a unique name."""
        if not keys:
            return {}
        mapped = self.env["ml.mapping"]._resolved(flow.connection_id, keys)
        found = {key: record for key, record in mapped.items() if record}
        codes = [external_id for kind, external_id in keys if (kind, external_id) not in found]
        by_key = self.env["ml.feed.sent"]._by_key(flow.connection_id, "res.partner", codes)
        found |= {("vendor", code): partner for code, partner in by_key.items()}
        for code in codes:
            if code.startswith("name:") and ("vendor", code) not in found:
                if partner := self._vendor_named(flow, code.removeprefix("name:")):
                    found["vendor", code] = partner
        return found

    def _vendor_named(self, flow, name):
        partners = flow.connection_id._books()["res.partner"]
        matches = partners.search(
            [
                ("name", "=ilike", _literal(name)),
                ("parent_id", "=", False),
                ("supplier_rank", ">", 0),
                ("company_id", "in", (False, flow.company_id.id)),
            ],
            limit=2,
        )
        return matches if len(matches) == 1 and not matches._ml_protected() else partners

    def _absence(self, flow, kind, external_id, name):
        if flow._spec().feed == "in" and kind == "vendor":
            return MappingError(
                _("No contact is mapped to vendor %(vendor)s. Choose one in the mappings.", vendor=name or external_id),
                [Reference(kind="vendor", external_id=external_id, code=external_id, name=name)],
            )
        return super()._absence(flow, kind, external_id, name)

    def _entries(self, run, flow, logs):
        if flow._spec().feed != "in" or flow.kind != "file":
            return super()._entries(run, flow, logs)
        origins = self._origins(flow, logs)
        entries = []
        for log in logs:  # one after the other, because there is one session
            entry = ImportEntry(log, None)
            try:
                entry.document = self._documents_of(run, flow, log, origins.get(log.external_id))
            except ConnectorError as error:
                entry.error = error
            entries.append(entry)
        return entries

    def _origins(self, flow, logs):
        """{external id: row of the record that names the files}."""
        siblings = flow.connection_id.flow_ids.filtered(lambda sibling: sibling._spec().files == flow.key)
        rows = self.env["ml.sync.log"].search(
            [
                ("flow_id", "in", siblings.ids),
                ("external_id", "in", logs.mapped("external_id")),
                ("is_current", "=", True),
            ]
        )
        return {row.external_id: row for row in rows}

    def _named_documents(self, run):
        """Paths of the attachments that the newest records name: no file template applies to these."""
        found = set()
        for flow in run.connection.with_context(active_test=False).flow_ids:
            files_flow = flow._spec().files
            if not files_flow:
                continue
            logs = self.env["ml.sync.log"].search([("flow_id", "=", flow.id)], order="id desc", limit=MOST_NAMING)
            for payload in filter(None, logs.sudo().mapped("payload")):  # sudo: field without access
                with suppress(ConnectorError):
                    found |= {attachment.url for attachment in run.provider.flow(files_flow).document(payload)}
        return found

    def _claim_attachment(self, flow, attachment):
        """Clear the error of an attachment that was reported as an unknown file before its record came."""
        unclaimed = [("connection_id", "=", flow.connection_id.id), ("state", "=", "unknown")]
        for file in self.env["ml.feed.file"].search([*unclaimed, ("name", "=", attachment.name)]):
            if file._path() == attachment.url and file.error_message:
                file._log()._supersede()
                file._clear_error()
                file.note = _("Attachment of a synced record.")

    def _documents_of(self, run, flow, log, origin):
        """Download the attachments of a record."""
        if not origin:
            raise InvalidDataError(_("Odoo no longer has the transfer of the record to which these files belong."))
        attachments = run.provider.flow(flow.key).document(origin.sudo().payload)  # sudo: field without access
        files = []
        for attachment in attachments:
            try:
                mimetype, content = run.provider.download(attachment.url)
            except NotFoundError as error:
                raise RemoteError(error.message) from None  # it may come after the file that names it
            files.append(DownloadedFile(name=attachment.name, mimetype=mimetype, content=content))
            self._claim_attachment(flow, attachment)
        payload = log.sudo().payload  # sudo: see above
        return Files(
            subject_kind=payload["subject_kind"],
            subject_external_id=log.external_id,
            files=tuple(files),
            subject_name=log.name,
        )


def _literal(text):
    """A text for a search with `=ilike`, with its wildcards escaped."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
