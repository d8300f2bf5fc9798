"""`setup/translations`: write the template of all translations, `ml_connector/i18n/ml_connector.pot`."""

import shutil
import tempfile
from pathlib import Path

import polib

from . import console, odoo, paths

TEMPLATE = paths.ADDON / "i18n" / f"{odoo.MODULE}.pot"


def main(arguments):
    """Rewrite the template; with `--check` tell whether it lacks texts of the addon or has others."""
    if arguments not in ([], ["--check"]):
        console.fail("setup/translations takes no arguments but --check. It rewrites the template.")
    with tempfile.TemporaryDirectory() as folder:
        current = Path(folder) / TEMPLATE.name
        _export(current)
        wanted, found = _texts(current), _texts(TEMPLATE)
        if not arguments:
            shutil.copyfile(current, TEMPLATE)
            console.say(f"{console.shown(TEMPLATE)} has {len(wanted)} texts.")
            return 0
    for sign, texts in (("+", wanted - found), ("-", found - wanted)):
        for text in sorted(texts):
            console.say(f"{console.shown(TEMPLATE)}: {sign} {text}")
    if wanted != found:
        console.say("Rewrite it with setup/translations.")
    return wanted != found


def _export(path):
    """Let Odoo's own exporter write the template of the installed addon."""
    with odoo.temporary_database("translations") as database:
        command = [*odoo.COMMAND, "i18n", "export", "-d", database, "-o", path, odoo.MODULE]
        console.run(command, "translations", "The texts could not be exported.", env=odoo.environment())


def _texts(path):
    return {entry.msgid for entry in polib.pofile(str(path))} if path.exists() else set()
