"""Records that both sides may change, from Odoo."""

from dataclasses import replace

from ..core.awaited import Awaited
from ..core.documents.reconciliation import outgoing, unseen
from ..core.errors import ConnectorError
from ..core.items import document_of
from ..core.messages import _
from .base import OfFlow, bindings_by_record
from .failures import NewerRemoteVersionError
from .merge import agree_on_arrived, shared_values, unknown_values


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


def agreed_here(binding, odoo_values, not_accepted):
    """Odoo's values as the provider knows them: a change that it did not accept stays a change."""
    before = (binding and binding.agreed_odoo) or {}
    return odoo_values and {
        **odoo_values,
        **{name: before[name] for name in not_accepted & before.keys() & odoo_values.keys()},
    }
