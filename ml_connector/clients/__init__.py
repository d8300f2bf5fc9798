"""Wire protocols of the vendors. Nothing here knows accounting or Odoo."""

from .base import Answer, Exchange, HttpClient
from .concur import ConcurClient
from .masking import SENSITIVE, mask, mask_text
from .oauth import AccessToken, MemoryTokens, StoredGrant, TokenStore
from .ramp import RampClient
from .rate import RollingWindow, shared_window
from .sftp import HostKeyError, SftpAccount, SftpSession, fingerprint
from .visma import VismaClient

__all__ = [
    "AccessToken",
    "Answer",
    "ConcurClient",
    "Exchange",
    "HostKeyError",
    "HttpClient",
    "MemoryTokens",
    "RampClient",
    "RollingWindow",
    "SENSITIVE",
    "SftpAccount",
    "SftpSession",
    "StoredGrant",
    "TokenStore",
    "VismaClient",
    "fingerprint",
    "mask",
    "mask_text",
    "shared_window",
]
