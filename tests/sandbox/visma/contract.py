"""Visma's contract: the published field facts, and what is known beside them.

The published document names neither the token endpoint, nor the bodies of attachments and downloads.
"""

import json

from ..contract import CONTRACTS, Contract

MULTIPART = "multipart/form-data"
BINARY = "application/octet-stream"
TOKEN_OPERATION = "POST /connect/token"

_TOKEN = {
    "requestBody": {
        "required": True,
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "required": ["grant_type", "client_id", "client_secret", "tenant_id", "scope"],
                    "properties": {
                        "grant_type": {"type": "string"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string"},
                        "tenant_id": {"type": "string", "format": "uuid"},
                        "scope": {"type": "string"},
                    },
                }
            }
        },
    },
    "responses": {
        "200": {
            "description": "",
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "required": ["access_token", "expires_in", "token_type", "scope"],
                        "properties": {
                            "access_token": {"type": "string"},
                            "expires_in": {"type": "integer"},
                            "token_type": {"type": "string"},
                            "scope": {"type": "string"},
                        },
                    }
                }
            },
        }
    },
}
_FILE = {
    "required": True,
    "content": {
        MULTIPART: {"schema": {"type": "object", "required": ["file"], "properties": {"file": {"type": "string"}}}}
    },
}
_CONTENT = {"200": {"description": "", "content": {BINARY: {"schema": {"type": "string"}}}}}


def load():
    document = json.loads((CONTRACTS / "visma.json").read_text(encoding="utf-8"))
    paths = document["paths"]
    paths["/connect/token"] = {"post": _TOKEN}
    for path, entry in paths.items():
        if path.endswith("/attachment"):
            entry["post"]["requestBody"] = _FILE
        if "/action/" in path:
            # the body is that of the background mode, which answers by itself
            entry["post"]["responses"]["202"] = {"description": ""}
    paths["/v1/attachment/{attachmentId}"]["get"]["responses"].update(_CONTENT)
    # the answer of the real call, whatever it was
    paths["/v1/background/{requestId}/content"]["get"]["responses"] = {
        "200": {"description": "", "content": {"application/json": {"schema": {}}}}
    }
    return Contract(document)
