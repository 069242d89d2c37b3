"""The HTTP contract: every ``/v1`` route, in one ASGI app with its own error handling."""

from collections.abc import Callable
from typing import Any

import anyio.to_thread
from fastapi import Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from serving.answer import Desk
from serving.batch.routes import add_batch_routes
from serving.batch.told import BatchLine
from serving.exchange import (
    ERRORS,
    NO_STORE,
    DeskApp,
    body_of_model,
    desk_of,
    guarded,
    http_refusal,
    read_json,
)
from serving.measures import exposed
from serving.messages import GradeRequest, RiskRequest, StandingRequest
from serving.model_routes import add_model_routes
from serving.replies import GradeAnswer, RiskAnswer
from serving.words import language_of

_SCHEMA = "#/components/schemas/{model}"


class Api(DeskApp):
    """The mounted app with its contract."""

    def openapi(self) -> dict[str, Any]:
        """Return the contract; bodies are read by us and described here."""
        if self.openapi_schema is None:
            contract = get_openapi(
                title=self.title, version=self.version, description=self.description,
                routes=self.routes,
            )  # fmt: skip
            _, made = models_json_schema(
                [
                    (RiskRequest, "validation"),
                    (GradeRequest, "validation"),
                    (StandingRequest, "validation"),
                    (BatchLine, "serialization"),
                ],
                ref_template=_SCHEMA,
            )
            contract["components"]["schemas"].update(made["$defs"])
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
    add_batch_routes(api)
    add_model_routes(api)
    api.add_exception_handler(HTTPException, http_refusal)
    return api


def _add_routes(api: Api) -> None:
    @api.post(
        "/v1/risk",
        response_model=RiskAnswer,
        responses=ERRORS,
        openapi_extra=body_of_model("RiskRequest"),
        summary="One course so far in, one answer out",
    )
    async def risk(request: Request) -> Response:
        return await _answered(api, request, Desk.answer)

    @api.post(
        "/v1/grade",
        response_model=GradeAnswer,
        responses=ERRORS,
        openapi_extra=body_of_model("GradeRequest"),
        summary="Raw findings in, grades and bedside scores out",
    )
    async def grade(request: Request) -> Response:
        return await _answered(api, request, Desk.grade)

    @api.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        """Tell our own measures: those of the server would count by path, as a client wrote it."""
        measured, kind = await anyio.to_thread.run_sync(exposed)
        return Response(measured, headers={**NO_STORE, "content-type": kind})


async def _answered(
    api: Api, request: Request, how: Callable[[Desk, bytes, str], bytes]
) -> Response:
    """Read a body and have it answered in the language that is preferred."""

    async def work() -> bytes:
        body = await read_json(request, api.body_limit_bytes)
        language = language_of(request.headers.get("accept-language", ""))
        return await anyio.to_thread.run_sync(how, desk_of(api), body, language)

    return await guarded(work)
