"""What the commands in `setup/` install is locked: whole, up to date, and from nowhere in particular."""

import json
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FOLDER = Path(__file__).resolve().parents[2] / "setup" / "requirements"
LOCK = (FOLDER / "lock.txt").read_text()
HASHED = re.compile(r"^\S.*?(?= \\\n(?:    --hash=sha256:[0-9a-f]{64}(?: \\)?\n)+)", re.MULTILINE)
VERSIONS = ("3.11", "3.12", "3.13")


def wanted(path):
    """The requirements of a file and of those that it includes."""
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("-r "):
            yield from wanted(path.parent / text[3:])
        elif text:
            yield Requirement(text)


def applies(requirement, version):
    python = {"python_version": version, "python_full_version": f"{version}.0"}
    return not requirement.marker or requirement.marker.evaluate(python)


def test_every_package_has_hashes():
    locked = [Requirement(text) for text in HASHED.findall(LOCK)]
    named = [line for line in LOCK.splitlines() if line[:1].strip() and not line.startswith("#")]
    assert len(locked) == len(named) > 90
    assert all(str(requirement.specifier).startswith("==") for requirement in locked)
    assert "://" not in LOCK and "index" not in LOCK


@pytest.mark.parametrize("version", VERSIONS)
def test_the_lock_is_what_the_requirements_ask_for(version):
    """If this fails, run `setup/requirements/lock`."""
    found = {}
    for requirement in filter(lambda found: applies(found, version), map(Requirement, HASHED.findall(LOCK))):
        (pin,) = requirement.specifier
        assert found.setdefault(canonicalize_name(requirement.name), pin.version) == pin.version
    for name in ("odoo.txt", "dev.txt"):
        for requirement in wanted(FOLDER / name):
            if applies(requirement, version):
                pin = found[canonicalize_name(requirement.name)]
                assert requirement.specifier.contains(pin), f"{requirement} {pin}"


def test_packages_of_npm():
    wanted = json.loads((FOLDER / "package.json").read_text())["dependencies"]
    text = (FOLDER / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert packages.pop("")["dependencies"] == wanted
    assert all(packages[f"node_modules/{name}"]["version"] == version for name, version in wanted.items())
    assert all(entry["integrity"].startswith("sha512-") for entry in packages.values())
    assert '"resolved"' not in text and "registry" not in text
