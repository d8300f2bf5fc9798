"""Moved to `core.kinds`."""

from ..core.kinds import kind_name  # noqa: F401 - the engine finds it here
