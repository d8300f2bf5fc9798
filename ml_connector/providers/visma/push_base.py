"""What the objects that go to Visma.net have in common."""

from ...core.errors import ConflictError, InvalidDataError, PermanentError, UnconfirmedError
from ...core.http import read_json
from .wire import wrapped

EMPTY = "cannot be empty"
"""What Visma says of a number that is to be entered by hand, among others."""
OVERRIDE = "overrideNumberSeries"
OWN_NUMBERS = ("number", "orderNumber", "referenceNumber")
TRIES = 3
"""How often a change is made anew when somebody else changed the object in between."""


class Push:
    """How the records of one flow are sent to Visma.net. `render` is pure; the other methods call Visma.

    :param provider: the `VismaProvider` of the connection; its client is made when it is first needed
    :cvar flow: key of the flow
    """

    flow = ""

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

    def own_number(self, number):
        """What `render` adds where the number of a new record is Odoo's own; nothing where Visma gives it."""
        options = self.provider.settings.options.get(self.flow) or {}
        return {"own_number": number.strip()} if options.get("number_source") == "odoo" else {}

    def created(self, path, body, find):
        """Create an object; its number. For `find` and what is raised, see `settled`."""
        try:
            number = self.settled(lambda: self.client.create(path, body), find)
            # one of ours may hold what divides the address in which Visma tells it
            return next((body[name]["value"] for name in OWN_NUMBERS if OVERRIDE in body and name in body), number)
        except (InvalidDataError, PermanentError) as error:
            if EMPTY in error.message and OVERRIDE not in body:
                error.message += (
                    " If it is the number that is missing: choose Odoo's own under Numbers of New Records on the flow, "
                    "or a number series without manual numbering in Visma.net."
                )
            raise

    def settled(self, change, find):
        """Do what makes something. A failure with status 500 may be a refusal in disguise: then it is looked up.

        :param find: gives what was made if it is there
        :return: what `change` or else `find` gives
        :raises InvalidDataError: Visma refused it
        :raises UnconfirmedError: it may have been made
        """
        try:
            return change()
        except UnconfirmedError as error:
            if error.status != 500:
                raise
            refusal = error
        # Visma has answered, so nothing is under way any more
        if made := find():
            return made
        raise InvalidDataError(
            f"Visma.net refused it: {_said(self.client, refusal)}", status=500, trace_id=refusal.trace_id
        )


def numbered(payload, name):
    """The fields of the number of a new object, none where Visma gives it.

    :raises InvalidDataError: it is Odoo's own, and there is none
    """
    if "own_number" not in payload:
        return {}
    if not payload["own_number"]:
        raise InvalidDataError(
            "Visma.net gets the number from Odoo, where there is none: enter one, for a contact its Reference."
        )
    return wrapped({name: payload["own_number"], OVERRIDE: True})


def _said(client, error):
    try:
        _code, message = client.explain(read_json(error.details))
    except ValueError:
        message = ""
    return message or "it answered with an error and did not say which."
