"""Links records to what the provider made of them."""

from functools import cached_property

from ..core.errors import DuplicateError
from ..core.messages import _
from ..models.ml_sentence import in_words
from .base import OfFlow, bindings_by_record
from .merge import OwnChanges

INCOMPLETE = "incomplete"
"""Fingerprint of an incomplete transfer: no document has the same."""


class Sent(OfFlow):
    """The records that the provider accepted."""

    @cached_property
    def own_changes(self):
        return OwnChanges(self.run, self.flow)

    def taken(self, log, sent):
        """DuplicateError if the provider matched the record to one that is linked to another Odoo record, else None."""
        holder = (
            self.env["ml.binding"]
            .search(
                [
                    ("connection_id", "=", self.connection.id),
                    ("kind", "=", self.flow.kind),
                    ("external_id", "=", sent.external_id),
                ]
            )
            .filtered(lambda binding: (binding.res_model, binding.res_id) != (log.res_model, log.res_id))
        )
        other = holder and self.env[holder.res_model].browse(holder.res_id).exists()
        if not other:
            return None
        return DuplicateError(
            _(
                "%(provider)s matched this to %(name)s. Change one of the two so that %(provider)s can tell"
                " them apart.",
                provider=self.connection._provider_name(),
                name=other.display_name,
            )
        )

    def bind(self, log, sent, fingerprint, odoo_values=None):
        """
        :param odoo_values: the values in Odoo that were sent, of a record that both sides may change
        """
        record = self.connection._books_of(log.res_model)[log.res_model].browse(log.res_id)
        binding = bindings_by_record(self.flow, record).get(log.res_id)
        if binding and binding.external_id != sent.external_id:
            # the provider's record was replaced by another one (created again after it was archived)
            binding.external_id = sent.external_id
        self.env["ml.binding"]._bind(
            self.connection,
            [
                {
                    "kind": self.flow.kind,
                    "external_id": sent.external_id,
                    "record": record,
                    "external_version": sent.version,
                    "external_url": sent.url,
                    "fingerprint": INCOMPLETE if sent.is_incomplete else fingerprint,
                    "synced_at": log.sent_at,
                    **self.own_changes.agreement(binding, sent, odoo_values),
                }
            ],
        )
        if binding:
            self.own_changes.outdate(sent.external_id)
        log.write({"external_id": sent.external_id, "external_url": sent.url or False, "note": sent.note or False})
        if sent.parts:
            self._bind_parts(record, sent.parts)
        if sent.mapping:
            self.env["ml.mapping"]._record_odoo_code(self.connection, sent.mapping, record)
        if sent.message:
            record._message_log(body=in_words(self.env, sent.message))
        if sent.takes_files:
            self._queue_followers(log)

    def _bind_parts(self, record, sent_parts):
        """Link the lines of a record to the provider's ids, replacing the ids of lines that it created again."""
        parts = self.flow._exporter(record._name)._parts(record)
        found = {key: parts[own_id] for key, own_id in sent_parts.items() if own_id in parts}
        bound = self.env["ml.binding"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("kind", "in", [kind for kind, _external_id in found]),
                ("res_id", "in", [part.id for part in found.values()]),
            ]
        )
        bound.filtered(lambda binding: (binding.kind, binding.external_id) not in found).unlink()
        self.env["ml.binding"]._bind(
            self.connection,
            [{"kind": kind, "external_id": external_id, "record": part} for (kind, external_id), part in found.items()],
        )

    def _queue_followers(self, log):
        """Queue transfers that send the files of a record that the provider has now."""
        record = self.connection._books_of(log.res_model)[log.res_model].browse(log.res_id)
        for follower in self.connection.flow_ids.filtered("active"):
            if follower.direction == "push" and follower._spec().follows == self.flow.key:
                sendable = follower._exporter(log.res_model)._sendable(follower, record)
                self.env["ml.sync.log"]._enqueue(follower, sendable)
