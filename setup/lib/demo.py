"""`setup/demo`: Odoo with four connections that work, to look at."""

from .console import fail


def main(arguments):
    """Say that this command has still to be written."""
    fail("setup/demo is not there yet.")
