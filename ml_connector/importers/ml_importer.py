from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from odoo import models

from ..core.errors import ConnectorError, InvalidDataError, MappingError, NotReadyError
from ..core.messages import _
from .import_batch import Batch
from .importer_tools import is_of_company


@dataclass(slots=True, eq=False)
class ImportEntry:
    """One document on its way into Odoo, with the decisions of the importer.

    :ivar log: its transfer (`ml.sync.log`), empty in a dry run
    :ivar document: canonical document
    :ivar bound: the Odoo record that it is already linked to, or None
    :ivar outcome: once planned: `created`, `linked`, `updated`, `unchanged` or `drift` (changed after posting)
    :ivar record: the Odoo record once applied (or planned, if it exists)
    :ivar note: a sentence for the transfer, for example the differences
    :ivar values: data that the importer prepares for itself
    :ivar error: ConnectorError that stops only this entry
    :ivar taken: names of the document's `shared` values that go into Odoo; None: all that the document has
    :ivar kept: {name: value when both sides last agreed} of the values that changed in Odoo and are not sent yet
    :ivar read: contacts of the supplier at its last reading (`Vendor.contacts_read`), which both sides may change
    :ivar is_shared: whether a user linked another remote record to the same Odoo record
    :ivar binds: whether the record gets linked to this remote record only (several remote records may share one)
    :ivar is_difference: whether a user chose to book it in addition to the linked record
    :ivar comparison: amount of each account now and in the newest version, for the user who decides
    :ivar is_partial: whether the newest version can only be an addition to what is booked
    """

    log: Any
    document: Any = None
    bound: Any = None
    outcome: str = ""
    record: Any = None
    note: str = ""
    values: Any = None
    error: ConnectorError | None = None
    taken: Any = None
    kept: dict = field(default_factory=dict)
    read: dict | None = None
    is_shared: bool = False
    binds: bool = True
    is_difference: bool = field(init=False)
    comparison: dict | None = None
    is_partial: bool = False

    def __post_init__(self):
        self.is_difference = bool(self.log) and self.log.decision == "difference"

    def plan(self, outcome, record=None, values=None, note=""):
        self.outcome = outcome
        self.record = record
        self.values = values
        self.note = note

    @contextmanager
    def alone(self):
        """An error inside is the error of this entry and does not stop the others."""
        try:
            yield
        except ConnectorError as error:
            self.error = error


class MappingLookup:
    """Mappings and record links of one batch, read with one query per kind."""

    def __init__(self, connection, mapped, bound):
        """
        :param mapped: {(kind, external_id): record, or None if the code is ignored}
        :param bound: {(kind, external_id): record}
        """
        self.connection = connection
        self._mapped = mapped
        self._bound = bound

    def mapping(self, reference):
        """The Odoo record of a reference; None if the accountant ignores the code.

        :raises MappingError: it is not mapped
        """
        key = (reference.kind, reference.external_id)
        if key not in self._mapped:
            raise MappingError(_("%(code)s is not mapped.", code=title(reference)), [reference])
        return self._mapped[key]

    def needed(self, reference):
        """The Odoo record of a reference that cannot be ignored."""
        record = self.mapping(reference)
        if not record:
            raise InvalidDataError(
                _("%(code)s is ignored in the mappings, but this record needs it. Map it.", code=title(reference))
            )
        return record

    def contact(self, reference):
        """The partner of a `vendor` or `employee` reference."""
        record = self.needed(reference)
        if record._name != "hr.employee":
            return record
        # sudo: only the contact is read; whoever books need not see private data of employees
        partner = record.sudo().work_contact_id.with_env(record.env)
        if not partner:
            raise NotReadyError(
                _("Employee %(employee)s has no contact in Odoo. Enter one.", employee=record.display_name),
                awaits=record,
            )
        return partner

    def creditor(self, reference, company):
        """The creditor of a `vendor` or `employee` reference, for an item of the company.

        :raises NotReadyError: it belongs to another company
        """
        partner = self.contact(reference)
        if not is_of_company(partner, company):
            raise NotReadyError(
                _(
                    "The contact of %(name)s belongs to another company and cannot be used in %(company)s.",
                    name=title(reference),
                    company=company.display_name,
                ),
                awaits=partner,
            )
        return partner._ml_creditor(company)

    def binding(self, kind, external_id):
        """The Odoo record linked to a remote record, or None."""
        return self._bound.get((kind, external_id))

    def extended(self, mapped, bound):
        """A lookup that also has these records, which need no code of the provider."""
        return MappingLookup(self.connection, {**self._mapped, **mapped}, {**self._bound, **bound})


def title(reference):
    """The name of a reference in sentences."""
    return reference.name or reference.code or reference.external_id


class MlImporter(models.AbstractModel):
    """Turns canonical documents into Odoo records. One model for each kind of document: `ml.importer.<kind>`.

    The engine plans a batch, which writes nothing (a dry run ends there), and then applies it in one transaction.
    An importer reads and writes accounting records with the rights of the connection's user (`ml.connection._books`).
    It reaches the connector's own tables through the flow, which has the rights of the engine.
    """

    _name = "ml.importer"
    _description = "Importer"

    _groups = ()
    """XML IDs of the groups that the connection's user needs to write the records."""
    _binds = True
    """Whether the written record is linked to the remote one (a code, for example, only has its mapping)."""

    _direction = "in"
    """The direction of the mappings that it needs."""

    _optional_kinds = ("vendor",)
    """Kinds of references that may lack a mapping, because the importer can find the record."""

    def _groups_of(self, flow):
        """XML IDs of the groups that a flow needs."""
        return self._groups

    def _remarks(self, flow):
        """Findings of the connection check on what other addons do to the records of a flow."""
        return []

    def _mapped(self, connection, keys):
        """{(kind, external id): mapped record, or None if the code is ignored} of the mapped keys."""
        return connection.env["ml.mapping"]._resolved(connection, keys)

    def _takes(self, record):
        """Whether a linked record is of a type that this importer creates or builds on."""
        return record._name != "ml.bridged.document"

    def _references(self, document):
        """References of a document that must be mapped before it can be written."""
        return ()

    def _dependencies(self, document):
        """Remote records that must be in Odoo first, as (kind, external id, name)."""
        return ()

    def _plan_batch(self, flow, entries, resolver):
        """Decide on each entry and prepare its values, without writing. An invalid entry does not stop the others."""
        batch = self._batch(flow, entries, resolver)
        for entry in entries:
            with entry.alone():
                self._plan(batch, entry)

    def _batch(self, flow, entries, resolver):
        """What the entries of a batch share."""
        return Batch(self.env, flow, [entry.document for entry in entries], resolver)

    def _plan(self, batch, entry):
        raise NotImplementedError

    def _apply_batch(self, flow, entries, resolver):
        """Write the planned entries. On any error the engine rolls back and applies the entries one by one."""
        raise NotImplementedError

    def _result_reference(self, record):
        """The reference of a written record that is reported to the provider."""
        return record.display_name
