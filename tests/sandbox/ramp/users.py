"""Users, departments and locations (guides "Users" and "User lifecycle")."""

from datetime import date

from . import render
from .errors import BAD_DATA, KEY_USED, not_found, refuse
from .organisation import check_entity
from .people_model import Place, User
from .routes import Resource, assign, handlers

HIDDEN = ("USER_SUSPENDED", "USER_INACTIVE")


USER = """
    id email first_name last_name role status is_manager manager_id department_id location_id entity_id employee_id
    scheduled_deactivation_date
"""


def render_user(state, user):
    unused = {"phone": None, "custom_fields": [], "scheduled_invitation_date": None}
    return {**render.copied(user, USER), "business_id": state.business["id"], **unused}


USERS = Resource(
    "/users/{user_id}",
    "users",
    render_user,
    label="User",
    equal="employee_id role status entity_id department_id location_id",
    tests={"email": lambda user, email: user.email.lower() == email.lower()},
)


@handlers("GET /users")
def list_users(call):
    """Suspended and inactive users are shown only when their status is asked for."""
    return USERS.page(call, lambda user: call.query.get("status") or user.status not in HIDDEN)


@handlers("POST /users/deferred")
def create_user(call):
    """Starts a task; an email that exists gives the user that has it, and nobody is invited twice."""
    state, body = call.state, call.body
    if body["role"] == "BUSINESS_OWNER":
        raise refuse(400, BAD_DATA, "An owner cannot be invited.")
    if body["idempotency_key"] in state.keys:
        raise refuse(400, KEY_USED, "The idempotency key was used before.")
    state.keys[body["idempotency_key"]] = {"content": None}
    user = state.users.first(lambda row: row.email.lower() == body["email"].lower())
    if user is None:
        user = state.users.add(_new_user(state, body))
        call.sandbox.journal.effect("user.create", user.id)
        if user.status == "INVITE_PENDING":
            call.sandbox.journal.effect("user.invite", user.id)
    task_id = state.new_id("task")
    state.tasks[task_id] = {"user_id": user.id, "polls": call.sandbox.settings.task_polls}
    return {"id": task_id}


@handlers("GET /users/deferred/status/{task_id}")
def get_user_task(call):
    task = call.state.tasks.get(call.path["task_id"])
    if task is None:
        raise not_found("Task")
    waiting = task["polls"] > 0
    task["polls"] -= 1
    return {
        "id": call.path["task_id"],
        "status": "IN_PROGRESS" if waiting else "SUCCESS",
        "context": {"acting_user_id": list(call.state.users)[1].id},
        "data": {} if waiting else {"user_id": task["user_id"]},
    }


@handlers("PATCH /users/{user_id}")
def update_user(call):
    """The email cannot be changed; trying to is ignored."""
    user, body = USERS.find(call), call.body
    assign(user, body, "department_id first_name last_name is_manager role")
    if "direct_manager_id" in body:
        user.manager_id = body["direct_manager_id"]
    if "location_id" in body:
        _place(call.state, user, body["location_id"])
    if "scheduled_deactivation_date" in body:
        day = body["scheduled_deactivation_date"]
        user.scheduled_deactivation_date = date.fromisoformat(day) if day else None
    call.sandbox.journal.effect("user.update", user.id)


@handlers("PATCH /users/{user_id}/deactivate", "PATCH /users/{user_id}/reactivate")
def switch_user(call):
    user = USERS.find(call)
    active = call.operation.path.endswith("/reactivate")
    user.status = "USER_ACTIVE" if active else "USER_SUSPENDED"
    call.sandbox.journal.effect("user.reactivate" if active else "user.deactivate", user.id)
    return {}


def _new_user(state, body):
    status = "USER_DRAFT" if body.get("is_draft") else "INVITE_PENDING"
    user = User(state.new_id("user"), body["email"], body["first_name"], body["last_name"], body["role"], status=status)
    user.department_id, user.manager_id = body.get("department_id"), body.get("direct_manager_id")
    user.is_manager = body.get("is_manager", False)
    _place(state, user, body.get("location_id"))
    return user


def _place(state, user, location_id):
    """The entity of a user follows from the location."""
    if location_id and location_id not in state.locations:
        raise not_found("Location")
    user.location_id = location_id
    user.entity_id = state.locations.get(location_id).entity_id if location_id else state.entities[0]["id"]


# -- departments and locations -----------------------------------------------------------------------------------------


DEPARTMENTS = Resource("/departments", "departments", lambda _state, place: render.copied(place, "id name"))
LOCATIONS = Resource(
    "/locations", "locations", lambda _state, place: render.copied(place, "id name entity_id"), equal="entity_id"
)


@handlers("POST /departments")
def create_department(call):
    return _add_place(call, "department", DEPARTMENTS)


@handlers("POST /locations")
def create_location(call):
    entity_id = call.body.get("entity_id", call.state.entities[0]["id"])
    check_entity(call.state, entity_id)
    return _add_place(call, "location", LOCATIONS, entity_id)


def _add_place(call, kind, resource, entity_id=None):
    state = call.state
    place = getattr(state, resource.table).add(Place(state.new_id(kind), call.body["name"], entity_id))
    call.sandbox.journal.effect(f"{kind}.create", place.id)
    return resource.show(state, place)
