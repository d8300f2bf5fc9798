from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """A person who spends the company's money."""

    external_id: str = ""
    odoo_id: int | None = None
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    department: str = ""
    location: str = ""
    manager_odoo_id: int | None = None
    manager_external_id: str = ""
    active: bool = True
