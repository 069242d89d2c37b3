"""The HTTP contract: every ``/v1`` route, in one ASGI app with its own error handling."""

from collections.abc import Awaitable, Callable
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from features.errors import ReleaseError, VigiCellError
from serving.access.contract import add_access
from serving.answer import Desk
from serving.errors import (
    UNEXPECTED,
    BodyTooLarge,
    WrongContentType,
    body_of,
    log_unexpected,
    status_of,
)
from serving.measures import measures
from serving.messages import ErrorBody, GradeRequest, RiskRequest
from serving.replies import Asked, GradeAnswer, ReleaseFacts, RiskAnswer
from serving.settings import DEFAULT_BODY_LIMIT_BYTES
from serving.words import language_of

_JSON = "application/json"
_QUESTIONS = TypeAdapter(list[Asked])
# A client that is still sending would not read the refusal: so much is read and thrown away first.
_MOST_DRAINED_BYTES = 64 * 1024 * 1024
_SCHEMA = "#/components/schemas/{model}"
_NO_STORE = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_ERRORS: dict[int | str, dict[str, Any]] = {
    413: {"model": ErrorBody, "description": "The body is longer than the limit."},
    415: {"model": ErrorBody, "description": "The body is not declared to be JSON."},
    422: {"model": ErrorBody, "description": "What is wrong, by path; no value is repeated."},
    503: {"model": ErrorBody, "description": "The answer could not be recorded, or no desk yet."},
}


def _body_of(model: str) -> dict[str, Any]:
    """Return how a body that we read ourselves is described."""
    content = {_JSON: {"schema": {"$ref": _SCHEMA.format(model=model)}}}
    return {"requestBody": {"required": True, "content": content}}


class Api(FastAPI):
    """The mounted app; its desk is set when the service starts."""

    desk: Desk | None = None
    body_limit_bytes: int = DEFAULT_BODY_LIMIT_BYTES
    language: str = "en"

    def openapi(self) -> dict[str, Any]:
        """Return the contract; bodies are read by us and described here."""
        if self.openapi_schema is None:
            contract = get_openapi(
                title=self.title, version=self.version, description=self.description,
                routes=self.routes,
            )  # fmt: skip
            _, made = models_json_schema(
                [(RiskRequest, "validation"), (GradeRequest, "validation")], ref_template=_SCHEMA
            )
            contract["components"]["schemas"].update(made["$defs"])
            add_access(contract)
            self.openapi_schema = contract
        return self.openapi_schema


def build_api() -> Api:
    """Return the app with its routes and no desk."""
    api = Api(
        title="VigiCell",
        version="1",
        description=(
            "Risk of severe CRS and ICANS for one CAR-T course. Every answer is recorded before it "
            "is given. It informs how closely to monitor and may only add monitoring."
        ),
        openapi_url="/v1/openapi.json",
        docs_url=None,  # the usual pages load scripts from elsewhere
        redoc_url=None,
    )
    _add_routes(api)
    api.add_exception_handler(HTTPException, _http_refusal)
    return api


def _add_routes(api: Api) -> None:
    @api.post(
        "/v1/risk",
        response_model=RiskAnswer,
        responses=_ERRORS,
        openapi_extra=_body_of("RiskRequest"),
        summary="One course so far in, one answer out",
    )
    async def risk(request: Request) -> Response:
        return await _answered(api, request, Desk.answer)

    @api.post(
        "/v1/grade",
        response_model=GradeAnswer,
        responses=_ERRORS,
        openapi_extra=_body_of("GradeRequest"),
        summary="Raw findings in, grades and bedside scores out",
    )
    async def grade(request: Request) -> Response:
        return await _answered(api, request, Desk.grade)

    @api.get(
        "/v1/model",
        response_model=ReleaseFacts,
        responses={503: _ERRORS[503]},
        summary="What answers, and what it learned from",
    )
    async def model() -> Response:
        async def work() -> bytes:
            return _json_bytes(_desk(api).facts())

        return await _guarded(work)

    @api.get("/v1/questions", response_model=list[Asked], summary="The questions that can be asked")
    async def questions() -> Response:
        async def work() -> bytes:
            return _QUESTIONS.dump_json(_desk(api).questions())

        return await _guarded(work)


async def _answered(
    api: Api, request: Request, how: Callable[[Desk, bytes, str], bytes]
) -> Response:
    """Read a body and have it answered in the language that is preferred."""

    async def work() -> bytes:
        body = await _read_json(request, api.body_limit_bytes)
        language = language_of(request.headers.get("accept-language", ""), api.language)
        return await anyio.to_thread.run_sync(how, _desk(api), body, language)

    return await _guarded(work)


def _desk(api: Api) -> Desk:
    if api.desk is None:
        raise ReleaseError("The service is starting or stopping. Ask again in a moment.")
    return api.desk


async def _guarded(work: Callable[[], Awaitable[bytes]]) -> Response:
    """Answer, or say why not; nothing unexpected leaves with its message."""
    try:
        return _respond(200, await work())
    except VigiCellError as error:
        measures().refusals.labels(type(error).__name__).inc()
        return _respond(status_of(error), _json_bytes(body_of(error)))
    except ClientDisconnect:
        return _respond(400, b"")
    except Exception as error:
        log_unexpected(error)
        measures().refusals.labels("unexpected").inc()
        return _respond(500, _json_bytes(UNEXPECTED))


async def _read_json(request: Request, limit_bytes: int) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _JSON:
        raise WrongContentType(f"The body must be declared as Content-Type: {_JSON}.")
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


def _json_bytes(message: BaseModel) -> bytes:
    return message.model_dump_json().encode()


def _respond(status: int, body: bytes) -> Response:
    return Response(body, status, headers=_NO_STORE, media_type=_JSON)


async def _http_refusal(_: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    body = ErrorBody(
        error="HttpError", message="There is no such route or method. See /v1/openapi.json."
    )
    return _respond(status, _json_bytes(body))
