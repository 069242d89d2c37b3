"""Dates to days from the infusion of their course, in the time zone of the site.

Where the cohort knows only days, a day is the difference of two dates of the site's calendar. Where
it knows hours, a day is the time since the infusion began, and a date without an hour is taken at
the end of that date. What was known on a date was known at its end, whatever the cohort knows:
nothing is thought to have been known before it could be.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from features.errors import CohortError
from features.sources.csv.site_dates import Written, parsed
from features.sources.site_zone import in_zone, later_in_zone

NO_HOUR = "_is_a_date_with_its_hour"
_DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Clock:
    """How the site's dates are read: whether they carry hours, and its zone."""

    resolution: str
    zone: ZoneInfo | None


def infusions(
    cells: pd.Series, style: str, clocks: pd.Series | None, clock: Clock
) -> tuple[list[Written | None], dict[str, pd.Series]]:
    """Read the infusion of each row, and mark the rows whose infusion cannot be read.

    Raises
    ------
    CohortError
        The cohort knows hours and not one infusion has one, or a zone is needed and none is named.
    """
    found = [_checked(one, clock) for one in _parsed(cells, style, clocks)]
    written = [one for one in found if isinstance(one, Written)]
    if clock.resolution == "instant" and written and not any(one.has_hour for one in written):
        raise CohortError(
            'resolution = "instant" needs the hour of the infusion, and infused_at holds only '
            'dates. Say resolution = "day", or map the time of day as `clock`.'
        )
    problems = pd.Series([_problem_of_infusion(one, clock) for one in found], index=cells.index)
    broken = {str(rule): problems == rule for rule in problems.unique() if rule}
    made = [
        one if isinstance(one, Written) and not problem else None
        for one, problem in zip(found, problems, strict=True)
    ]
    return made, broken


def _parsed(cells: pd.Series, style: str, clocks: pd.Series | None) -> list[Written | str | None]:
    times = clocks if clocks is not None else pd.Series(None, index=cells.index, dtype=object)
    return [
        None if cell is None else parsed(cell, style, hour)
        for cell, hour in zip(cells, times, strict=True)
    ]


def _checked(one: Written | str | None, clock: Clock) -> Written | str | None:
    """Return what was written, or the rule its hour breaks; days need neither hour nor zone."""
    if not isinstance(one, Written) or clock.resolution == "day":
        return one
    if one.has_hour and one.at.tzinfo is None and clock.zone is None:
        raise CohortError(
            'the files hold clock times without a zone. Say time_zone = "Asia/Shanghai" (or that '
            "of the site) in the mapping: a change of the clock moves results by an hour."
        )
    at = in_zone(one.at, clock.zone) if one.has_hour else one.at
    return at if isinstance(at, str) else one


def _problem_of_infusion(one: Written | str | None, clock: Clock) -> str:
    if one is None:
        return "infusion_is_present"
    if isinstance(one, str):
        return f"infusion{one}"
    return f"infusion{NO_HOUR}" if clock.resolution == "instant" and not one.has_hour else ""


def instant_of(one: Written, clock: Clock) -> datetime:
    """Return when a readable `one` was, in UTC; without an hour the end of its date."""
    if clock.resolution == "day":
        return datetime.combine(_date(one, clock), time(), tzinfo=UTC)
    at = one.at if one.has_hour else datetime.combine(one.at.date(), time()) + timedelta(days=1)
    return later_in_zone(at, clock.zone)  # a midnight itself may not exist, or exist twice


@dataclass(frozen=True, slots=True)
class Days:
    """One column of dates as days.

    Attributes
    ----------
    days : Series of float
        NaN where the cell is empty or unreadable or the course has no infusion.
    broken : mapping
        Ending of a rule -> mask of the rows that break it.
    hourless : Series of bool
        Dates without an hour.
    """

    days: pd.Series
    broken: Mapping[str, pd.Series]
    hourless: pd.Series


def days_from_infusion(
    cells: pd.Series,
    style: str,
    infused: pd.Series,
    clock: Clock,
    clocks: pd.Series | None = None,
) -> Days:
    """Turn the dates of one column into days.

    Parameters
    ----------
    infused : Series of Written or None
        The infusion of the course of each row.
    """
    found = [_checked(one, clock) for one in _parsed(cells, style, clocks)]
    days = [
        _days(one, start, clock) if isinstance(one, Written) and start is not None else np.nan
        for one, start in zip(found, infused, strict=True)
    ]
    endings = pd.Series([one if isinstance(one, str) else "" for one in found], index=cells.index)
    broken = {str(ending): endings == ending for ending in endings.unique() if ending}
    hourless = [isinstance(one, Written) and not one.has_hour for one in found]
    return Days(
        pd.Series(days, index=cells.index, dtype="float64"),
        broken,
        pd.Series(hourless, index=cells.index, dtype=bool),
    )


def _days(one: Written, infusion: Written, clock: Clock) -> float:
    return (instant_of(one, clock) - instant_of(infusion, clock)).total_seconds() / _DAY_S


def _date(one: Written, clock: Clock) -> date:
    moved = one.at.astimezone(clock.zone) if one.at.tzinfo and clock.zone else one.at
    return moved.date()
