"""The addon's `README.rst` and its page in the Apps menu, made from `ml_connector/readme`: python -m lib.readme.

The fragments, their titles and their order are those of OCA's oca-gen-addon-readme, which is in no package index.
As a hook it rewrites both files, and pre-commit fails when that changes one.
"""

import sys

from docutils.core import publish_parts

from . import console, odoo, paths

README = paths.ADDON / "README.rst"
PAGE = paths.ADDON / "static" / "description" / "index.html"
TITLES = {
    "CONTEXT": "Use Cases / Context",
    "INSTALL": "Installation",
    "CONFIGURE": "Configuration",
    "USAGE": "Usage",
    "DEVELOP": "Development",
    "ROADMAP": "Known Issues / Roadmap",
    "HISTORY": "Changelog",
}
BUGS = "Bugs are tracked on `GitHub Issues <{website}/issues>`_."
SECTION = """<section class="oe_container{dark}">
    <div class="oe_row oe_spaced">
{content}
    </div>
</section>
"""
SETTINGS = {
    "doctitle_xform": False,
    "file_insertion_enabled": False,
    "halt_level": 2,
    "initial_header_level": 3,
    "raw_enabled": False,
}


def main(_arguments):
    """Rewrite both files."""
    manifest = odoo.manifest()
    fragments = {path.stem: path.read_text().strip() for path in (paths.ADDON / "readme").glob("*.rst")}
    sections = {title: fragments[name] for name, title in TITLES.items() if name in fragments}
    sections["Bug Tracker"] = BUGS.format(**manifest)
    sections["Credits"] = f"{_headed('Contributors', '~')}{fragments['CONTRIBUTORS']}"
    README.write_text(_readme(manifest, fragments["DESCRIPTION"], sections))
    PAGE.write_text(_page(manifest, fragments["DESCRIPTION"], sections))


def _readme(manifest, description, sections):
    name, license_name = manifest["name"], manifest["license"]
    parts = [
        f"{'=' * len(name)}\n{_headed(name)}",
        "..\n   setup/lint makes this file from the folder readme, and overwrites changes.\n\n",
        f".. image:: https://img.shields.io/badge/license-{license_name.replace('-', '--')}-blue.png\n",
        f"   :target: https://www.gnu.org/licenses/lgpl-3.0-standalone.html\n   :alt: License: {license_name}\n\n",
        f"{description}\n\n**Table of contents**\n\n.. contents::\n   :local:\n",
        *(f"\n{_headed(title)}{text}\n" for title, text in sections.items()),
    ]
    return "".join(parts).replace("../static/", "static/")


def _headed(title, line="="):
    return f"{title}\n{line * len(title)}\n\n"


def _page(manifest, description, sections):
    slogans = '        <h2 class="oe_slogan">{name}</h2>\n        <h3 class="oe_slogan">{summary}</h3>\n'
    contents = [slogans.format(**manifest) + _html(description)]
    contents += [f"        <h3>{title}</h3>\n{_html(text)}" for title, text in sections.items()]
    return "<!-- setup/lint makes this file from the folder readme, and overwrites changes. -->\n" + "".join(
        SECTION.format(dark=" oe_dark" if number % 2 else "", content=content)
        for number, content in enumerate(contents)
    )


def _html(text):
    """Odoo finds the pictures beside the page, and styles them by their class."""
    html = publish_parts(text, writer_name="html4css1", settings_overrides=SETTINGS)["body"].strip()
    return html.replace("../static/description/", "").replace("<img ", '<img class="img-fluid oe_screenshot mb-3" ')


if __name__ == "__main__":
    console.command(main, sys.argv[1:])
