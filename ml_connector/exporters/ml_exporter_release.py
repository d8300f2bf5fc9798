from odoo import models

from ..core.documents import Release
from ..core.errors import ConnectorError
from ..core.messages import _
from .ml_exporter import NotSentError


class FilesAwaitedError(ConnectorError):
    """Odoo is still fetching files of the record, which are forwarded before its release."""

    error_class = "awaited"


class MlExporterRelease(models.AbstractModel):
    """Releases a record in the provider, so that it counts in its books."""

    _name = "ml.exporter.release"
    _inherit = "ml.exporter.follower"
    _description = "Release Exporter"

    def _sendable(self, flow, records):
        """Cancelled records are not released. Forwarded documents have no state."""
        return records.filtered(lambda record: "state" not in record._fields or record.state != "cancel")

    def _document(self, flow, record):
        spec = flow.connection_id._provider_class().flow_class(flow._spec().follows)
        self._wait_for_fetching(flow, record)
        self._wait_for_files(flow, record)
        return Release(parent_external_id=self._remote_id(flow, spec.kind, record))

    def _wait_for_fetching(self, flow, record):
        """
        :raises FilesAwaitedError: Odoo is still fetching its files from the origin
        """
        sources = flow.connection_id.source_ids
        if sources and (fetched := self._fetching(sources, record)):
            raise FilesAwaitedError(
                _(
                    "Waiting until Odoo has the files of %(record)s from %(origin)s.",
                    record=record.display_name,
                    origin=fetched.connection_id._provider_name(),
                )
            )

    def _fetching(self, sources, record):
        """The open transfer that fetches files of the record. A failed one holds nothing up."""
        origins = sources.env["ml.binding"].search(
            [("connection_id", "in", sources.ids), ("res_model", "=", record._name), ("res_id", "=", record.id)]
        )
        return sources.env["ml.sync.log"].search(
            [
                ("connection_id", "in", origins.connection_id.ids),
                ("kind", "=", "file"),
                ("external_id", "in", origins.mapped("external_id")),
                ("state", "in", ("pending", "running")),
            ],
            limit=1,
        )

    def _failed(self, sender, record):
        """Whether the last transfer of the files of a record failed or was ignored."""
        rows = sender.env["ml.sync.log"].search(
            [("flow_id", "=", sender.id), ("res_model", "=", record._name), ("res_id", "=", record.id)],
            order="id desc",
            limit=1,
        )
        return rows.state in ("failed", "ignored")

    def _wait_for_files(self, flow, record):
        """
        :raises NotSentError: its files have to be sent first
        """
        sender = self._sender(flow, "outgoing_files")
        if not sender or self._failed(sender, record):
            return
        if self.env["ml.exporter.outgoing_files"]._sendable(sender, record):
            try:
                self._remote_id(flow, "outgoing_files", record)
            except NotSentError as error:
                raise NotSentError(
                    _("Waiting for the files of %(record)s.", record=record.display_name), error.kind, record
                ) from error
