"""What transfers wait for."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Awaited:
    """One thing that a transfer waits for. The same value, whatever its name, releases the transfer.

    :param reason: `mapping`: the mapping of a code; `remote`: another record of the provider; `sent`: an Odoo record
        that has to be sent first; `change`: a change in Odoo; `result`: the result of another record, reported
    :param kind: the type of the code or record
    :param key: the provider's ID, or the key of the Odoo record (`odoo_key`)
    :param name: the name that users see
    """

    reason: str
    kind: str
    key: str
    name: str = field(default="", compare=False)


def odoo_key(model, record_id=""):
    """The key by which transfers wait for an Odoo record; without an ID, for any record of the model."""
    return f"{model},{record_id}"
