"""Visma's contract: the published field facts, and what is known beside them.

The published document names neither the token endpoint, nor the bodies of attachments and downloads.
"""

import json

from ..contract import CONTRACTS, Contract
from ..schema import TEXT, shape

MULTIPART = "multipart/form-data"
BINARY = "application/octet-stream"
TOKEN_OPERATION = "POST /connect/token"


def answer(schema, media_type="application/json"):
    return {"description": "", "content": {media_type: {"schema": schema}}}


_UUID = {**TEXT, "format": "uuid"}
_TOKEN = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": shape(grant_type=TEXT, client_id=TEXT, client_secret=TEXT, tenant_id=_UUID, scope=TEXT)
            }
        },
    },
    "responses": {"200": answer(shape(access_token=TEXT, expires_in={"type": "integer"}, token_type=TEXT, scope=TEXT))},
}
_FILE = {"required": True, "content": {MULTIPART: {"schema": shape(file=TEXT)}}}
_CONTENT = {"200": answer(TEXT, BINARY)}


def load():
    document = json.loads((CONTRACTS / "visma.json").read_text(encoding="utf-8"))
    paths = document["paths"]
    paths["/connect/token"] = {"post": _TOKEN}
    for path, entry in paths.items():
        if path.endswith("/attachment"):
            entry["post"]["requestBody"] = _FILE
        if "/action/" in path:
            # the published body is that of a call in the background, which nobody makes
            entry["post"]["responses"]["202"] = {"description": ""}
    paths["/v1/attachment/{attachmentId}"]["get"]["responses"].update(_CONTENT)
    return Contract(document)
