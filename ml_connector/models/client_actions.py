"""What buttons answer to the web client, and how texts from outside are shown."""

from markupsafe import Markup


def shown_as_text(text):
    """HTML that shows a text from outside as it is: no tags of its own, and no addresses that become links."""
    return Markup("<p>%s</p>") % Markup("<br/>").join(text.splitlines())


def open_address(url):
    """Open a vendor's page in another tab; nothing for what is no web address, such as `javascript:`."""
    if not (url or "").startswith(("https://", "http://")):
        return False
    return {"type": "ir.actions.act_url", "url": url, "target": "new"}


def notification(message, kind="success", *, reload=True):
    """Show a message for a moment (`danger`: until it is closed), and read the view again."""
    params = {"type": kind, "message": message, "sticky": kind == "danger"}
    if reload:
        params["next"] = {"type": "ir.actions.client", "tag": "soft_reload"}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
