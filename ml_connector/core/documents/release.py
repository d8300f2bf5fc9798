from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A record of ours at the vendor that is to be released there: from then on it counts in the books.

    :param parent_external_id: the vendor's id of that record
    """

    parent_external_id: str
