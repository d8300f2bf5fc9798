from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a record of theirs, to be told to the vendor.

    :param subject: kind of the record that was transferred (`bill`, `payment` ...)
    :param external_id: the vendor's id of that record
    :param version: the version of that record (`vendors.base.Item`)
    :param success: whether it is in the books
    :param reference: our reference (success only), for example `BILL/2026/07/0012`
    :param url: link to our record (success only)
    :param message: one sentence that says what to do (failure only)
    """

    subject: str
    external_id: str
    success: bool
    version: str = ""
    reference: str = ""
    url: str = ""
    message: str = ""
