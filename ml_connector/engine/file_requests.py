"""Queues the files of records, which a flow of their own fetches."""

from dataclasses import replace

from ..core.documents.dates import dates_of
from ..core.errors import ConnectorError
from .base import OfFlow, digest
from .documents import translated


class FileRequests(OfFlow):
    """The files of a flow's records."""

    def store_late(self, items):
        """Store files that were added without any other change of their record."""
        files_flow = self._files_flow()
        if not files_flow:
            return
        late = []
        for item in items:
            attachments = translated(self.run.provider.flow(files_flow.key), item.external_id, item.payload)
            if attachments and not isinstance(attachments, ConnectorError):
                payload = {"subject_kind": self.flow.kind, "names": [attachment.name for attachment in attachments]}
                late.append(replace(item, version=_files_version(attachments), payload=payload))
        self.env["ml.sync.log"]._store(files_flow, late)

    def queue(self, written):
        """Queue transfers that fetch the files of the written records, as a separate step."""
        files_flow = self._files_flow()
        if not files_flow:
            return
        # a record that was deleted and is created again has none of its files
        created = [entry.log.external_id for entry in written if entry.outcome == "created" and entry.binds]
        fetched = [("flow_id", "=", files_flow.id), ("external_id", "in", created), ("is_current", "=", True)]
        again = self.env["ml.sync.log"].search([*fetched, ("state", "=", "done")])
        for log in again.sudo():  # sudo: field without access
            payload = log.payload or {}
            if payload.get("had"):
                log.payload = {**payload, "names": sorted({*payload["names"], *payload["had"]}), "had": []}
        again._make_pending()
        self.env["ml.sync.log"]._store(
            files_flow,
            [
                entry.log._as_item(
                    version=_files_version(entry.document.attachments),
                    payload=_files_payload(self.flow, entry.document),
                )
                for entry in written
                if entry.document.attachments and entry.binds
            ],
        )

    def _files_flow(self):
        flows, key = self.connection.flow_ids, self.spec.files
        return flows.filtered(lambda sibling: sibling.active and key and sibling.key == key)


def _files_payload(flow, document):
    """The payload of a transfer that fetches the files of a document."""
    day = min(dates_of(document), default=None)
    names = [attachment.name for attachment in document.attachments]
    return {"subject_kind": flow.kind, "names": names, "day": day.isoformat() if day else ""}


def _files_version(attachments):
    return digest(sorted(attachment.name for attachment in attachments), 16)
