"""Objects that Odoo sends to Ramp in one call for many."""

from concurrent.futures import ThreadPoolExecutor

from ...core.errors import ConnectorError, PermanentError, RemoteError, UnconfirmedError
from ...core.remote import SendResult
from .client import path_id
from .companies import everywhere, is_of_entities, limiting, more_entities, unlimited, with_note
from .push_base import AccountingPush
from .wire import differing, only, ramp_id_of

PARALLEL_CALLS = 8
FEW = 5
"""Maximum number of objects that are looked up one by one; for more, the whole list is read once."""


class Upload(AccountingPush):
    """Objects that Ramp accepts in calls of up to 500, all or none, and without existing ones.

    So the list is read first. One call sends the new objects and is halved if Ramp refuses it; changed objects are
    updated one by one.
    """

    batch = 500
    path = ""
    """Path of the list, which also takes new objects; the path of an object is below it."""
    changeable: tuple[str, ...] = ()
    """The values that Ramp can change."""

    def listed(self, group, **filters):
        """Pages of Ramp's rows of a group; `remote_id` is a filter."""
        return self.client.pages(self.path, **filters)

    def upload(self, payloads):
        """Upload new objects; returns Ramp's rows of them."""
        raise NotImplementedError

    def changes(self, payload, row):
        """The necessary changes of a row of Ramp; empty if there are none."""
        return differing(only(payload, *self.changeable), row)

    def sent(self, payload, row, linked=False):
        return SendResult(external_id=ramp_id_of(row), linked=linked)

    def group(self, payload):
        """The common key of the objects of one call, besides their kind."""
        return None

    def send_many(self, jobs):
        payloads = [payload for payload, _external_id, _key in jobs]
        rows = self._rows(payloads)
        answers = {}
        new = {}
        for index, payload in enumerate(payloads):
            if (self.group(payload), payload["id"]) not in rows:
                new.setdefault(self.group(payload), []).append((index, payload))
        for group in new.values():
            answers.update(self._upload(group))
        known = [index for index in range(len(jobs)) if index not in answers]
        with ThreadPoolExecutor(PARALLEL_CALLS) as pool:
            updated = pool.map(
                lambda index: _guarded(
                    self._update_row,
                    payloads[index],
                    rows[self.group(payloads[index]), payloads[index]["id"]],
                    jobs[index][1],
                ),
                known,
            )
            answers.update(zip(known, updated, strict=True))
        return [answers[index] for index in range(len(jobs))]

    def find(self, payload, key):
        row = self._rows([payload]).get((self.group(payload), payload["id"]))
        return self.sent(payload, row) if row else None

    def _update_row(self, payload, row, external_id):
        """Update Ramp's row. A row without a record link before is linked."""
        body = {**self.changes(payload, row), **more_entities(payload, row)}
        if row.get("is_active") is False:
            # it was removed in Ramp
            body["reactivate"] = True
        note = ""
        if body:
            path = f"{self.path}/{path_id(ramp_id_of(row))}"
            changed, note = limiting(lambda body: self.client.update(path, body), body)
            row = {**row, **changed}
        return with_note(self.sent(payload, row, linked=not external_id), note)

    def _rows(self, payloads):
        """Ramp's rows by group and remote ID, as far as the payloads need them."""
        groups = {}
        for payload in payloads:
            groups.setdefault(self.group(payload), []).append(payload)
        found = {}
        for group, members in groups.items():
            filters = [{"remote_id": payload["id"]} for payload in members] if len(members) <= FEW else [{}]
            for wanted in filters:
                for rows in self.listed(group, **wanted):
                    found.update({(group, row.get("id")): row for row in rows})
        return found

    def _upload(self, items):
        """Answers by index. A refusal does not name the invalid object, so the call is halved until that is alone."""
        if len(items) > self.batch:
            return {**self._upload(items[: self.batch]), **self._upload(items[self.batch :])}
        try:
            rows = {row.get("id"): row for row in self.upload([payload for _index, payload in items])}
        except PermanentError as error:
            if is_of_entities(items[0][1], error):
                answers = self._upload([(index, everywhere(payload)) for index, payload in items])
                return {index: with_note(answer, unlimited(error)) for index, answer in answers.items()}
            if len(items) == 1:
                return {items[0][0]: error}
            half = len(items) // 2
            return {**self._upload(items[:half]), **self._upload(items[half:])}
        except ConnectorError as error:
            return {index: error for index, _payload in items}
        return {index: self._uploaded(payload, rows.get(payload["id"])) for index, payload in items}

    def _uploaded(self, payload, row):
        try:
            return self.sent(payload, row or {})
        except RemoteError as error:
            # The object exists; only its Ramp ID is missing.
            return UnconfirmedError(error.message)


def _guarded(call, *args):
    try:
        return call(*args)
    except ConnectorError as error:
        return error
