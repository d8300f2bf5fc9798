"""The files on Stampli's server."""

from ...core.flow import InboxFlow
from ...core.messages import _


class Files(InboxFlow):
    key = "files"
    label = _("Files from Stampli")
    relists = True
    sequence = 60
    interval = 15
    help = _("Checks for new files, processes and archives them.")
