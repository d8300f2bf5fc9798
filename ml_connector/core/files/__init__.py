"""Files from and to providers: SFTP, archives, CSV and XML by a template. Nothing here knows a provider or Odoo."""

from .sftp import SftpSession
from .ssh_connection import HostKeyError, SftpAccount
from .ssh_keys import fingerprint
