"""Odoo's source: a developer's checkout, or Debian's package unpacked below `.runtime`.

Nothing is installed into the system: apt works in folders of our own.
"""

import os
import platform
import shutil
import subprocess
from pathlib import Path

from . import bootstrap, console
from .bootstrap import KEYRING, read
from .console import fail
from .paths import RUNTIME

FOLDER = RUNTIME / "odoo"
FREE_BYTES = 4 * 10**9
# Debian's unstable suite packages Odoo 19. Its scripts and fonts are links to other
# packages; Font Awesome moved its files after Debian 12.
PACKAGES = (
    "odoo-19/sid",
    "libjs-jquery/sid",
    "libjs-jquery-form/sid",
    "libjs-underscore/sid",
    "fonts-roboto-unhinted/sid",
    "fonts-montserrat/sid",
    "fonts-inconsolata/sid",
    "fonts-ocr-b/sid",
    "fonts-glyphicons-halflings/sid",
    "fonts-font-awesome/bookworm",
)
# The web client requests it and the package omits it.
MISSING_SCRIPT = "addons/mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def odoo_tree():
    """Return the folder to put on PYTHONPATH for Odoo 19, unpacked when missing."""
    own = os.environ.get("ODOO_PATH")
    if own:
        return _checked(Path(own).expanduser().resolve())
    with bootstrap.lock:
        if read(FOLDER / "packages") != "\n".join(PACKAGES):
            _unpack()
    return _package_root(FOLDER)


def version(tree):
    """Return the identity of an Odoo: its release, and a checkout's commit."""
    release = (tree / "odoo" / "release.py").read_text()
    if not os.environ.get("ODOO_PATH"):
        return release
    commit = ["git", "-C", tree, "rev-parse", "HEAD"]
    return release + subprocess.run(commit, capture_output=True, text=True, check=False).stdout


def _checked(folder):
    release = read(folder / "odoo" / "release.py") or ""
    if "version_info = (19, 0," not in release:
        fail(f"ODOO_PATH={folder} is no Odoo 19. Set it to a checkout of branch 19.0.")
    return folder


def _package_root(folder):
    return folder / "usr" / "lib" / "python3" / "dist-packages"


def _unpack():
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        fail("Odoo 19 is a Debian package, which this machine cannot install. Set ODOO_PATH to a checkout instead.")
    if shutil.disk_usage(RUNTIME).free < FREE_BYTES:
        fail("Odoo and its databases need 4 GB of disk. Free some and start again.")
    mirror = os.environ.get("DEBIAN_MIRROR") or _machine_mirror()
    bootstrap.system("debian-archive-keyring")
    with console.step("Fetching Odoo 19 (130 MB)"):
        archives = _download(mirror)
    with console.step("Unpacking Odoo 19"):
        part = FOLDER.with_name("odoo.part")
        shutil.rmtree(part, ignore_errors=True)
        for archive in archives:
            command = ["dpkg-deb", "-x", archive, part]
            console.run(command, "odoo", "Odoo could not be unpacked.")
        _complete(_package_root(part) / "odoo")
        (part / "packages").write_text("\n".join(PACKAGES))
        shutil.rmtree(FOLDER, ignore_errors=True)
        part.rename(FOLDER)
        shutil.rmtree(RUNTIME / "apt")


def _download(mirror):
    apt = RUNTIME / "apt"
    shutil.rmtree(apt, ignore_errors=True)
    for folder in ("lists/partial", "cache/archives/partial", "archives"):
        (apt / folder).mkdir(parents=True)
    sources = apt / "sources.list"
    suites = sorted({package.rpartition("/")[2] for package in PACKAGES})
    lines = [f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in suites]
    sources.write_text("".join(lines))
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "/dev/null",
        "Dir::State::lists": apt / "lists",
        "Dir::Cache": apt / "cache",
        "APT::Sandbox::User": "root",
    }
    command = ["apt-get", *(f"-o{name}={value}" for name, value in settings.items())]
    advice = "Odoo could not be fetched: check the network, or set ODOO_PATH."
    console.run([*command, "update"], "odoo", advice)
    archives = apt / "archives"
    console.run([*command, "download", *PACKAGES], "odoo", advice, cwd=archives)
    return sorted(archives.glob("*.deb"))


def _machine_mirror():
    """Return the Debian mirror that this machine's own package sources name."""
    system = platform.freedesktop_os_release()
    if system["ID"] == "debian":
        suites = {"stable", "testing", "unstable", "sid", system.get("VERSION_CODENAME")}
        command = ["apt-get", "indextargets", "--format=$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
        for line in subprocess.run(command, capture_output=True, text=True, check=False).stdout.splitlines():
            uri, suite = line.split()
            if suite in suites:
                return uri
    fail(
        "This machine's package sources name no Debian mirror: set ODOO_PATH to a "
        "checkout of Odoo 19, or DEBIAN_MIRROR to a mirror's address."
    )


def _complete(package):
    """Add the file the package leaves out, and check that no link leads nowhere."""
    script = package / MISSING_SCRIPT
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text("// Not part of the Debian package.\n")
    for path in package.rglob("*"):
        if path.is_symlink() and not path.exists() and not _unused(path):
            fail(f"Odoo's package has changed, {path.name} is missing. Set ODOO_PATH.")


def _unused(path):
    """Tell whether a font belongs to the point of sale or to a country's reports."""
    return any(part == "point_of_sale" or part[:5] == "l10n_" for part in path.parts)
