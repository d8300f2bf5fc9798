from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.messages import _
from ..core.stored_files import stored_mimetype
from .client_actions import notification, open_dialog, open_list
from .ml_sealed import needs
from .ml_sentence import Sentence
from .queries import number_of
from .sync_states import MERGED_STATES

LOOK_AGAIN = timedelta(seconds=15)
"""Delay before Odoo checks a growing file again."""


class MlFeedFile(models.Model):
    """A file sent to a provider or received from it, with the results of its records.

    Sent: built -> transferred (uploaded under its temporary name) -> sent.
    Received: seen (may still grow) -> waiting -> received -> read, or failed, duplicate, unknown, gone.
    A corrected file sets a failed one to replaced.
    """

    _name = "ml.feed.file"
    _description = "File"
    _inherit = "ml.sealed"
    _order = "id desc"

    name = fields.Char("File", required=True, readonly=True)
    connection_id = fields.Many2one("ml.connection", required=True, readonly=True, ondelete="cascade", index=True)
    company_id = fields.Many2one(related="connection_id.company_id", store=True, index=True)
    template_id = fields.Many2one("ml.feed.template", readonly=True, ondelete="set null", index=True)
    flow_id = fields.Many2one("ml.flow", readonly=True, ondelete="set null", index="btree_not_null")
    direction = fields.Selection([("pull", "Into Odoo"), ("push", "From Odoo")], required=True, readonly=True)
    origin = fields.Selection(
        [("server", "Server"), ("hand", "Manual")],
        default="server",
        required=True,
        readonly=True,
        string="Received Via",
    )
    state = fields.Selection(
        [
            ("built", "To Send"),
            ("transferred", "Sending"),
            ("sent", "Sent"),
            ("seen", "Detected"),
            ("waiting", "To Process"),
            ("received", "Processing"),
            ("read", "Processed"),
            ("duplicate", "Already Processed"),
            ("unknown", "No Template"),
            ("failed", "Failed"),
            ("gone", "Removed"),
            ("replaced", "Replaced"),
        ],
        "Status",
        required=True,
        readonly=True,
        index=True,
    )
    folder = fields.Char(readonly=True)
    temporary_name = fields.Char(readonly=True)
    taken_as = fields.Char(readonly=True, help="Type of temporary name that the file had in its folder.")
    size = fields.Integer("Size (Bytes)", readonly=True)
    sha256 = fields.Char("SHA-256", readonly=True, index="btree_not_null")
    remote_modified = fields.Integer(readonly=True, help="Modification time on the server, in seconds since 1970.")
    observed_at = fields.Datetime(readonly=True)
    observed_count = fields.Integer(readonly=True)
    is_present = fields.Boolean(readonly=True, help="The file is in its folder on the server.")
    transferred_at = fields.Datetime("Transferred On", readonly=True)
    answer = fields.Selection(
        [("awaited", "Awaited"), ("accepted", "Accepted"), ("rejected", "Rejected"), ("missing", "No Answer")],
        "Provider's Answer",
        readonly=True,
        index="btree_not_null",
    )
    is_full = fields.Boolean("All Records", readonly=True, help="The file has all records, not only changes.")
    attachment_id = fields.Many2one(
        "ir.attachment", readonly=True, ondelete="set null", groups="ml_connector.group_ml_connector_manager"
    )
    replaced_by_id = fields.Many2one("ml.feed.file", readonly=True, ondelete="set null")

    record_count = fields.Integer("Records", readonly=True)
    repeated_count = fields.Integer(
        "Unchanged", readonly=True, help="Records that an earlier file had with the same content."
    )
    note = Sentence(readonly=True)
    note_source = fields.Json(readonly=True)
    error_message = Sentence("Reason", readonly=True)
    error_message_source = fields.Json(readonly=True)
    error_line = fields.Integer("Line", readonly=True)
    error_column = fields.Char("Column", readonly=True)
    error_expected = Sentence("Expected", readonly=True)
    error_expected_source = fields.Json(readonly=True)
    error_found = fields.Char("Found", readonly=True)

    archive_state = fields.Selection(
        [("none", "No"), ("todo", "Queued"), ("done", "Done"), ("failed", "Failed")],
        default="none",
        required=True,
        readonly=True,
        string="Archived",
    )
    archive_at = fields.Datetime(readonly=True)
    archive_tries = fields.Integer(readonly=True)
    archive_message = fields.Char("Archive Folder", readonly=True)
    archive_path = fields.Char(readonly=True, help="Path of the archived file on the server.")
    watch_at = fields.Datetime("Next Check", readonly=True, help="When Odoo checks whether the file changed.")
    watch_count = fields.Integer(readonly=True)

    log_ids = fields.One2many(
        "ml.sync.log", "feed_file_id", "Records in File", readonly=True, domain=[("kind", "!=", "feed_file")]
    )
    done_count = fields.Integer("Done", compute="_compute_counts")
    failed_count = fields.Integer("Failed Records", compute="_compute_counts")
    waiting_count = fields.Integer("Waiting", compute="_compute_counts")
    open_count = fields.Integer("Queued", compute="_compute_counts")

    _present_idx = models.Index("(connection_id, folder, name) WHERE is_present")
    _archive_idx = models.Index("(connection_id, archive_at) WHERE archive_state = 'todo'")
    _watch_idx = models.Index("(connection_id, watch_at) WHERE watch_at IS NOT NULL")

    @api.depends("log_ids.state")
    def _compute_counts(self):
        records = [("feed_file_id", "in", self.ids), ("kind", "!=", "feed_file")]
        counts = number_of(self.env["ml.sync.log"], records, "feed_file_id", "state")
        for file in self:
            file.failed_count = counts[file, "failed"]
            file.waiting_count = counts[file, "waiting"]
            file.open_count = counts[file, "pending"] + counts[file, "running"]
            if file.direction == "push":
                file.done_count = file.record_count if file.state == "sent" else 0
            else:
                file.done_count = counts[file, "done"]

    # ------------------------------------------------------------------ queue

    def _path(self, name=None):
        self.ensure_one()
        return f"{self.folder}/{name or self.name}" if self.folder else name or self.name

    def _place(self):
        """The path from which Odoo reads the file."""
        return self.archive_path or self._path()

    def _see(self, size, modified):
        """The file may still grow; it is read once two checks find the same size."""
        now = fields.Datetime.now()
        self.write({"state": "seen", "size": size, "remote_modified": modified, "observed_at": now})
        if self.archive_path:
            self.watch_at = now + LOOK_AGAIN

    def _log(self):
        """The transfer of the file itself, not of its records."""
        self.ensure_one()
        return self.env["ml.sync.log"].search([("feed_file_id", "=", self.id), ("kind", "=", "feed_file")], limit=1)

    @api.model
    def _take_again(self, flow, found):
        """Read archived files again."""
        templates = self.env["ml.feed.template"]
        files = self.create(
            [
                {
                    "name": row["name"],
                    "connection_id": flow.connection_id.id,
                    "template_id": row["template_id"],
                    "flow_id": templates.browse(row["template_id"]).flow_id.id,
                    "direction": "pull",
                    "state": "waiting",
                    "folder": row["folder"],
                    "size": row["size"],
                    "remote_modified": row["modified"],
                    "observed_at": fields.Datetime.now(),
                }
                for row in found
            ]
        )
        files._enqueue(flow)

    def _enqueue(self, flow):
        """Queue the files for sending or reading."""
        for file in self:
            if log := file._log():
                log._make_pending()
                continue
            self.env["ml.sync.log"].create(
                {
                    "name": file.name,
                    "connection_id": flow.connection_id.id,
                    "company_id": flow.company_id.id,
                    "flow_id": flow.id,
                    "direction": flow.direction,
                    "kind": "feed_file",
                    "external_id": file._path(),
                    "external_version": str(file.id),
                    "res_model": file._name,
                    "res_id": file.id,
                    "feed_file_id": file.id,
                }
            )

    def _attach(self, content):
        """Store the content, replacing the previous one."""
        self.ensure_one()
        self.attachment_id.unlink()
        attachments = self.env["ir.attachment"].with_context(attachments_mime_plainxml=True)
        self.attachment_id = attachments.create(
            {
                "name": self.name,
                "raw": content,
                "mimetype": stored_mimetype("", content),
                "res_model": self._name,
                "res_id": self.id,
                "res_field": "attachment_id",
            }
        )

    def _fail(self, error, state="failed"):
        """Store the error of the file."""
        self.write(
            {
                "state": state,
                "error_message": error.message,
                "error_line": getattr(error, "line", 0),
                "error_column": getattr(error, "column", False) or False,
                "error_expected": getattr(error, "expected", False) or False,
                "error_found": getattr(error, "found", False) or False,
            }
        )

    def _clear_error(self):
        self.write(
            dict.fromkeys(("error_message", "error_line", "error_column", "error_expected", "error_found"), False)
        )

    def _adopt_rows(self, flow, items):
        """Link the transfers of the file's records; returns their number."""
        versions = {item.external_id: item.version for item in items}
        rows = self.env.execute_query(
            SQL(
                """UPDATE ml_sync_log log SET feed_file_id = %s
                     FROM unnest(%s::text[], %s::text[]) AS item(external_id, version)
                    WHERE log.flow_id = %s AND log.external_id = item.external_id
                      AND log.external_version = item.version
                      AND log.state IN ('pending', 'failed', 'waiting')
                RETURNING log.id""",
                self.id,
                list(versions),
                list(versions.values()),
                flow.id,
            )
        )
        self.env["ml.sync.log"].invalidate_model(["feed_file_id"])
        return len(rows)

    def _replace_earlier(self):
        """Set failed files with the same name to replaced."""
        self.ensure_one()
        earlier = self.search(
            [
                ("connection_id", "=", self.connection_id.id),
                ("folder", "=", self.folder),
                ("name", "=", self.name),
                ("direction", "=", "pull"),
                ("state", "=", "failed"),
                ("id", "<", self.id),
            ]
        ) | self.search([("replaced_by_id", "=", self.id), ("state", "=", "failed")])
        for file in earlier:
            file.write({"state": "replaced", "replaced_by_id": self.id})
            file._log()._supersede()
            file.log_ids.filtered(lambda log: log.state in MERGED_STATES)._supersede()

    # ------------------------------------------------------------------ buttons

    @needs("administer")
    def action_replay(self):
        """Read files again with the current template, or send unsent ones again; retry their records."""
        files = self.sudo()  # sudo: administrators hold no write right on files, only this transition
        for file in files:
            if file.direction == "push":
                if file.state in ("built", "transferred", "failed"):
                    file._log()._make_pending()
                continue
            if not file.template_id:
                file.template_id = file._matching_template()
                if not file.template_id:
                    raise UserError(self.env._("No file template matches the name %(file)s.", file=file.name))
            if file.attachment_id:
                file.state = "received"
            elif file.is_present:
                file.state = "waiting"
            else:
                raise UserError(
                    self.env._("%(file)s is no longer on the server, and Odoo has not read it.", file=file.name)
                )
            file._enqueue(file.connection_id._inbox_flow())
            file.log_ids.filtered(lambda log: log.state in MERGED_STATES and log.is_current)._make_pending()
        files._decided("replay")
        files.connection_id._trigger()
        return notification(self.env._("Processing started."))

    def _matching_template(self):
        templates = self.env["ml.feed.template"].search(
            [("connection_id", "=", self.connection_id.id), ("direction", "=", "pull"), ("folder", "=", self.folder)]
        )
        return templates.filtered(lambda template: template._fits(self.name))[:1]

    @needs("administer")
    def action_delivered(self):
        """Mark files as delivered manually."""
        for file in self.sudo():  # sudo: see `action_replay`
            if file.direction != "push" or file.state not in ("built", "failed") or file.answer == "rejected":
                raise UserError(self.env._("%(file)s is not waiting to be sent.", file=file.name))
            file._arrived(_("Delivered manually by %(user)s.", user=self.env.user.name))
            log = file._log()
            log.write(
                {
                    "state": "done",
                    "outcome": "sent",
                    "done_at": fields.Datetime.now(),
                    "error_class": False,
                    "error_message": False,
                }
            )
            file._decided("deliver", file._sentence("note"))

    def _arrived(self, note=False):
        """Mark the file as delivered."""
        self.ensure_one()
        self.env["ml.feed.sent"]._confirm(self)
        template = self.template_id
        self.write(
            {
                "state": "sent",
                "transferred_at": fields.Datetime.now(),
                "note": note or self._sentence("note"),
                "answer": "awaited" if template.accepted_path or template.rejected_path else False,
            }
        )
        self._clear_error()
        self._let_go()

    def _let_go(self):
        """Release files that waited for this one."""
        flows = self.connection_id.flow_ids.filtered(lambda flow: self.flow_id.key in flow._spec().after)
        held = self.env["ml.sync.log"].search(
            [("flow_id", "in", flows.ids), ("state", "=", "pending"), ("try_count", "=", 0)]
        )
        held.next_try_at = fields.Datetime.now()

    @needs("administer")
    def action_correct(self):
        """Import a corrected file that replaces this one."""
        self.ensure_one()
        values = {"default_template_id": self.template_id.id, "default_replaces_id": self.id}
        return open_dialog("ml.feed.import", self.env._("Corrected File"), **values)

    @needs("administer")
    def action_download(self):
        """Download the file as it was sent or received."""
        self.ensure_one()
        if not self.attachment_id:
            raise UserError(self.env._("Odoo does not have the content of this file."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "new",
        }

    def action_open_logs(self):
        self.ensure_one()
        name = self.env._("Records of %(file)s", file=self.name)
        return open_list("ml.sync.log", name, [("feed_file_id", "=", self.id)], "list,kanban,form,graph,pivot")

    def action_open_records(self):
        """Open the Odoo records created from the file."""
        self.ensure_one()
        of_models = self.log_ids.filtered("res_id").grouped("res_model")
        if not of_models:
            raise UserError(self.env._("This file has not created records in Odoo yet."))
        model, done = next(iter(of_models.items()))
        return open_list(model, self.name, [("id", "in", done.mapped("res_id"))], "list,form")
