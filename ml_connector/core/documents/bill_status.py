from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStatus:
    """Status of a bill that Odoo sent to the provider's accounting system.

    :param external_id: the provider's ID of the bill
    :param state: `open`, `partial`, `paid` or `voided`
    """

    external_id: str
    number: str
    state: str
