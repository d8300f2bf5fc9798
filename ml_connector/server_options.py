"""What only the server's configuration may allow, never a person with rights in Odoo."""

import os

from odoo.tools import config

from .core.http import LOOPBACK_VARIABLE, is_yes

LOOPBACK_OPTION = "ml_connector_allow_loopback"
FILE_HOSTS_OPTION = "ml_connector_file_hosts"


def loopback_allowed():
    """Whether connections may call this machine itself: for tests, demonstrations and sandboxes."""
    return is_yes(config.get(LOOPBACK_OPTION, os.environ.get(LOOPBACK_VARIABLE)))


def file_hosts():
    """Domains, separated by commas, from which files are fetched besides those of the vendors themselves."""
    names = (config.get(FILE_HOSTS_OPTION) or "").split(",")
    return tuple(name.strip().lower().lstrip(".") for name in names if name.strip(" ."))
