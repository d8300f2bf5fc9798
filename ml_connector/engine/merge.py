"""Records that both sides may change: into Odoo (`Merge`) and from Odoo (`OwnChanges`)."""

from dataclasses import replace
from datetime import UTC

from ..core.awaited import Awaited
from ..core.documents.reconciliation import merge, outgoing, unseen
from ..core.errors import ConnectorError
from ..core.items import document_of
from ..core.messages import _
from ..models.ml_connection_job import WORKING_STATES
from ..models.sync_states import OPEN_STATES
from .base import OfFlow, bindings_by_record
from .failures import FieldConflictError, NewerRemoteVersionError

CONTACTS = "contacts"
"""Key under which a record link keeps the contacts that were read."""


class Merge(OfFlow):
    """The pull merges value by value."""

    def merge(self, entries):
        """Decide for each value of the linked records which side it is taken from."""
        if "conflict_policy" not in self.spec.options:
            return
        entries = [entry for entry in entries if entry.bound and not entry.error]
        bindings = self.env["ml.binding"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("kind", "=", self.flow.kind),
                ("external_id", "in", [entry.document.external_id for entry in entries]),
            ]
        )
        by_external_id = bindings.grouped("external_id")
        sent = self._sent_values([entry.bound for entry in entries])
        elsewhere = self._decided_elsewhere(bindings)
        odoo_values = shared_values(self.flow, [entry.bound for entry in entries])
        for entry in entries:
            binding = by_external_id[entry.document.external_id]
            remote_values = entry.document.shared()
            if binding.is_shared or not self._has_agreement(
                binding, entry.bound, odoo_values[entry.bound.id], remote_values
            ):
                continue
            agree_on_arrived(binding, sent.get(binding.res_id), remote_values)
            entry.read = binding.agreed_vendor.get(CONTACTS)
            decider = elsewhere.get(binding.external_id, binding)
            merged = merge(odoo_values[entry.bound.id], remote_values, decider.agreed_odoo, decider.agreed_vendor)
            if decider != binding:
                # the other connection asks the user and sends
                entry.taken, entry.kept = merged.taken, {}
                continue
            with entry.alone():
                self._resolve_conflicts(entry, merged, binding)
                entry.taken, entry.kept = merged.taken, merged.kept

    def _has_agreement(self, binding, record, odoo_values, remote_values):
        """Whether the last common values are known; otherwise the provider's values apply.

        If the record was changed in Odoo after its transfer, each difference counts as changed on both sides.
        """
        if binding.agreed_odoo and binding.agreed_vendor:
            return True
        touched = self.flow._exporter(record._name)._touched_at(record)[record.id]
        if not self.flow._counterpart("push") or (binding.synced_at and touched <= binding.synced_at):
            return False
        unknown = unknown_values(odoo_values, remote_values)
        remote = {name: remote_values[name] for name in odoo_values if odoo_values[name] and name in remote_values}
        binding.agreed_odoo = {**odoo_values, **unknown}
        binding.agreed_vendor = {**remote, **unknown}
        return True

    def _sent_values(self, records):
        """{record id: values of Odoo} of open transfers of records of one model, which may have arrived."""
        push_flow = self.flow._counterpart("push")
        if not push_flow or not records:
            return {}
        logs = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", push_flow.id),
                ("res_model", "=", records[0]._name),
                ("res_id", "in", [record.id for record in records]),
                ("state", "in", OPEN_STATES),
            ],
            order="id",
        )
        return {log.res_id: log.sent_values for log in logs.sudo() if log.sent_values}  # sudo: field without access

    def _decided_elsewhere(self, bindings):
        """{external id: record link of another connection} of records about which that connection decides.

        Several connections may read the same contact of the provider. Of those that also send it, one with the policy
        *Ask* decides, else the first one. Otherwise each would decide by its own policy what another one asks a user.
        """
        connection = self.connection
        same = self.env["ml.binding"].search(
            [
                ("kind", "=", self.flow.kind),
                ("external_id", "in", bindings.mapped("external_id")),
                ("is_shared", "=", False),
                ("connection_id.provider", "=", connection.provider),
                ("connection_id.business", "=", connection.business),
            ]
        )
        same = same.filtered(lambda binding: self._is_watched(binding))
        records = {binding.external_id: (binding.res_model, binding.res_id) for binding in bindings}
        asking = {other: self._asks(other) for other in same.connection_id}
        found = {}
        for binding in same.sorted(lambda binding: (not asking[binding.connection_id], binding.connection_id.id)):
            is_same = records[binding.external_id] == (binding.res_model, binding.res_id)
            if is_same and asking[binding.connection_id] is not None and binding.agreed_odoo and binding.agreed_vendor:
                found.setdefault(binding.external_id, binding)
        return found

    def _is_watched(self, binding):
        """Whether its connection reads the record, or asked a user about it before it was paused."""
        connection = binding.connection_id
        if connection.state in WORKING_STATES:
            return True
        asked = [
            ("connection_id", "=", connection.id),
            ("kind", "=", self.flow.kind),
            ("external_id", "=", binding.external_id),
            ("state", "=", "failed"),
            ("is_current", "=", True),
        ]
        return bool(self.env["ml.sync.log"].search(asked).filtered("conflict"))

    def _asks(self, connection):
        """Whether a connection that merges such records asks about conflicts; None where it does not merge them."""
        pull_flow = connection.flow_ids.filtered(
            lambda other: other.active and other.direction == "pull" and other.kind == self.flow.kind
        )[:1]
        return pull_flow.conflict_policy == "ask" if pull_flow and pull_flow._counterpart("push") else None

    def _resolve_conflicts(self, entry, merged, binding):
        """Resolve the conflicts by the user's decision about these values, or by the flow's policy."""
        if not merged.conflicts:
            return
        decided = self._decided(entry.log, merged.conflicts)
        winner = decided or self._winner(entry, binding)
        if winner:
            merged.settle(list(merged.conflicts), winner, binding.agreed_odoo)
            return
        exporter = self.flow._exporter(entry.bound._name)
        raise FieldConflictError(
            _(
                "Changed in both Odoo and %(provider)s: %(fields)s.",
                provider=self.run.provider.label,
                fields=[exporter._shared_label(name) for name in merged.conflicts],
            ),
            merged.conflicts,
        )

    def _decided(self, log, conflicts):
        shown = (log and log.decision and log.conflict) or {}
        same = {name: list(sides) for name, sides in conflicts.items()} == {name: shown.get(name) for name in conflicts}
        return log.decision if same else False

    def _winner(self, entry, binding):
        """`odoo` or `vendor` (the provider); empty when a user has to decide."""
        if not self.flow._counterpart("push"):
            return "vendor"
        if self.flow.conflict_policy == "ask":
            return ""
        if self.flow.conflict_policy != "newest":
            return self.flow.conflict_policy
        touched = self.flow._exporter(entry.bound._name)._touched_at(entry.bound)[entry.bound.id]
        is_newer = self.remote.changed_after(binding.external_id, touched.replace(tzinfo=UTC))
        return {True: "vendor", False: "odoo"}.get(is_newer, "")

    def agreements(self, entries):
        """{entry: common values for its record link} of written entries.

        A record linked by hand may be the one that an unanswered transfer made: then nobody knows which side changed
        a value that differs, and the next run treats it as changed on both.
        """
        if "conflict_policy" not in self.spec.options:
            return {}
        values = shared_values(self.flow, [entry.record for entry in entries])
        tried = self._sent_values([entry.record for entry in entries if entry.outcome == "linked"])
        agreements = {}
        for entry in entries:
            odoo_values, remote_values = values[entry.record.id], entry.document.shared()
            unknown = unknown_values(odoo_values, remote_values) if entry.record.id in tried else {}
            agreements[entry] = {
                "agreed_odoo": {**odoo_values, **entry.kept, **unknown},
                "agreed_vendor": {**remote_values, CONTACTS: entry.document.contacts_read(), **unknown},
            }
        return agreements

    def read_doubtful_again(self, agreements):
        """Let a version be imported again whose common values are unknown: then the user is asked about them."""
        doubtful = [entry.log for entry, values in agreements.items() if None in values["agreed_odoo"].values()]
        self.env["ml.sync.log"].union(*doubtful)._outdate()

    def queue_kept(self, entries):
        """Queue records whose Odoo values changed alone, or won."""
        kept = [entry.record for entry in entries if entry.kept]
        push_flow = kept and self.flow._counterpart("push")
        if push_flow:
            exporter = push_flow._exporter(kept[0]._name)
            records = exporter.env[kept[0]._name].browse(record.id for record in kept)
            records = records.filtered_domain(exporter._domain(push_flow))
            self.env["ml.sync.log"]._enqueue(push_flow, records)


class OwnChanges(OfFlow):
    """A push reads the record first, and sends only what changed in Odoo."""

    def values(self, logs):
        """{record id: values in Odoo} of the records that both sides may change."""
        if not self.flow._is_shared():
            return {}
        return shared_values(self.flow, self.env[self.flow._record_model()].browse(logs.mapped("res_id")).exists())

    def read_before(self, logs, odoo_values):
        """{transfer: ConnectorError} of records that the provider changed meanwhile; that change is queued for Odoo.

        :param odoo_values: result of `values` for the records
        """
        pull_flow = self.flow._counterpart("pull")
        if not pull_flow:
            return {}
        bindings = bindings_by_record(self.flow, self.env[self.flow._record_model()].browse(odoo_values))
        changed = [
            (log, binding)
            for log in logs
            if (binding := bindings.get(log.res_id))
            and binding.agreed_vendor
            and binding.agreed_odoo != odoo_values[log.res_id]
        ]
        items = self.run.parallel(
            self.run.provider.flow(pull_flow.key).fetch,
            [binding.external_id for _log, binding in changed],
        )
        errors = {}
        for (log, binding), item in zip(changed, items, strict=True):
            if error := self._unseen_change(pull_flow, item, binding, odoo_values[log.res_id]):
                errors[log] = error
        return errors

    def _unseen_change(self, pull_flow, item, binding, odoo_values):
        """The error that holds a transfer back, or None. Sending handles a record that no longer exists."""
        if item is None or isinstance(item, ConnectorError):
            return item
        try:
            remote_values = document_of(self.run.provider.flow(pull_flow.key), item.payload).shared()
        except ConnectorError as error:
            return error
        if not unseen(odoo_values, remote_values, binding.agreed_vendor):
            return None
        self.env["ml.sync.log"]._store(pull_flow, [item])
        return NewerRemoteVersionError(
            _("Waiting until the change from %(provider)s is in Odoo.", provider=self.run.provider.label),
            awaited=[Awaited("remote", pull_flow.kind, item.external_id)],
        )

    def record_arrived(self, log):
        """Record which values of an unconfirmed change arrived."""
        pull_flow = self.flow._counterpart("pull")
        sent = pull_flow and log.sudo().sent_values  # sudo: field without access
        binding = sent and bindings_by_record(self.flow, self.env[log.res_model].browse(log.res_id)).get(log.res_id)
        item = binding and binding.agreed_vendor and self.run.provider.flow(pull_flow.key).fetch(log.external_id)
        if item:
            remote_values = document_of(self.run.provider.flow(pull_flow.key), item.payload).shared()
            agree_on_arrived(binding, sent, remote_values)

    def document(self, record, binding):
        """The document of a record, with the provider's values where Odoo did not change them."""
        exporter = self.flow._exporter(record._name)
        document = exporter._bound_document(exporter._document(self.flow, record), binding)
        if not (binding.agreed_vendor and self.flow._counterpart("pull")):
            return document
        return document.with_shared(outgoing(document.shared(), binding.agreed_odoo or {}, binding.agreed_vendor))

    def found_agreement(self, sent, odoo_values):
        """The record found for an unconfirmed transfer and the sent values of Odoo, to be stored as common values.

        A value that differs in the provider may have been changed there since, so a further change in Odoo asks.
        """
        if not odoo_values:
            return sent, None
        unknown = unknown_values(odoo_values, sent.shared)
        return replace(sent, shared={**sent.shared, **unknown}), {**odoo_values, **unknown}

    def agreement(self, binding, sent, odoo_values):
        """Common values for the record link of a sent record.

        :param odoo_values: the values in Odoo when it was sent; None if unknown
        """
        if odoo_values is None:
            return {}
        agreed_odoo = agreed_here(binding, odoo_values, sent.not_accepted)
        return {
            "agreed_odoo": agreed_odoo,
            "agreed_vendor": {**((binding and binding.agreed_vendor) or {}), **sent.shared},
        }

    def outdate(self, external_id):
        """The version read before Odoo's change is no longer the newest one, even if it is read again."""
        pull_flow = self.flow._counterpart("pull")
        if pull_flow:
            self.env["ml.sync.log"].search(
                [("flow_id", "=", pull_flow.id), ("external_id", "=", external_id), ("is_current", "=", True)]
            )._outdate()


def agree_on_arrived(binding, sent, remote_values):
    """Values of an unconfirmed transfer that arrived are common values, not changes of the provider."""
    arrived = {
        name: value
        for name, value in (sent or {}).items()
        if remote_values.get(name) == value and binding.agreed_vendor.get(name) != value
    }
    if arrived:
        binding.agreed_odoo = {**binding.agreed_odoo, **arrived}
        binding.agreed_vendor = {**binding.agreed_vendor, **arrived}


def shared_values(flow, records):
    """{record id: values that both sides may change} of records of one model."""
    if not records:
        return {}
    exporter = flow._exporter(records[0]._name)
    return exporter._shared_values(exporter.env[records[0]._name].browse(record.id for record in records))


def unknown_values(odoo_values, remote_values):
    """{name: None} of the values that both sides have and that differ: nobody knows which side changed them."""
    return dict.fromkeys(
        name
        for name, value in odoo_values.items()
        if value and remote_values.get(name) and remote_values[name] != value
    )


def agreed_here(binding, odoo_values, not_accepted):
    """Odoo's values as the provider knows them: a change that it did not accept stays a change."""
    before = (binding and binding.agreed_odoo) or {}
    return odoo_values and {
        **odoo_values,
        **{name: before[name] for name in not_accepted & before.keys() & odoo_values.keys()},
    }
