"""Which models answer: what they are, which questions they know, and who turns them on or off."""

from dataclasses import asdict
from typing import Literal

import anyio.to_thread
from fastapi import Request, Response
from pydantic import TypeAdapter

from serving.course_reading import read_request
from serving.exchange import (
    ERRORS,
    DeskApp,
    body_of_model,
    desk_of,
    guarded,
    json_bytes,
    read_json,
)
from serving.logs import log_event
from serving.messages import StandingRequest
from serving.replies import Asked, Decided, ReleaseFacts

_QUESTIONS = TypeAdapter(list[Asked])


def add_model_routes(api: DeskApp) -> None:
    """Add the routes that are about models."""

    @api.get(
        "/v1/model",
        response_model=ReleaseFacts,
        responses={503: ERRORS[503]},
        summary="What answers, what it learned from, and whether it is live or silent",
    )
    async def model() -> Response:
        async def work() -> bytes:
            return json_bytes(await anyio.to_thread.run_sync(desk_of(api).facts))

        return await guarded(work)

    @api.get(
        "/v1/questions",
        response_model=list[Asked],
        responses={503: ERRORS[503]},
        summary="The questions that can be asked",
    )
    async def questions() -> Response:
        async def work() -> bytes:
            return _QUESTIONS.dump_json(desk_of(api).questions())

        return await guarded(work)

    @api.post(
        "/v1/model/{question}/live",
        response_model=Decided,
        responses=ERRORS,
        openapi_extra=body_of_model("StandingRequest"),
        summary="Turn the model of a question on: its answers are shown from now on",
    )
    async def live(question: str, request: Request) -> Response:
        return await _decided(api, "live", question, request)

    @api.post(
        "/v1/model/{question}/silent",
        response_model=Decided,
        responses=ERRORS,
        openapi_extra=body_of_model("StandingRequest"),
        summary="Turn the model of a question off: its answers are recorded and not shown",
    )
    async def silent(question: str, request: Request) -> Response:
        return await _decided(api, "silent", question, request)


async def _decided(
    api: DeskApp, standing: Literal["live", "silent"], question: str, request: Request
) -> Response:
    async def work() -> bytes:
        asked = read_request(await read_json(request, api.body_limit_bytes), StandingRequest)
        desk = desk_of(api)
        made = await anyio.to_thread.run_sync(desk.decide, standing, question, asked)
        log_event("standing", standing=standing, question=made.question, model=made.model)
        return json_bytes(Decided(**asdict(made)))

    return await guarded(work)
