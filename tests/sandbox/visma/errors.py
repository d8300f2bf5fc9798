"""The three forms of Visma's error bodies, and the error of the token endpoint."""

import uuid

from ..server import Refusal

NO_LICENCE = "12027"


def refuse(message, status=400, what="document"):
    """A refused write: `{"message": "VismaId: <guid>. Error ..."}`."""
    text = f"VismaId: {uuid.uuid4()}. Error creating {what}. Error: {message}"
    return Refusal(status, {"message": text})


def refuse_session(status, code, message):
    """What the gateway says before the request reaches the ERP."""
    body = {
        "ExceptionType": "IPPException",
        "ExceptionMessage": message,
        "ExceptionFaultCode": code,
        "ExceptionMessageID": f"{code}_{uuid.uuid4()}",
        "ExceptionDetails": "",
    }
    return Refusal(status, body)


def refuse_plain(status, text=""):
    """Plain text or nothing at all."""
    return Refusal(status, text)


def refuse_oauth(code):
    return Refusal(400, {"error": code})


def not_found():
    return refuse_plain(404)


def mismatch():
    """The stored version differs from `If-Match`."""
    return refuse_plain(412)
