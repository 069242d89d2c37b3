"""What the server answers at all: our own routes and its checks, and no page for a browser.

BentoML would show a page of its own at ``/`` that loads scripts from other machines. A hospital's
browser must not leave the machine, so only paths that are listed here reach BentoML.
"""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Sent = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Sent]]
Send = Callable[[Sent], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CHECKS = ("/healthz", "/livez", "/readyz", "/metrics")
OUR_ROUTES = "/v1/"
_GREETING = {
    "name": "VigiCell",
    "contract": "/v1/openapi.json",
    "ready": "/readyz",
    "metrics": "/metrics",
}
_NO_SUCH_ROUTE = {
    "error": "HttpError",
    "message": "There is no such route or method. See /v1/openapi.json.",
    "problems": [],
    "not_shown": 0,
}
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
]


class Doorway:
    """ASGI middleware that greets at ``/`` and lets through the paths that are ours.

    Parameters
    ----------
    app : ASGI application
        What lies behind.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        path = scope.get("path", "")
        if scope["type"] != "http" or path in CHECKS or path.startswith(OUR_ROUTES):
            await self._app(scope, receive, send)
        elif path == "/" and scope["method"] in ("GET", "HEAD"):
            await _say(send, 200, _GREETING)
        else:
            await _say(send, 404, _NO_SUCH_ROUTE)


async def _say(send: Send, status: int, content: Any) -> None:
    body = json.dumps(content).encode()
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_HEADERS, length]})
    await send({"type": "http.response.body", "body": body})
