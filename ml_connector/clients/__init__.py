"""Wire protocols of the vendors. Nothing here knows accounting or Odoo."""

from .addresses import LOOPBACK_VARIABLE, fault_of_base, fault_of_own, is_yes
from .base import Answer, Exchange, HttpClient
from .concur import ConcurClient
from .failures import read_json
from .masking import SENSITIVE, is_sensitive, mask, mask_text
from .oauth import AccessToken, MemoryTokens, StoredGrant, TokenStore
from .ramp import RampClient
from .rate import RollingWindow, shared_window
from .rows import Unreadable, content_key, objects
from .sftp import HostKeyError, SftpAccount, SftpSession, fingerprint
from .visma import VismaClient

__all__ = [
    "AccessToken",
    "Answer",
    "ConcurClient",
    "Exchange",
    "HostKeyError",
    "HttpClient",
    "LOOPBACK_VARIABLE",
    "MemoryTokens",
    "RampClient",
    "RollingWindow",
    "SENSITIVE",
    "SftpAccount",
    "SftpSession",
    "StoredGrant",
    "TokenStore",
    "Unreadable",
    "VismaClient",
    "content_key",
    "fault_of_base",
    "fingerprint",
    "is_sensitive",
    "is_yes",
    "mask",
    "mask_text",
    "objects",
    "read_json",
    "shared_window",
]
