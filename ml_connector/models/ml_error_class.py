"""The table of error types: what the engine does with each, and what it advises."""

import random
from dataclasses import dataclass

from ..core.messages import Message, _
from .ml_sentence import in_words

RETRY_MINUTES = (1, 5, 15, 60, 240)
MAX_TRIES = 8
MAX_STOPS = 3
"""How often the server may stop, or an unexpected error occur, before the transfer fails."""


# what users of the provider read about a record that was not booked
MEND = _("Correct it in %(provider)s. Odoo then retries automatically.")
WAIT = _("No action needed in %(provider)s. Odoo continues automatically once this is resolved in Odoo.")
ASK = _("Only Odoo users can resolve this. Ask %(contact)s, and name the reference.")
NO_ACCESS = _("Odoo's connection with %(provider)s lacks a right that it needs.")
NO_SERVER = _("Odoo's server could not process it.")
DEFECT = _("An unexpected error occurred in Odoo.")


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """
    :param label: name of the error type on screen
    :param advice: what the user should do
    :param told: what users of the provider should do
    :param told_as: what users of the provider read instead of a sentence with internals of Odoo
    :param retried: whether a later retry may succeed without any change
    :param state: state of the transfer once it is not retried
    :param stops_connection: whether all other transfers of the connection would fail in the same way
    """

    label: str
    advice: str
    told: str = ASK
    told_as: str = ""
    retried: bool = False
    state: str = "failed"
    stops_connection: bool = False


ERROR_CLASSES = {
    "auth": ErrorClass(
        _("Access Refused"),
        _("Check the credentials and permissions of the connection, then test it."),
        retried=True,
        stops_connection=True,
        told_as=NO_ACCESS,
    ),
    "rate_limit": ErrorClass(
        _("Too Many Requests"),
        _(
            "No action needed. Odoo retries automatically. If this repeats, another application is probably using the"
            " same %(provider)s account."
        ),
        retried=True,
        stops_connection=True,
    ),
    "network": ErrorClass(
        _("No Connection"),
        _(
            "No action needed. Odoo retries automatically. If this repeats, check that the server can reach the API URL"
            " of %(provider)s."
        ),
        retried=True,
        stops_connection=True,
    ),
    "remote": ErrorClass(
        _("Provider Error"),
        _(
            "No action needed. Odoo retries automatically. If this repeats, send the trace ID to the support of"
            " %(provider)s."
        ),
        retried=True,
    ),
    "server": ErrorClass(
        _("Server Error"),
        _("Odoo retries automatically. Ask the administrator of the server to fix the error, then retry."),
        retried=True,
        told_as=NO_SERVER,
    ),
    "mapping": ErrorClass(
        _("Missing Mapping"),
        _("Map it. All waiting records continue automatically."),
        state="waiting",
        told=WAIT,
    ),
    "validation": ErrorClass(
        _("Invalid Data"),
        _("Correct the record in %(provider)s or the setting in Odoo, then retry."),
        told=MEND,
    ),
    "not_ready": ErrorClass(
        _("Not Ready in Odoo"),
        _("Correct it in Odoo. The transfer then continues automatically."),
        state="waiting",
        told=WAIT,
    ),
    "not_posted": ErrorClass(
        _("Waiting for Posting"),
        _("Post the document. The transfer then continues automatically."),
        state="waiting",
        told=WAIT,
    ),
    "rights": ErrorClass(
        _("Missing Right"),
        _(
            "Grant the right to the integration user of the connection. The transfer then continues automatically. Or"
            " make the change manually, then ignore this transfer."
        ),
        told_as=NO_ACCESS,
    ),
    "stopped": ErrorClass(
        _("Server Stopped"),
        _(
            "The record may be too large for this server. Its administrator finds the reason in the server log and can"
            " allow more time or memory. Then retry."
        ),
        told_as=NO_SERVER,
    ),
    "not_wanted": ErrorClass(
        _("Not Relevant"),
        _("No action needed."),
        state="ignored",
    ),
    "doubtful_date": ErrorClass(
        _("Unusual Date"),
        _("Correct the date in %(provider)s, or confirm it."),
        told=MEND,
    ),
    "locked_period": ErrorClass(
        _("Locked Period"),
        _("Post on the first open day, unlock the period, or change the date in %(provider)s."),
        state="waiting",
    ),
    "duplicate": ErrorClass(
        _("Possible Duplicate"),
        _("Compare the two records. Ignore this transfer if they are the same, otherwise correct it and retry."),
    ),
    "conflict": ErrorClass(
        _("Conflict"),
        _("Choose which values to keep, or enter the same values on both sides and retry."),
    ),
    "changed": ErrorClass(
        _("Changed After Posting"),
        _("Compare the two versions. Reverse and book again, or keep the posted one with a reason."),
        state="done",
    ),
    "unseen_change": ErrorClass(
        _("Newer Version at Provider"),
        _("No action needed. If %(provider)s and Odoo changed the same field, Odoo asks you which value to keep."),
        state="waiting",
        told=WAIT,
    ),
    "in_vain": ErrorClass(
        _("Awaited Record Failed"),
        _("Resolve the cause, then retry, or ignore this transfer too. It continues once the awaited record arrives."),
    ),
    "awaited": ErrorClass(
        _("Waiting for Files"),
        _("No action needed. Continues once Odoo has the files or %(provider)s reports that there are none."),
        retried=True,
        told=WAIT,
    ),
    "permanent": ErrorClass(
        _("Refused by Provider"),
        _("Fix what %(provider)s reports, then retry."),
    ),
    "unknown_outcome": ErrorClass(
        _("Unconfirmed"),
        _("Odoo checks %(provider)s before it sends the record again. You can also check and confirm it yourself."),
        state="unknown",
    ),
    "bug": ErrorClass(
        _("Unexpected Error"),
        _("Retry. If the error returns, send this message and the server log to the maintainers of the addon."),
        told_as=DEFECT,
    ),
}


def selection(env):
    """The error types for a selection field."""
    return [(key, in_words(env, error_class.label)) for key, error_class in ERROR_CLASSES.items()]


def advice(error_class, connection):
    """What the user should do about an error type of a connection."""
    return _named(ERROR_CLASSES[error_class].advice, connection)


def told(env, error_class, sentence, connection):
    """The sentence and advice that users of the provider read about a record that was not booked."""
    known = ERROR_CLASSES[error_class]
    # what Odoo retries is reported only after the last attempt
    advised = in_words(env, _named(ASK if known.retried else known.told, connection))
    return in_words(env, _named(known.told_as, connection) if known.told_as else sentence) or "", advised


def _named(sentence, connection):
    """The sentence with the names of a connection that it needs: not every reader may read the contact."""
    names = {"provider": lambda: connection._provider_name(), "contact": connection._contact}
    used = {name: get() for name, get in names.items() if f"%({name})s" in sentence}
    return Message(sentence.template, **used)


def retry_seconds(tries, retry_after=None):
    """Seconds until the next attempt after `tries` attempts, with jitter on the upper half; at least `retry_after`."""
    minutes = RETRY_MINUTES[min(tries, len(RETRY_MINUTES)) - 1]
    seconds = minutes * 60 * random.uniform(0.5, 1.0)
    return max(seconds, retry_after or 0)
