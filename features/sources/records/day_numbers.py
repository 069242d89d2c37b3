"""Instants of a stream of events as days of a course.

In a cohort that resolves instants, a day is the time from the start of the first dose. What came
with a date and no hour is placed at the end of its local day (or when it was known, if earlier):
nothing enters sooner than it can have happened. In a cohort that resolves days, a day is the number
of local calendar days from that of the first dose.
"""

from datetime import tzinfo

import numpy as np
import pandas as pd

_DAY = pd.Timedelta(days=1)
_DAY_S = 86400.0


def end_of_local_day(instants: pd.Series, zone: tzinfo) -> pd.Series:
    """Return the local midnight after each instant; a day of a clock change has 23 or 25 hours."""
    local = instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize() + _DAY
    return _from_local(local, zone)


def local_midnight(instants: pd.Series, zone: tzinfo) -> pd.Series:
    """Return the local midnight before each instant."""
    return _from_local(instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize(), zone)


def _from_local(local: pd.Series, zone: tzinfo) -> pd.Series:
    # Some zones change their clock at midnight, which then does not exist or comes twice.
    first = np.ones(len(local), dtype=bool)
    stamped = local.dt.tz_localize(zone, nonexistent="shift_forward", ambiguous=first)
    return stamped.dt.tz_convert("UTC").astype("datetime64[us, UTC]")


def happened(placed: pd.DataFrame, resolution: str, zone: tzinfo) -> pd.Series:
    """Return the day on which each event happened.

    Parameters
    ----------
    placed : DataFrame
        Events with the ``day_0`` of their course.
    """
    if resolution == "day":
        return _calendar_days(placed["start"], placed["day_0"], zone)
    ends = end_of_local_day(placed["start"], zone)
    # A result that was out before the day ended had been taken by then.
    early = placed["known"].where(placed["known"] > placed["start"], placed["start"])
    ends = ends.where(placed["known"].isna() | (early > ends), early)
    return _days(placed["start"].where(~placed["date_only"], ends), placed["day_0"])


def became_known(placed: pd.DataFrame, day: pd.Series, resolution: str, zone: tzinfo) -> pd.Series:
    """Return the day on which each event was known; NaN where the source does not say."""
    if resolution == "day":
        known = _days(placed["known"], local_midnight(placed["day_0"], zone))
        return known.where(known.isna() | (known > day + 1.0), day + 1.0)
    return _days(placed["known"], placed["day_0"])


def day_of(instants: pd.Series, day_0: pd.Series, resolution: str, zone: tzinfo) -> pd.Series:
    """Return the day of instants that carry their hour."""
    if resolution == "day":
        return _calendar_days(instants, day_0, zone)
    return _days(instants, day_0)


def _calendar_days(instants: pd.Series, day_0: pd.Series, zone: tzinfo) -> pd.Series:
    date = instants.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    first = day_0.dt.tz_convert(zone).dt.tz_localize(None).dt.normalize()
    whole: pd.Series = (date - first).dt.total_seconds() / _DAY_S
    return whole


def _days(instants: pd.Series, day_0: pd.Series) -> pd.Series:
    elapsed: pd.Series = (instants - day_0).dt.total_seconds() / _DAY_S
    return elapsed
