"""`POST /v1/risk/batch`: lines in, lines out, each recorded before it is sent."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any

import anyio
import anyio.to_thread
from fastapi import Request, Response
from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from serving.answer import Desk
from serving.batch.chunk import Chunk, Line
from serving.batch.lines import chunks_of
from serving.exchange import (
    ERRORS,
    NO_STORE,
    DeskApp,
    desk_of,
    json_bytes,
    require_content,
    respond,
    told,
)
from serving.logs import log_event
from serving.messages import ErrorBody
from serving.words import language_of

LINE_LIMIT_BYTES = 2 * 1024 * 1024
STALLED_SECONDS = 30.0
"""A client that takes nothing for so long is let go, and what it holds is freed."""

NDJSON = "application/x-ndjson"
_LEGAL = (NDJSON, "application/ndjson", "application/jsonl", "application/json")
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "one RiskRequest a line, up to 2 MB each; any number of lines",
        "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/RiskRequest"}}},
    }
}
_REPLIES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "one BatchLine a line, in the order of what was sent; read while you send",
        "content": {NDJSON: {"schema": {"$ref": "#/components/schemas/BatchLine"}}},
    },
    415: ERRORS[415],
    503: ERRORS[503],
}


def add_batch_routes(api: DeskApp) -> None:
    """Add the route of batches."""
    turns = _Turns()

    @api.post(
        "/v1/risk/batch",
        response_class=StreamingResponse,
        responses=_REPLIES,
        openapi_extra=_BODY,
        summary="Courses in, answers out, a line each",
    )
    async def batch(request: Request) -> Response:
        try:
            require_content(request, *_LEGAL)
            desk = desk_of(api)
        except Exception as error:
            status, body = told(error)
            return respond(status, json_bytes(body))
        language = language_of(request.headers.get("accept-language", ""))
        return _Patient(_answers(desk, request, language, turns))


class _Turns:
    """One chunk is computed at a time, so that single requests find the processor free between."""

    def __init__(self) -> None:
        self._limiter: anyio.CapacityLimiter | None = None

    @property
    def limiter(self) -> anyio.CapacityLimiter:
        """Made within the running loop."""
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(1)
        return self._limiter


async def _answers(
    desk: Desk, request: Request, language: str, turns: _Turns
) -> AsyncGenerator[bytes]:
    counted = 0
    try:
        async with aclosing(chunks_of(request.stream(), LINE_LIMIT_BYTES)) as chunks:
            async for lines in chunks:
                made = await anyio.to_thread.run_sync(
                    _answered, desk, language, lines, limiter=turns.limiter
                )
                counted += len(lines)
                yield b"".join(made)
    except ClientDisconnect:
        log_event("client_left", logging.WARNING)
    finally:
        log_event("batch", lines=counted)


def _answered(desk: Desk, language: str, lines: list[Line]) -> list[bytes]:
    return Chunk(desk, language, LINE_LIMIT_BYTES, _body).answered(lines)


def _body(problem: Exception) -> ErrorBody:
    return told(problem)[1]


class _Patient(StreamingResponse):
    """A stream whose reader may be slow, but not for ever."""

    media_type = NDJSON

    def __init__(self, lines: AsyncGenerator[bytes]) -> None:
        super().__init__(lines, headers=NO_STORE)
        self._lines = lines

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send until all is sent or the client takes nothing more; then the connection is closed.

        What the client sends meanwhile is read by the stream of the body alone.
        """

        async def in_time(message: Message) -> None:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)

        async with aclosing(self._lines):
            try:
                await self.stream_response(in_time)
            except TimeoutError:  # without its end the server closes the connection
                log_event("stalled_client", logging.WARNING)
