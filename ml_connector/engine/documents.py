"""The documents of remote records, and their files."""

from ..core.documents import DownloadedFile, Files
from ..core.errors import ConnectorError, InvalidDataError
from ..core.items import document_of, refuse_unreadable
from ..core.messages import _
from ..core.stored_files import stored_name


def translated(flow, external_id, payload):
    try:
        if not payload:
            # the payload was deleted after the retention period, and the record is imported again
            item = flow.fetch(external_id)
            if item is None:
                raise InvalidDataError(_("%(provider)s no longer has this record.", provider=flow.provider.label))
            payload = item.payload
        return document_of(flow, payload)
    except ConnectorError as error:
        return error


def download(flow, row):
    """Download the files of a remote record. It is read again, because the URLs of files are short-lived."""
    external_id, payload = row
    refuse_unreadable(payload)
    item = flow.fetch_files(external_id, payload)
    if item is None:
        raise InvalidDataError(_("%(provider)s no longer has this record and its files.", provider=flow.provider.label))
    files = []
    for attachment in document_of(flow, item.payload):
        mimetype, content = flow.provider.download(attachment.url)
        name = stored_name(attachment.name, mimetype)
        files.append(DownloadedFile(name=name, mimetype=mimetype, content=content))
    return Files(subject_kind=payload["subject_kind"], subject_external_id=external_id, files=tuple(files))
