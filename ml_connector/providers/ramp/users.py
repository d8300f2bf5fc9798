"""Odoo's employees, to Ramp as users."""

import threading
import time

from ...core.errors import InvalidDataError, NotRelevantError, PermanentError, UnconfirmedError, undone
from ...core.flow import PushFlow
from ...core.messages import _
from ...core.remote import SendResult
from .client import path_id
from .wire import differing, only

KEY_USED = "DEVELOPER_7005"
GONE = ("USER_INACTIVE", "USER_SUSPENDED")
WAITS = (0.2, 0.5, 1, 1, 2, 2, 2, 3, 3, 5)
"""Seconds between checks of a task; after the last one it counts as unconfirmed."""
ROLE = "BUSINESS_USER"


class UsersPush(PushFlow):
    """`/users`. Ramp creates a user in a background task, and sends an invitation unless the request prevents it."""

    key = "users_push"
    label = _("Employees to Ramp")
    help = _("Creates users with department, location and manager in Ramp. Archived employees are deactivated.")
    kind = "employee"
    sequence = 220
    active = False
    scopes = ("users:read", "users:write", "departments:read", "departments:write", "locations:read", "locations:write")
    options = ("invite_mode",)
    watches = "hr.employee"

    sleep = staticmethod(time.sleep)

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._places = {}

    def render(self, document):
        name = " ".join(filter(None, (document.first_name, document.last_name)))
        # an archived employee is only deactivated
        if document.active and not (document.first_name and document.last_name):
            raise InvalidDataError(
                _("Ramp requires a first and a last name. Enter both on the employee %(employee)s.", employee=name)
            )
        if document.active and not document.email:
            raise InvalidDataError(
                _("Ramp requires an email address. Enter the work email on the employee %(employee)s.", employee=name)
            )
        body = {
            "email": document.email.strip(),
            "first_name": document.first_name,
            "last_name": document.last_name,
            "department": document.department,
            "location": document.location,
            "direct_manager_id": document.manager_external_id,
            "active": document.active,
        }
        return {key: value for key, value in body.items() if value != ""}

    def send(self, payload, external_id, key):
        if external_id:
            return self._update_user(payload, self.client.one(f"/users/{path_id(external_id)}"))
        found = self._by_email(payload["email"]) if payload.get("email") else None
        if found:
            return self._update_user(payload, found, linked=True)
        if not payload["active"]:
            raise NotRelevantError(_("The employee was archived in Odoo before Odoo sent it to Ramp."))
        return SendResult(external_id=self._create(payload, key))

    def find(self, payload, key):
        found = self._by_email(payload["email"]) if payload.get("email") else None
        return SendResult(external_id=found["id"]) if found else None

    # Creating

    def _create(self, payload, key):
        is_draft = self.provider.options(self.key).get("invite_mode") != "invite"
        body = {
            "email": payload["email"],
            "role": ROLE,
            "is_draft": is_draft,
            **self._wire(payload),
        }
        try:
            task = self.client.create("/users/deferred", {**body, "idempotency_key": key})
        except PermanentError as error:
            if error.code != KEY_USED:
                raise
            # An earlier attempt failed; Ramp accepts a key only once, whatever the result.
            task = self.client.create("/users/deferred", {**body, "idempotency_key": f"{key}-{time.time_ns()}"})
        return self._await(task.get("id"))

    def _await(self, task_id):
        """The ID of the user that a task creates. Raises UnconfirmedError if the task takes too long."""
        for wait in WAITS:
            task = self.client.one(f"/users/deferred/status/{path_id(task_id)}")
            data = task.get("data") or {}
            if task.get("status") == "SUCCESS" and data.get("user_id"):
                return data["user_id"]
            if task.get("status") == "ERROR":
                raise PermanentError(_not_created(data.get("error")))
            self.sleep(wait)
        raise UnconfirmedError(_("Ramp is still creating the user."))

    # Changing

    def _update_user(self, payload, row, linked=False):
        """Update Ramp's user; deactivate or reactivate it like the employee in Odoo."""
        user_id, path = row["id"], f"/users/{path_id(row['id'])}"
        inactive = row.get("status") in GONE
        if payload["active"] and inactive:
            self.client.request("PATCH", f"{path}/reactivate")
        if payload["active"]:
            wanted = self._wire(payload)
            shown = {**row, "direct_manager_id": row.get("manager_id")}
            changes = differing(wanted, shown)
            if changes:
                self.client.update(path, changes)
        elif not inactive:
            task = _(
                "Employee %(email)s is archived in Odoo. Deactivate the user in Ramp, so that Ramp freezes the cards.",
                email=row.get("email"),
            )
            with undone(task, "Ramp"):
                self.client.request("PATCH", f"{path}/deactivate")
        note = ""
        email = payload.get("email") or ""
        if email and (row.get("email") or "").casefold() != email.casefold():
            note = _(
                "Ramp keeps the email address %(email)s, because its API cannot change it.", email=row.get("email")
            )
        return SendResult(external_id=user_id, note=note, linked=linked)

    def _wire(self, payload):
        wanted = only(payload, "first_name", "last_name", "direct_manager_id")
        if payload.get("department"):
            wanted["department_id"] = self._place("departments", payload["department"])
        if payload.get("location"):
            wanted["location_id"] = self._place("locations", payload["location"])
        return wanted

    def _place(self, kind, name):
        """The Ramp ID of a department or location of that name; creates it if it does not exist."""
        with self._lock:
            if kind not in self._places:
                rows = self.client.rows(f"/{kind}")
                self._places[kind] = {str(row.get("name")).casefold(): row.get("id") for row in rows}
            places = self._places[kind]
            if name.casefold() not in places:
                entity_id = self.provider.push_entity_id if kind == "locations" else ""
                body = {"name": name, **({"entity_id": entity_id} if entity_id else {})}
                places[name.casefold()] = self.client.create(f"/{kind}", body).get("id")
            return places[name.casefold()]

    def _by_email(self, email):
        """The user with that address, including deactivated ones, which Ramp lists only with a filter."""
        for filters in ({}, *({"status": status} for status in GONE)):
            for row in self.client.rows("/users", email=email, **filters):
                if (row.get("email") or "").casefold() == email.casefold():
                    return row
        return None


def _not_created(reason):
    if reason:
        return _("Ramp did not create the user: %(reason)s.", reason=reason)
    return _("Ramp did not create the user and gave no reason.")
