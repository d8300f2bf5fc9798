"""HTTP towards providers: sessions, OAuth, rates, addresses and masking. Nothing here knows a provider or Odoo."""

from .addresses import LOOPBACK_VARIABLE, fault_of_base, fault_of_own, is_yes
from .client import Answer, Exchange, HttpClient
from .failures import read_json
from .masking import SENSITIVE, is_sensitive, mask, mask_text
from .oauth import AccessToken, StoredGrant, TokenStore
from .rate import RollingWindow, shared_window
from .rows import Unreadable, content_key, objects
