"""Answers of buttons to the web client, and HTML of external texts."""

from markupsafe import Markup


def shown_as_text(text):
    """HTML that shows an external text literally, without its tags and links."""
    return Markup("<p>%s</p>") % Markup("<br/>").join(text.splitlines())


def open_address(url):
    """Open a page of the provider in a new tab; False for anything but a web address, such as `javascript:`."""
    if not (url or "").startswith(("https://", "http://")):
        return False
    return {"type": "ir.actions.act_url", "url": url, "target": "new"}


def open_form(model, record_id, **more):
    """Open a record."""
    return {"type": "ir.actions.act_window", "res_model": model, "res_id": record_id, "view_mode": "form", **more}


def open_list(model, name, domain, views="list,kanban,form", **more):
    """Open the records of a domain."""
    action = {"type": "ir.actions.act_window", "res_model": model, "name": name, "view_mode": views}
    return {**action, "domain": domain, **more}


def open_dialog(model, name, **context):
    """Open a new record of a wizard as a dialog."""
    action = {"type": "ir.actions.act_window", "res_model": model, "name": name, "view_mode": "form"}
    return {**action, "target": "new", "context": context}


def notification(message, kind="success", *, reload=True):
    """Show a message briefly (`danger`: until it is closed), then reload the view."""
    params = {"type": kind, "message": message, "sticky": kind == "danger"}
    if reload:
        params["next"] = {"type": "ir.actions.client", "tag": "soft_reload"}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
