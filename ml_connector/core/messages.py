"""Sentences for users: templates with parameters, shown in the language of their reader.

`_("Line %(line)s has no account.", line=3)` is text like any other, in English, for logs and for the audit trail. It
keeps its template and parameters, so that Odoo's export of translations finds it where it is written, in pure code
too, and so that it can be made again for another reader.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in a sentence, in the ISO 4217 currency of that code; without one it is a bare number."""

    value: Decimal
    currency: str = ""

    def __str__(self):
        return f"{self.value:,f} {self.currency}".rstrip()


class Message(str):
    """A sentence in English that knows how it was made.

    :ivar template: the text with `%(name)s` for each parameter; it is the identity of the sentence
    :ivar parameters: {name: text, whole number, `Amount`, date, time (UTC), `Message`, or a tuple of these}
    """

    def __new__(cls, template, /, **parameters):
        parameters = {name: _plain(value) for name, value in parameters.items()}
        shown = {name: _english(value) for name, value in parameters.items()}
        message = super().__new__(cls, template % shown if shown else template)
        message.template = template
        message.parameters = parameters
        return message

    def __getnewargs_ex__(self):
        return (self.template,), self.parameters

    def to_json(self) -> dict:
        """What `from_json` makes the same sentence of."""
        return {
            "template": self.template,
            "parameters": {name: _dumped(value) for name, value in self.parameters.items()},
        }

    @classmethod
    def from_json(cls, content: dict) -> "Message":
        return cls(content["template"], **{name: _loaded(value) for name, value in content["parameters"].items()})


_ = Message


def paragraph(*sentences) -> str:
    """Joins whole sentences and skips empty ones."""
    sentences = [sentence for sentence in sentences if sentence]
    if len(sentences) < 2:
        return sentences[0] if sentences else ""
    first, *rest = sentences
    return Message("%(first)s %(rest)s", first=first, rest=paragraph(*rest))


def _plain(value):
    """A parameter that outlives the moment: what cannot be kept is kept as its text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return tuple(_plain(part) for part in value)
    if isinstance(value, Decimal):
        return Amount(value)
    return value if value is None or isinstance(value, (str, int, Amount, date)) else str(value)


def _english(value):
    match value:
        case None:
            return ""
        case tuple():
            return ", ".join(str(_english(part)) for part in value)
        case datetime():
            return f"{value:%b} {value.day}, {value:%Y %H:%M} UTC"
        case date():
            return f"{value:%b} {value.day}, {value:%Y}"
    return value


def _dumped(value):
    match value:
        case Message():
            return value.to_json()
        case tuple():
            return [_dumped(part) for part in value]
        case Amount():
            return {"amount": str(value.value), "currency": value.currency}
        case datetime():
            return {"time": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
    return value


def _loaded(value):
    match value:
        case list():
            return tuple(_loaded(part) for part in value)
        case {"template": _}:
            return Message.from_json(value)
        case {"amount": amount, "currency": currency}:
            return Amount(Decimal(amount), currency)
        case {"time": time}:
            return datetime.fromisoformat(time)
        case {"date": day}:
            return date.fromisoformat(day)
    return value
