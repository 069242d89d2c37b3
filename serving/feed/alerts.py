"""How many alerts the ward has had in the last days, beside how many it can bear.

An alert is what asks for notice on the ward list: a first answer that is alarming, or an answer
that is worse than the one before it, whether a model or a grade raised it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from serving.feed.acknowledging import rises
from serving.feed.told import Alerts
from serving.feed.ward_book import CourseInBook

WINDOW = timedelta(days=7)
_DAY, _HUNDRED = timedelta(days=1), 100.0


@dataclass(frozen=True, slots=True)
class AlertBudget:
    """What a site has said that it can bear; one of the two, or neither."""

    per_100_patient_days: float | None = None
    per_week: float | None = None


def alerts_of(courses: Iterable[CourseInBook], budget: AlertBudget, now: datetime) -> Alerts:
    """Return the alerts of the last :data:`WINDOW`.

    Parameters
    ----------
    courses : iterable of CourseInBook
        Open ones, and those that were closed within the window.
    """
    since = now - WINDOW
    count, days = 0, 0.0
    for one in courses:
        times = [point.written_at for point in one.points]
        count += sum(since < times[index] <= now for index in rises(one.points))
        end = now if one.is_open else min(now, times[-1])
        days += max(timedelta(), end - max(since, one.first_written_at)) / _DAY
    rate = _HUNDRED * count / days if days else None
    return Alerts(
        since=since,
        count=count,
        patient_days=days,
        per_100_patient_days=rate,
        budget_per_100_patient_days=budget.per_100_patient_days,
        budget_per_week=budget.per_week,
        over_budget=_over(count, rate, budget),
    )


def _over(count: int, rate: float | None, budget: AlertBudget) -> bool | None:
    if budget.per_week is not None:
        return count > budget.per_week
    if budget.per_100_patient_days is not None and rate is not None:
        return rate > budget.per_100_patient_days
    return None
