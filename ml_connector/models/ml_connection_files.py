from odoo import fields, models
from odoo.exceptions import UserError

from ..core.files import fingerprint
from .client_actions import open_list
from .ml_sealed import needs
from .queries import number_of


class MlConnectionFiles(models.AbstractModel):
    """Fields and buttons of connections whose provider exchanges files."""

    _name = "ml.connection.files"
    _inherit = "ml.sealed"
    _description = "Connection Files"

    feed_template_ids = fields.One2many(
        "ml.feed.template", "connection_id", readonly=True, context={"active_test": False}
    )
    has_feeds = fields.Boolean(compute="_compute_has_feeds")
    host_key_seen = fields.Char("Current Server Key", compute="_compute_host_keys")
    host_key_accepted = fields.Char("Confirmed Server Key", compute="_compute_host_keys")
    feed_file_count = fields.Integer("Files", compute="_compute_feed_file_count")

    def _compute_has_feeds(self):
        for connection in self:
            connection.has_feeds = bool(
                connection.provider and any(spec.template for spec in connection._provider_class().flows)
            )

    def _compute_feed_file_count(self):
        counts = number_of(self.env["ml.feed.file"], [("connection_id", "in", self.ids)], "connection_id")
        for connection in self:
            connection.feed_file_count = counts[connection]

    def _compute_host_keys(self):
        for connection in self:
            stored = connection.stored_settings or {}
            accepted = stored.get("host_keys") or []
            seen = stored.get("host_key_seen") or ""
            connection.host_key_accepted = ", ".join(map(_described, accepted))
            connection.host_key_seen = _described(seen) if seen and seen not in accepted else False

    def _sync_feed_templates(self):
        """Create the default templates that this connection lacks."""
        connection = self.sudo()  # sudo: as all parts of a new connection
        present = connection.feed_template_ids.flow_id.mapped("key")
        flows = {flow.key: flow for flow in connection.with_context(active_test=False).flow_ids}
        specs = [spec for spec in connection._provider_class().flows if spec.template and spec.key not in present]
        self.env["ml.feed.template"].sudo().create(  # sudo: see above
            [_template_values(flows[spec.key], spec.template, number) for number, spec in enumerate(specs, start=1)]
        )

    def _inbox_flow(self):
        """The flow that fetches and reads files."""
        inbox = next((spec.key for spec in self._provider_class().flows if spec.feed == "inbox"), None)
        return self.with_context(active_test=False).flow_ids.filtered(lambda flow: flow.key == inbox)

    def _file_settings(self):
        """Settings for the provider that follow from the active file templates."""
        folders = {
            folder
            for template in self.feed_template_ids.filtered("active")
            for folder in (template.folder, template.archive_folder, template.error_folder)
            if folder and template.flow_id.active
        }
        templates = self.feed_template_ids.filtered("active")
        codes = sorted(set(templates.mapped("company_code"))) if all(templates.mapped("company_code")) else []
        return {"folders": sorted(folders), "company_codes": codes}

    @needs("system")
    def action_accept_host_key(self):
        """Accept the key that the server showed in the last check, then check again."""
        self.ensure_one()
        seen = (self.stored_settings or {}).get("host_key_seen")
        if not seen:
            raise UserError(self.env._("Test the connection first, so that Odoo reads the key of the server."))
        # sudo: engine field
        self.sudo().stored_settings = {**self.stored_settings, "host_keys": [seen], "host_key_seen": False}
        self.message_post(body=self.env._("Server key accepted: %(key)s", key=_described(seen)))
        self._decided("accept_key", new=_described(seen))
        return self.action_test()

    def action_open_feed_files(self):
        self.ensure_one()
        return open_list("ml.feed.file", self.env._("Files"), [("connection_id", "=", self.id)], "list,form")

    def action_open_feed_templates(self):
        self.ensure_one()
        name, context = self.env._("File Templates"), {"default_connection_id": self.id}
        return open_list("ml.feed.template", name, [("connection_id", "=", self.id)], "list,form", context=context)


def _described(key):
    """A host key in the form that people compare."""
    return f"{key.split()[0]} {fingerprint(key)}"


def _template_values(flow, spec, number):
    return {
        "name": flow.name,
        "sequence": 10 * number,
        "connection_id": flow.connection_id.id,
        "flow_id": flow.id,
        "entity": spec.entity,
        "folder": spec.folder,
        "file_name": spec.file_name,
        "archive_folder": spec.archive_folder,
        "archive_mode": "move" if spec.archive_folder else "leave",
        "root_element": spec.root_element,
        "document_element": spec.document_element,
        "domain": spec.domain,
        "lines_domain": spec.lines_domain,
        "statuses": ", ".join(spec.statuses),
        "column_ids": [
            fields.Command.create(
                {
                    "sequence": 10 * position,
                    "label": column.label,
                    "name": column.name or False,
                    "path": column.path or False,
                    "expression": column.expression or False,
                    "argument": column.argument or False,
                    "constant": column.constant or False,
                    "type": column.type,
                    "on_line": column.on_line,
                    "required": column.required,
                    "aliases": ", ".join(column.aliases) or False,
                    "decimals": -1 if column.decimals is None else column.decimals,
                }
            )
            for position, column in enumerate(spec.columns, start=1)
        ],
    }
