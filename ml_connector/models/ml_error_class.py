"""What the engine does with each class of error, and what it advises. The one table."""

import random
from dataclasses import dataclass

from odoo.tools.translate import LazyTranslate

_lt = LazyTranslate(__name__)

RETRY_MINUTES = (1, 5, 15, 60, 240)
MAX_TRIES = 8
MAX_STOPS = 3
"""How often the server may stop over something, or meet the unexpected, before that is left to a person."""


# What people at the provider read of a record that was not booked.
MEND = _lt("Correct it in %(provider)s; Odoo then tries it again by itself.")
WAIT = _lt("Nothing to do in %(provider)s: it goes on by itself once this is settled in Odoo.")
ASK = _lt("This can be settled in Odoo only: ask %(contact)s, and name the reference.")
NO_ACCESS = _lt("Odoo's connection with %(provider)s lacks a right that it needs.")
NO_SERVER = _lt("Odoo's server could not do it.")
DEFECT = _lt("Odoo met something unexpected.")


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """
    :param label: what the class is called on screen
    :param advice: what the person who looks at it should do
    :param told: what people at the provider should do
    :param told_as: what these are told in place of a sentence that tells of what is inside
    :param retried: whether time alone may heal it
    :param state: state of the row once it is not retried (any more)
    :param stops_connection: whether the other records of the connection will meet the same
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
        _lt("Access refused"),
        _lt("Check the credentials and the permissions on the connection, then press Test connection."),
        retried=True,
        stops_connection=True,
        told_as=NO_ACCESS,
    ),
    "rate_limit": ErrorClass(
        _lt("Too many requests"),
        _lt("Nothing to do: it is tried again by itself. If it lasts, another program uses the account."),
        retried=True,
        stops_connection=True,
    ),
    "network": ErrorClass(
        _lt("No connection"),
        _lt("Nothing to do: it is tried again by itself. If it stays, check that this server reaches the vendor."),
        retried=True,
        stops_connection=True,
    ),
    "remote": ErrorClass(
        _lt("Fault at the vendor"),
        _lt("Nothing to do: it is tried again by itself. If it stays, give the trace id to the vendor's support."),
        retried=True,
    ),
    "server": ErrorClass(
        _lt("Fault of this server"),
        _lt("It is tried again by itself. Whoever runs the server has to see to what is named; later press Retry."),
        retried=True,
        told_as=NO_SERVER,
    ),
    "mapping": ErrorClass(
        _lt("Mapping missing"),
        _lt("Fill the mapping that is named; what waits for it goes on by itself."),
        state="waiting",
        told=WAIT,
    ),
    "validation": ErrorClass(
        _lt("Data not accepted"),
        _lt("Correct the record where it is named, at the vendor or in Odoo, then press Retry."),
        told=MEND,
    ),
    "not_ready": ErrorClass(
        _lt("Not ready in Odoo"),
        _lt("Repair in Odoo what is named, and it goes on by itself."),
        state="waiting",
        told=WAIT,
    ),
    "not_posted": ErrorClass(
        _lt("Waits for posting"),
        _lt("Post the document that is named, and it goes on by itself."),
        state="waiting",
        told=WAIT,
    ),
    "rights": ErrorClass(
        _lt("Right missing"),
        _lt(
            "Give the connection's integration user the right that is named, and it goes on by itself; or make the"
            " change by hand, then Ignore."
        ),
        told_as=NO_ACCESS,
    ),
    "stopped": ErrorClass(
        _lt("Stopped the server"),
        _lt(
            "It may be too large for this server: whoever runs the server finds in its log why it stopped, and can"
            " allow more time or memory. Then press Retry."
        ),
        told_as=NO_SERVER,
    ),
    "not_wanted": ErrorClass(
        _lt("Not meant for Odoo"),
        _lt("Nothing to do."),
        state="ignored",
    ),
    "doubtful_date": ErrorClass(
        _lt("Is the date right?"),
        _lt("Correct the date at the provider, or press The Date Is Right."),
        told=MEND,
    ),
    "locked_period": ErrorClass(
        _lt("Period locked"),
        _lt(
            "Open the period, or let the flow book on the next open day: what waits goes on by itself. Or correct"
            " the date at the vendor."
        ),
        state="waiting",
    ),
    "duplicate": ErrorClass(
        _lt("Exists already?"),
        _lt("Compare with the record that is named: if it is the same, Ignore; if not, correct and Retry."),
    ),
    "conflict": ErrorClass(
        _lt("Changed on both sides"),
        _lt("Decide which side is right: with the buttons, if there are any; else make both agree and press Retry."),
    ),
    "changed": ErrorClass(
        _lt("Changed after posting"),
        _lt("Compare both, then reverse it and book it again, or keep what is booked and say why."),
        state="done",
    ),
    "unseen_change": ErrorClass(
        _lt("Changed at the vendor too"),
        _lt("Nothing to do, unless the transfer of this record into Odoo asks which side is right: answer there."),
        state="waiting",
        told=WAIT,
    ),
    "in_vain": ErrorClass(
        _lt("Waits in vain"),
        _lt("Put right what is named, then press Retry; or Ignore this as well. If it comes after all, this goes on."),
    ),
    "awaited": ErrorClass(
        _lt("Waits for files"),
        _lt("Nothing to do: it goes on by itself once the files are here, or cannot be had."),
        retried=True,
        told=WAIT,
    ),
    "permanent": ErrorClass(
        _lt("Refused by the vendor"),
        _lt("Correct what the vendor names, then press Retry."),
    ),
    "unknown_outcome": ErrorClass(
        _lt("Outcome unknown"),
        _lt("It is looked up at the vendor before it is sent again, or you look there and say which."),
        state="unknown",
    ),
    "bug": ErrorClass(
        _lt("Unexpected error"),
        _lt("Press Retry. If it comes back, send the text and the server log to the addon's maintainers."),
        told_as=DEFECT,
    ),
}


def selection(env):
    """The classes for a selection field."""
    # pylint: disable-next=gettext-variable
    return [(key, env._(error_class.label)) for key, error_class in ERROR_CLASSES.items()]


def told(env, error_class, sentence, connection):
    """What people at the provider are told of a record that was not booked: sentence and advice."""
    known = ERROR_CLASSES[error_class]
    names = {"provider": connection._provider_class().label, "contact": connection._contact()}
    # what time alone may heal is told only once it did not
    advice = ASK if known.retried else known.told
    # pylint: disable-next=gettext-variable
    told_as, advice = (env._(text) if text else "" for text in (known.told_as, advice))
    return told_as % names if told_as else sentence or "", advice % names


def retry_seconds(tries, retry_after=None):
    """Seconds until the next try after `tries` tries, with full jitter on the upper half; at least `retry_after`."""
    minutes = RETRY_MINUTES[min(tries, len(RETRY_MINUTES)) - 1]
    seconds = minutes * 60 * random.uniform(0.5, 1.0)
    return max(seconds, retry_after or 0)
