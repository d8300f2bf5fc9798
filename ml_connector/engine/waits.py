"""Checks whether the records that transfers wait for can still come. Otherwise the transfers fail."""

from ..core.errors import ConnectorError, InVainError, NotFoundError, StoppedError
from ..core.flow import InboxFlow
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS
from ..models.ml_mapped import MAPPED_MODELS
from ..models.sync_states import DEPENDS, FINAL_STATES, ODOO, odoo_key
from .answers import Answers
from .base import Step

KEYS_AT_ONCE = 200


class Waits(Step):
    """The transfers of one connection that wait for the records in `depends_kind` and `depends_external_id`.

    Waits for a mapping or for a change in Odoo are not judged: a user can always fulfil them.
    """

    def __init__(self, run):
        super().__init__(run)
        self._logs = self.env["ml.sync.log"]

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
        waiting = self._logs.union(*self._groups(("direction", "=", "pull")).values())
        gone = waiting._awaited().filtered("is_record_gone")
        returning = gone.filtered(lambda log: log.res_model in MAPPED_MODELS.values())
        returning._make_pending()
        keys = {(log.kind, log.external_id) for log in gone - returning}
        for log in waiting.filtered(
            lambda log: not log.is_awaited_gone and (log.depends_kind, log.depends_external_id) in keys
        ):
            message = _("%(name)s was deleted in Odoo.", name=log.depends_name)
            log.write({"is_awaited_gone": True, "error_message": message})
        return bool(returning)

    def _fetch(self):
        """Returns how many records came."""
        groups = self._groups(("direction", "=", "pull"))
        flows, known = self._flows("pull"), self._pulled(groups)
        stored = 0
        for kind, flow in flows.items():
            missing = self._in_turn({key: rows for key, rows in groups.items() if key[0] == kind and key not in known})
            with self.run.queue.counted(self._logs.union(*missing.values())):
                items = self.run.parallel(
                    lambda key, flow=flow: self.run.provider.flow(flow.key).fetch(key[1]), missing
                )
            found = [item for item in items if item is not None and not isinstance(item, ConnectorError)]
            stored += self._logs._store(flow, found)
            for key, item in zip(missing, items, strict=True):
                if item is None or isinstance(item, NotFoundError):
                    sentence = _(
                        "%(provider)s does not have %(name)s, or does not share it.",
                        provider=self.run.provider.label,
                        name=_name(groups[key]),
                    )
                    self._give_up(groups[key], InVainError(sentence))
        return stored

    def _in_turn(self, groups):
        """{key: one of its transfers} of the records to fetch now. That transfer counts the stops of the server."""
        chosen = {}
        for key, row in zip(groups, self._logs.browse([min(rows._ids) for rows in groups.values()]), strict=True):
            if row.stop_count >= MAX_STOPS:
                sentence = _(
                    "The server stopped %(count)s times while Odoo fetched %(name)s.",
                    count=row.stop_count,
                    name=_name(row),
                )
                self._give_up(groups[key], StoppedError(sentence))
            elif row.filtered_domain(self.run.in_turn):
                chosen[key] = row
        return dict(list(chosen.items())[: self.run.portion(KEYS_AT_ONCE)])

    def judge(self):
        """Let transfers fail whose wait is in vain, and release those that no longer have to wait."""
        pulls = self._groups("|", ("direction", "=", "pull"), ("error_class", "=", "unseen_change"))
        pushes = self._groups(
            ("direction", "=", "push"), ("error_class", "!=", "unseen_change"), ("depends_kind", "!=", "result")
        )
        results = self._groups(("depends_kind", "=", "result"))
        newest, flows = self._pulled(pulls), self._flows("pull")
        for key, rows in pulls.items():
            self._judge(key, rows, newest.get(key, self._logs), flows, "pull")
        newest, flows = self._pushed(pushes), self._flows("push")
        for key, rows in pushes.items():
            self._judge(key, rows, newest.get(key, self._logs), flows, "push")
        for (_kind, key), rows in results.items():
            self._judge_result(key, rows)
        self.run.commit()

    def _groups(self, *domain):
        """{(kind, key): waiting transfers} of the waits for other records."""
        groups = self._logs._read_group(
            [
                ("connection_id", "=", self.connection.id),
                ("state", "=", "waiting"),
                ("depends_kind", "not in", (False, ODOO)),
                ("depends_kind", "not =like", f"{DEPENDS}%"),
                ("is_awaited_gone", "!=", True),
                *domain,
            ],
            ["depends_kind", "depends_external_id"],
            ["id:recordset"],
        )
        return {(kind, key): rows for kind, key, rows in groups}

    def _flows(self, direction):
        """{kind: active flow}"""
        flows = self.connection.flow_ids.filtered(
            lambda flow: flow.active and flow.direction == direction and flow._is_known() and not flow._blocked()
        )
        return {flow.kind: flow for flow in flows.sorted("sequence", reverse=True)}

    def _pulled(self, keys):
        """{(kind, key): newest transfer of the remote record}"""
        rows = self._newest(keys, "pull", [("external_id", "in", [key for _kind, key in keys])])
        return {(row.kind, row.external_id): row for row in rows}

    def _pushed(self, keys):
        """{(kind, key): newest transfer of the Odoo record}"""
        ids = [int(key.split(",")[1]) for _kind, key in keys]
        rows = self._newest(keys, "push", [("res_id", "in", ids)])
        return {(row.kind, odoo_key(row.res_model, row.res_id)): row for row in rows}

    def _newest(self, keys, direction, domain):
        """Transfers, the newest of a record last."""
        kinds = list({kind for kind, _key in keys})
        of_kinds = [("direction", "=", direction), ("kind", "in", kinds), *domain]
        return self._logs.search([("connection_id", "=", self.connection.id), *of_kinds], order="is_current, id")

    def _judge(self, key, rows, row, flows, direction):
        if direction == "push" and not _record(self.env, key[1]).exists():
            self._give_up(rows, InVainError(_("%(name)s was deleted in Odoo.", name=_name(rows))))
        elif row.state == "ignored":
            reason = row._sentence("ignored_reason") or "-"
            self._give_up(rows, InVainError(_("%(name)s was ignored: %(reason)s", name=_name(rows), reason=reason)))
        elif row.state not in FINAL_STATES and key[0] not in flows:
            self._give_up(rows, InVainError(self._why_not_synced(key[0], direction, rows)))

    def _judge_result(self, key, rows):
        """Release results once no result of the other record is left to report."""
        kinds = {flow.kind for flow in self.connection.flow_ids if flow._is_known() and flow._spec().reports}
        if not Answers(self.env).unreported(self.connection, {(kind, key) for kind in kinds}):
            rows._release()

    def _why_not_synced(self, kind, direction, rows):
        flows = self.connection.with_context(active_test=False).flow_ids
        flow = flows.filtered(lambda flow: flow.kind == kind and flow.direction == direction)[:1]
        if not flow:
            return _("No flow syncs %(name)s.", name=_name(rows))
        if flow.active:
            return _("The flow %(flow)s cannot sync %(name)s.", flow=flow._spec().label, name=_name(rows))
        return _("The flow %(flow)s, which syncs %(name)s, is inactive.", flow=flow._spec().label, name=_name(rows))

    def _give_up(self, rows, error):
        rows.write({"state": "failed", "error_class": error.error_class, "error_message": error.message})
        self.env["ml.sync.attempt"]._append(
            self.connection, [{"log": row, "action": "check", "outcome": "failed", "error": error} for row in rows]
        )


def _record(env, key):
    model, record_id = key.split(",")
    return env[model].browse(int(record_id))


def _name(rows):
    return rows[0].depends_name or rows[0].name or rows[0].depends_external_id
