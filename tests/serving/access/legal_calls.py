"""A legal call of every route: its path filled in, and a body where it takes one."""

from datetime import UTC, datetime, timedelta

from serving.feed.examples import (
    EXAMPLE_ACTION,
    EXAMPLE_COURSE,
    EXAMPLE_EVENTS,
    EXAMPLE_ID,
    EXAMPLE_OUTCOME,
    EXAMPLE_OVERRIDE,
    EXAMPLE_SEEN,
)
from serving.messages import EXAMPLE_GRADE_REQUEST, EXAMPLE_REQUEST

_LATER = datetime.now(UTC) + timedelta(hours=8)
BODIES = {
    "/v1/risk": EXAMPLE_REQUEST,
    "/v1/risk/batch": EXAMPLE_REQUEST,
    "/v1/model/{question}/live": {"why": "limits are met"},
    "/v1/model/{question}/silent": {"why": "alarms on the ward"},
    "/v1/grade": EXAMPLE_GRADE_REQUEST,
    "/v1/courses/{course_id}": EXAMPLE_COURSE,
    "/v1/courses/{course_id}/events": EXAMPLE_EVENTS,
    "/v1/outcomes": EXAMPLE_OUTCOME,
    "/v1/answers/{answer_id}/seen": EXAMPLE_SEEN,
    "/v1/answers/{answer_id}/acknowledge": EXAMPLE_ACTION,
    "/v1/answers/{answer_id}/snooze": {**EXAMPLE_ACTION, "until": _LATER.isoformat()},
    "/v1/answers/{answer_id}/override": EXAMPLE_OVERRIDE,
}


def legal_call(route, answer_id="no-answer"):
    """Return method, path and body of a call that is legal where the example course is kept."""
    method, template = route
    path = template.replace("{course_id}", EXAMPLE_ID).replace("{answer_id}", answer_id)
    path = path.replace("{question}", "severe-crs-72h")
    return method, path, None if method == "GET" else BODIES[template]
