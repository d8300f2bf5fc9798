"""A pytest plug-in for the tests inside Odoo."""

import os

import pytest

from odoo.tools import config


@pytest.fixture(scope="session", autouse=True)
def own_key_files(load_registry, tmp_path_factory):
    """Parallel processes have copies of one database: with one uuid, by which the files of keys are named."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        config["data_dir"] = str(tmp_path_factory.mktemp("data"))
