"""Which object does the work of a flow follows from the flow's class."""

from ..core.flow import FileInFlow, FileOutFlow, InboxFlow, PullFlow, PushFlow, ResultFlow
from .files_in import Inbox
from .files_of_records import FilesOfRecords
from .files_out import FilesOut
from .pull import Pull
from .push import Push
from .records_of_files import FilesOfFileRecords, RecordsOfFiles
from .results import Results

WORKS = {
    InboxFlow: Inbox,
    FileInFlow: RecordsOfFiles,
    FileOutFlow: FilesOut,
    PullFlow: Pull,
    PushFlow: Push,
    ResultFlow: Results,
}
OF_FILES = {Pull: FilesOfRecords, RecordsOfFiles: FilesOfFileRecords}
"""The same for flows that fetch the files of other flows' records."""


def work_class(flow):
    """The class of `FlowWork` for a flow."""
    for base in flow._spec().__mro__:
        if work := WORKS.get(base):
            return OF_FILES[work] if work in OF_FILES and _carries_files(flow) else work
    # left behind by another version
    return Push if flow.direction == "push" else Pull


def _carries_files(flow):
    return any(spec.files == flow.key for spec in flow.connection_id._provider_class().flows)
