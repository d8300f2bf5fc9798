from odoo import api, models
from odoo.tools import ormcache

from .ml_connection_job import WORKING_STATES
from .ml_sync_mixin import CHANGED, Watch


class MlFlowWatching(models.AbstractModel):
    """The changes in Odoo that a push flow sends."""

    _name = "ml.flow.watching"
    _inherit = "ml.sealed"
    _description = "Flow Watching"

    @api.model
    @ormcache()
    def _watched_models(self):
        """{model name: [`Watch`]} of the active push flows.

        Cached, because every write on a watched model needs it.
        """
        watched = {}
        for flow in self._working_pushes():
            model = flow._spec().watches
            if model and not flow._blocked():
                fields_of = flow._exporter(model)._watched(model)
                for (name, _lines, back), names in fields_of.items():
                    watch = Watch(flow.id, flow.connection_id.id, model, frozenset(names), back)
                    watched.setdefault(name, []).append(watch)
        return watched

    @api.model
    @ormcache()
    def _watched_files(self):
        """Like `_watched_models`, for flows that send files of these records."""
        watched = {}
        for flow in self._working_pushes().filtered(
            lambda flow: flow._has_documents() and flow._exporter("")._watches_files
        ):
            if not flow._blocked():
                model = flow._record_model()
                watched.setdefault(model, []).append(Watch(flow.id, flow.connection_id.id, model))
        return watched

    @api.model
    def _working_pushes(self):
        pushes = [("direction", "=", "push"), ("active", "=", True), ("connection_id.active", "=", True)]
        working = [*pushes, ("connection_id.state", "in", WORKING_STATES)]
        # sudo: hooks run for any user, who need not see flows; whatever the context of the first who asks
        return self.sudo().search(working).filtered(lambda flow: flow._is_known())

    @api.model
    def _enqueue_changes(self):
        """Queue the records changed in this transaction, at its end."""
        changed = self.env.cr.precommit.data.pop(CHANGED, {})
        for (flow_id, model), ids in changed.items():
            flow = self.browse(flow_id).exists()
            if flow:
                exporter = flow._exporter(model).with_env(self.env)
                # sudo: whether a record is to be sent does not depend on who changed it; what is read of it does on the
                # connection's user. What it is called may depend on the company, and whoever changed it works in any
                touched = self.env[model].with_company(flow.company_id).browse(sorted(ids))
                there = touched.exists()
                self.env["ml.sync.log"]._note_deleted(flow, touched - there)
                records = there.filtered_domain(exporter._domain(flow))
                records = exporter._sendable(flow, records) | exporter._left(flow, there - records)
                if records:
                    self.env["ml.sync.log"]._enqueue(flow, records)
                    flow.connection_id._trigger()

    def _send_tagged(self, tags):
        """Send the contacts with one of the tags, although they did not change."""
        watches = [watch for watch in self._watched_models().get("res.partner", ()) if watch.flow_id == self.id]
        if tags and watches:
            tagged = self.env["res.partner"].search([("category_id", "in", tags.ids)])
            tagged._ml_note(watches, {"category_id"})

    def _record_model(self):
        """Model of the records that a push flow sends."""
        spec = self._spec()
        if spec.watches or not spec.follows:
            return spec.watches
        return self.connection_id._provider_class().flow_class(spec.follows).watches
