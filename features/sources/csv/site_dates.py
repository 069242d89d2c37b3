"""Dates as sites write them, by a declared style; what is partial or happens twice is said so.

The styles are those of :data:`STYLES`. A cell that a workbook holds as a date is a date whatever
the style. A partial date (2026-03) is no date. A clock time without a zone is a time of the site's
zone (``site_zone.py``).
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from features.sources.csv.as_written import plain_text

STYLES = ("iso", "day_first", "month_first", "chinese", "excel")
LOOKS = {
    "iso": "2026-03-04",
    "day_first": "04.03.2026",
    "month_first": "03/04/2026",
    "chinese": "2026年3月4日",
    "excel": "46085",
}
"""How the fourth of March 2026 looks in each style."""

NO_DATE = "_is_a_date"
NOT_WHOLE = "_is_a_whole_date"
_FIRST_YEAR = 2000
_YEARS = range(1900, 2200)
_TIME = (
    r"(?:(?:T| +)(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?"
    r" ?(?P<z>Z|[+-]\d{2}:?\d{2})?)?"
)
_CLOCK = r" ?(?:(?P<h>\d{1,2})[:时点](?P<mi>\d{1,2})分?(?::?(?P<s>\d{1,2})秒?)?(?P<z>))?"
_PATTERNS = {
    "iso": (
        re.compile(r"(?P<y>\d{4})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<d>\d{1,2})" + _TIME),
        re.compile(r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})" + _TIME),
    ),
    "day_first": (
        re.compile(r"(?P<d>\d{1,2})(?P<sep>[-/.])(?P<m>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})" + _TIME),
    ),
    "month_first": (
        re.compile(r"(?P<m>\d{1,2})(?P<sep>[-/.])(?P<d>\d{1,2})(?P=sep)(?P<y>\d{4}|\d{2})" + _TIME),
    ),
    "chinese": (re.compile(r"(?P<y>\d{4})年(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]" + _CLOCK),),
    "excel": (),
}
_PARTIAL = re.compile(
    r"(?:19|20)\d{2}年?|\d{4}[-/.年]\d{1,2}月?|\d{1,2}[-/.]\d{4}"
    r"|\d{4}[-/.年](?:\d{1,2}|00|XX|\?\?)[-/.月](?:0{1,2}|XX|\?\?)日?"
    r"|(?:0{1,2}|XX|\?\?)[-/.](?:\d{1,2}|XX|\?\?)[-/.]\d{4}",
    re.IGNORECASE,
)
_CLOCK_CELL = re.compile(r"(\d{1,2})[:时点](\d{1,2})分?(?::?(\d{1,2})秒?)?")
_SERIALS = (20000.0, 80000.0)  # 1954 to 2119
_SERIAL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook knows no zone


@dataclass(frozen=True, slots=True)
class Written:
    """A date as it was written: naive or with its zone, with its hour or without."""

    at: datetime
    has_hour: bool


def parsed(cell: object, style: str, clock: object = None) -> Written | str:
    """Return what `cell` says in `style`, or the ending of the rule that it breaks.

    Parameters
    ----------
    clock : object
        The time of day where it stands in a cell of its own.
    """
    found = _parsed(cell, style)
    if isinstance(found, Written) and found.at.year not in _YEARS:
        return NO_DATE
    hour = None if isinstance(found, str) or found.has_hour else _time_of_day(clock)
    if isinstance(found, str) or hour is None:
        return found
    return Written(datetime.combine(found.at.date(), hour), has_hour=True)


def _parsed(cell: object, style: str) -> Written | str:
    if isinstance(cell, datetime):
        return Written(cell, has_hour=True)
    if isinstance(cell, date):
        return Written(datetime.combine(cell, time()), has_hour=False)
    text = plain_text(cell) or ""
    if style == "excel" and (serial := _serial(text)) is not None:
        return Written(_SERIAL_ZERO + timedelta(days=serial), has_hour=serial % 1 != 0)
    if _PARTIAL.fullmatch(text):
        return NOT_WHOLE
    for pattern in _PATTERNS[style]:
        match = pattern.fullmatch(text)
        if match:
            return _of_numbers(match)
    return NO_DATE


def _serial(text: str) -> float | None:
    try:
        serial = float(text)
    except ValueError:
        return None
    return serial if _SERIALS[0] <= serial <= _SERIALS[1] else None


def _of_numbers(match: re.Match[str]) -> Written | str:
    year, month, day = (int(match[part]) for part in ("y", "m", "d"))
    hour, minute, second = (int(match[part] or 0) for part in ("h", "mi", "s"))
    year += _FIRST_YEAR if len(match["y"]) == 2 else 0
    try:
        at = datetime(year, month, day, hour, minute, second, tzinfo=_offset(match["z"]))
    except ValueError:
        return NO_DATE
    return Written(at, has_hour=match["h"] is not None)


def _offset(written: str | None) -> timezone | None:
    if not written:
        return None
    if written == "Z":
        return UTC
    hours, minutes = int(written[1:3]), int(written[-2:])
    shift = timedelta(hours=hours, minutes=minutes)
    return timezone(-shift if written[0] == "-" else shift)


def _time_of_day(cell: object) -> time | None:
    if isinstance(cell, datetime):
        return cell.time()
    if isinstance(cell, time):
        return cell
    match = _CLOCK_CELL.fullmatch(plain_text(cell) or "")
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return time(hour, minute, second)
    except ValueError:
        return None
