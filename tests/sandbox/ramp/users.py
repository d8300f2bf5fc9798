"""Users, departments and locations (guides "Users" and "User lifecycle")."""

from datetime import date

from . import render
from .errors import BAD_DATA, KEY_USED, not_found, refuse
from .organisation import check_entity
from .people_model import Place, User
from .routes import equals, handlers, page_of

HIDDEN = ("USER_SUSPENDED", "USER_INACTIVE")


@handlers("GET /users")
def list_users(call):
    """Suspended and inactive users are shown only when their status is asked for."""
    query, state = call.query, call.state
    names = ("employee_id", "role", "status", "entity_id", "department_id", "location_id")
    given = equals(query, **{name: name for name in names})
    email = (query.get("email") or "").lower()

    def keep(user):
        hidden = user.status in HIDDEN and not query.get("status")
        return not hidden and given(user) and (not email or user.email.lower() == email)

    return page_of(call, state.users, lambda row: render_user(state, row), keep)


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


@handlers("GET /users/{user_id}")
def get_user(call):
    return render_user(call.state, _find(call))


@handlers("PATCH /users/{user_id}")
def update_user(call):
    """The email cannot be changed; trying to is ignored."""
    user, body = _find(call), call.body
    for name in ("department_id", "first_name", "last_name", "is_manager", "role"):
        if name in body:
            setattr(user, name, body[name])
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
    user = _find(call)
    active = call.operation.path.endswith("/reactivate")
    user.status = "USER_ACTIVE" if active else "USER_SUSPENDED"
    call.sandbox.journal.effect("user.reactivate" if active else "user.deactivate", user.id)
    return {}


def _find(call):
    user = call.state.users.get(call.path["user_id"])
    if user is None:
        raise not_found("User")
    return user


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


def render_user(state, user):
    return {
        "id": user.id,
        "business_id": state.business["id"],
        "email": user.email,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "role": user.role,
        "status": user.status,
        "is_manager": user.is_manager,
        "manager_id": user.manager_id,
        "department_id": user.department_id,
        "location_id": user.location_id,
        "entity_id": user.entity_id,
        "employee_id": user.employee_id,
        "phone": None,
        "custom_fields": [],
        "scheduled_deactivation_date": render.moment(user.scheduled_deactivation_date),
        "scheduled_invitation_date": None,
    }


# -- departments and locations -----------------------------------------------------------------------------------------


@handlers("GET /departments")
def list_departments(call):
    return page_of(call, call.state.departments, render_department)


@handlers("POST /departments")
def create_department(call):
    place = call.state.departments.add(Place(call.state.new_id("department"), call.body["name"]))
    call.sandbox.journal.effect("department.create", place.id)
    return render_department(place)


@handlers("GET /locations")
def list_locations(call):
    return page_of(call, call.state.locations, render_location, equals(call.query, entity_id="entity_id"))


@handlers("POST /locations")
def create_location(call):
    state, body = call.state, call.body
    if "entity_id" in body:
        check_entity(state, body["entity_id"])
    place = Place(state.new_id("location"), body["name"], body.get("entity_id", state.entities[0]["id"]))
    state.locations.add(place)
    call.sandbox.journal.effect("location.create", place.id)
    return render_location(place)


def render_department(place):
    return {"id": place.id, "name": place.name}


def render_location(place):
    return {"id": place.id, "name": place.name, "entity_id": place.entity_id}
