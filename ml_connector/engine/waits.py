"""Whether what rows wait for can still happen. A wait that cannot come true is for a person."""

from ..core.errors import ConnectorError, InVainError, NotFoundError
from ..models.ml_error_class import MAX_STOPS
from ..models.ml_outgoing_code import DEPENDS
from ..models.ml_sync_log import FINAL_STATES, ODOO

KEYS_AT_ONCE = 200


class Waits:
    """The waits of one connection for other records, which `depends_kind` and `depends_external_id` of its rows name.

    Rows that wait for a mapping, a code or a change of Odoo are not asked about: somebody can always bring that about.
    """

    def __init__(self, run):
        self._run = run
        self._connection = run.connection
        self._logs = run.connection.env["ml.sync.log"]
        self.env = run.connection.env

    def rows(self):
        """What waits for another record at the vendor."""
        return self._logs.union(*self._groups(("direction", "=", "pull")).values())

    def fetch_missing(self):
        """Fetch the remote records that others wait for and that no page or event has brought. True when any came."""
        groups = self._groups(("direction", "=", "pull"))
        flows, known = self._flows("pull"), self._pulled(groups)
        stored = 0
        for kind, flow in flows.items():
            missing = self._in_turn({key: rows for key, rows in groups.items() if key[0] == kind and key not in known})
            with self.env["ml.worker"]._noted(self._run, self._logs.union(*missing.values())):
                items = self._run.parallel(lambda key, flow=flow: self._run.provider.fetch(flow.key, key[1]), missing)
            found = [item for item in items if item is not None and not isinstance(item, ConnectorError)]
            stored += self._logs._store(flow, found)
            if flow._spec().feed == "in":
                continue  # it may come with the next file
            for key, item in zip(missing, items, strict=True):
                if item is None or isinstance(item, NotFoundError):
                    rows = groups[key]
                    self._give_up(
                        rows, self.env._("The vendor does not have %s, or does not give it out.", _name(rows))
                    )
        return stored

    def _in_turn(self, groups):
        """{key: one of its rows} of what is fetched now: on that row it is counted when the server stops over it."""
        chosen = {}
        for key, row in zip(groups, self._logs.browse([min(rows._ids) for rows in groups.values()]), strict=True):
            if row.stop_count >= MAX_STOPS:
                worker = self.env["ml.worker"]
                error = worker._stopped(row.stop_count, self.env._("fetching %s", _name(row)))
                self._give_up(groups[key], error.message, error)
            elif row.filtered_domain(self._run.in_turn):
                chosen[key] = row
        return dict(list(chosen.items())[: self._run.portion(KEYS_AT_ONCE)])

    def judge(self):
        """Give up what cannot come true, and let go on what has nothing to wait for any more."""
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

    def _groups(self, *domain):
        """{(kind, key): waiting rows} of the waits for other records."""
        groups = self._logs._read_group(
            [
                ("connection_id", "=", self._connection.id),
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
        """{kind: switched-on flow}"""
        flows = self._connection.flow_ids.filtered(
            lambda flow: flow.active and flow.direction == direction and flow._is_known() and not flow._blocked()
        )
        return {flow.kind: flow for flow in flows.sorted("sequence", reverse=True)}

    def _pulled(self, keys):
        """{(kind, key): newest row that brings the remote record}"""
        rows = self._newest(keys, "pull", [("external_id", "in", [key for _kind, key in keys])])
        return {(row.kind, row.external_id): row for row in rows}

    def _pushed(self, keys):
        """{(kind, key): newest row that sends the record of Odoo}"""
        ids = [int(key.split(",")[1]) for _kind, key in keys]
        rows = self._newest(keys, "push", [("res_id", "in", ids)])
        return {(row.kind, f"{row.res_model},{row.res_id}"): row for row in rows}

    def _newest(self, keys, direction, domain):
        """Rows, the newest of a record last."""
        kinds = list({kind for kind, _key in keys})
        of_kinds = [("direction", "=", direction), ("kind", "in", kinds), *domain]
        return self._logs.search([("connection_id", "=", self._connection.id), *of_kinds], order="is_current, id")

    def _judge(self, key, rows, row, flows, direction):
        if direction == "push" and not _record(self.env, key[1]).exists():
            self._give_up(rows, self.env._("%s was deleted in Odoo.", _name(rows)))
        elif row.state == "ignored":
            reason = row.ignored_reason or "-"
            self._give_up(rows, self.env._("%(name)s was ignored: %(reason)s", name=_name(rows), reason=reason))
        elif row.state not in FINAL_STATES and key[0] not in flows:
            self._give_up(rows, self._why_not_moved(key[0], direction, rows))

    def _judge_result(self, key, rows):
        """Where nothing is left to be told of the other record, nothing comes first."""
        kinds = {flow.kind for flow in self._connection.flow_ids if flow._is_known() and flow._spec().reports}
        if not self.env["ml.worker"]._untold(self._connection, {(kind, key) for kind in kinds}):
            rows._release()

    def _why_not_moved(self, kind, direction, rows):
        flows = self._connection.with_context(active_test=False).flow_ids
        flow = flows.filtered(lambda flow: flow.kind == kind and flow.direction == direction)[:1]
        if not flow:
            return self.env._("No flow moves %s.", _name(rows))
        if flow.active:
            return self.env._("The flow %(flow)s cannot move %(name)s.", flow=flow.name, name=_name(rows))
        return self.env._("The flow %(flow)s, which moves %(name)s, is switched off.", flow=flow.name, name=_name(rows))

    def _give_up(self, rows, sentence, error=None):
        error = error or InVainError(sentence)
        rows.write({"state": "failed", "error_class": error.error_class, "error_message": sentence})
        self.env["ml.sync.attempt"]._append(
            self._connection, [{"log": row, "action": "check", "outcome": "failed", "error": error} for row in rows]
        )


def _record(env, key):
    model, record_id = key.split(",")
    return env[model].browse(int(record_id))


def _name(rows):
    return rows[0].depends_name or rows[0].name or rows[0].depends_external_id
