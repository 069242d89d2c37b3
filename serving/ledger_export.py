"""What the service saw, as a cohort: the source of tomorrow's training, with the answers beside it.

A request holds a course so far, so the last one of a course is what is known of it. Requests belong
to one course when they were recorded under one subject, or carry one ``course_id`` (written as a
pseudonym); a request with neither stays a course of its own, because two patients may be alike.
Outcomes are what later requests tell, and what was sent to ``POST /v1/outcomes``: a record ends
with the last of them and is censored there.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from features.answers import write_answers
from features.checks import check_tables
from features.cohort_files import write_cohort
from features.errors import LedgerError
from features.inputs import INPUTS
from features.sources.records.site_mapping import SiteMapping
from features.tables import Manifest
from serving.course_reading import course_so_far, read_request
from serving.errors import RequestProblem
from serving.feed.course_state import content_of
from serving.feed.happened import Happened, happened
from serving.ledger import Kind, Ledger, Recorded
from serving.messages import RiskRequest

_ALL_ROWS = 10_000.0  # days: a landmark after which nothing is known
_PSEUDONYM = 24  # hexadecimal digits
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what was left out by which rule."""

    courses: int
    answers: int
    left_out: Mapping[str, int]


@dataclass
class _Seen:
    """What the entries told so far."""

    site: SiteMapping
    courses: dict[str, Mapping[str, Rows]] = field(default_factory=dict)
    rows: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    outcomes: dict[str, dict[str, Mapping[str, Any]]] = field(default_factory=dict)
    answers: Rows = field(default_factory=list)
    resolutions: set[str] = field(default_factory=set)
    left_out: Counter[str] = field(default_factory=Counter)

    def add(self, entry: Recorded) -> None:
        if entry.erased:
            self.left_out["answers whose payload was erased"] += 1
            return
        try:
            request = read_request(entry.request, RiskRequest)
            course_id = _course_id(entry, request)
            answer = json.loads(entry.answer)
            tables = _tables_of(request, course_id, answer["landmark_day"], self.site)
        except RequestProblem:
            self.left_out["answers whose request is not legal any more"] += 1
            return
        self.resolutions.add(request.resolution)
        self.courses[course_id] = tables
        self.rows[course_id] = _row_of(request)
        self.answers += _answers_of(entry, course_id, answer)

    def add_outcome(self, entry: Recorded) -> None:
        if entry.erased:
            self.left_out["outcomes whose payload was erased"] += 1
            return
        said = content_of(entry.request)
        self.outcomes.setdefault(entry.subject, {}).setdefault(said["outcome_id"], said)

    def end_courses(self) -> None:
        """Put what happened into the courses that were asked about."""
        for course_id, outcomes in self.outcomes.items():
            if course_id not in self.courses:
                self.left_out["outcomes of courses without an answer"] += len(outcomes)
                continue
            try:
                found = happened(outcomes, self.rows[course_id])
            except RequestProblem:
                self.left_out["outcomes that cannot be read any more"] += len(outcomes)
                continue
            _end(self.courses[course_id], course_id, found)


def export_ledger(ledger: Ledger, directory: Path, site: SiteMapping) -> Exported:
    """Write a cohort of the courses that were asked about, and every answer to them.

    Parameters
    ----------
    site : SiteMapping
        How this site writes units and answers, as the service read the requests.

    Raises
    ------
    LedgerError
        When there is no answer to export.
    CohortError
        When the directory holds something else or cannot be written.
    """
    seen = _Seen(site)
    for entry in ledger.after(0, Kind.ANSWER):
        seen.add(entry)
    for entry in ledger.after(0, Kind.OUTCOME):
        seen.add_outcome(entry)
    seen.end_courses()
    if not seen.courses:
        raise LedgerError("The ledger holds no answer whose request can be read.")
    tables = {
        name: pd.DataFrame([row for course in seen.courses.values() for row in course[name]])
        for name in ("courses", "measurements", "treatments", "grades")
    }
    cohort, failures = check_tables(tables, _manifest(seen))
    kept = set(cohort.courses["course_id"])
    answers = [row for row in seen.answers if row["course_id"] in kept]
    seen.left_out["answered questions whose course was left out"] += len(seen.answers) - len(
        answers
    )
    try:
        write_cohort(cohort, directory, rejected=failures.rows)
        directory.chmod(0o700)  # patient data: for whoever exported it alone
        write_answers(pd.DataFrame(answers), directory)
    except ImportError:
        raise LedgerError(
            "An export is written as Parquet, and pyarrow is not installed here. Run it where "
            "VigiCell trains, with --ledger."
        ) from None
    return Exported(len(kept), len(answers), +seen.left_out + Counter(failures.counts()))


def _manifest(seen: _Seen) -> Manifest:
    notes = [
        "What a service was asked; a record ends with the last request about its course.",
        "Requests without a course_id are courses of their own: one patient may be several.",
    ]
    return Manifest(
        name="ledger",
        origin="ledger",
        resolution="day" if seen.resolutions == {"day"} else "instant",
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        notes=notes,
    )


def _course_id(entry: Recorded, request: RiskRequest) -> str:
    sent = getattr(request.course, "course_id", None)  # fields made from COURSE_FIELDS
    return entry.subject or (_pseudonym(sent) if sent else entry.entry_id)


def _pseudonym(identifier: str) -> str:
    return hashlib.sha256(identifier.encode()).hexdigest()[:_PSEUDONYM]


def _row_of(request: RiskRequest) -> Mapping[str, Any]:
    at = request.course.infused_at
    course = {} if at is None else {"infused_at": at.isoformat()}
    return {"course": course, "resolution": request.resolution}


def _end(tables: Mapping[str, Rows], course_id: str, found: Happened) -> None:
    (course,) = tables["courses"]
    last = max(course["follow_up_days"], found.facts["follow_up_days"])
    course.update({**found.facts, "follow_up_days": last})
    known = {_grading(one) for one in tables["grades"]}
    tables["grades"].extend(
        {"course_id": course_id, **one} for one in found.grades if _grading(one) not in known
    )


def _grading(one: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(one[name] for name in ("toxicity", "day", "system", "grade"))


def _tables_of(
    request: RiskRequest, course_id: str, landmark_day: float, site: SiteMapping
) -> Mapping[str, Rows]:
    whole = request.model_copy(update={"landmark": _ALL_ROWS, "landmark_at": None})
    course = course_so_far(whole, site)
    measurements = [
        {
            "course_id": course_id,
            **one._asdict(),
            "unit": None if INPUTS[one.input].is_text else INPUTS[one.input].unit,
        }
        for one in course.readings
    ]
    treatments = [
        {
            "course_id": course_id,
            **dose._asdict(),
            **row.model_dump(include={"dose", "dose_unit", "route", "intent"}),
        }
        for dose, row in zip(course.doses, request.treatments, strict=True)
    ]
    grades = [
        {"course_id": course_id, **grade._asdict(), "contact": row.contact}
        for grade, row in zip(course.grades, request.grades, strict=True)
    ]
    days = [landmark_day, *(one.day for one in course.readings)]
    days += [*(one.start_day for one in course.doses), *(one.day for one in course.grades)]
    patient = getattr(request.course, "patient_id", None)
    facts = request.course.model_dump() | {
        "course_id": course_id,
        "patient_id": _pseudonym(patient) if patient else course_id,
        "follow_up_days": max(days),
    }
    return {
        "courses": [facts],
        "measurements": measurements,
        "treatments": treatments,
        "grades": grades,
    }


def _answers_of(entry: Recorded, course_id: str, answer: Mapping[str, Any]) -> Rows:
    return [
        {
            "answer_id": entry.entry_id,
            "written_at": entry.written_at,
            "course_id": course_id,
            "question": one["question"]["name"],
            "landmark_day": answer["landmark_day"],
            "probability": one["probability"],
            "low": (one["interval"] or {}).get("low"),
            "high": (one["interval"] or {}).get("high"),
            "tier": (one["tier"] or {}).get("name"),
            "abstention": (one["abstention"] or {}).get("reason"),
            "model": (one["model"] or {}).get("version"),
            "release": entry.release,
            "shown": not one.get("silent", False),
        }
        for one in answer["answers"]
    ]
