"""The inbox: finds the provider's files, reads and archives them."""

from datetime import UTC, datetime
from datetime import time as time_of_day

from odoo import fields

from ..core.errors import ConnectorError
from ..core.messages import _
from ..core.remote import RemoteRecord
from ..models.ml_sentence import in_words
from .failures import passed_over
from .file_answers import FileAnswers
from .file_archive import Archive
from .file_listing import UNCLAIMED_POLLS, Listing, look_soon, pull_templates
from .file_names import is_plain
from .file_reading import FileReading
from .flow_work import FlowWork
from .records_of_files import named_documents

MAX_NAMED = 5


class Inbox(FlowWork):
    """Fetches the files of the provider's server."""

    def read(self):
        """List the folders. A file is processed once it has not changed between two listings."""
        started = fields.Datetime.now()
        templates = pull_templates(self.connection)
        growing = False
        problems = []
        for folder, group in templates.grouped("folder").items():
            try:
                files = self.run.provider.files().list(folder).files
            except ConnectorError as error:
                problems.append(passed_over(error))
                continue
            growing |= Listing(self.run, self.flow).record(folder, group, files)
            self.run.commit()
        problems += FileAnswers(self.run).read()
        if problems:
            raise problems[0]
        self.flow._schedule_next(started)
        if growing:
            look_soon(self.flow)
        self.flow.write({"last_success_at": fields.Datetime.now(), "error_message": False})
        self.run.succeeded = True
        self.run.commit()

    def work(self):
        reading, archive = FileReading(self.run, self.flow), Archive(self.run, self.flow)
        reading.read()
        archive.put_away()
        archive.watch()
        self._report_unclaimed()

    def give_up(self, log, error):
        FileReading(self.run, self.flow).failed(log, log.feed_file_id, error)
        self.connection._ask_owner(error)

    def stopped(self, count):
        return _("The server stopped %(count)s times while Odoo read this file.", count=count)

    def lacking(self, since, most_pages=None):
        """Files in the archive folders that this database has not processed."""
        templates = pull_templates(self.connection)
        begin = datetime.combine(since, time_of_day(), UTC).timestamp()
        found = []
        for folder, group in templates.filtered("archive_folder").grouped("archive_folder").items():
            known = self.env["ml.feed.file"].search(
                [("connection_id", "=", self.connection.id), ("direction", "=", "pull"), ("sha256", "!=", False)]
            )
            read = {(name, file.size) for file in known for name in (file.name, file._place().rpartition("/")[2])}
            for name, size, modified in self.run.provider.files().list(folder).files:
                template = group.filtered(lambda template, name=name: template._fits(name))[:1]
                if not template or modified < begin or not is_plain(name) or (name, size) in read:
                    continue
                row = {"name": name, "size": size, "modified": modified, "folder": folder, "template_id": template.id}
                item = RemoteRecord(external_id=f"{folder}/{name}", version=str(modified), title=name, payload=row)
                found.append((item, True))
        return found

    def _report_unclaimed(self):
        """Report files without a file template to the responsible user, once. Attachments of records are none."""
        unclaimed = self.env["ml.feed.file"].search(
            [
                ("connection_id", "=", self.connection.id),
                ("state", "=", "unknown"),
                ("is_present", "=", True),
                ("observed_count", ">=", UNCLAIMED_POLLS),
                ("error_message", "=", False),
                ("note", "=", False),
            ],
            order="id",
        )
        if not unclaimed:
            return
        documents = named_documents(self.run)
        named = unclaimed.filtered(lambda file: file._path() in documents)
        named.note = _("Attachment of a synced record.")
        unclaimed -= named
        templates = pull_templates(self.connection)
        for folder, files in unclaimed.grouped("folder").items():
            here = templates.filtered(lambda template, folder=folder: template.folder == folder)
            patterns = tuple(here.mapped("file_name"))
            for file in files:
                Listing(self.run, self.flow).refuse(
                    file,
                    _("No file template matches this file name. Accepted names: %(patterns)s.", patterns=patterns),
                    state="unknown",
                )
            self._tell_unread(folder, files, patterns)
        self.run.commit()

    def _tell_unread(self, folder, files, patterns):
        names = tuple(files[:MAX_NAMED].mapped("name"))
        more = len(files) - MAX_NAMED
        if more > 0:
            names = _("%(names)s and %(count)s more", names=names, count=more)
        self.connection._tell_owner(
            "mail.mail_activity_data_warning",
            self.env._("Unread files of %(connection)s", connection=self.connection.name),
            in_words(
                self.env,
                _(
                    "No file template matches these files in the folder %(folder)s: %(names)s. Accepted names:"
                    " %(patterns)s. Change the file name in the file template, or rename the files.",
                    folder=folder,
                    names=names,
                    patterns=patterns,
                ),
            ),
        )
