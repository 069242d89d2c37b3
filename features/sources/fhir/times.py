"""Dates and timestamps of FHIR: exact where they carry an offset, else of the site's zone."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from features.sources.site_zone import in_zone, later_in_zone

_WRITTEN = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d{2})(?:-(?P<day>\d{2})"
    r"(?:[T ](?P<hour>\d{2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d+))?)?"
    r"\s?(?P<offset>Z|[+-]\d{2}:?\d{2})?)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Moment:
    """One date or timestamp as read.

    Attributes
    ----------
    at : datetime or None
        The instant (UTC); local midnight of a date, or the midnight that ends it.
    date_only : bool
        It named no hour.
    rule : str or None
        The rule it breaks, when it cannot be placed.
    """

    at: datetime | None = None
    date_only: bool = False
    rule: str | None = None


NOTHING = Moment()


class Clock:
    """Reads what a source writes as time.

    Parameters
    ----------
    zone : tzinfo or None
        The zone of timestamps without an offset and of dates; without it they are refused.
    """

    def __init__(self, zone: tzinfo | None) -> None:
        self.zone = zone

    def read(self, text: object, *, ends: bool = False, lenient: bool = False) -> Moment:
        """Read one dateTime, date or instant.

        Parameters
        ----------
        ends : bool
            It is an end, or tells when something was known: a date stands for the end of its day,
            and an hour that a change of the clock doubles or skips is the later one.
        lenient : bool
            It need not be exact to the day: without a zone, read a date as that of UTC, and any
            reading of an hour will do.
        """
        if text is None:
            return NOTHING
        match = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            return Moment(rule="timestamp_is_readable")
        if match["day"] is None:
            return Moment(rule="date_names_its_day")
        zone = self.zone or (UTC if lenient else None)
        try:
            if match["hour"] is None:
                return _date(match, zone, ends)
            return _timestamp(match, zone, any_reading=ends or lenient)
        except (ValueError, OverflowError):
            return Moment(rule="timestamp_is_readable")


def _date(match: re.Match[str], zone: tzinfo | None, ends: bool) -> Moment:
    day = date(int(match["year"]), int(match["month"]), int(match["day"]))
    if zone is None:
        return Moment(date_only=True, rule="timestamp_has_a_zone")
    day = day + timedelta(days=1) if ends else day
    return Moment(datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC), True)


def _timestamp(match: re.Match[str], zone: tzinfo | None, *, any_reading: bool) -> Moment:
    second = min(int(match["second"] or 0), 59)  # a leap second is the second before it
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    plain = datetime(  # noqa: DTZ001 - the zone is added below
        int(match["year"]), int(match["month"]), int(match["day"]),
        int(match["hour"]), int(match["minute"]), second, micro,
    )  # fmt: skip
    offset = match["offset"]
    if offset:
        return Moment(datetime.fromisoformat(plain.isoformat() + offset).astimezone(UTC))
    if zone is None:
        return Moment(rule="timestamp_has_a_zone")
    if any_reading:
        return Moment(later_in_zone(plain, zone))
    found = in_zone(plain, zone)
    return Moment(rule=f"timestamp{found}") if isinstance(found, str) else Moment(found)


def birth_date(text: object) -> tuple[datetime | None, bool]:
    """Return the birth date and whether only its year or month was told.

    Of a year the first of July is taken, of a month its fifteenth: the age is within half a year.
    """
    match = _WRITTEN.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        return None, False
    month = int(match["month"] or 7)
    day = int(match["day"] or (15 if match["month"] else 1))
    try:
        return datetime(int(match["year"]), month, day, 12, tzinfo=UTC), match["day"] is None
    except ValueError:
        return None, False
