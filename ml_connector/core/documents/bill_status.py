from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class BillStatus:
    """What became of a bill of ours in the vendor system's ledger.

    :param external_id: the vendor's id of the bill
    :param state: `open`, `partial`, `paid` or `voided`
    """

    external_id: str
    number: str
    state: str
