from dataclasses import dataclass

MOST_ADVICE, MOST_REFERENCE = 400, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of a record of the provider, to be reported to it.

    :param subject: kind of the record that was transferred (`bill`, `payment` ...)
    :param external_id: the provider's ID of that record
    :param version: the version of that record (`core.provider.RemoteRecord`)
    :param success: whether Odoo booked it
    :param reference: Odoo's reference (success only), for example `BILL/2026/07/0012`
    :param url: link to the Odoo record (success only)
    :param message: a sentence on the error (failure only)
    :param advice: a sentence on what users of the provider can do (failure only)
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
        """Text of a failure for users of the provider: the error, what to do, and the reference for Odoo."""
        message, end = self.message or "Odoo did not book this record.", ""
        if self.advice:
            end = f" {self.advice[:MOST_ADVICE]} Reference for Odoo: {self.external_id[:MOST_REFERENCE]}"
        if len(message) > longest - len(end):
            message = f"{message[: longest - len(end) - 3]}..."
        return message + end
