"""Uploaded documents: multipart bodies with a file and form fields."""

from .errors import BAD_DATA, NO_BODY, invalid, refuse

IMAGES = "image/"


def read_form(request):
    """The form fields, with the file in place of its content as ``file`` (``None`` when there is none)."""
    if request.mimetype != "multipart/form-data":
        raise refuse(400, NO_BODY, "The request must be multipart/form-data.")
    file = next(iter(request.files.values()), None)
    form = {name: value for name, value in request.form.items() if name}
    return form, file


def attach(call, owner):
    """Add an attachment to a bill or draft: one ``INVOICE`` at most, and no images."""
    state, file = call.state, call.body["file"]
    kind = call.body["attachment_type"]
    if kind not in ("INVOICE", "FILE"):
        raise invalid("Must be one of: FILE, INVOICE.", "attachment_type")
    if file.mimetype.startswith(IMAGES):
        raise refuse(400, BAD_DATA, "Images cannot be attached.")
    if kind == "INVOICE" and any(state.files.get(file_id).attachment_type == "INVOICE" for file_id in owner.file_ids):
        raise refuse(400, BAD_DATA, "There is an invoice already.")
    added = state.add_file(file.filename, content=file.read(), attachment_type=kind, mimetype=file.mimetype)
    owner.file_ids.append(added.id)
    call.sandbox.journal.effect(f"attachment.{kind}", owner.id)
    return {"id": added.id}
