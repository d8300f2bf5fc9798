"""The currencies of documents, and their exchange rates."""

from decimal import Decimal
from functools import partial

from ..core.errors import InvalidDataError, NotReadyError
from ..core.messages import _
from .importer_tools import once


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


class Rates:
    """Exchange rates between the currencies of documents and the currency of the company."""

    def __init__(self, batch):
        self.batch = batch
        self._known = {}
        self._by_date = {}

    def check_known(self, currency):
        """
        :raises NotReadyError: Odoo has no rate of the currency
        """
        if currency == self.batch.company.currency_id:
            return
        if not once(self._known, currency, lambda: self._has_rates(currency)):
            raise no_rate(currency)

    def of_document(self, document, currency, is_booked=False):
        """Units of the document's currency for one unit of the company's currency.

        :param is_booked: whether the rate is only for comparison with the posted record
        """
        company_currency = self.batch.company.currency_id
        if currency == company_currency:
            return 1.0
        if not is_booked:
            self.check_known(currency)
        own = self._own(currency, document.document_date)
        stated = self.stated(document, currency)
        if stated is None:
            return own
        if not is_booked:
            self._check_stated(document, stated, own)
        return stated

    def _own(self, currency, date):
        """Odoo's rate on a date."""
        company = self.batch.company
        of_company = company.currency_id
        rate = partial(currency._get_conversion_rate, of_company, currency, company, date)
        return once(self._by_date, (currency, date), rate)

    def stated(self, document, currency):
        """The rate that the document states to the company's currency, or None."""
        company_currency = self.batch.company.currency_id
        target = company_currency.name if document.rate_currency is None else document.rate_currency
        if document.exchange_rate is None or target != company_currency.name or currency == company_currency:
            return None
        if document.exchange_rate <= 0:
            raise InvalidDataError(_("Exchange rate %(rate)s is not positive.", rate=document.exchange_rate))
        return float(document.exchange_rate)

    def _check_stated(self, document, stated, own):
        """
        :raises NotReadyError: the stated rate differs from Odoo's rate by more than the flow allows
        """
        if max(stated / own, own / stated) <= 1 + self.batch.flow.rate_tolerance / 100:
            return
        raise NotReadyError(
            _(
                "The rate is %(provider_value)s %(currency)s for 1 %(company_currency)s in %(provider)s, but"
                " %(odoo_value)s in Odoo on %(date)s. Correct one of them, or allow a larger difference in the flow.",
                provider_value=Decimal(f"{stated:.6g}"),
                odoo_value=Decimal(f"{own:.6g}"),
                currency=document.currency,
                company_currency=self.batch.company.currency_id.name,
                provider=self.batch.provider,
                date=document.document_date,
            ),
            awaits=self.batch.currencies.known(document.currency),
        )

    def _has_rates(self, currency):
        """Whether the currency has any rate; Odoo uses 1.0 for one without, which is never meant."""
        domain = [("currency_id", "=", currency.id), ("company_id", "in", (False, self.batch.company.root_id.id))]
        return bool(self.batch.env["res.currency.rate"].search(domain, limit=1))
