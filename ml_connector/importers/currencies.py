"""The currencies of documents."""

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import _


class Currencies:
    """The currencies of a batch, archived ones too, read with one query."""

    def __init__(self, env, names, provider):
        self._provider = provider
        found = env["res.currency"].with_context(active_test=False).search([("name", "in", list(set(names)))])
        self._by_name = {currency.name: currency for currency in found}

    def known(self, name):
        """The currency of that name, which may be archived.

        :raises InvalidDataError: there is none
        """
        currency = self._by_name.get(name)
        if not currency:
            raise InvalidDataError(
                _(
                    "Currency %(currency)s does not exist in Odoo. Correct it in %(provider)s.",
                    currency=name or "?",
                    provider=self._provider,
                )
            )
        return currency

    def usable(self, name):
        """The active currency of that name.

        :raises InvalidDataError: there is none
        :raises NotReadyError: it is archived
        """
        currency = self.known(name)
        if not currency.active:
            raise NotReadyError(
                _("Currency %(currency)s is not active in Odoo. Activate it.", currency=name), awaits=currency
            )
        return currency


def no_rate(currency):
    """The error of a currency for which Odoo has no exchange rate."""
    return NotReadyError(
        _("Currency %(currency)s has no exchange rate in Odoo. Enter one.", currency=currency.name), awaits=currency
    )
