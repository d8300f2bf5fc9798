"""Mappings and record links of a batch."""

from datetime import timedelta

from odoo import fields

from ..core.awaited import Awaited
from ..core.documents.common import dates_of
from ..core.errors import ConflictError, DoubtfulDateError, MappingError, NotRelevantError
from ..core.kinds import kind_name
from ..core.messages import _
from ..importers.ml_importer import MappingLookup
from .base import OfFlow
from .failures import MissingDependencyError

FARTHEST_DATE = timedelta(days=9 * 365)
"""How far from today a date may be without a question to the user."""


class Resolver(OfFlow):
    """Finds what the documents of a batch refer to."""

    def resolve(self, importer, entries):
        """Look up mappings and record links of all entries. Entries that lack one get an error."""
        connection = self.connection
        question_dates(entries)
        good = [entry for entry in entries if not entry.error]
        references = {id(entry): tuple(importer._references(entry.document)) for entry in good}
        dependencies = {id(entry): tuple(importer._dependencies(entry.document)) for entry in good}
        wanted = {(ref.kind, ref.external_id) for refs in references.values() for ref in refs}
        keys = {(kind, external_id) for deps in dependencies.values() for kind, external_id, _name in deps}
        keys |= {(self.flow.kind, entry.document.external_id) for entry in good if importer._binds}
        bound = self.bound(good, keys)
        mapped = importer._mapped(connection, wanted)
        for entry in good:
            if importer._binds:
                entry.bound = bound.get((self.flow.kind, entry.document.external_id))
            needed = [bound[dep[:2]] for dep in dependencies[id(entry)] if dep[:2] in bound]
            if foreign := [record for record in (entry.bound, *needed) if record and not importer._takes(record)]:
                entry.error = _went_otherwise(entry, foreign[0])
                continue
            missing = [
                ref
                for ref in references[id(entry)]
                if (ref.kind, ref.external_id) not in mapped and ref.kind not in importer._optional_kinds
            ]
            absent = [dep for dep in dependencies[id(entry)] if dep[:2] not in bound]
            if missing:
                entry.error = MappingError(_missing_sentence(missing), missing)
            elif absent:
                entry.error = self.absence(*absent[0])
        return MappingLookup(connection, mapped, bound)

    def bound(self, entries, keys):
        """{(kind, external id): Odoo record} of the linked remote records."""
        return self.env["ml.binding"]._records(self.connection, keys)

    def absence(self, kind, external_id, name):
        """The error of a record that refers to a remote record which is not in Odoo."""
        return MissingDependencyError(
            _("Waiting for %(kind)s %(name)s.", kind=kind_name(kind), name=name or external_id),
            awaited=[Awaited("remote", kind, external_id, name or external_id)],
        )


def question_dates(entries):
    """Hold documents with improbable dates for review: the one place for every date of every document."""
    today = fields.Date.today()
    for entry in entries:
        is_wanted = not entry.error and not getattr(entry.document, "is_withdrawn", False)
        if not is_wanted or (entry.log and entry.log.decision == "date_is_right"):
            continue
        far = [date for date in dates_of(entry.document) if abs(date - today) > FARTHEST_DATE]
        if far:
            entry.error = DoubtfulDateError(
                _("The date %(date)s is many years away. It may be a mistake.", date=far[0])
            )


def _went_otherwise(entry, record):
    """The error of a document whose record, or one that it depends on, came through another flow."""
    if entry.bound == record:
        return ConflictError(
            _(
                "%(name)s was imported by a different flow. Apply the change manually, then ignore this transfer.",
                name=record.display_name,
            )
        )
    return NotRelevantError(
        _("It belongs to %(name)s, which was forwarded and not booked in Odoo.", name=record.display_name)
    )


def _missing_sentence(references):
    codes = tuple(
        dict.fromkeys(
            _(
                "%(kind)s %(code)s",
                kind=kind_name(ref.kind),
                code=" ".join(filter(None, (ref.code, ref.name))) or ref.external_id,
            )
            for ref in references
        )
    )
    if len(codes) == 1:
        return _("Missing mapping: %(code)s.", code=codes[0])
    return _("Missing mappings: %(codes)s.", codes=codes)
