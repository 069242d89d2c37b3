"""The HTTP contract: every ``/v1`` route, in one ASGI app with its own error handling."""

from collections.abc import Callable
from typing import Any, Literal

import anyio.to_thread
from fastapi import Request, Response
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException

from serving.access.contract import add_access
from serving.answer import Desk
from serving.batch.routes import add_batch_routes
from serving.batch.told import BatchLine
from serving.exchange import (
    ERRORS,
    NO_STORE,
    body_of_model,
    caller_of,
    desk_of,
    guarded,
    http_refusal,
    language_for,
    read_json,
)
from serving.feed.routes import BODIES, FeedApp, add_feed_routes
from serving.measures import exposed
from serving.messages import GradeRequest, RiskRequest, StandingRequest
from serving.model_routes import add_model_routes
from serving.replies import GradeAnswer, RiskAnswer

_SCHEMA = "#/components/schemas/{model}"


class Api(FeedApp):
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
                    *_read_by_us(RiskRequest, GradeRequest, StandingRequest, *BODIES),
                    (BatchLine, "serialization"),
                ],
                ref_template=_SCHEMA,
            )
            contract["components"]["schemas"].update(made["$defs"])
            add_access(contract)
            self.openapi_schema = contract
        return self.openapi_schema


def _read_by_us(
    *models: type[BaseModel],
) -> list[tuple[type[BaseModel], Literal["validation", "serialization"]]]:
    return [(one, "validation") for one in models]


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
    add_feed_routes(api)
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
    api: Api, request: Request, how: Callable[[Desk, bytes, str, str], bytes]
) -> Response:
    """Read a body and have it answered in the language that is preferred."""

    async def work() -> bytes:
        body = await read_json(request, api.body_limit_bytes)
        language, who = language_for(api, request), caller_of(request)
        return await anyio.to_thread.run_sync(how, desk_of(api), body, language, who)

    return await guarded(work)
