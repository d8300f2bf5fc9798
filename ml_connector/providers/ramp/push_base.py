"""Base classes of the flows from Odoo to Ramp."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from ...core.errors import ConnectorError, PermanentError, RemoteError, UnconfirmedError
from ...core.messages import _, paragraph
from ...core.remote import SendResult

PARALLEL_CALLS = 8
ENTITIES = "entity_remote_ids"
"""Key of the Odoo IDs of the companies to whose users Ramp offers an account, an option, a tax or a vendor."""
FEW = 5
"""Maximum number of objects that are looked up one by one; for more, the whole list is read once."""


class Push:
    """Sends the records of one flow to Ramp. `render` is pure; the other methods call Ramp.

    :param provider: the `RampProvider` of the connection; its client is created on first use
    """

    def __init__(self, provider):
        self.provider = provider
        self.handles = provider.handles

    @property
    def client(self):
        return self.provider.client

    def render(self, document):
        """The JSON of the document; its fingerprint decides whether it has to be sent."""
        raise NotImplementedError

    def send(self, payload, external_id, key):
        raise NotImplementedError

    def send_many(self, jobs):
        """Send one by one: for objects that depend on each other, or of which there are few."""
        return [_guarded(self.send, *job) for job in jobs]

    def find(self, payload, key):
        raise NotImplementedError


class Upload(Push):
    """Objects that Ramp accepts in calls of up to 500, all or none, and without existing ones.

    So the list is read first. One call sends the new objects and is halved if Ramp refuses it; changed objects are
    updated one by one.
    """

    def listed(self, **filters):
        """Pages of Ramp's rows; `remote_id` is a filter."""
        raise NotImplementedError

    def upload(self, payloads):
        """Upload new objects; returns Ramp's rows of them."""
        raise NotImplementedError

    def changes(self, payload, row):
        """The necessary changes of a row of Ramp; empty if there are none."""
        raise NotImplementedError

    def update(self, ramp_id, body):
        """Change an object; returns Ramp's row of it."""
        raise NotImplementedError

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
        note = ""
        if body:
            changed, note = limiting(lambda body: self.update(ramp_id_of(row), body), body)
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

    batch = 500


def scoped(provider, body):
    """The body with the companies to which the object is limited, if there are any."""
    return {**body, ENTITIES: provider.companies} if provider.companies else body


def more_entities(payload, row):
    """The change that offers an object also to the companies of this connection; those of others stay.

    Objects without a limit were sent before there was one.
    """
    wanted, offered = payload.get(ENTITIES) or [], row.get(ENTITIES) or []
    return {ENTITIES: sorted({*wanted, *offered})} if set(wanted) - set(offered) else {}


def is_of_entities(body, error):
    """Whether Ramp refused a body because it does not have one of its companies."""
    return ENTITIES in body and "entit" in error.message.casefold()


def limiting(call, body):
    """(the answer of `call` to the body, a note): an object that cannot be limited is offered to all companies."""
    try:
        return call(body), ""
    except PermanentError as error:
        if not is_of_entities(body, error):
            raise
        note = unlimited(error)
    rest = everywhere(body)
    return call(rest) if rest else {}, note


def everywhere(body):
    return {key: value for key, value in body.items() if key != ENTITIES}


def unlimited(error):
    return _("Ramp did not limit it to this company: %(reason)s", reason=error.message)


def with_note(answer, note):
    """A `SendResult` with one more note; an error as it is."""
    if not note or isinstance(answer, ConnectorError):
        return answer
    return replace(answer, note=paragraph(answer.note, note))


def ramp_id_of(row):
    """The Ramp ID of an uploaded object, whose `id` is Odoo's."""
    value = row.get("ramp_id")
    if not isinstance(value, str) or not value:
        raise RemoteError(_("The answer of Ramp lacks the Ramp ID of the record."))
    return value


def new_id(row):
    """The Ramp ID of an object that Ramp has just created."""
    if not row.get("id"):
        raise UnconfirmedError(_("The answer of Ramp lacks the Ramp ID of the new record."))
    return row["id"]


def differing(wanted, row):
    """The wanted values that differ in Ramp's row; an empty text equals a missing one."""
    return {key: value for key, value in wanted.items() if (row.get(key) or "") != (value or "")}


def only(payload, *keys):
    """The non-empty values of those keys."""
    return {key: payload[key] for key in keys if payload.get(key) not in (None, "")}


def first_match(pages, key, value):
    """The first row in which the key has the value, because Ramp ignores unknown filters."""
    return next((row for rows in pages for row in rows if row.get(key) == value), None)


def _guarded(call, *args):
    try:
        return call(*args)
    except ConnectorError as error:
        return error
