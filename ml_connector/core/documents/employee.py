from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """An employee of the company."""

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
