"""Turns and order of the records that are sent."""

from collections import Counter
from datetime import timedelta

from odoo import fields

from .base import OfFlow


class Order(OfFlow):
    """Which records of a push flow may be sent together, and which have to wait for others."""

    def turns(self, outgoing):
        """Groups of jobs that may be sent together: of records that go in order, one for each owner."""
        owners = self._owners(self.env["ml.sync.log"].union(*(job[0] for job in outgoing)))
        turns, counts = [], Counter()
        for job in outgoing:
            turn = 0
            if owner := owners.get(job[0]):
                turn = counts[owner]
                counts[owner] += 1
            if turn == len(turns):
                turns.append([])
            turns[turn].append(job)
        return turns

    def _owners(self, logs):
        """{transfer: owner, such as the partner whose bills are sent in sequence}; without transfers of any order."""
        owners = {}
        for model, rows in logs.grouped("res_model").items():
            if field := self.flow._exporter(model)._goes_in_order_of:
                records = self.connection._books_of(model)[model].browse(rows.mapped("res_id"))
                by_id = {record.id: record[field] for record in records}
                owners.update({log: by_id[log.res_id] for log in rows if by_id[log.res_id]})
        return owners

    def ready(self, logs):
        """The transfers to send now. One waits while an earlier one of the same owner is queued or unconfirmed."""
        behind = self.env["ml.sync.log"]
        owners = self._owners(logs)
        for model, rows in logs.filtered(lambda log: log in owners).grouped("res_model").items():
            first = self._first_open(model, rows, {owners[log] for log in rows})
            for log in rows:
                before = first.get(owners[log])
                if before and before.id < log.id:
                    behind |= log
                    self._return_behind(log, before)
        return logs - behind

    def _first_open(self, model, logs, owners):
        """{owner: its first queued or unconfirmed transfer} among those before the last of the transfers."""
        owner_ids = [owner.id for owner in owners]
        of_owners = [(self.flow._exporter(model)._goes_in_order_of, "in", owner_ids)]
        earlier = self.env["ml.sync.log"].search(
            [
                ("flow_id", "=", self.flow.id),
                ("res_model", "=", model),
                ("res_id", "in", self.connection._books_of(model)[model]._search(of_owners)),
                ("state", "in", ("pending", "running", "unknown")),
                # without it the transfer waits for a user
                ("next_try_at", "!=", False),
                ("id", "<", max(logs.ids)),
            ],
            order="id",
        )
        first = {}
        for log, owner in self._owners(earlier).items():
            first.setdefault(owner, log)
        return first

    def _return_behind(self, log, before):
        """Return a claimed transfer to the queue until the one before it was retried."""
        soon = fields.Datetime.now() + timedelta(minutes=1)
        log.write(
            {
                "state": "pending",
                "lease_until": False,
                "next_try_at": max(before.next_try_at, soon),
                "try_count": log.try_count - 1,
            }
        )
