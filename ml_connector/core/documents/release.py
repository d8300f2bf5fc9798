from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A record that Odoo sent and that the provider is to release, so that it books it.

    :param parent_external_id: the provider's ID of that record
    """

    parent_external_id: str
