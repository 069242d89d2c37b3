"""What really happened with a course, recorded beside what was estimated."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from serving.course import Grade
from serving.course_reading import SECONDS_PER_DAY, course_so_far, read_request
from serving.errors import Contradiction, RequestProblem
from serving.feed.course_state import CourseState, content_of, correctors, open_by
from serving.feed.feed import Feed, Taken
from serving.feed.folded import instant
from serving.feed.messages import Outcome
from serving.feed.service_ids import course_id_of, turn_id
from serving.feed.told import OutcomeTold
from serving.ledger import Entry, Kind
from serving.messages import CourseRequest, Grading, Problem

TIMES: Mapping[str, str] = {
    "discharge_day": "discharged_at",
    "readmission_day": "readmitted_at",
    "death_day": "died_at",
    "follow_up_days": "followed_until",
}
"""What is told as a day or as a time."""
_DAYS = (-60.0, 10_000.0)


def record_outcome(feed: Feed, body: bytes, who: str = "") -> bytes:
    """Record an outcome; the same one again is one entry.

    Raises
    ------
    RequestProblem
        For an outcome that is not legal.
    NotThere, PayloadErased, Contradiction
        For a course that is not kept, was erased, or has another outcome of this id.
    LedgerError
        When it could not be recorded.
    """
    asked = read_request(body, Outcome)
    course_id = course_id_of(asked.course_id, "course_id")
    said = content_of(body)

    def step(state: CourseState) -> Taken:
        before = state.outcomes.get(asked.outcome_id)
        if before is not None and before != said:
            raise Contradiction(
                "outcome_id: there is another outcome of this id, and what was recorded stays. "
                "Send the new content under an id of its own, with `corrects` naming the old one."
            )
        if before is not None:
            return Taken(
                _told(
                    course_id,
                    asked.outcome_id,
                    state.outcome_entries[asked.outcome_id],
                    state.outcomes,
                    known=True,
                )
            )
        _require_sense(asked, said, state)
        entry_id = turn_id(course_id, state.turns + 1)
        after = {**state.outcomes, asked.outcome_id: said}
        reply = _told(course_id, asked.outcome_id, entry_id, after)
        return Taken(
            reply,
            Entry(
                entry_id, request=body, answer=reply, kind=Kind.OUTCOME, subject=course_id, who=who
            ),
        )

    return feed.take_turn(course_id, step)


def _told(
    course_id: str, outcome_id: str, entry_id: str, outcomes: Mapping[str, Any], *,
    known: bool = False,
) -> bytes:  # fmt: skip
    told = OutcomeTold(
        course_id=course_id,
        outcome_id=outcome_id,
        ledger_id=entry_id,
        open=open_by(outcomes),
        known=known,
    )
    return told.model_dump_json().encode()


def _require_sense(asked: Outcome, said: Mapping[str, Any], state: CourseState) -> None:
    row = state.row or {}
    infused_at = row["course"].get("infused_at")
    problems = [
        *_problems_of_times(said, infused_at),
        *_problems_of_correction(asked, state),
    ]
    died = asked.death_day is not None or asked.died_at is not None
    if asked.death_cause is not None and not died:
        problems.append(
            Problem(
                path="death_cause",
                problem="came without a death",
                legal="beside death_day or died_at",
                what_to_do="Give the day, or leave the cause out.",
            )
        )
    if problems:
        raise RequestProblem(problems)
    read_grades(said, row)


def _problems_of_times(said: Mapping[str, Any], infused_at: str | None) -> list[Problem]:
    problems = []
    for day, at in TIMES.items():
        if day in said and at in said:
            problems.append(_one_of(day, at, "came together with a time"))
        elif at in said and infused_at is None:
            problems.append(_one_of(day, at, "is needed: the course has no infused_at"))
        elif at in said and not _within_reach(instant(said[at]), instant(str(infused_at))):
            problems.append(_one_of(day, at, "is out of reach: the time is far from the infusion"))
    return problems


def _within_reach(at: datetime, infused_at: datetime) -> bool:
    return _DAYS[0] <= (at - infused_at).total_seconds() / SECONDS_PER_DAY <= _DAYS[1]


def _one_of(day: str, at: str, problem: str) -> Problem:
    return Problem(
        path=day,
        problem=problem,
        legal=f"either {day} (days from infusion, {_DAYS[0]:g} to {_DAYS[1]:g}) or {at} (a time)",
        what_to_do="Give one of the two.",
    )


def _problems_of_correction(asked: Outcome, state: CourseState) -> list[Problem]:
    if asked.corrects is None:
        wrong = "names nothing that was in error" if asked.retracts else ""
    elif asked.corrects not in state.outcomes:
        wrong = "names an outcome that was not sent"
    else:
        wrong = "was corrected before" if asked.corrects in correctors(state.outcomes) else ""
    if not wrong:
        return []
    return [
        Problem(
            path="corrects",
            problem=wrong,
            legal="the outcome_id of one that still counts; GET the course to see them",
            what_to_do="Name the outcome to be replaced.",
        )
    ]


def read_grades(said: Mapping[str, Any], row: Mapping[str, Any]) -> list[tuple[Grade, Grading]]:
    """Read the grades of an outcome as a request of the course would, each beside how it came.

    Raises
    ------
    RequestProblem
        For a grade that cannot be read.
    """
    asked = {
        "course": row["course"],
        "grades": said.get("grades", []),
        "resolution": row.get("resolution", "instant"),
    }
    request = read_request(json.dumps(asked).encode(), CourseRequest)
    return list(zip(course_so_far(request).grades, request.grades, strict=True))
