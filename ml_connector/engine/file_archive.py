"""Archives processed files, and checks whether they stay as they were read."""

import tempfile
from datetime import timedelta

from odoo import fields
from odoo.fields import Domain

from ..core.errors import ConnectorError, NotFoundError, PermanentError
from ..core.messages import _
from ..models.ml_error_class import MAX_STOPS, MAX_TRIES, retry_seconds
from ..models.ml_feed_file import LOOK_AGAIN
from .base import OfFlow
from .failures import passed_over
from .file_listing import DONE_SUFFIX, SPOOLED, Listing, kept, look_soon

WATCHED = (timedelta(0), LOOK_AGAIN, timedelta(minutes=5), timedelta(hours=1))
"""When an archived file is checked again: its writer may still have it open."""


class Archive(OfFlow):
    def put_away(self):
        """Archive processed files, after the commit. A failure does not lead to processing again."""
        due = Domain("connection_id", "=", self.connection.id) & Domain("archive_state", "=", "todo")
        for file in self.env["ml.feed.file"].search(
            due & Domain("archive_at", "<=", fields.Datetime.now()), order="id"
        ):
            if self.run.is_over:
                return
            if file.archive_tries >= MAX_STOPS and not file.archive_message:
                # no attempt ended with an error
                sentence = _(
                    "The server stopped %(count)s times while Odoo archived this file.", count=file.archive_tries
                )
                file.write({"archive_state": "failed", "archive_message": sentence})
                continue
            file.archive_tries += 1  # before the attempt, so that it counts if the server stops
            self.run.commit()
            try:
                self._put_file_away(file)
            except ConnectorError as error:
                self._not_put_away(file, error)
                self.run.commit()
                passed_over(error)
                continue
            self.run.commit()

    def _put_file_away(self, file):
        """Archive a file if it is unchanged on the server, otherwise let it be processed again."""
        store, path = self.run.provider.files(), file._path()
        mode = "move" if file.state == "failed" else file.template_id.archive_mode
        if mode == "leave":
            file.write({"archive_state": "done", "archive_message": path})
            return
        target = self._free_place(store, file, mode)
        try:
            if not self._is_as_read(store, file, path):
                file.write({"archive_state": "none", "archive_message": _("The file changed after Odoo read it.")})
                look_soon(self.flow)
                return
            store.rename(path, target)
        except NotFoundError:
            if store.size(path) is not None:
                raise
            # an earlier attempt moved it and could not store that, or another program took it
            target = self._plain_place(file, mode)
            if store.size(target) != file.size:
                gone = _("The file is no longer in its folder.")
                file.write({"archive_state": "done", "archive_message": gone, "is_present": False})
                return
        except PermanentError:
            if mode != "delete" or file.archive_tries < 2:
                raise
            # no permission to rename: the file was left alone for a while instead
            store.remove(path)
            file.write({"archive_state": "done", "archive_message": _("Odoo deleted the file."), "is_present": False})
            return
        file.write(
            {
                "archive_state": "done",
                "archive_message": target,
                "archive_path": target,
                "is_present": False,
                "watch_at": fields.Datetime.now(),
                "watch_count": 0,
            }
        )

    def _not_put_away(self, file, error):
        delay = timedelta(seconds=retry_seconds(file.archive_tries, error.retry_after))
        file.write(
            {
                "archive_at": fields.Datetime.now() + delay,
                "archive_message": error.message,
                "archive_state": "failed" if file.archive_tries >= MAX_TRIES else "todo",
            }
        )

    def _plain_place(self, file, mode):
        """Path of an archived file. One to be deleted is renamed until it was checked again."""
        if mode != "move":
            return f"{file._path()}{DONE_SUFFIX}"
        template = file.template_id
        return f"{template.error_folder if file.state == 'failed' else template.archive_folder}/{file.name}"

    def _free_place(self, store, file, mode):
        target = self._plain_place(file, mode)
        if store.size(target) is None:
            return target
        stem, dot, extension = target.rpartition(".")
        return f"{stem}_{file.sha256[:8]}-{file.id}{dot}{extension}"

    def _is_as_read(self, store, file, path):
        """Whether the file on the server is the one that was processed.

        A server may change the time of a file when it is moved; then the content decides.

        :raises NotFoundError: there is no such file
        """
        state = store.state(path)
        if state is None:
            raise NotFoundError(_("%(path)s is not on the server.", path=path))
        size, modified = kept(state)
        if (size, modified) == (file.size, file.remote_modified):
            return True
        with tempfile.SpooledTemporaryFile(max_size=SPOOLED) as stream:
            is_same = size == file.size and store.read(path, stream, size) == file.sha256
        if is_same:
            file.remote_modified = modified
        return is_same

    def watch(self):
        """Check whether archived files are unchanged, and process changed ones again."""
        due = self.env["ml.feed.file"].search(
            [("connection_id", "=", self.connection.id), ("watch_at", "<=", fields.Datetime.now())],
            order="watch_at, id",
        )
        for file in due:
            if self.run.is_over:
                return
            if file.state != "seen":
                file.watch_at = fields.Datetime.now() + WATCHED[2]  # in case the server stops
                self.run.commit()
            try:
                self._watch(file)
            except NotFoundError:
                self._end_watch(file)
            except PermanentError:
                file.watch_at = False  # Odoo may write files there, but not list them
            except ConnectorError as error:
                passed_over(error)
                file.watch_at = fields.Datetime.now() + WATCHED[2]
            self.run.commit()

    def _watch(self, file):
        store = self.run.provider.files()
        if file.state == "seen":
            self._watch_growing(store, file)
        elif self._is_as_read(store, file, file.archive_path):
            self._watch_later(store, file)
        else:
            size, modified = kept(store.state(file.archive_path) or (0, 0))
            again = self.env["ml.feed.file"].create(
                {
                    "name": file.name,
                    "connection_id": file.connection_id.id,
                    "template_id": file.template_id.id,
                    "flow_id": file.flow_id.id,
                    "direction": "pull",
                    "state": "seen",
                    "folder": file.folder,
                    "archive_path": file.archive_path,
                }
            )
            again._see(size, modified)
            file.write({"watch_at": False, "note": _("The file changed after Odoo archived it. Odoo reads it again.")})
        if file.watch_count <= 1:
            look_soon(self.flow)

    def _watch_growing(self, store, file):
        """Process a file that changed after archiving, once it has not changed between two checks."""
        state = store.state(file.archive_path)
        if state is None:
            raise NotFoundError(_("%(path)s is not on the server.", path=file.archive_path))
        if kept(state) != (file.size, file.remote_modified):
            file._see(*kept(state))
        else:
            file.write({"state": "waiting", "watch_at": False})
            file._enqueue(self.flow)

    def _watch_later(self, store, file):
        """Plan the next check of an unchanged file. A file to be deleted is deleted at the second check."""
        count = file.watch_count + 1
        is_to_go = file.template_id.archive_mode == "delete" and file.archive_path.endswith(DONE_SUFFIX)
        if is_to_go and count > 1:
            store.remove(file.archive_path)
            file.write({"archive_message": _("Odoo deleted the file."), "watch_at": False})
            return
        next_at = fields.Datetime.now() + WATCHED[count] if count < len(WATCHED) else False
        file.write({"watch_at": next_at, "watch_count": count})

    def _end_watch(self, file):
        """Stop checking a file that was removed from the archive."""
        file.watch_at = False
        if file.state == "seen":
            Listing(self.run, self.flow).refuse(
                file,
                _(
                    "The file changed after Odoo archived it, and is no longer on the server. Ask %(provider)s for it"
                    " again.",
                    provider=self.connection._provider_name(),
                ),
            )


def watch_from_now(file):
    """Check a file again that was processed where it was archived."""
    if file.archive_path:
        file.write({"watch_at": fields.Datetime.now() + WATCHED[1], "watch_count": 1})
