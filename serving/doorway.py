"""What the server answers at all: our own routes and its checks, and no page for a browser.

BentoML would show a page of its own at ``/`` that loads scripts from other machines. A hospital's
browser must not leave the machine, so only paths that are listed here reach BentoML.
"""

import json
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
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
SECURITY_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""On every reply that does not set them itself."""


class Doorway:
    """ASGI middleware that greets at ``/`` and lets through the paths that are ours.

    Every reply leaves with the security headers.

    Parameters
    ----------
    app : ASGI application
        What lies behind.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, sending = scope["path"], _with_headers(send)
        if path in CHECKS or path.startswith(OUR_ROUTES):
            await self._app(scope, receive, sending)
        elif path == "/" and scope["method"] in ("GET", "HEAD"):
            await say(sending, 200, _GREETING)
        else:
            await no_such_route(sending)


async def no_such_route(send: Send) -> None:
    """Reply that there is none."""
    await say(send, 404, _NO_SUCH_ROUTE)


async def say(
    send: Send, status: int, content: Any, headers: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    """Reply with JSON."""
    body = json.dumps(content).encode()
    own = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": own})
    await send({"type": "http.response.body", "body": body})


def _with_headers(send: Send) -> Send:
    async def sending(message: Sent) -> None:
        if message["type"] == "http.response.start":
            given = [*message.get("headers", ())]
            names = {name for name, _ in given}
            given += [one for one in SECURITY_HEADERS if one[0] not in names]
            message = {**message, "headers": given}
        await send(message)

    return sending
