"""What the objects that go to Visma.net have in common."""

from ...clients import read_json
from ...exceptions import ConflictError, InvalidDataError, UnknownOutcomeError

TRIES = 3
"""How often a change is made anew when somebody else changed the object in between."""


class Push:
    """How the records of one flow are sent to Visma.net. `render` is pure; the other methods call Visma.

    :param provider: the `VismaProvider` of the connection; its client is made when it is first needed
    """

    def __init__(self, provider):
        self.provider = provider

    @property
    def client(self):
        return self.provider.client

    def render(self, document):
        """The JSON that stands for the document; its fingerprint decides whether anything has to be sent."""
        raise NotImplementedError

    def send(self, payload, external_id, key):
        raise NotImplementedError

    def find(self, payload, key):
        raise NotImplementedError

    def changed(self, path, body_of, **filters):
        """Change an object to what `body_of(row)` says, from the version that was read; the row as it was.

        :param body_of: gives the body for the row as it is now; an empty one changes nothing
        :param filters: what the row is to be shown with
        :raises ConflictError: it was changed by somebody else each time
        """
        for attempt in range(1, TRIES + 1):
            record = self.client.one(path, **filters)
            body = body_of(record.data)
            if not body:
                return record.data
            try:
                self.client.update(path, body, record.etag)
            except ConflictError:
                if attempt == TRIES:
                    raise
                continue
            return record.data
        return None

    def created(self, path, body, find):
        """Create an object; its number. For `find` and what is raised, see `settled`."""
        return self.settled(lambda: self.client.create(path, body), find)

    def settled(self, change, find):
        """Do what makes something. A failure with status 500 may be a refusal in disguise: then it is looked up.

        :param find: gives what was made if it is there
        :return: what `change` or else `find` gives
        :raises InvalidDataError: Visma refused it
        :raises UnknownOutcomeError: it may have been made
        """
        try:
            return change()
        except UnknownOutcomeError as error:
            if error.status != 500:
                raise
            refusal = error
        # Visma has answered, so nothing is under way any more
        if made := find():
            return made
        raise InvalidDataError(
            f"Visma.net refused it: {_said(self.client, refusal)}", status=500, trace_id=refusal.trace_id
        )


def _said(client, error):
    try:
        _code, message = client.explain(read_json(error.details))
    except ValueError:
        message = ""
    return message or "it answered with an error and did not say which."
