"""The times of the infusions of the template: those that name no zone, and the zone declared.

The days of the template are numbers counted from the infusion, so no zone can change one. A time
without a zone is a clock time of the declared ``time_zone``; where none is declared it is read as
UTC and counted, because only the calendar of a shared copy depends on it.
"""

from zoneinfo import ZoneInfo

import pandas as pd

from features.sources.csv.site_dates import NO_DATE, Written, parsed
from features.sources.site_zone import in_zone

COLUMN = "infused_at"


def infusion_times(
    cells: pd.Series, zone: ZoneInfo | None
) -> tuple[pd.Series, dict[str, pd.Series], list[str]]:
    """Put the times without a zone into `zone`.

    Parameters
    ----------
    cells : Series of str or None
        ``infused_at`` as it came.

    Returns
    -------
    cells : Series of str or None
        A time that names no zone as its instant in UTC; all else as it came.
    broken : dict
        Rule -> the cells that are no whole date, or an hour that the zone has twice or never.
    remarks : list of str
        How many times were read as UTC for want of a zone.
    """
    read = [None if cell is None else parsed(cell, "iso") for cell in cells]
    zoneless = [isinstance(one, Written) and one.has_hour and one.at.tzinfo is None for one in read]
    placed = [
        in_zone(one.at, zone) if naive and isinstance(one, Written) else one
        for one, naive in zip(read, zoneless, strict=True)
    ]
    endings = pd.Series([one if isinstance(one, str) else "" for one in placed], index=cells.index)
    broken = {
        f"{COLUMN}{ending}": endings.eq(ending)
        for ending in endings.unique()
        if ending not in ("", NO_DATE)  # what is no date at all is told by the kind of the column
    }
    made = [
        at.isoformat() if naive and not isinstance(at, str | Written | None) else cell
        for cell, at, naive in zip(cells, placed, zoneless, strict=True)
    ]
    told = pd.Series(made, index=cells.index, dtype="object").mask(
        endings.ne("") & endings.ne(NO_DATE), None
    )
    return told, broken, _remarks(sum(zoneless)) if zone is None else []


def _remarks(zoneless: int) -> list[str]:
    if not zoneless:
        return []
    return [
        f"courses.csv: {zoneless} times of {COLUMN} name no zone and were read as UTC. No day "
        'and no predictor depends on it; say time_zone = "Asia/Shanghai" (or that of the site) in '
        "cohort.toml to have the instants right."
    ]
