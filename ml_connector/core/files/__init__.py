"""Files from and to providers: SFTP, archives, CSV and XML by a template. Nothing here knows a provider or Odoo."""

from .sftp import HostKeyError, SftpAccount, SftpSession, fingerprint

__all__ = ["HostKeyError", "SftpAccount", "SftpSession", "fingerprint"]
