import hashlib

from odoo import models
from odoo.tools import groupby

from ..core.messages import _
from ..core.stored_files import stored_mimetype
from .refusals import odoo_refusals

SOURCE = "file_source"


class MlImporterFile(models.AbstractModel):
    """Downloaded files become attachments of their record, each content once."""

    _name = "ml.importer.file"
    _inherit = "ml.importer"
    _description = "Attachment Importer"

    _binds = False

    def _groups_of(self, flow):
        """The groups of the flows whose records get the files: an attachment is a change of its record."""
        provider = flow.connection_id._provider_class()
        keys = {spec.key for spec in provider.flows if spec.files == flow.key}
        siblings = flow.connection_id.flow_ids.filtered(lambda sibling: sibling.key in keys)
        return {group for sibling in siblings for group in sibling._needed_groups()}

    def _takes(self, record):
        return True

    def _dependencies(self, document):
        return ((document.subject_kind, document.subject_external_id, document.subject_name),)

    def _plan_batch(self, flow, entries, resolver):
        targets = {}
        for entry in entries:
            document = entry.document
            targets[entry] = self._targets(resolver.binding(document.subject_kind, document.subject_external_id))
        known = self._known_checksums(flow, [record for records in targets.values() for record in records])
        for entry, records in targets.items():
            new = []
            for record in records:
                seen = known.setdefault((record._name, record.id), set())
                for file in entry.document.files:
                    checksum = _checksum(file.content)
                    if checksum not in seen:
                        seen.add(checksum)
                        new.append((record, file))
            if not new:
                entry.plan("unchanged", records[0])
                continue
            names = dict.fromkeys(file.name for _record, file in new)
            entry.plan("updated", records[0], new, _("Attached: %(files)s.", files=list(names)))

    def _targets(self, record):
        """The record, and for expenses their entries too, where Odoo puts the receipts at posting and auditors look."""
        if record._name != "hr.expense":
            return [record]
        return [record, *record._ml_with_parts().account_move_id]

    def _known_checksums(self, flow, targets):
        """{(model, id): checksums} of the attachments as stored and as received. Two queries for each model."""
        known = {}
        for model, group in groupby(targets, lambda target: target._name):
            ids = list({target.id for target in group})
            attachments = (
                group[0]
                .env["ir.attachment"]
                .search_fetch([("res_model", "=", model), ("res_id", "in", ids)], ["res_id", "checksum"])
            )
            sources = flow.env["ml.binding"]._external_ids(flow.connection_id, SOURCE, attachments)
            for attachment in attachments:
                source = sources.get(attachment.id, "").partition(":")[0]
                known.setdefault((model, attachment.res_id), set()).update((attachment.checksum, source))
        return known

    def _apply_batch(self, flow, entries, resolver):
        # pages and drawings may contain scripts, which must not be served from Odoo's own address
        # the original is the evidence, so Odoo must not shrink images
        writer = self.with_context(attachments_mime_plainxml=True, image_no_postprocess=True)
        with odoo_refusals(self.env, entries):
            writer._attach(flow, [entry for entry in entries if entry.outcome == "updated"])

    def _attach(self, flow, entries):
        pairs = [pair for entry in entries for pair in entry.values]
        added = {}
        for env, group in groupby(pairs, lambda pair: pair[0].env):
            # records of the connector belong to the engine, not to the connection's user
            attachments = env(context=self.env.context)["ir.attachment"]
            group = list(group)
            attachments = attachments.create([self._attachment_values(record, file) for record, file in group])
            self._note_altered(flow, attachments, [file for _record, file in group])
            added |= attachments.grouped(lambda attachment: (attachment.res_model, attachment.res_id))
        for record in dict.fromkeys(record for record, _file in pairs):
            record = record.with_env(record.env(context=self.env.context))
            if "message_main_attachment_id" not in record._fields or record.message_main_attachment_id:
                continue
            files = added[record._name, record.id].sorted("id")
            shown = files.filtered(lambda file: file.mimetype == "application/pdf")
            shown = shown or files.filtered(lambda file: (file.mimetype or "").startswith("image/"))
            if shown:
                record.message_main_attachment_id = shown[:1]

    def _note_altered(self, flow, attachments, files):
        """Keep the original checksum of files that another addon altered, so that they are not attached again."""
        altered = [
            {"kind": SOURCE, "external_id": f"{source}:{attachment.id}", "record": attachment}
            for attachment, file in zip(attachments, files, strict=True)
            if attachment.checksum != (source := _checksum(file.content))
        ]
        if altered:
            flow.env["ml.binding"]._bind(flow.connection_id, altered)

    def _attachment_values(self, record, file):
        return {
            "name": file.name,
            "raw": file.content,
            "mimetype": stored_mimetype(file.mimetype, file.content),
            "res_model": record._name,
            "res_id": record.id,
        }


def _checksum(content):
    """As `ir.attachment` computes its own."""
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
