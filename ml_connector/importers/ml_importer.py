from odoo import models

from ..core.errors import ConnectorError, MappingError

OUTCOMES = ("created", "linked", "updated", "unchanged", "drift")


class ImportEntry:
    """One document on its way into Odoo, with what the writer decides about it.

    :ivar log: its `ml.sync.log` row (empty in a dry run)
    :ivar document: canonical document
    :ivar bound: the record it is bound to already, or None
    :ivar outcome: one of `OUTCOMES` once planned
    :ivar record: the Odoo record once applied (or planned, when it exists already)
    :ivar note: one sentence for the row, for example what differs
    :ivar values: whatever the writer prepared for its own use
    :ivar error: ConnectorError that stops this entry alone
    :ivar taken: names of the document's `shared` values that go into Odoo; None: all that the source has
    :ivar kept: {name: value when both sides agreed last} of what changed in Odoo and has yet to be sent
    :ivar read: the vendor's contacts when it was read last (`Vendor.contacts_read`), of what both sides may change
    :ivar is_shared: whether a person said that another remote record is the same Odoo record
    :ivar binds: whether the record is the remote one's alone (not one that several remote records share)
    :ivar is_difference: whether a person said that it is booked beside what is bound already
    :ivar comparison: what each account has, and would have from what differs, for the person who decides about it
    :ivar is_partial: whether what differs can only be what is to be added to what is booked
    """

    __slots__ = (
        *("binds", "bound", "comparison", "document", "error", "is_difference", "is_partial", "is_shared", "kept"),
        *("log", "note", "outcome", "read", "record", "taken", "values"),
    )

    def __init__(self, log, document, bound=None):
        self.log = log
        self.document = document
        self.bound = bound
        self.outcome = ""
        self.record = None
        self.note = ""
        self.values = None
        self.error = None
        self.binds = True
        self.is_shared = False
        self.read = None
        self.is_difference = bool(log) and log.decision == "difference"
        self.comparison = None
        self.is_partial = False
        self.taken = None
        self.kept = {}

    def plan(self, outcome, record=None, values=None, note=""):
        self.outcome = outcome
        self.record = record
        self.values = values
        self.note = note


class MappingLookup:
    """Mappings and bindings of one batch, read with one query per kind."""

    def __init__(self, connection, mapped, bound):
        """
        :param mapped: {(kind, external_id): record, or None where the code is to be ignored}
        :param bound: {(kind, external_id): record}
        """
        self.connection = connection
        self._mapped = mapped
        self._bound = bound

    def mapping(self, reference):
        """The Odoo record of a reference; None when the accountant chose to ignore the code.

        :raises MappingError: when it is not mapped
        """
        key = (reference.kind, reference.external_id)
        if key not in self._mapped:
            raise MappingError(
                f"{reference.name or reference.code or reference.external_id} is not mapped", [reference]
            )
        return self._mapped[key]

    def binding(self, kind, external_id):
        """The Odoo record bound to a remote record, or None."""
        return self._bound.get((kind, external_id))


class MlImporter(models.AbstractModel):
    """Turns canonical documents into Odoo records. One model per kind of document: `ml.importer.<kind>`.

    The engine plans a batch, which writes nothing (a dry run ends there), then applies it in one transaction.
    A writer reads and writes the books with the rights of the connection's user (`ml.connection._books`). The engine's
    own tables are reached through the flow, which belongs to the engine.
    """

    _name = "ml.importer"
    _description = "Writer"

    _groups = ()
    """External ids of the groups that the connection's user needs to write the records."""
    _binds = True
    """Whether the written record is bound to the remote one (what is only looked after by its mapping is not)."""

    _optional_kinds = ("vendor",)
    """Kinds of references that may lack a mapping: the writer then finds the record by itself."""

    def _groups_of(self, flow):
        """External ids of the groups that a flow needs."""
        return self._groups

    def _remarks(self, flow):
        """Findings of the check about what other addons do to the records of a flow."""
        return []

    def _mapped(self, connection, keys):
        """{(kind, external id): what stands for the code, or None where it is left out} of the mapped keys."""
        return connection.env["ml.mapping"]._resolved(connection, keys)

    def _is_filled(self, mapping):
        """Whether a row of the mapping list says what this writer needs of it."""
        return bool(mapping.res_id or mapping.is_ignored)

    def _takes(self, record):
        """Whether a record that is bound to a remote one is of the sort that this writer makes or builds on."""
        return record._name != "ml.bridged.document"

    def _references(self, document):
        """References of a document that must be mapped before it can be written."""
        return ()

    def _dependencies(self, document):
        """Remote records that must be in Odoo before: tuples of kind, external id, name."""
        return ()

    def _plan_batch(self, flow, entries, resolver):
        """Decide about each entry and prepare its values; write nothing. One bad entry never stops another."""
        for entry in entries:
            try:
                self._plan(flow, entry, resolver)
            except ConnectorError as error:
                entry.error = error

    def _plan(self, flow, entry, resolver):
        raise NotImplementedError

    def _apply_batch(self, flow, entries, resolver):
        """Write what was planned. Raises when anything fails: the engine rolls back and goes one by one."""
        raise NotImplementedError

    def _result_reference(self, record):
        """Our reference of a written record, as the vendor is told."""
        return record.display_name
