from dataclasses import dataclass

MOST_ADVICE, MOST_REFERENCE = 400, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a record of theirs, to be told to the vendor.

    :param subject: kind of the record that was transferred (`bill`, `payment` ...)
    :param external_id: the vendor's id of that record
    :param version: the version of that record (`core.provider.RemoteRecord`)
    :param success: whether it is in the books
    :param reference: our reference (success only), for example `BILL/2026/07/0012`
    :param url: link to our record (success only)
    :param message: one sentence that says what is wrong (failure only)
    :param advice: what people at the provider do about it (failure only)
    """

    subject: str
    external_id: str
    success: bool
    version: str = ""
    reference: str = ""
    url: str = ""
    message: str = ""
    advice: str = ""

    def failure_text(self, longest):
        """What people at the provider read of a failure: what is wrong, what to do, and how Odoo finds the record."""
        message, end = self.message or "The record could not be booked in Odoo.", ""
        if self.advice:
            end = f" {self.advice[:MOST_ADVICE]} Reference for Odoo: {self.external_id[:MOST_REFERENCE]}"
        if len(message) > longest - len(end):
            message = f"{message[: longest - len(end) - 3]}..."
        return message + end
