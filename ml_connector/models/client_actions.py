"""What buttons answer to the web client."""


def notification(message, kind="success", *, reload=True):
    """Show a message for a moment (`danger`: until it is closed), and read the view again."""
    params = {"type": kind, "message": message, "sticky": kind == "danger"}
    if reload:
        params["next"] = {"type": "ir.actions.client", "tag": "soft_reload"}
    return {"type": "ir.actions.client", "tag": "display_notification", "params": params}
