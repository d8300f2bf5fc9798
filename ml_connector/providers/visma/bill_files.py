"""Attachments of supplier invoices."""

import hashlib
import mimetypes
import re

from ...core.errors import InvalidDataError, PermanentError, RemoteError, UnconfirmedError
from ...core.messages import _, paragraph
from ...core.remote import SendResult
from ...core.wire import needed, rows, text
from .client import path_id
from .ledger import PATH, path_of, split_key
from .push import VismaPush
from .scopes import CREATE, READ

LONGEST_NAME = 120


class BillFilesPush(VismaPush):
    """Attaches all files of a document. A file of the same name would become a revision, so present files are not sent.

    A file that Visma.net refuses is named in the note of the transfer and does not fail it.
    """

    key = "bill_files_push"
    label = _("Attachments to Visma.net")
    kind = "outgoing_files"
    sequence = 130
    scopes = (READ, CREATE)
    follows = "bills_push"
    options = ("attachment_mode",)
    help = _("Attaches the files of a vendor bill to its supplier invoice.")

    def render(self, document):
        contents, files, names = {}, [], set()
        for file in document.files:
            contents.setdefault(hashlib.sha256(file.content).hexdigest(), file)
        for checksum, file in contents.items():
            name = _unused(_safe_name(file), names)
            names.add(name.casefold())
            files.append({"name": name, "mimetype": file.mimetype, "checksum": checksum})
        return {
            "parent": document.parent_external_id,
            "files": files,
            **{checksum: file.content for checksum, file in contents.items()},
        }

    def send(self, payload, external_id, key):
        parent = payload["parent"]
        row = self.client.one(path_of(parent)).data
        if not self.provider.ledger.is_ours(row):
            note = _("The document was entered manually in Visma.net. Attach the files there.")
            return SendResult(external_id=parent, note=note)
        present = {text(file, "name") for file in rows(row, "attachments")}
        problems, failures = [], []
        for file in payload["files"]:
            if file["name"] in present and self._has(parent, file):
                continue
            try:
                self._attach(parent, file, payload[file["checksum"]])
            except (InvalidDataError, PermanentError) as error:
                problems.append(_about(file, error))
            except RemoteError as error:
                failures.append(_about(file, error))
        if failures:
            # the other files are attached, and a retry may succeed
            raise RemoteError(paragraph(*failures))
        refused = _("Visma.net refused some files. Attach them there manually.")
        note = paragraph(refused, *problems) if problems else ""
        return SendResult(external_id=parent, note=note, message=note)

    def _attach(self, parent, file, content):
        """
        :raises InvalidDataError: it is empty
        :raises PermanentError: Visma.net refused it
        :raises RemoteError: Visma.net failed, and does not have the file
        """
        needed(content, _("The file is empty."))
        try:
            self.client.attach(attachment_path(parent), file["name"], content, file["mimetype"])
        except UnconfirmedError as error:
            # Visma has answered, so it no longer works on the request
            if error.status != 500:
                raise
            if not self._has(parent, file):
                raise RemoteError(_("Visma.net failed."), status=500, trace_id=error.trace_id) from error

    def find(self, payload, key):
        """The result, if Visma has all files with the same content."""
        is_there = all(self._has(payload["parent"], file) for file in payload["files"])
        return SendResult(external_id=payload["parent"]) if is_there else None

    def _has(self, parent, file):
        for row in rows(self.client.one(path_of(parent)).data, "attachments"):
            if text(row, "name") == file["name"]:
                content = self.client.download(text(row, "id"))
                return hashlib.sha256(content).hexdigest() == file["checksum"]
        return False


def _about(file, error):
    return _("%(file)s: %(reason)s", file=file["name"], reason=error.message)


def _safe_name(file):
    """The name with an extension, which Visma.net requires, and without characters that paths and headers forbid."""
    name = re.sub(r"[\x00-\x1f\x7f<>:\"|?*\\/]+", "-", file.name).strip(". -")
    stem, dot, ending = name.rpartition(".")
    if not (dot and re.fullmatch("[A-Za-z0-9]{1,10}", ending)):
        stem, ending = name, (mimetypes.guess_extension(file.mimetype) or ".bin").removeprefix(".")
    return f"{stem[:LONGEST_NAME] or 'file'}.{ending}"


def _unused(name, names):
    """The name, with a number if another file has the same name."""
    stem, _dot, ending = name.rpartition(".")
    count = 1
    while name.casefold() in names:
        count += 1
        name = f"{stem} ({count}).{ending}"
    return name


def attachment_path(key):
    """The path for the files of a document, with a part that the path of the document does not have."""
    kind, number = split_key(key)
    return f"{PATH}/documentType/{path_id(kind)}/{path_id(number)}/attachment"
