"""Sentences on records: stored in English, shown in the language of whoever reads them."""

from datetime import date, datetime
from decimal import Decimal

from odoo import api, fields, models
from odoo.tools import format_date, format_datetime, formatLang, ormcache

from ..core.messages import Amount, Message


class Sentence(fields.Char):
    """A text column with English for searches and the audit; the field `<name>_source` keeps how it was made."""

    @property
    def source(self):
        return f"{self.name}_source"

    def convert_to_read(self, value, record, use_display_name=True):
        source = value and record[self.source]
        return in_words(record.env, Message.from_json(source)) if source else value


def money(value, currency):
    """An amount of Odoo's for a sentence."""
    return Amount(Decimal(f"{value:.{currency.decimal_places}f}"), currency.name)


def in_words(env, sentence):
    """A sentence in the language of the environment, with amounts and dates as its reader writes them."""
    if not isinstance(sentence, Message):
        return sentence
    parameters = {name: _in_words(env, value) for name, value in sentence.parameters.items()}
    return env._(sentence.template, **parameters)  # pylint: disable=gettext-variable


def _in_words(env, value):
    match value:
        case Message():
            return in_words(env, value)
        case tuple():
            return [_in_words(env, part) for part in value]
        case Amount():
            if currency := env["res.currency"].browse(env["ml.sentences"]._currency_id(value.currency)):
                return formatLang(env, float(value.value), currency_obj=currency)
            places = max(0, -value.value.as_tuple().exponent)
            return f"{formatLang(env, float(value.value), digits=places)} {value.currency}".rstrip()
        case datetime():
            return format_datetime(env, value, dt_format="medium")
        case date():
            return format_date(env, value)
        case None:
            return ""
    return value


class MlSentences(models.AbstractModel):
    """Keeps beside each `Sentence` how it was made."""

    _name = "ml.sentences"
    _description = "Sentences"

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._with_sources(vals) for vals in vals_list])

    def write(self, vals):
        return super().write(self._with_sources(vals))

    @api.model
    def _with_sources(self, vals):
        sources = {
            field.source: value.to_json() if isinstance(value, Message) else False
            for name, value in vals.items()
            if isinstance(field := self._fields.get(name), Sentence)
        }
        return {**vals, **sources} if sources else vals

    @api.model
    @ormcache("name", cache="stable")
    def _currency_id(self, name):
        """Id of a currency, active or not; False if Odoo has none. A list of sentences asks for each amount in it."""
        return self.env["res.currency"].with_context(active_test=False).search([("name", "=", name)]).id

    def _sentence(self, name):
        """A sentence of a record to be used in another one."""
        source = self[self._fields[name].source]
        return Message.from_json(source) if source else self[name]
