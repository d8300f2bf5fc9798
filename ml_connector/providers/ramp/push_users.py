"""Employees as users of Ramp."""

import threading
import time

from ...core.errors import InvalidDataError, NotRelevantError, PermanentError, UnconfirmedError
from ...core.provider import SendResult
from ...core.undone import undone
from .push_base import Push, differing

KEY_USED = "DEVELOPER_7005"
GONE = ("USER_INACTIVE", "USER_SUSPENDED")
WAITS = (0.2, 0.5, 1, 1, 2, 2, 2, 3, 3, 5)
"""Seconds between two looks at a task; after them it is left to the look-up."""
ROLE = "BUSINESS_USER"


class Users(Push):
    """`/users`. Ramp makes a user in a task of its own, and sends an invitation unless it is told not to."""

    sleep = staticmethod(time.sleep)

    def __init__(self, provider):
        super().__init__(provider)
        self._lock = threading.Lock()
        self._places = {}

    def render(self, document):
        name = " ".join(filter(None, (document.first_name, document.last_name)))
        # who has left is only deactivated
        if document.active and not (document.first_name and document.last_name):
            raise InvalidDataError(f"Ramp needs a first and a last name: enter both on the employee {name}.")
        if document.active and not document.email:
            raise InvalidDataError(f"Ramp needs an e-mail address: enter the work e-mail on the employee {name}.")
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
            return self._align(payload, self.client.user(external_id))
        found = self._by_email(payload["email"]) if payload.get("email") else None
        if found:
            return self._align(payload, found, linked=True)
        if not payload["active"]:
            raise NotRelevantError("The employee was archived in Odoo before Ramp had it, so there is nothing to send.")
        return SendResult(external_id=self._create(payload, key))

    def find(self, payload, key):
        found = self._by_email(payload["email"]) if payload.get("email") else None
        return SendResult(external_id=found["id"]) if found else None

    # Making

    def _create(self, payload, key):
        is_draft = self.provider.options("users_push").get("invite_mode") != "invite"
        body = {
            "email": payload["email"],
            "role": ROLE,
            "is_draft": is_draft,
            **self._wire(payload),
        }
        try:
            task = self.client.create_user({**body, "idempotency_key": key})
        except PermanentError as error:
            if error.code != KEY_USED:
                raise
            # An earlier try came to nothing; Ramp takes a key once, whatever became of it.
            task = self.client.create_user({**body, "idempotency_key": f"{key}-{time.time_ns()}"})
        return self._await(task.get("id"))

    def _await(self, task_id):
        """The id of the user that a task makes. A task that takes too long is not waited for."""
        for wait in WAITS:
            task = self.client.user_task(task_id)
            data = task.get("data") or {}
            if task.get("status") == "SUCCESS" and data.get("user_id"):
                return data["user_id"]
            if task.get("status") == "ERROR":
                raise PermanentError(f"Ramp did not make the user: {data.get('error') or 'it gives no reason'}.")
            self.sleep(wait)
        raise UnconfirmedError("Ramp is still making the user.")

    # Changing

    def _align(self, payload, row, linked=False):
        """Make Ramp's user like the employee; who left is deactivated, who came back is taken up again."""
        user_id = row["id"]
        inactive = row.get("status") in GONE
        if payload["active"] and inactive:
            self.client.reactivate_user(user_id)
        if payload["active"]:
            wanted = self._wire(payload)
            shown = {**row, "direct_manager_id": row.get("manager_id")}
            changes = differing(wanted, shown)
            if changes:
                self.client.update_user(user_id, changes)
        elif not inactive:
            task = f"{row.get('email')} has left by Odoo: deactivate the user in Ramp, so that the cards are frozen"
            with undone(task, "Ramp"):
                self.client.deactivate_user(user_id)
        note = ""
        email = payload.get("email") or ""
        if email and (row.get("email") or "").casefold() != email.casefold():
            note = f"Ramp keeps the e-mail address {row.get('email')}: its API cannot change it."
        return SendResult(external_id=user_id, note=note, linked=linked)

    def _wire(self, payload):
        wanted = {key: payload[key] for key in ("first_name", "last_name", "direct_manager_id") if key in payload}
        if payload.get("department"):
            wanted["department_id"] = self._place("departments", payload["department"])
        if payload.get("location"):
            wanted["location_id"] = self._place("locations", payload["location"])
        return wanted

    def _place(self, kind, name):
        """Ramp's id of a department or location of that name, made when there is none."""
        with self._lock:
            if kind not in self._places:
                pages = getattr(self.client, kind)()
                self._places[kind] = {str(row.get("name")).casefold(): row.get("id") for rows in pages for row in rows}
            places = self._places[kind]
            if name.casefold() not in places:
                if kind == "departments":
                    row = self.client.create_department(name)
                else:
                    row = self.client.create_location(name, self.provider.push_entity_id)
                places[name.casefold()] = row.get("id")
            return places[name.casefold()]

    def _by_email(self, email):
        """The user with that address, also a deactivated one, which Ramp shows only when asked for."""
        for filters in ({}, *({"status": status} for status in GONE)):
            for rows in self.client.users(email=email, **filters):
                for row in rows:
                    if (row.get("email") or "").casefold() == email.casefold():
                        return row
        return None
