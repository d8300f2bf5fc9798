"""Compares the folders of the server with the files that Odoo knows."""

import hashlib
from datetime import timedelta

from odoo import fields

from ..core.errors import FileFormatError
from ..core.messages import _
from ..models.ml_feed_file import LOOK_AGAIN
from .base import OfFlow, record_attempts

EMPTY_POLLS = 3
UNCLAIMED_POLLS = 2
STABLE_SECONDS = 5
PARTIAL_NAMES = (".part", ".tmp", ".filepart", ".writing")
DONE_SUFFIX = ".done"
SPOOLED = 8 * 1024 * 1024
MAX_NAME = 200
MAX_NUMBER = 2**31 - 1
"""The largest size or time that the database stores."""


class Listing(OfFlow):
    def record(self, folder, templates, listing):
        """Update the files of a folder. True when one of them has to be checked again."""
        present = self.env["ml.feed.file"].search(
            [("connection_id", "=", self.connection.id), ("folder", "=", folder), ("is_present", "=", True)]
        )
        by_name = {}
        for file in present.sorted("id"):
            by_name[file.name] = file
        growing = False
        for name, *state in listing:
            if name.startswith(".") or name.lower().endswith(PARTIAL_NAMES) or name.endswith(DONE_SUFFIX):
                continue
            size, modified = kept(state)
            known = by_name.pop(shown(name), None)
            if known and (known.size, known.remote_modified) == (size, modified):
                growing |= self._look_again(known, templates)
            elif known and known.state in ("seen", "waiting"):
                known._log()._supersede()
                known._see(size, modified)
                growing = True
            else:
                if known:
                    known.is_present = False
                growing |= self._record_new(folder, templates, name, size, modified)
        for file in by_name.values():
            self._record_gone(file)
        return growing

    def _record_gone(self, file):
        """Store that a file is no longer in its folder."""
        file.is_present = False
        if file.state in ("seen", "unknown") or (file.state == "failed" and not file.template_id):
            file._log()._supersede()
            file.state = "gone"

    def _record_new(self, folder, templates, name, size, modified):
        template = templates.filtered(lambda template: is_text(name) and template._fits(name))[:1]
        file = self.env["ml.feed.file"].create(
            {
                "name": shown(name),
                "connection_id": self.connection.id,
                "template_id": template.id,
                "flow_id": template.flow_id.id,
                "direction": "pull",
                "state": "seen" if template else "unknown",
                "folder": folder,
                "size": size,
                "remote_modified": modified,
                "observed_at": fields.Datetime.now(),
                "observed_count": 1,
                "is_present": True,
            }
        )
        problem = self._problem_before_reading(name, size, template)
        if problem:
            self.refuse(file, problem)
        return not problem

    def _problem_before_reading(self, name, size, template):
        """Why a file is not fetched; empty if it is."""
        if not is_text(name):
            return _("The file name is not valid UTF-8. Rename the file.")
        if not template:
            return ""
        if not is_plain(name):
            return _("The file name contains characters that Odoo does not accept. Rename the file.")
        if size > template._max_bytes():
            return _(
                "The file has %(size)s bytes. Its file template accepts %(limit)s MB at most.",
                size=size,
                limit=template.max_megabytes,
            )
        return ""

    def refuse(self, file, problem, state="failed"):
        """Store the error of a file that is not fetched."""
        error = FileFormatError(problem)
        file._enqueue(self.flow)
        log = file._log()
        log.write({"state": "failed", "error_class": error.error_class, "error_message": problem})
        file._fail(error, state)
        record_attempts(log, "read", outcome="failed", error=error)

    def _look_again(self, file, templates):
        """Queue a file that has not changed since the last listing. True when it has to be checked once more."""
        if file.state == "unknown":
            return self._look_for_template(file, templates)
        if file.state != "seen":
            return False
        file.observed_count += 1
        if not file.size:
            if file.observed_count >= EMPTY_POLLS:
                self.refuse(file, _("The file is empty."))
                return False
            return True
        if fields.Datetime.now() - file.observed_at < timedelta(seconds=STABLE_SECONDS):
            return True
        file.state = "waiting"
        file._enqueue(self.flow)
        return False

    def _look_for_template(self, file, templates):
        """Check whether a changed file template matches the file now."""
        template = templates.filtered(lambda template: template._fits(file.name))[:1]
        if template:
            file.write({"template_id": template.id, "flow_id": template.flow_id.id, "state": "seen"})
            file._clear_error()
            file._log()._supersede()
            return True
        file.observed_count = min(file.observed_count + 1, UNCLAIMED_POLLS)
        return False


def pull_templates(connection):
    """The templates of the files that the connection reads."""
    return connection.env["ml.feed.template"].search(
        [("connection_id", "=", connection.id), ("direction", "=", "pull"), ("flow_id.active", "=", True)]
    )


def look_soon(flow):
    """Let the inbox look at the server again soon."""
    flow.next_run_at = fields.Datetime.now() + LOOK_AGAIN
    flow.connection_id.sudo().cron_id._trigger(flow.next_run_at)  # sudo: see `_create_parts`


def kept(state):
    """Size and time of change as the database stores them."""
    return tuple(min(number, MAX_NUMBER) for number in state)


def shown(name):
    """A file's name as it is stored. A name that Odoo does not accept is made harmless and stays unique."""
    if is_plain(name):
        return name
    raw = name.encode(errors="surrogateescape")
    shown = ascii(name)[1:-1] if is_text(name) else raw.decode(errors="backslashreplace")
    shown = "".join(sign if sign.isprintable() else "?" for sign in shown)
    return f"{shown[:100]}~{hashlib.sha256(raw).hexdigest()[:8]}"


def is_text(name):
    """Whether a name on the server is UTF-8."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_plain(name):
    """Whether a file's name can be used in a path."""
    return (
        bool(name)
        and len(name) <= MAX_NAME
        and name.isprintable()
        and not set(name) & {"/", "\\", ":"}
        and name not in (".", "..")
    )
