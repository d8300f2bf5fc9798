"""A pytest plug-in for the tests inside Odoo."""

import os
import shutil
from unittest.mock import patch

import pytest

from odoo.tests.common import get_db_name
from odoo.tools import config


@pytest.fixture(scope="session", autouse=True)
def own_files(load_registry, tmp_path_factory):
    """Parallel processes have copies of one database, and would delete each other's keys and attachments."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        yield
        return
    config["data_dir"] = str(tmp_path_factory.mktemp("data"))
    own = os.path.join(config["data_dir"], "filestore")
    shutil.copytree(config.filestore(get_db_name()), own, copy_function=os.link)
    with patch.object(config, "filestore", return_value=own):
        yield
