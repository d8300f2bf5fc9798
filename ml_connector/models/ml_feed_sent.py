from odoo import api, fields, models
from odoo.tools import SQL

CHUNK = 5000


class MlFeedSent(models.Model):
    """A record delivered to the provider in files: one row for each record that was ever exported.

    Rows are written in bulk by SQL. The content of a file is pending until the file is delivered.
    """

    _name = "ml.feed.sent"
    _description = "Delivered Record"
    _inherit = "ml.sealed"

    template_id = fields.Many2one("ml.feed.template", required=True, readonly=True, ondelete="cascade")
    connection_id = fields.Many2one(related="template_id.connection_id")
    company_id = fields.Many2one(related="template_id.company_id")
    res_id = fields.Integer("Record", required=True, readonly=True)
    merged_into = fields.Integer(readonly=True, help="The record that it was merged into.")
    key = fields.Char("Provider Code", readonly=True)
    name = fields.Char(readonly=True)
    digest = fields.Char(readonly=True, help="Hash of the last delivered rows.")
    is_active = fields.Boolean(readonly=True, help="The last delivered file marked the record as active.")
    pending_digest = fields.Char(readonly=True)
    pending_active = fields.Boolean(readonly=True)
    # a number, not a link: each link costs a look at the other table for each row
    pending_file = fields.Integer(readonly=True)
    sent_file = fields.Integer("Source File", readonly=True)

    _record_unique = models.UniqueIndex("(template_id, res_id)")
    _key_idx = models.Index("(key)")

    @api.model
    def _known(self, template, record_ids):
        """{record id: (digest, is active)} of the delivered records."""
        rows = self.env.execute_query(
            SQL(
                "SELECT res_id, digest, is_active FROM ml_feed_sent WHERE template_id = %s AND res_id = ANY(%s)",
                template.id,
                list(record_ids),
            )
        )
        return {res_id: (digest, is_active) for res_id, digest, is_active in rows}

    @api.model
    def _note(self, file, rows):
        """Store the pending content of a file: tuples of record id, code, name, digest, is active."""
        template = file.template_id
        for start in range(0, len(rows), CHUNK):
            ids, keys, names, digests, active = map(list, zip(*rows[start : start + CHUNK], strict=True))
            self.env.cr.execute(
                SQL(
                    """INSERT INTO ml_feed_sent (template_id, res_id, key, name, is_active,
                            pending_digest, pending_active, pending_file)
                       SELECT %s, row.res_id, row.key, row.name, FALSE, row.digest, row.active, %s
                         FROM unnest(%s::int[], %s::text[], %s::text[], %s::text[], %s::bool[])
                              AS row(res_id, key, name, digest, active)
                       ON CONFLICT (template_id, res_id) DO UPDATE
                          SET key = EXCLUDED.key, name = EXCLUDED.name, pending_digest = EXCLUDED.pending_digest,
                              pending_active = EXCLUDED.pending_active, pending_file = EXCLUDED.pending_file""",
                    *(template.id, file.id),
                    *(ids, keys, names, digests, active),
                )
            )

    @api.model
    def _confirm(self, file):
        """Set the pending content of a file to delivered."""
        self.env.cr.execute(
            SQL(
                """UPDATE ml_feed_sent
                      SET digest = pending_digest, is_active = pending_active,
                          sent_file = pending_file, pending_digest = NULL, pending_file = NULL
                    WHERE template_id = %s AND pending_file = %s""",
                file.template_id.id,
                file.id,
            )
        )
        self.invalidate_model()

    @api.model
    def _revoke(self, file):
        """Set the content of a rejected file back to pending."""
        self.env.cr.execute(
            SQL(
                """UPDATE ml_feed_sent
                      SET pending_digest = digest, pending_active = is_active, pending_file = sent_file,
                          digest = NULL, is_active = TRUE, sent_file = NULL
                    WHERE template_id = %s AND sent_file = %s AND pending_file IS NULL""",
                file.template_id.id,
                file.id,
            )
        )
        self.invalidate_model()

    @api.model
    def _follow_merge(self, sources, target):
        """Link the codes of merged records to the remaining one. Their rows stay, to deactivate their codes."""
        known = ["|", ("res_id", "in", sources.ids), ("merged_into", "in", sources.ids)]
        self.search([("template_id.model_name", "=", target._name), *known]).merged_into = target.id

    @api.model
    def _by_key(self, connection, model_name, keys):
        """{code at the provider: record} of the codes that belong to exactly one record."""
        rows = self.env.execute_query(
            SQL(
                """SELECT sent.key, min(COALESCE(sent.merged_into, sent.res_id))
                     FROM ml_feed_sent sent
                     JOIN ml_feed_template template ON template.id = sent.template_id
                    WHERE template.connection_id = %s AND template.model_name = %s AND sent.key = ANY(%s)
                    GROUP BY sent.key
                   HAVING count(DISTINCT COALESCE(sent.merged_into, sent.res_id)) = 1""",
                connection.id,
                model_name,
                list(keys),
            )
        )
        model = connection._books()[model_name]
        records = model.browse(res_id for _key, res_id in rows).exists()
        return {key: model.browse(res_id) for key, res_id in rows if res_id in records._ids}
