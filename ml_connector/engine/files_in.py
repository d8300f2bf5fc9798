"""The inbox: finds the provider's files, reads and archives them, and answers them."""

import tempfile
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day

from odoo import fields

from ..core.errors import ConnectorError, PermanentError
from ..core.messages import _
from ..core.remote import RemoteRecord
from ..models.ml_sentence import in_words
from .base import Step, record_attempts
from .failures import passed_over
from .file_archive import Archive
from .file_listing import SPOOLED, UNCLAIMED_POLLS, Listing, is_plain, look_soon, pull_templates
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


MAX_REPORT = 64 * 1024
SHOWN_REPORT = 500


class FileAnswers(Step):
    """The provider's answers to sent files."""

    def read(self):
        """Read the provider's answers to sent files. Returns the errors of answers that could not be read."""
        awaited = self.env["ml.feed.file"].search(
            [("connection_id", "=", self.connection.id), ("answer", "in", ("awaited", "missing"))], order="id"
        )
        problems = []
        for file in awaited:
            if self.run.is_over:
                break
            try:
                self._read_answer(self.run.provider.files(), file)
            except ConnectorError as error:
                problems.append(passed_over(error))
            self.run.commit()
        return problems

    def _read_answer(self, store, file):
        template = file.template_id
        accepted = template._answer_path(template.accepted_path, file)
        rejected = template._answer_path(template.rejected_path, file)
        if rejected and store.size(rejected) is not None:
            self._record_rejection(file, self._refusal_text(store, rejected))
        elif accepted and store.size(accepted) is not None:
            file.write({"answer": "accepted", "error_message": False})
        elif fields.Datetime.now() - file.transferred_at > timedelta(hours=template.answer_hours):
            if accepted:
                message = _(
                    "%(provider)s did not answer within %(hours)s hours.",
                    provider=template.connection_id._provider_name(),
                    hours=template.answer_hours,
                )
                file.write({"answer": "missing", "error_message": message})
            else:
                file.answer = False  # no rejection came

    def _refusal_text(self, store, path):
        """The provider's report about a rejected file."""
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            try:
                store.read(path, stream, MAX_REPORT)
            except PermanentError:
                return ""  # too large to be a report: the file itself, for example
            stream.seek(0)
            return " ".join(stream.read().decode("utf-8", "replace").split())[:SHOWN_REPORT]

    def _record_rejection(self, file, report):
        """Store a rejection: the records of the file are sent again with the next one."""
        provider = file.connection_id._provider_name()
        error = PermanentError(
            _("%(provider)s rejected the file: %(report)s", provider=provider, report=report)
            if report
            else _("%(provider)s rejected the file.", provider=provider)
        )
        self.env["ml.feed.sent"]._revoke(file)
        file._fail(error)
        file.answer = "rejected"
        log = file._log()
        sentence = log.flow_id._with_stake(error.message)
        log.write({"state": "failed", "error_class": error.error_class, "error_message": sentence})
        record_attempts(log, "send", outcome="failed", error=error)
