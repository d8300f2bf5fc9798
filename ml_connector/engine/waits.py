"""Checks whether the records that transfers wait for can still come. Otherwise the transfers fail."""

from ..core.awaited import Awaited, odoo_key
from ..core.errors import ConnectorError, InVainError, NotFoundError, StoppedError
from ..core.flow import InboxFlow
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS
from ..models.ml_mapped import MAPPED_MODELS
from ..models.sync_states import FINAL_STATES
from .base import Step, record_attempts
from .results import Answers

KEYS_AT_ONCE = 200


class Waits(Step):
    """The waits of the transfers of one connection.

    Waits for a mapping or for a change in Odoo are not judged: a user can always fulfil them.
    """

    def fetch_missing(self):
        """Fetch remote records that others wait for and that no page or event brought. True when there were any."""
        if any(issubclass(spec, InboxFlow) for spec in self.connection._provider_class().flows):
            return False  # files cannot be asked for one record
        returned = self._notice_gone()
        stored = self._fetch()
        self.run.commit()
        return bool(stored or returned)

    def _notice_gone(self):
        """Handle awaited records that were deleted in Odoo. True when some of them are imported again.

        Master data is imported again automatically: a vendor is searched or created. A document was deleted on purpose,
        so a user decides whether it is imported again.
        """
        waits = self.env["ml.wait"].union(*self._missing().values())
        gone = waits._transfers().filtered("is_record_gone")
        returning = gone.filtered(lambda log: log.res_model in MAPPED_MODELS.values())
        returning._make_pending()
        keys = {(log.kind, log.external_id) for log in gone - returning}
        for wait in waits.filtered(lambda wait: (wait.kind, wait.key) in keys):
            wait.is_gone = True
            wait.log_id.error_message = _("%(name)s was deleted in Odoo.", name=wait.name)
        return bool(returning)

    def _fetch(self):
        """Returns how many records came."""
        groups = self._missing()
        flows, known = self._flows("pull"), self._pulled(groups)
        stored = 0
        for kind, flow in flows.items():
            missing = self._in_turn(
                {one: waits for one, waits in groups.items() if one.kind == kind and one not in known}
            )
            with self.run.queue.counted(self.env["ml.sync.log"].union(*missing.values())):
                items = self.run.parallel(
                    lambda one, flow=flow: self.run.provider.flow(flow.key).fetch(one.key), missing
                )
            found = [item for item in items if item is not None and not isinstance(item, ConnectorError)]
            stored += self.env["ml.sync.log"]._store(flow, found)
            for one, item in zip(missing, items, strict=True):
                if item is None or isinstance(item, NotFoundError):
                    sentence = _(
                        "%(provider)s does not have %(name)s, or does not share it.",
                        provider=self.run.provider.label,
                        name=_name(groups[one]),
                    )
                    self._give_up(groups[one], InVainError(sentence))
        return stored

    def _in_turn(self, groups):
        """{`Awaited`: one of its transfers} of the records to fetch now. It counts the stops of the server."""
        chosen = {}
        for one, waits in groups.items():
            row = waits.log_id.sorted("id")[:1]
            if row.stop_count >= MAX_STOPS:
                sentence = _(
                    "The server stopped %(count)s times while Odoo fetched %(name)s.",
                    count=row.stop_count,
                    name=_name(waits),
                )
                self._give_up(waits, StoppedError(sentence))
            elif row.filtered_domain(self.run.in_turn):
                chosen[one] = row
        return dict(list(chosen.items())[: self.run.portion(KEYS_AT_ONCE)])

    def judge(self):
        """Let transfers fail whose wait is in vain, and release those that no longer have to wait."""
        groups = self._groups(("reason", "in", ("remote", "sent", "result")))
        newest = {**self._pulled(groups), **self._pushed(groups)}
        flows = {"remote": self._flows("pull"), "sent": self._flows("push")}
        for one, waits in groups.items():
            if one.reason == "result":
                self._judge_result(waits)
            else:
                self._judge(one, waits, newest.get(one, self.env["ml.sync.log"]), flows[one.reason])
        self.run.commit()

    def _missing(self):
        """The waits of imported records for others of the provider."""
        return self._groups(("reason", "=", "remote"), ("log_id.direction", "=", "pull"))

    def _groups(self, *domain):
        """{`Awaited`: waits} of the waiting transfers, without those that wait for a deleted record."""
        of_connection = ("connection_id", "=", self.connection.id)
        groups = self.env["ml.wait"]._read_group(
            [of_connection, ("log_id.state", "=", "waiting"), ("is_gone", "!=", True), *domain],
            ["reason", "kind", "key"],
            ["id:recordset"],
        )
        return {Awaited(reason, kind or "", key): waits for reason, kind, key, waits in groups}

    def _flows(self, direction):
        """{kind: active flow}"""
        flows = self.connection.flow_ids.filtered(
            lambda flow: flow.active and flow.direction == direction and flow._is_known() and not flow._blocked()
        )
        return {flow.kind: flow for flow in flows.sorted("sequence", reverse=True)}

    def _pulled(self, groups):
        """{`Awaited`: newest transfer of the remote record}"""
        remote = [one for one in groups if one.reason == "remote"]
        rows = self._newest(remote, "pull", [("external_id", "in", [one.key for one in remote])])
        return {Awaited("remote", row.kind, row.external_id): row for row in rows}

    def _pushed(self, groups):
        """{`Awaited`: newest transfer of the Odoo record}"""
        sent = [one for one in groups if one.reason == "sent"]
        rows = self._newest(sent, "push", [("res_id", "in", [groups[one][0]._record().id for one in sent])])
        return {Awaited("sent", row.kind, odoo_key(row.res_model, row.res_id)): row for row in rows}

    def _newest(self, awaited, direction, domain):
        """Transfers, the newest of a record last."""
        kinds = list({one.kind for one in awaited})
        of_kinds = [("connection_id", "=", self.connection.id), ("direction", "=", direction), ("kind", "in", kinds)]
        return self.env["ml.sync.log"].search([*of_kinds, *domain], order="is_current, id")

    def _judge(self, one, waits, row, flows):
        name = _name(waits)
        if one.reason == "sent" and not waits[0]._record().exists():
            self._give_up(waits, InVainError(_("%(name)s was deleted in Odoo.", name=name)))
        elif row.state == "ignored":
            reason = row._sentence("ignored_reason") or "-"
            self._give_up(waits, InVainError(_("%(name)s was ignored: %(reason)s", name=name, reason=reason)))
        elif row.state not in FINAL_STATES and one.kind not in flows:
            self._give_up(waits, InVainError(self._why_not_synced(one, name)))

    def _judge_result(self, waits):
        """Release results once no result of the other record is left to report."""
        kinds = {flow.kind for flow in self.connection.flow_ids if flow._is_known() and flow._spec().reports}
        if not Answers(self.env).unreported(self.connection, {(kind, waits[0].key) for kind in kinds}):
            waits._release()

    def _why_not_synced(self, one, name):
        direction = "pull" if one.reason == "remote" else "push"
        flows = self.connection.with_context(active_test=False).flow_ids
        flow = flows.filtered(lambda flow: flow.kind == one.kind and flow.direction == direction)[:1]
        if not flow:
            return _("No flow syncs %(name)s.", name=name)
        if flow.active:
            return _("The flow %(flow)s cannot sync %(name)s.", flow=flow._spec().label, name=name)
        return _("The flow %(flow)s, which syncs %(name)s, is inactive.", flow=flow._spec().label, name=name)

    def _give_up(self, waits, error):
        logs = waits.log_id
        logs.write({"state": "failed", "error_class": error.error_class, "error_message": error.message})
        record_attempts(logs, "check", outcome="failed", error=error)


def _name(waits):
    return waits[0].name or waits[0].log_id.name or waits[0].key
