"""Reads the records of a file template in batches, as rows of values in the order of its columns."""

import hashlib
from ast import literal_eval
from datetime import datetime
from typing import NamedTuple

from odoo.fields import Domain

from ..core.documents import OwnId
from ..core.own_ids import mark_of, marks_since
from .feed_expressions import EXPRESSIONS, paths_read

BATCH = 1000
REMEMBERED = 50_000
UNREAD = object()
PLANS = {"departments": "Department", "projects": "Project", "locations": "Location", "classes": "Class"}


class FeedRecord(NamedTuple):
    """A record of a file: its rows of values, the first one for values that are not on lines."""

    id: int
    rows: list
    key: str
    name: str


class FeedSource:
    """The records that a file template selects, in the order of their ids.

    Records are read with the rights of the user, even if the engine works for that user. The cache is cleared after
    each batch, so that memory does not grow with the number of records.
    """

    dimension_names = PLANS

    def __init__(self, template):
        self.env = template.sudo(False).env
        self.template = template
        self.company = template.company_id.with_env(self.env)
        self.company_code = template.company_code or ""
        self.connection = template.connection_id
        self.model = self.env[template.model_name].with_company(self.company).with_context(active_test=False)
        self.columns = template.column_ids
        self._followers = {}
        self._lines = {}
        self._analytic = None
        self._marks_since = marks_since(self.env)
        self._key = self._index("id")
        self._name = self._index("name")

    def _index(self, name):
        return next((index for index, column in enumerate(self.columns) if column.name == name), None)

    def domain(self):
        """The domain of the active records to send."""
        domain = Domain(literal_eval(self.template.domain or "[]"))
        domain &= Domain(self.model._check_company_domain(self.company))
        if "active" in self.model._fields:
            domain &= Domain("active", "=", True)
        return domain

    def batches(self):
        """Lists of `FeedRecord`."""
        last = 0
        domain = self.domain()
        names = self._needed(self.model, False)
        while records := self.model.search_fetch(domain & Domain("id", ">", last), names, order="id", limit=BATCH):
            last = records[-1].id
            yield self._known(self.read(records))
            self.forget()

    def _known(self, records):
        """Without records that lack the provider's id, where this id is the code."""
        if self._key is None or self.columns[self._key].expression != "remote_id":
            return records
        return [record for record in records if record.key]

    def _needed(self, model, on_line):
        """Names of the stored fields that the columns read; reading all fields would take longer."""
        names = {"id"}
        for column in self.columns:
            if bool(column.on_line and self.template.lines_field) != on_line:
                continue
            paths = [column.path] if column.path else paths_read(column.expression, column.argument, model)
            names |= {path.partition(".")[0] for path in paths}
        return [name for name in names if name in model._fields and model._fields[name].store]

    def forget(self):
        """Clear the values that were read."""
        self.model.invalidate_model()
        if self.template.lines_field:
            self.model[self.template.lines_field].invalidate_model()
        self._lines.clear()
        for known in self._followers.values():
            if len(known) > REMEMBERED:
                known.clear()

    def read(self, records):
        """The `FeedRecord` objects of some records."""
        lines_field = self.template.lines_field
        lines_by_record, lines = {}, None
        if lines_field:
            wanted = literal_eval(self.template.lines_domain or "[]")
            lines = records[lines_field]
            lines.fetch(self._needed(lines, True))
            lines = lines.filtered_domain(wanted)
            inverse = records._fields[lines_field].inverse_name
            for index, line in enumerate(lines):
                lines_by_record.setdefault(line[inverse].id, []).append(index)
        heads = {}
        for column in self.columns:
            subject = lines if column.on_line and lines_field else records
            heads[column.id] = self.column_values(column, subject)
        columns = [(heads[column.id], bool(column.on_line and lines_field)) for column in self.columns]
        if not lines_field:
            rows = list(zip(*(values for values, _on_line in columns), strict=True))
            return [self._record(record_id, [row]) for record_id, row in zip(records._ids, rows, strict=True)]
        result = []
        for number, record_id in enumerate(records._ids):
            rows = [
                tuple(values[index if on_line else number] for values, on_line in columns)
                for index in lines_by_record.get(record_id, ())
            ]
            if rows:
                result.append(self._record(record_id, rows))
        return result

    def _record(self, record_id, rows):
        key = rows[0][self._key] if self._key is not None else record_id
        name = rows[0][self._name] if self._name is not None else ""
        return FeedRecord(record_id, rows, str(key or ""), str(name or ""))

    # ------------------------------------------------------------------ columns

    def column_values(self, column, records):
        if column.path:
            values = self.values(records, column.path)
        elif column.expression:
            values = EXPRESSIONS[column.expression](self, records, column.argument or "")
        else:
            return [column.constant or None] * len(records)
        if column.type != "date":
            return values
        return [self.company._ml_day(value) if isinstance(value, datetime) else value for value in values]

    def values(self, records, path):
        """The values at a field path. Each related record is read once."""
        name, _dot, rest = path.partition(".")
        if name == "id":
            return list(records._ids)
        field = records._fields[name]
        if not rest:
            if field.type == "many2one":
                return [record[name].display_name if record[name] else None for record in records]
            return self._cached(records, field)
        targets = self._cached(records, field)
        if rest == "id":
            return [target or None for target in targets]
        known = self._followers.setdefault((field.comodel_name, rest), {})
        missing = list(dict.fromkeys(target for target in targets if target and target not in known))
        if missing:
            related = self.env[field.comodel_name].with_company(self.company).browse(missing)
            known.update(zip(missing, self.values(related, rest), strict=True))
        return [known[target] if target else None for target in targets]

    def _cached(self, records, field):
        """The values of a field (ids for a many2one), directly from the ORM's cache where possible."""
        cache = field._get_cache(records.env)
        values = [cache.get(record_id, UNREAD) for record_id in records._ids]
        if UNREAD not in values:
            return values
        is_link = field.type == "many2one"
        return [record[field.name].id if is_link else record[field.name] for record in records]

    # ------------------------------------------------------------------ what expressions ask

    def _own(self, model):
        # sudo: the user needs no right on the connector's tables; only this connection's codes are read
        return self.env[model].sudo()

    def _incoming(self, kind):
        """Domain of the provider's codes of a kind."""
        return [("connection_id", "=", self.connection.id), ("direction", "=", "in"), ("kind", "=", kind)]

    def partner_codes(self, partner_ids):
        """{contact: the provider's code}: the mapped code, else V and the unique number of the contact."""
        mappings = self._own("ml.mapping").search_fetch(
            [*self._incoming("vendor"), ("res_id", "in", list(partner_ids))],
            ["res_id", "external_id"],
        )
        mapped = {mapping.res_id: mapping.external_id for mapping in mappings}
        unknown = [partner_id for partner_id in partner_ids if partner_id not in mapped]
        births = self._births(unknown)
        return mapped | {partner_id: self._partner_code(partner_id, births[partner_id]) for partner_id in unknown}

    def _births(self, partner_ids):
        # sudo: of contacts that the user may not see only the time of creation is read
        partners = self.env["res.partner"].sudo().browse(partner_ids)
        partners.fetch(["create_date"])
        return dict(zip(partner_ids, self._cached(partners, partners._fields["create_date"]), strict=True))

    def _partner_code(self, partner_id, born):
        """The code of a contact without a mapped code. Its reference is not used, because it could change."""
        own_id = self.own_id(partner_id, born)
        return f"V{own_id:05d}" + (f"-{own_id.mark}" if own_id.mark else "")

    def own_id(self, record_id, born):
        return OwnId(record_id, mark_of(born, self._marks_since))

    def single_analytic(self, distribution, plan_name):
        if self._analytic is None:
            accounts = self.env["account.analytic.account"].with_context(active_test=False).search([])
            self._analytic = {
                account.id: (
                    PLANS.get((account.root_plan_id.name or "").casefold(), account.root_plan_id.name),
                    account,
                )
                for account in accounts
            }
        codes = {}
        for ids, percentage in (distribution or {}).items():
            for account_id in ids.split(","):
                plan, account = self._analytic.get(int(account_id), (None, None))
                if plan == plan_name:
                    text = account.code or f"A{self.own_id(account.id, account.create_date)}"
                    codes[text] = codes.get(text, 0.0) + percentage
        return next(iter(codes)) if len(codes) == 1 and round(sum(codes.values()), 4) == 100.0 else None

    def line_numbers(self, order):
        if order.id not in self._lines:
            lines = order.order_line.filtered(lambda line: not line.display_type).sorted(
                lambda line: (line.sequence, line.id)
            )
            self._lines[order.id] = {line.id: 10 * number for number, line in enumerate(lines, start=1)}
        return self._lines[order.id]

    def tax_code(self, taxes):
        if len(taxes) != 1:
            return None
        known = self._followers.setdefault(("tax", ""), {})
        if taxes.id not in known:
            mapping = self._own("ml.mapping").search([*self._incoming("tax"), ("res_id", "=", taxes.id)], limit=1)
            known[taxes.id] = mapping.external_id or taxes.name
        return known[taxes.id]

    def expense_account(self, product):
        if not product:
            return None
        known = self._followers.setdefault(("expense", ""), {})
        if product.id not in known:
            accounts = product.product_tmpl_id.with_company(self.company).get_product_accounts()
            known[product.id] = accounts["expense"].code
        return known[product.id]

    def remote_ids(self, records, kind):
        known = self._own("ml.binding")._external_ids(self.connection, kind, records)
        return [known.get(record_id) for record_id in records._ids]


def digest(texts):
    """A hash of the content of a record's rows."""
    return hashlib.blake2b("\x1e".join(texts).encode("utf-8", "replace"), digest_size=8).hexdigest()
