"""Records that files bring: they refer to others by number, code or name."""

from contextlib import suppress

from odoo import fields

from ..core.documents import Bill, DownloadedFile, Files, Payment, Reference
from ..core.documents.payment import NUMBER
from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotFoundError, RemoteError
from ..core.messages import _
from ..importers.ml_importer import ImportEntry
from .booking import Booking
from .files_of_records import FileBooking, FilesOfRecords
from .pull import Pull
from .resolve import Resolver

MOST_NAMING = 5000
"""Number of records of a flow that are searched for the name of a file."""


class FileResolver(Resolver):
    """Finds vendors and bills that files name."""

    def bound(self, entries, keys):
        bound = super().bound(entries, keys)
        bound |= self._known_vendors({key for key in keys if key[0] == "vendor" and key not in bound})
        payments = [entry.document for entry in entries if isinstance(entry.document, Payment)]
        return bound | self._known_bills(payments, bound)

    def _known_bills(self, payments, bound):
        """Bills that a payment names by their number only: the only bill of the vendor with that number."""
        found = {}
        for document in payments:
            vendor = bound.get(("vendor", document.vendor.external_id))
            for paid in document.bills:
                if vendor and not paid.external_id and (move := self._bill_numbered(vendor, paid)):
                    found["bill", document.bill_key(paid)] = move
        return found

    def _bill_numbered(self, vendor, paid):
        moves = vendor.env["account.move"].search(
            [
                ("company_id", "=", self.flow.company_id.id),
                ("commercial_partner_id", "=", vendor.commercial_partner_id.id),
                ("move_type", "=", "in_refund" if paid.amount < 0 else "in_invoice"),
                ("state", "!=", "cancel"),
                ("ref", "=ilike", _literal(paid.number)),
            ],
            limit=2,
        )
        return moves if len(moves) == 1 else None

    def _known_vendors(self, keys):
        """Vendors that a file names: as mapped, else by the code that Odoo sent, else by a unique name."""
        if not keys:
            return {}
        mapped = self.env["ml.mapping"]._resolved(self.connection, keys)
        found = {key: record for key, record in mapped.items() if record}
        codes = [external_id for kind, external_id in keys if (kind, external_id) not in found]
        by_key = self.env["ml.feed.sent"]._by_key(self.connection, "res.partner", codes)
        found |= {("vendor", code): partner for code, partner in by_key.items()}
        for code in codes:
            if code.startswith("name:") and ("vendor", code) not in found:
                if partner := self._vendor_named(code.removeprefix("name:")):
                    found["vendor", code] = partner
        return found

    def _vendor_named(self, name):
        partners = self.connection._books()["res.partner"]
        matches = partners.search(
            [
                ("name", "=ilike", _literal(name)),
                ("parent_id", "=", False),
                ("supplier_rank", ">", 0),
                ("company_id", "in", (False, self.flow.company_id.id)),
            ],
            limit=2,
        )
        return matches if len(matches) == 1 and not matches._ml_protected() else partners

    def absence(self, kind, external_id, name):
        if kind == "vendor":
            return MappingError(
                _("No contact is mapped to vendor %(vendor)s. Choose one in the mappings.", vendor=name or external_id),
                [Reference(kind="vendor", external_id=external_id, code=external_id, name=name)],
            )
        return super().absence(kind, external_id, name)


class FileRecordsBooking(Booking):
    """Books records that came with files."""

    resolver_class = FileResolver

    def store(self, entries, started):
        super().store(entries, started)
        bills = [entry.document for entry in entries if not entry.error and isinstance(entry.document, Bill)]
        self._release_payments({bill.number for bill in bills} - {""})

    def _release_payments(self, numbers):
        """Release payments that waited for a bill which they name by its number only."""
        if not numbers:
            return
        self.env["ml.wait"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("reason", "=", "remote"),
                ("kind", "=", "bill"),
                ("key", "=like", f"{NUMBER}%"),
                ("name", "in", list(numbers)),
            ]
        )._release()


class AttachmentsBooking(FileBooking):
    """Stores the attachments that records of files name, from the same server."""

    resolver_class = FileResolver

    def _entries(self, logs):
        origins = self._origins(logs)
        entries = []
        for log in logs:  # one after the other, because there is one session
            entry = ImportEntry(log)
            with entry.alone():
                entry.document = self._documents_of(log, origins.get(log.external_id))
            entries.append(entry)
        return entries

    def _origins(self, logs):
        """{external id: row of the record that names the files}."""
        siblings = self.connection.flow_ids.filtered(lambda sibling: sibling._spec().files == self.flow.key)
        rows = self.env["ml.sync.log"].search(
            [
                ("flow_id", "in", siblings.ids),
                ("external_id", "in", logs.mapped("external_id")),
                ("is_current", "=", True),
            ]
        )
        return {row.external_id: row for row in rows}

    def _documents_of(self, log, origin):
        """Download the attachments of a record."""
        if not origin:
            raise InvalidDataError(_("Odoo no longer has the transfer of the record to which these files belong."))
        attachments = self.remote.document(origin.sudo().payload)  # sudo: field without access
        files = []
        for attachment in attachments:
            try:
                mimetype, content = self.run.provider.download(attachment.url)
            except NotFoundError as error:
                raise RemoteError(error.message) from None  # it may come after the file that names it
            files.append(DownloadedFile(name=attachment.name, mimetype=mimetype, content=content))
            self._claim_attachment(attachment)
        payload = log.sudo().payload  # sudo: see above
        return Files(
            subject_kind=payload["subject_kind"],
            subject_external_id=log.external_id,
            files=tuple(files),
            subject_name=log.name,
        )

    def _claim_attachment(self, attachment):
        """Clear the error of an attachment that was reported as an unknown file before its record came."""
        unclaimed = [("connection_id", "=", self.connection.id), ("state", "=", "unknown")]
        for file in self.env["ml.feed.file"].search([*unclaimed, ("name", "=", attachment.name)]):
            if file._path() == attachment.url and file.error_message:
                file._log()._supersede()
                file._clear_error()
                file.note = _("Attachment of a synced record.")


class BroughtByFiles:
    """Reads nothing: the inbox brings its records."""

    def read(self):
        self.flow._schedule_next(fields.Datetime.now())
        self.flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})

    def dry_run(self):
        return []


class RecordsOfFiles(BroughtByFiles, Pull):
    """Records that files bring into Odoo."""

    booking_class = FileRecordsBooking


class FilesOfFileRecords(BroughtByFiles, FilesOfRecords):
    """The attachments of records that files bring."""

    booking_class = AttachmentsBooking


def named_documents(run):
    """Paths of the attachments that the newest records name: no file template applies to these."""
    found = set()
    for flow in run.connection.with_context(active_test=False).flow_ids:
        files_flow = flow._spec().files
        if not files_flow:
            continue
        logs = run.env["ml.sync.log"].search([("flow_id", "=", flow.id)], order="id desc", limit=MOST_NAMING)
        for payload in filter(None, logs.sudo().mapped("payload")):  # sudo: field without access
            with suppress(ConnectorError):
                found |= {attachment.url for attachment in run.provider.flow(files_flow).document(payload)}
    return found


def _literal(text):
    """A text for a search with `=ilike`, with its wildcards escaped."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
