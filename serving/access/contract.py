"""What the contract says of tokens and roles, taken from the one table of rules."""

from collections.abc import MutableMapping
from typing import Any

from serving.access.rules import OPEN, RULES

_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
_REPLIES = {
    "401": "No token, or none that is valid.",
    "403": "The role of the token may not do this.",
    "429": "Too many requests of one caller; Retry-After says how long to wait.",
    "503": "Nothing can be answered, recorded or checked now.",
}


def add_access(contract: MutableMapping[str, Any]) -> None:
    """Say on every route which roles may use it and how it refuses."""
    contract["components"]["securitySchemes"] = {
        "token": {"type": "http", "scheme": "bearer", "description": "A key, or a signed token."}
    }
    for (method, path), roles in RULES.items():
        route = contract["paths"].get(path, {}).get(method.lower())
        if route is None or roles is OPEN:
            continue
        route["security"] = [{"token": []}]
        route["description"] = f"Roles: {', '.join(sorted(roles))}."
        for code, text in _REPLIES.items():
            route["responses"].setdefault(code, {"description": text, "content": _ERROR})
