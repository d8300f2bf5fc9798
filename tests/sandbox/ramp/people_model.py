"""Users, departments and locations of the Ramp sandbox."""

from dataclasses import dataclass
from datetime import date


@dataclass
class User:
    id: str
    email: str
    first_name: str
    last_name: str
    role: str
    department_id: str | None = None
    location_id: str | None = None
    entity_id: str | None = None
    manager_id: str | None = None
    is_manager: bool = False
    status: str = "USER_ACTIVE"
    employee_id: str | None = None
    scheduled_deactivation_date: date | None = None


@dataclass
class Place:
    """A department, or a location with its entity."""

    id: str
    name: str
    entity_id: str | None = None
