"""`setup/bench`: how fast the connector is, as ratios."""

from .console import fail


def main(arguments):
    """Say that this command has still to be written."""
    fail("setup/bench is not there yet.")
