"""Wire protocols of the vendors. Nothing here knows accounting or Odoo."""

from .base import Answer, Exchange, HttpClient
from .masking import SENSITIVE, mask, mask_text
from .oauth import AccessToken, MemoryTokens, TokenStore
from .ramp import RampClient
from .rate import RollingWindow, shared_window
from .sftp import HostKeyError, SftpAccount, SftpSession, fingerprint
from .visma import VismaClient

__all__ = [
    "AccessToken",
    "Answer",
    "Exchange",
    "HostKeyError",
    "HttpClient",
    "MemoryTokens",
    "RampClient",
    "RollingWindow",
    "SENSITIVE",
    "SftpAccount",
    "SftpSession",
    "TokenStore",
    "VismaClient",
    "fingerprint",
    "mask",
    "mask_text",
    "shared_window",
]
