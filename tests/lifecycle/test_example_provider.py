"""A provider of another addon: nothing of ML Connector changes for it."""

from pathlib import Path

from lib import odoo, paths

ADDONS = Path(__file__).parents[1] / "addons"


def test_a_provider_of_another_addon_works_like_the_others():
    log = "example-provider"
    folders = ",".join(map(str, [*odoo.addons_path(), ADDONS]))
    with odoo.temporary_database("example") as database:
        odoo.run(
            database,
            f"--addons-path={folders}",
            *("-i", "ml_example_provider", "--test-tags", "/ml_example_provider", "--stop-after-init"),
            log=log,
        )
    assert "0 failed, 0 error(s) of 4 tests" in (paths.LOG / f"{log}.log").read_text()
