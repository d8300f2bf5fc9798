"""Unconfirmed transfers: sent, and no answer came."""

from datetime import timedelta
from functools import cached_property

from odoo import fields

from ..core.errors import ConnectorError, StoppedError
from ..models.ml_error_class import MAX_STOPS
from .base import RACES, SEND_BATCH, OfFlow, digest, record_attempts
from .failures import as_connector_error
from .queue import leave_unconfirmed, put_back, stopped_sending
from .sent import Sent


class Doubt(OfFlow):
    """The unconfirmed transfers of a push flow."""

    @cached_property
    def sent(self):
        return Sent(self.run, self.flow)

    def look_up(self):
        """Check with the provider whether unconfirmed records arrived, before Odoo sends them again.

        A change of a linked record is always sent again: finding the record would not show whether the change arrived,
        and the same change twice does no harm.
        """
        while logs := self.run.queue.claim_unconfirmed(self.flow, self.run.portion(SEND_BATCH)):
            with self.run.queue.counted(logs):
                for log in logs.filtered(lambda log: log.state == "unknown"):  # else another worker confirmed it
                    self._resolve_unconfirmed(log)
                    self.run.commit(processed=1)
            self.run.commit()

    def _resolve_unconfirmed(self, log):
        payload = log.sudo().payload  # sudo: field without access
        try:
            sent = None if log.external_id else self.remote.find(payload, log.idempotency_key)
            if log.external_id:
                self.sent.own_changes.record_arrived(log)
            with self.env.cr.savepoint():
                if sent:
                    values = log.sudo().sent_values  # sudo: field without access
                    sent, odoo_values = self.sent.own_changes.found_agreement(sent, values)
                    self.sent.bind(log, sent, digest(payload, 32), odoo_values)
                    self.run.deliveries.arrived(log, "sent")
                else:
                    self.run.deliveries.forget(log)
                    self.send_again(log)
        except NotImplementedError:
            leave_unconfirmed(log)
        except RACES:
            raise
        except Exception as error:  # noqa: BLE001 - whatever one record raises must not stop the others
            postpone(log, as_connector_error(self.connection, error))

    def send_again(self, log):
        stops = log.stop_count
        sentence = log._sentence("error_message")
        log._write_clean({"sent_at": False, "next_try_at": fields.Datetime.now(), "stop_count": stops})
        # this look-up is counted until it is done
        if stops <= MAX_STOPS:
            put_back(log)
        else:
            work = self.run.work_of(self.flow)
            has_stopped = sentence == stopped_sending()
            work.give_up(log, StoppedError(work.stopped(stops - 1)) if has_stopped else ConnectorError(sentence))


def postpone(log, error):
    delay = timedelta(seconds=max(60 * min(log.try_count, 60), error.retry_after or 0))
    stops = log.stop_count + (error.error_class == "bug")
    log.write({"next_try_at": fields.Datetime.now() + delay, "try_count": log.try_count + 1, "stop_count": stops})
    record_attempts(log, "look_up", outcome="unknown", error=error)
