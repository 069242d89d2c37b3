"""What really happened with a course, folded from its outcomes: for a cohort to train on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from serving.course_reading import SECONDS_PER_DAY
from serving.feed.course_state import Content, that_count
from serving.feed.folded import instant
from serving.feed.outcomes import TIMES, read_grades


@dataclass(frozen=True, slots=True)
class Happened:
    """The end of a course.

    Attributes
    ----------
    facts : mapping
        Columns of the table of courses, days from the first infusion.
    grades : list of dict
        Rows of the table of grades, without their course.
    """

    facts: Mapping[str, Any]
    grades: list[dict[str, Any]]


def happened(outcomes: Mapping[str, Content], row: Content) -> Happened:
    """Fold outcomes by their id; of what two of them tell, the later counts.

    Parameters
    ----------
    row : mapping
        The course as a request tells it: ``course`` and ``resolution``.

    Raises
    ------
    RequestProblem
        For an outcome that cannot be read under this row.
    """
    facts: dict[str, Any] = {}
    grades: list[dict[str, Any]] = []
    for said in that_count(outcomes).values():
        facts |= _days(said, row["course"].get("infused_at"))
        facts |= {"death_cause": said["death_cause"]} if "death_cause" in said else {}
        grades += [
            {**one._asdict(), "contact": sent.contact} for one, sent in read_grades(said, row)
        ]
    known = [facts.get(name, 0.0) for name in ("follow_up_days", "death_day", "readmission_day")]
    facts["follow_up_days"] = max(*known, *(one["known_day"] for one in grades), 0.0)
    return Happened(facts, grades)


def _days(said: Content, infused_at: str | None) -> dict[str, float]:
    found = {day: float(said[day]) for day in TIMES if day in said}
    if infused_at is not None:
        for day, at in TIMES.items():
            if at in said:
                since = instant(said[at]) - instant(infused_at)
                found[day] = since.total_seconds() / SECONDS_PER_DAY
    return found
