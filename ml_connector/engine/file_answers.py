"""Reads the provider's answers to sent files."""

import tempfile
from datetime import timedelta

from odoo import fields

from ..core.errors import ConnectorError, PermanentError
from ..core.messages import _
from .base import Step
from .failures import passed_over
from .file_names import SPOOLED

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
        self.env["ml.sync.attempt"]._append(
            file.connection_id, [{"log": log, "action": "send", "outcome": "failed", "error": error}]
        )
