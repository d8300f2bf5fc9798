"""Attachments of supplier invoices."""

import hashlib

from ...exceptions import InvalidDataError
from ..base import Sent
from .invoices import attachment_path, path_of
from .push_base import Push
from .wire import rows, text


class Files(Push):
    """All files of a document. A file of the same name becomes its next revision: so what is there is not sent."""

    def render(self, document):
        names = [file.name for file in document.files]
        if len(set(names)) < len(names):
            raise InvalidDataError(
                "Two attachments have the same name, which Visma.net takes for versions of one file."
            )
        files = [
            {"name": file.name, "mimetype": file.mimetype, "checksum": hashlib.sha256(file.content).hexdigest()}
            for file in document.files
        ]
        contents = {file["checksum"]: original.content for file, original in zip(files, document.files, strict=True)}
        return {"parent": document.parent_external_id, "files": files, **contents}

    def send(self, payload, external_id, key):
        parent = payload["parent"]
        row = self.client.one(path_of(parent)).data
        if f"[{self.provider.mark}" not in text(row, "note"):
            return Sent(external_id=parent, note="A person has entered it in Visma.net: attach the files there.")
        there = {text(file, "name") for file in rows(row, "attachments")}
        for file in payload["files"]:
            if file["name"] not in there or not self._has(parent, file):
                content = payload[file["checksum"]]
                self.client.attach(attachment_path(parent), file["name"], content, file["mimetype"])
        return Sent(external_id=parent)

    def find(self, payload, key):
        """All of them, with the very content."""
        is_there = all(self._has(payload["parent"], file) for file in payload["files"])
        return Sent(external_id=payload["parent"]) if is_there else None

    def _has(self, parent, file):
        for row in self._attachments(parent):
            if text(row, "name") == file["name"]:
                content = self.client.download(text(row, "id"))
                return hashlib.sha256(content).hexdigest() == file["checksum"]
        return False

    def _attachments(self, parent):
        return rows(self.client.one(path_of(parent)).data, "attachments")
