"""The gate before every route, as ASGI middleware."""

from typing import Any

from anyio import move_on_after

from serving.access.guard import Guard
from serving.access.refusals import CannotTell, Refusal
from serving.access.rules import OPEN, rule_for
from serving.doorway import App, Receive, Scope, Send, no_such_route, say
from serving.measures import measures

_MOST_THROWN_AWAY_BYTES = 8 * 1024 * 1024
_PATIENCE_SECONDS = 10.0


class GatePost:
    """Where the gate finds its guard, who comes when the service starts; until then it is shut."""

    guard: Guard | None = None


class Gate:
    """Lets through who may, and leaves the caller in the state of the request.

    Parameters
    ----------
    app : ASGI application
        What lies behind.
    post : GatePost
    """

    def __init__(self, app: App, post: GatePost) -> None:
        self._app = app
        self._post = post

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, or refuse."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
        else:
            await self._http(scope, receive, send)

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        roles = rule_for(scope["method"], scope["path"])
        if roles is None:
            await no_such_route(send)
            return
        if roles is not OPEN:
            try:
                if self._post.guard is None:
                    raise CannotTell("starting", "The service is starting or stopping")
                caller = await self._post.guard.admit(_authorization(scope), roles)
            except Refusal as refusal:
                measures().refusals.labels(f"access: {refusal.reason}").inc()
                await _throw_away_body(receive)
                await say(send, refusal.status, _body(refusal), refusal.headers)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)


async def _throw_away_body(receive: Receive) -> None:
    """Read what a client is still sending, who would not read the refusal before; up to a limit."""
    length = 0
    with move_on_after(_PATIENCE_SECONDS):
        while length <= _MOST_THROWN_AWAY_BYTES:
            message = await receive()
            length += len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def _authorization(scope: Scope) -> bytes:
    """Return the header; two of them are as good as none."""
    found = [value for name, value in scope["headers"] if name == b"authorization"]
    return bytes(found[0]) if len(found) == 1 else b""


def _body(refusal: Refusal) -> dict[str, Any]:
    return {
        "error": type(refusal).__name__,
        "message": str(refusal),
        "problems": [],
        "not_shown": 0,
    }
