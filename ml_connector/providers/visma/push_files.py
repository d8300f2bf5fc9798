"""Attachments of supplier invoices."""

import hashlib
import mimetypes
import re

from ...core.errors import InvalidDataError, PermanentError, RemoteError, UnconfirmedError
from ...core.provider import SendResult
from .invoices import attachment_path, path_of
from .push_base import Push
from .wire import rows, text

LONGEST_NAME = 120


class Files(Push):
    """All files of a document. A file of the same name becomes its next revision: so what is there is not sent.

    A file is a detail: one that Visma.net does not take is named in a note, and holds up nothing.
    """

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
        if f"[{self.provider.mark}" not in text(row, "note"):
            return SendResult(external_id=parent, note="A person has entered it in Visma.net: attach the files there.")
        there = {text(file, "name") for file in rows(row, "attachments")}
        problems, failures = [], []
        for file in payload["files"]:
            if file["name"] in there and self._has(parent, file):
                continue
            try:
                self._attach(parent, file, payload[file["checksum"]])
            except (InvalidDataError, PermanentError) as error:
                problems.append(f"{file['name']}: {error.message}")
            except RemoteError as error:
                failures.append(f"{file['name']}: {error.message}")
        if failures:
            # the others are there, and time may heal it
            raise RemoteError(" ".join(failures))
        note = f"Not taken, attach it there: {' '.join(problems)}" if problems else ""
        return SendResult(external_id=parent, note=note, message=note)

    def _attach(self, parent, file, content):
        """
        :raises InvalidDataError: there is nothing in it
        :raises PermanentError: Visma.net refused it
        :raises RemoteError: it failed over there, and surely is not there
        """
        if not content:
            raise InvalidDataError("The file is empty.")
        try:
            self.client.attach(attachment_path(parent), file["name"], content, file["mimetype"])
        except UnconfirmedError as error:
            # Visma has answered, so nothing is under way any more
            if error.status != 500:
                raise
            if not self._has(parent, file):
                raise RemoteError("Visma.net failed.", status=500, trace_id=error.trace_id) from error

    def find(self, payload, key):
        """All of them, with the very content."""
        is_there = all(self._has(payload["parent"], file) for file in payload["files"])
        return SendResult(external_id=payload["parent"]) if is_there else None

    def _has(self, parent, file):
        for row in self._attachments(parent):
            if text(row, "name") == file["name"]:
                content = self.client.download(text(row, "id"))
                return hashlib.sha256(content).hexdigest() == file["checksum"]
        return False

    def _attachments(self, parent):
        return rows(self.client.one(path_of(parent)).data, "attachments")


def _safe_name(file):
    """The name with an ending, which Visma.net demands, and without what no path or header may hold."""
    name = re.sub(r"[\x00-\x1f\x7f<>:\"|?*\\/]+", "-", file.name).strip(". -")
    stem, dot, ending = name.rpartition(".")
    if not (dot and re.fullmatch("[A-Za-z0-9]{1,10}", ending)):
        stem, ending = name, (mimetypes.guess_extension(file.mimetype) or ".bin").removeprefix(".")
    return f"{stem[:LONGEST_NAME] or 'file'}.{ending}"


def _unused(name, names):
    """The name, with a number where another file has it."""
    stem, _dot, ending = name.rpartition(".")
    count = 1
    while name.casefold() in names:
        count += 1
        name = f"{stem} ({count}).{ending}"
    return name
