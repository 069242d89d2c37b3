"""The routes of the feed and the ward."""

from collections.abc import Callable
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Path, Request, Response
from pydantic import BaseModel

from features.errors import ReleaseError
from serving.exchange import (
    ERRORS,
    DeskApp,
    body_of_model,
    caller_of,
    guarded,
    json_bytes,
    language_for,
    read_json,
)
from serving.feed.acting import act
from serving.feed.course_view import course_told
from serving.feed.examples import EXAMPLE_ID
from serving.feed.feed import Feed
from serving.feed.messages import ACTIONS, ActionName, CourseRow, Events, Outcome
from serving.feed.outcomes import record_outcome
from serving.feed.replay import replay
from serving.feed.service_ids import LEGAL, course_id_of
from serving.feed.told import ActionTold, CourseTold, OutcomeTold, Replay, Turn, Ward
from serving.messages import ErrorBody

BODIES: tuple[type[BaseModel], ...] = (CourseRow, Events, Outcome, *ACTIONS.values())
_UNKNOWN = {"model": ErrorBody, "description": "There is no such course or answer here."}
_CONFLICT = {"model": ErrorBody, "description": "What was recorded under this id says otherwise."}
_ERASED = {"model": ErrorBody, "description": "It was erased under retention, with the reason."}
_READ: dict[int | str, dict[str, Any]] = {
    404: _UNKNOWN, 410: _ERASED, 422: ERRORS[422], 503: ERRORS[503],
}  # fmt: skip
_SENT = {**ERRORS, 404: _UNKNOWN, 409: _CONFLICT, 410: _ERASED}
CourseId = Annotated[str, Path(description=f"service id: {LEGAL}", examples=[EXAMPLE_ID])]
AnswerId = Annotated[str, Path(description="ledger_id of an answer", examples=[EXAMPLE_ID])]


class FeedApp(DeskApp):
    """An app with a feed, which comes and goes with its desk."""

    feed: Feed | None = None


def add_feed_routes(api: FeedApp) -> None:
    """Add the routes."""
    _add_courses(api)
    _add_ward(api)
    for name in ACTIONS:
        _add_action(api, name)


def _add_courses(api: FeedApp) -> None:
    @api.put(
        "/v1/courses/{course_id}",
        response_model=Turn,
        responses=_SENT,
        openapi_extra=body_of_model("CourseRow"),
        summary="Keep a course, or change its row",
    )
    async def put_course(course_id: CourseId, request: Request) -> Response:
        return await _sent(
            api, request, lambda feed, body, language, who: feed.put(
                course_id_of(course_id), body, language, who
            )
        )  # fmt: skip

    @api.post(
        "/v1/courses/{course_id}/events",
        response_model=Turn,
        responses=_SENT,
        openapi_extra=body_of_model("Events"),
        summary="Keep what arrived about a course and score it again",
    )
    async def post_events(course_id: CourseId, request: Request) -> Response:
        return await _sent(
            api, request, lambda feed, body, language, who: feed.events(
                course_id_of(course_id), body, language, who
            )
        )  # fmt: skip

    @api.get(
        "/v1/courses/{course_id}",
        response_model=CourseTold,
        responses=_READ,
        summary="A course so far: its latest answer, tiers and grades, events, who has seen it",
    )
    async def get_course(course_id: CourseId) -> Response:
        return await _read(api, lambda feed: course_told(feed, course_id_of(course_id)))


def _add_ward(api: FeedApp) -> None:
    @api.get(
        "/v1/ward",
        response_model=Ward,
        responses={503: ERRORS[503]},
        summary="The open courses, those to look at first in front",
    )
    async def get_ward() -> Response:
        return await _read(api, lambda feed: json_bytes(feed.ward()))

    @api.post(
        "/v1/outcomes",
        response_model=OutcomeTold,
        responses=_SENT,
        openapi_extra=body_of_model("Outcome"),
        summary="What really happened with a course",
    )
    async def post_outcome(request: Request) -> Response:
        return await _sent(
            api, request, lambda feed, body, _, who: record_outcome(feed, body, who)
        )  # fmt: skip

    @api.get(
        "/v1/answers/{answer_id}/replay",
        response_model=Replay,
        responses=_READ,
        summary="A recorded answer beside the one that its request gets now",
    )
    async def get_replay(answer_id: AnswerId) -> Response:
        return await _read(api, lambda feed: replay(feed.desk, answer_id))


def _add_action(api: FeedApp, name: ActionName) -> None:
    @api.post(
        f"/v1/answers/{{answer_id}}/{name}",
        response_model=ActionTold,
        responses=_SENT,
        openapi_extra=body_of_model(ACTIONS[name].__name__),
        summary=str(ACTIONS[name].__doc__).partition("\n")[0],
        operation_id=f"answer_{name}",
    )
    async def post_action(answer_id: AnswerId, request: Request) -> Response:
        return await _sent(
            api, request, lambda feed, body, _, who: act(feed, answer_id, name, body, who)
        )  # fmt: skip


async def _sent(
    api: FeedApp, request: Request, how: Callable[[Feed, bytes, str, str], bytes]
) -> Response:
    async def work() -> bytes:
        body = await read_json(request, api.body_limit_bytes)
        language, who = language_for(api, request), caller_of(request)
        return await anyio.to_thread.run_sync(how, _feed(api), body, language, who)

    return await guarded(work)


async def _read(api: FeedApp, how: Callable[[Feed], bytes]) -> Response:
    async def work() -> bytes:
        return await anyio.to_thread.run_sync(how, _feed(api))

    return await guarded(work)


def _feed(api: FeedApp) -> Feed:
    if api.feed is None:
        raise ReleaseError("The service is starting or stopping. Ask again in a moment.")
    return api.feed
