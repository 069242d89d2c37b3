"""What every route has in common: a body read within its limit, an answer, or a plain refusal."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from features.errors import ReleaseError, VigiCellError
from serving.answer import Desk
from serving.defaults import DEFAULT_BODY_LIMIT_BYTES
from serving.errors import (
    UNEXPECTED,
    BodyTooLarge,
    RequestProblem,
    WrongContentType,
    body_of,
    log_unexpected,
    status_of,
)
from serving.measures import count_unit_failures, measures
from serving.messages import ErrorBody
from serving.words import language_of

JSON = "application/json"
NO_STORE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
# A client that is still sending would not read the refusal: so much is read and thrown away first.
_MOST_DRAINED_BYTES = 64 * 1024 * 1024
_SCHEMA = "#/components/schemas/{model}"
ERRORS: dict[int | str, dict[str, Any]] = {
    413: {"model": ErrorBody, "description": "The body is longer than the limit."},
    415: {"model": ErrorBody, "description": "The body is not declared as it must be."},
    422: {"model": ErrorBody, "description": "What is wrong, by path; no value is repeated."},
    503: {"model": ErrorBody, "description": "The answer could not be recorded, or no desk yet."},
}


class DeskApp(FastAPI):
    """An app with a desk, which is set when the service starts and gone when it stops."""

    desk: Desk | None = None
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    line_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    language: str = "en"  # of answers to who prefers none


def body_of_model(model: str) -> dict[str, Any]:
    """Return how a body that we read ourselves is described."""
    content = {JSON: {"schema": {"$ref": _SCHEMA.format(model=model)}}}
    return {"requestBody": {"required": True, "content": content}}


def desk_of(api: DeskApp) -> Desk:
    """Return the desk.

    Raises
    ------
    ReleaseError
        While there is none.
    """
    if api.desk is None:
        raise ReleaseError("The service is starting or stopping. Ask again in a moment.")
    return api.desk


def language_for(api: DeskApp, request: Request) -> str:
    """Return the language that is preferred, that of the site where none is."""
    return language_of(request.headers.get("accept-language", ""), api.language)


def caller_of(request: Request) -> str:
    """Return who was let in, as the ledger records it; empty where no gate stands before us."""
    caller = getattr(request.state, "caller", None)
    return "" if caller is None else str(caller.who)


async def guarded(work: Callable[[], Awaitable[bytes]]) -> Response:
    """Answer, or say why not; nothing unexpected leaves with its message."""
    try:
        return respond(200, await work())
    except ClientDisconnect:
        return respond(400, b"")
    except Exception as error:
        status, body = told(error)
        return respond(status, json_bytes(body))


def told(error: Exception) -> tuple[int, ErrorBody]:
    """Return status and body of an error, counted; what is unexpected is logged without words."""
    if not isinstance(error, VigiCellError):
        log_unexpected(error)
        measures().refusals.labels("unexpected").inc()
        return 500, UNEXPECTED
    measures().refusals.labels(type(error).__name__).inc()
    if isinstance(error, RequestProblem):
        count_unit_failures([(one.path, one.problem) for one in error.problems])
    return status_of(error), body_of(error)


async def read_json(request: Request, limit_bytes: int) -> bytes:
    """Read the body of a request.

    Raises
    ------
    WrongContentType, BodyTooLarge
        For a body that is not JSON, or longer than the limit.
    """
    require_content(request, JSON)
    body, length = bytearray(), 0
    async for piece in request.stream():
        length += len(piece)
        if length <= limit_bytes:
            body += piece
        elif length > _MOST_DRAINED_BYTES:
            break
    if length > limit_bytes:
        raise BodyTooLarge(
            f"The body is longer than {limit_bytes} bytes. Send one course at a time."
        )
    return bytes(body)


def require_content(request: Request, *legal: str) -> None:
    """Refuse a body that is declared otherwise; raises :class:`WrongContentType`."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in legal:
        raise WrongContentType(f"The body must be declared as Content-Type: {legal[0]}.")


def json_bytes(message: BaseModel) -> bytes:
    """Return a message as JSON."""
    return message.model_dump_json().encode()


def respond(status: int, body: bytes) -> Response:
    """Return a response that nobody between us and the reader keeps."""
    return Response(body, status, headers=NO_STORE, media_type=JSON)


async def http_refusal(_: Request, error: Exception) -> Response:
    """Answer for a route or a method that there is not."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    body = ErrorBody(
        error="HttpError", message="There is no such route or method. See /v1/openapi.json."
    )
    return respond(status, json_bytes(body))
