from dataclasses import replace
from datetime import UTC

from odoo import models

from ..core.documents.reconciliation import merge, outgoing, unseen
from ..core.errors import ConflictError, ConnectorError
from ..core.items import document_of
from ..models.ml_connection import WORKING_STATES
from ..models.ml_sync_log import OPEN_STATES

CONTACTS = "contacts"
"""Key of what a binding remembers beside the values that both sides may change."""


class FieldConflictError(ConflictError):
    """The same values were changed on both sides, and a person is to decide.

    :param values: {name: (Odoo's, the vendor's)}
    """

    def __init__(self, message, values):
        super().__init__(message)
        self.values = {name: list(sides) for name, sides in values.items()}


class NewerRemoteVersionError(ConnectorError):
    """The vendor changed the record too, which has to be in Odoo before Odoo's change is sent.

    :param key: kind and external id of the record that is waited for
    """

    error_class = "unseen_change"
    can_come_true = True

    def __init__(self, message, key):
        super().__init__(message)
        self.key = key


class MlWorker(models.AbstractModel):
    """Records that both sides may change: only the pull merges; a push reads first and sends only Odoo's changes."""

    _inherit = "ml.worker"

    # ------------------------------------------------------------------ into Odoo

    def _merge(self, run, flow, entries):
        """Decide for each value of the records that are bound already which side it is taken from."""
        if "conflict_policy" not in flow._spec().options:
            return
        entries = [entry for entry in entries if entry.bound and not entry.error]
        bindings = self.env["ml.binding"].search(
            [
                ("connection_id", "=", flow.connection_id.id),
                ("kind", "=", flow.kind),
                ("external_id", "in", [entry.document.external_id for entry in entries]),
            ]
        )
        by_external_id = bindings.grouped("external_id")
        sent = self._sent_values(flow, bindings)
        elsewhere = self._decided_elsewhere(flow, bindings)
        ours = self._shared_values(flow, [entry.bound for entry in entries])
        for entry in entries:
            binding = by_external_id[entry.document.external_id]
            theirs = entry.document.shared()
            if binding.is_shared or not self._has_agreement(flow, binding, entry.bound, ours[entry.bound.id], theirs):
                continue
            self._agree_on_arrived(binding, sent.get(binding.res_id), theirs)
            entry.read = binding.agreed_vendor.get(CONTACTS)
            decider = elsewhere.get(binding.external_id, binding)
            merged = merge(ours[entry.bound.id], theirs, decider.agreed_odoo, decider.agreed_vendor)
            if decider != binding:
                # what is to be asked or sent is the other connection's to do
                entry.taken, entry.kept = merged.taken, {}
                continue
            try:
                self._settle(run, flow, entry, merged, binding)
            except ConnectorError as error:
                entry.error = error
            else:
                entry.taken, entry.kept = merged.taken, merged.kept

    def _has_agreement(self, flow, binding, record, ours, theirs):
        """Whether it is known what both sides agreed on last; else the vendor's values are taken as they are.

        Not so where a person has changed the record in Odoo since it was transferred: then whatever differs counts as
        changed on both sides.
        """
        if binding.agreed_odoo and binding.agreed_vendor:
            return True
        touched = flow._reader(record._name)._touched_at(record)[record.id]
        if not flow._counterpart("push") or (binding.synced_at and touched <= binding.synced_at):
            return False
        unknown = {name for name in ours if ours[name] and theirs.get(name) and ours[name] != theirs[name]}
        there = {name: theirs[name] for name in ours if ours[name] and name in theirs}
        binding.agreed_odoo = {**ours, **dict.fromkeys(unknown)}
        binding.agreed_vendor = {**there, **dict.fromkeys(unknown)}
        return True

    def _sent_values(self, flow, bindings):
        """{record id: values of Odoo} of transfers to the vendor of which it is not known whether they arrived."""
        push_flow = flow._counterpart("push")
        if not push_flow or not bindings:
            return {}
        logs = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", push_flow.id),
                ("res_model", "in", bindings.mapped("res_model")),
                ("res_id", "in", bindings.mapped("res_id")),
                ("state", "in", OPEN_STATES),
            ],
            order="id",
        )
        return {log.res_id: log.sent_values for log in logs.sudo() if log.sent_values}  # sudo: field without access

    def _agree_on_arrived(self, binding, sent, theirs):
        """What arrived of a transfer in doubt is ours, and no change of the vendor's."""
        arrived = {
            name: value
            for name, value in (sent or {}).items()
            if theirs.get(name) == value and binding.agreed_vendor.get(name) != value
        }
        if arrived:
            binding.agreed_odoo = {**binding.agreed_odoo, **arrived}
            binding.agreed_vendor = {**binding.agreed_vendor, **arrived}

    def _decided_elsewhere(self, flow, bindings):
        """{external id: binding of another connection} of records about which that connection decides.

        One contact is one record of the provider's business, however many connections read it: of those that also send
        it, one that asks decides, else the first one. Otherwise each would settle by its own policy what another one
        has asked a person about.
        """
        connection = flow.connection_id
        same = self.env["ml.binding"].search(
            [
                ("kind", "=", flow.kind),
                ("external_id", "in", bindings.mapped("external_id")),
                ("is_shared", "=", False),
                ("connection_id.provider", "=", connection.provider),
                ("connection_id.business", "=", connection.business),
            ]
        )
        same = same.filtered(lambda binding: self._is_watched(flow, binding))
        records = {binding.external_id: (binding.res_model, binding.res_id) for binding in bindings}
        asking = {other: self._asks(flow, other) for other in same.connection_id}
        found = {}
        for binding in same.sorted(lambda binding: (not asking[binding.connection_id], binding.connection_id.id)):
            is_same = records[binding.external_id] == (binding.res_model, binding.res_id)
            if is_same and asking[binding.connection_id] is not None and binding.agreed_odoo and binding.agreed_vendor:
                found.setdefault(binding.external_id, binding)
        return found

    def _is_watched(self, flow, binding):
        """Whether its connection reads the record, or has asked a person about it before it was paused."""
        connection = binding.connection_id
        if connection.state in WORKING_STATES:
            return True
        asked = [
            ("connection_id", "=", connection.id),
            ("kind", "=", flow.kind),
            ("external_id", "=", binding.external_id),
            ("state", "=", "failed"),
            ("is_current", "=", True),
        ]
        return bool(self.env["ml.sync.log"].search(asked).filtered("conflict"))

    def _asks(self, flow, connection):
        """Whether a connection that merges such records asks about conflicts; None where it does not merge them."""
        pull_flow = connection.flow_ids.filtered(
            lambda other: other.active and other.direction == "pull" and other.kind == flow.kind
        )[:1]
        return pull_flow.conflict_policy == "ask" if pull_flow and pull_flow._counterpart("push") else None

    def _settle(self, run, flow, entry, merged, binding):
        """Decide the conflicts by the flow's policy, or by what a person decided about these very values."""
        if not merged.conflicts:
            return
        decided = self._decided(entry.log, merged.conflicts)
        winner = decided or self._winner(run, flow, entry, binding)
        if winner:
            merged.settle(list(merged.conflicts), winner, binding.agreed_odoo)
            return
        reader = flow._reader(entry.bound._name)
        labels = ", ".join(reader._shared_label(name) for name in merged.conflicts)
        raise FieldConflictError(
            self.env._("Changed in Odoo and at %(vendor)s: %(fields)s.", vendor=flow.connection_id.name, fields=labels),
            merged.conflicts,
        )

    def _decided(self, log, conflicts):
        shown = (log and log.decision and log.conflict) or {}
        same = {name: list(sides) for name, sides in conflicts.items()} == {name: shown.get(name) for name in conflicts}
        return log.decision if same else False

    def _winner(self, run, flow, entry, binding):
        """`odoo` or `vendor`; empty when a person is to decide."""
        if not flow._counterpart("push"):
            return "vendor"
        if flow.conflict_policy == "ask":
            return ""
        if flow.conflict_policy != "newest":
            return flow.conflict_policy
        touched = flow._reader(entry.bound._name)._touched_at(entry.bound)[entry.bound.id]
        is_newer = run.provider.changed_after(flow.key, binding.external_id, touched.replace(tzinfo=UTC))
        return {True: "vendor", False: "odoo"}.get(is_newer, "")

    def _shared_values(self, flow, records):
        """{record id: values that both sides may change} of records of one model."""
        if not records:
            return {}
        reader = flow._reader(records[0]._name)
        return reader._shared_values(reader.env[records[0]._name].browse(record.id for record in records))

    def _agreements(self, flow, entries):
        """{entry: what its binding is to remember} of written entries."""
        if "conflict_policy" not in flow._spec().options:
            return {}
        values = self._shared_values(flow, [entry.record for entry in entries])
        return {
            entry: {
                "agreed_odoo": {**values[entry.record.id], **entry.kept},
                "agreed_vendor": {**entry.document.shared(), CONTACTS: entry.document.contacts_read()},
            }
            for entry in entries
        }

    def _queue_kept(self, flow, entries):
        """Send what changed in Odoo alone, or won."""
        kept = [entry.record for entry in entries if entry.kept]
        push_flow = kept and flow._counterpart("push")
        if push_flow:
            reader = push_flow._reader(kept[0]._name)
            records = reader.env[kept[0]._name].browse(record.id for record in kept)
            records = records.filtered_domain(reader._domain(push_flow))
            self.env["ml.sync.log"]._enqueue(push_flow, records)

    # ------------------------------------------------------------------ to the vendor

    def _read_before(self, run, flow, logs, ours):
        """{row: ConnectorError} of those whose record the vendor changed meanwhile, after that is queued for Odoo.

        :param ours: what `_shared_values` says of the records
        """
        pull_flow = flow._counterpart("pull")
        if not pull_flow:
            return {}
        bindings = self._bindings_by_record(flow, self.env[flow._record_model()].browse(ours))
        changed = [
            (log, binding)
            for log in logs
            if (binding := bindings.get(log.res_id))
            and binding.agreed_vendor
            and binding.agreed_odoo != ours[log.res_id]
        ]
        items = run.parallel(
            lambda external_id: run.provider.fetch(pull_flow.key, external_id),
            [binding.external_id for _log, binding in changed],
        )
        errors = {}
        for (log, binding), item in zip(changed, items, strict=True):
            if error := self._unseen_change(run, pull_flow, item, binding, ours[log.res_id]):
                errors[log] = error
        return errors

    def _note_arrived(self, run, flow, log):
        """Look up what arrived of a change in doubt."""
        pull_flow = flow._counterpart("pull")
        sent = pull_flow and log.sudo().sent_values  # sudo: field without access
        binding = sent and self._bindings_by_record(flow, self.env[log.res_model].browse(log.res_id)).get(log.res_id)
        item = binding and binding.agreed_vendor and run.provider.fetch(pull_flow.key, log.external_id)
        if item:
            theirs = document_of(run.provider, pull_flow.key, item.payload).shared()
            self._agree_on_arrived(binding, sent, theirs)

    def _unseen_change(self, run, pull_flow, item, binding, ours):
        """The error that holds a row back, or None. A record that is gone is left to the sending."""
        if item is None or isinstance(item, ConnectorError):
            return item
        try:
            theirs = document_of(run.provider, pull_flow.key, item.payload).shared()
        except ConnectorError as error:
            return error
        if not unseen(ours, theirs, binding.agreed_vendor):
            return None
        self.env["ml.sync.log"]._store(pull_flow, [item])
        return NewerRemoteVersionError(
            self.env._("Waits until what changed at %s is in Odoo.", pull_flow.connection_id.name),
            (pull_flow.kind, item.external_id),
        )

    def _outgoing_document(self, flow, record, binding):
        """The document of a record, with the vendor's own values where Odoo did not change them."""
        reader = flow._reader(record._name)
        document = reader._bound_document(reader._document(flow, record), binding)
        if not (binding.agreed_vendor and flow._counterpart("pull")):
            return document
        return document.with_shared(outgoing(document.shared(), binding.agreed_odoo or {}, binding.agreed_vendor))

    def _found_agreement(self, sent, ours):
        """What was found of a transfer in doubt, and the values of Odoo that were sent, to be remembered as agreed on.

        Of a value that is another one over there nobody knows whether it was changed since: so a change here asks.
        """
        if not ours:
            return sent, None
        others = {name for name, theirs in sent.shared.items() if theirs and ours.get(name) and theirs != ours[name]}
        unknown = dict.fromkeys(others)
        return replace(sent, shared={**sent.shared, **unknown}), {**ours, **unknown}

    def _sent_agreement(self, binding, sent, ours):
        """What the binding of a record that was sent is to remember.

        :param ours: the values in Odoo when it was sent; None when that is not known any more
        """
        if ours is None:
            return {}
        agreed_odoo = self._agreed_odoo(binding, ours, sent.untaken)
        return {
            "agreed_odoo": agreed_odoo,
            "agreed_vendor": {**((binding and binding.agreed_vendor) or {}), **sent.shared},
        }

    def _agreed_odoo(self, binding, ours, untaken):
        """Odoo's values as the vendor knows them now: a change that it did not take is one still."""
        before = (binding and binding.agreed_odoo) or {}
        return ours and {**ours, **{name: before[name] for name in untaken & before.keys() & ours.keys()}}

    def _record_sent_version(self, flow, external_id):
        """What was read before our change is not the vendor's newest version any more, even when it comes again."""
        pull_flow = flow._counterpart("pull")
        if pull_flow:
            self.env["ml.sync.log"].search(
                [("flow_id", "=", pull_flow.id), ("external_id", "=", external_id), ("is_current", "=", True)]
            )._outdate()
