"""The ward list: the open courses, those to look at first in front.

A snoozed course stands behind the others until its snooze ends; then the level of watching decides,
then whether it was acknowledged, then what is overdue.
"""

from collections.abc import Sequence
from datetime import datetime

from serving.feed.acknowledging import PointAt, attention
from serving.feed.alerts import AlertBudget, alerts_of
from serving.feed.due import due_items
from serving.feed.folded import instant
from serving.feed.points import is_worse
from serving.feed.shifts import Shifts
from serving.feed.told import OnWard, Point, Ward
from serving.feed.ward_book import CourseInBook, Page
from serving.monitoring_plan import LEVELS, Level, Row

_SECONDS_PER_DAY, _HOURS_PER_DAY = 86_400.0, 24.0


def ward_of(
    page: Page, plan: Sequence[Row], shifts: Shifts, budget: AlertBudget, now: datetime
) -> Ward:
    """Return the ward list at an instant.

    Parameters
    ----------
    plan : sequence of Row
        The monitoring plan of the site.
    budget : AlertBudget
        How many alerts it can bear.
    """
    began = shifts.began(now)
    courses = [_on_ward(one, plan, began, now) for one in page.courses if one.points]
    return Ward.model_construct(
        as_of=now,
        shift_began=began,
        position=page.position,
        courses=sorted(courses, key=_first_look),
        alerts=alerts_of((*page.courses, *page.closed), budget, now),
        erased=page.erased,
    )


def _first_look(one: OnWard) -> tuple[bool, int, bool, float, str]:
    overdue = min((item.due_in_hours for item in one.due), default=0.0)
    return (
        one.attention.snooze is not None,
        -LEVELS.index(one.level),
        not one.attention.unacknowledged,
        min(overdue, 0.0),
        one.course_id,
    )


def _on_ward(course: CourseInBook, plan: Sequence[Row], began: datetime, now: datetime) -> OnWard:
    last = course.points[-1]
    noticed = attention(course.points, course.acts, now)
    own = None if noticed.override is None else noticed.override.level
    level: Level = max((last.point.level, own or LEVELS[0]), key=LEVELS.index)
    infused_at = course.row["course"].get("infused_at")
    day = _day(last, infused_at, now)
    before = _before(course.points, began)
    return OnWard.model_construct(
        course_id=course.course_id,
        hospital_id=course.row.get("hospital_id"),
        product=course.row["course"].get("product"),
        day=day,
        clock="received" if infused_at is None else "infusion",
        level=level,
        now=last.point,
        model=_model(last.point),
        data_age_hours=max(0.0, (day - last.point.landmark_day) * _HOURS_PER_DAY),
        since_last_shift=_change(before, last.point),
        before=before,
        due=due_items(plan, level, last.point, day),
        attention=noticed,
    )


def _day(last: PointAt, infused_at: str | None, now: datetime) -> float:
    """Return the day it is now; without a time of infusion, by when the last result came."""
    if infused_at is not None:
        return (now - instant(infused_at)).total_seconds() / _SECONDS_PER_DAY
    since = max(0.0, (now - last.written_at).total_seconds())
    return last.point.landmark_day + since / _SECONDS_PER_DAY


def _before(points: Sequence[PointAt], began: datetime) -> Point | None:
    """Return where a course stood when the shift began: before the first point of the shift."""
    before = None
    for one in points:
        if one.written_at > began:
            return before
        before = one.point
    return before


def _change(before: Point | None, now: Point) -> str:
    if before is None:
        return "new"
    if is_worse(now, before):
        return "higher"
    return "lower" if is_worse(before, now) else "same"


def _model(point: Point) -> str:
    if point.estimates:
        return "live"
    return "silent" if point.silent else "none"
