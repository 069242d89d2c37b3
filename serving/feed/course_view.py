"""One course as it is shown: where it stands and stood, what was sent, who has taken note."""

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from serving.answer import Desk
from serving.errors import NotThere
from serving.feed.accepting import FIELDS
from serving.feed.acknowledging import attention
from serving.feed.course_state import CourseState
from serving.feed.feed import Feed
from serving.feed.folded import unmapped_of
from serving.feed.told import CourseTold, EventKept
from serving.ledger import Kind
from serving.silence import shown_as_recorded


def course_told(feed: Feed, course_id: str) -> bytes:
    """Return a course so far.

    Raises
    ------
    NotThere, PayloadErased
        For a course that is not kept, or was erased.
    LedgerError
        When the ledger cannot be read.
    """
    state = feed.state(course_id)
    course = feed.course(course_id)
    if course is None:
        raise NotThere("The course was erased a moment ago.")
    last = from_json(state.told)
    row = state.row or {}
    told = CourseTold.model_construct(
        course_id=course_id,
        hospital_id=row.get("hospital_id"),
        open=state.is_open,
        attention=attention(course.points, course.acts, feed.clock()),
        course_of_tiers=[one.point for one in course.points],
        events=_events(state),
        unmapped=unmapped_of(state, feed.desk.site),
        set_aside=last["set_aside"],
        outcomes=[dict(one) for one in state.outcomes.values()],
        answer=None,
    ).model_dump(mode="json")
    return to_json({**told, "answer": _answer(feed, last["now"]["answer_id"])})


def _events(state: CourseState) -> list[EventKept]:
    gone = state.corrected
    return [
        EventKept(
            event_id=key,
            kind="retraction"
            if one.get("retracts")
            else next(name for name in FIELDS if name in one),
            position=state.positions[key],
            corrects=one.get("corrects"),
            corrected_by=gone.get(key),
        )
        for key, one in state.events.items()
    ]


def _answer(feed: Feed, answer_id: str) -> dict[str, Any] | None:
    """Return a recorded answer as it was written, maybe by an older version of the service."""
    found = feed.desk.ledger.read(answer_id)
    if found is None or found.kind is not Kind.ANSWER or found.erased is not None:
        return None
    return as_shown(feed.desk, from_json(found.answer))


def as_shown(desk: Desk, answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a recorded answer without the estimates of silent models, which are never shown.

    None where a model was turned off since: its estimate stands in tier and monitoring as well.
    """
    answers = [shown_as_recorded(one, answer["language"]) for one in answer["answers"]]
    told = [one["model"] for one in answers if one["probability"] is not None]
    if not all(desk.shows(one["version"], synthetic=one["synthetic"]) for one in told):
        return None
    return {**answer, "answers": answers}
