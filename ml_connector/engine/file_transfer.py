"""Transfers a file to the server, so that no step is done twice."""

import io

from ..core.errors import ConnectorError, NotFoundError, PermanentError, RemoteError
from ..core.messages import _
from .base import Step


class TakenEarlyError(PermanentError):
    """The provider fetched a file before it had its final name."""


class Transfer(Step):
    """Transfers files to the server, under a temporary name first."""

    def send(self, file):
        """Transfer a file to its final name. Each step is stored before the next, so that none is done twice."""
        store, template = self.run.provider.files(), file.template_id
        if file.state == "failed":
            file.state = "built"
        file.taken_as = False
        if template.temporary == "none":
            is_there = store.size(file._path()) == file.size
            is_there = is_there or store.write(file._path(), io.BytesIO(file.attachment_id.raw), file.size)
            fetched = _(
                "%(provider)s fetched the file immediately. It is no longer in its folder.",
                provider=self.run.provider.label,
            )
            file._arrived(not is_there and fetched)
            return
        is_resumed = file.state == "transferred"
        if not is_resumed:
            file.temporary_name = _temporary_name(file, template.temporary)
            self.run.commit()
            self._write_temporary(file)
            file.state = "transferred"
            self.run.commit()
        file._arrived(self._rename(store, file, is_resumed))

    def _write_temporary(self, file):
        path = file._path(file.temporary_name)
        try:
            self.run.provider.files().write(path, io.BytesIO(file.attachment_id.raw), file.size)
        except (RemoteError, PermanentError):
            self.try_to_remove(path)
            raise

    def try_to_remove(self, path):
        try:
            self.run.provider.files().remove(path)
        except ConnectorError:
            return  # a remaining temporary file does no harm, and the next attempt overwrites it

    def _rename(self, store, file, is_resumed):
        """Give the file its final name; returns a note for it."""
        temporary, final = file._path(file.temporary_name), file._path()
        try:
            store.rename(temporary, final)
        except NotFoundError:
            if store.size(final) == file.size:
                return False  # it was renamed despite the error
            if is_resumed:
                # an earlier attempt renamed it and could not store that; the provider may have fetched it since
                return _("The file already had its final name when Odoo resumed the transfer.")
            file.state = "built"
            self.run.commit()
            raise TakenEarlyError(
                _(
                    "%(provider)s fetches files under their temporary name, such as %(name)s. Agree on another one"
                    " and choose it as Temporary Name in the file template.",
                    provider=self.run.provider.label,
                    name=file.temporary_name,
                )
            ) from None
        except PermanentError:
            file.state = "built"
            self.run.commit()
            self.try_to_remove(temporary)
            raise PermanentError(
                _(
                    "The server does not allow Odoo to rename files. Ask %(provider)s for this permission, or choose"
                    " None as the Temporary Name in the file template.",
                    provider=self.run.provider.label,
                )
            ) from None
        return False


def _temporary_name(file, strategy):
    return f".{file.name}" if strategy == "dot" else f"{file.name}.{file.sha256[:8]}.part"
