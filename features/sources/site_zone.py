"""The time zone of a site, and clock times that name no zone: one rule for every origin.

The hour that the change to winter time runs through twice is refused, because both readings are
equally likely, and so is the hour in spring that does not exist. Only where a moment says when
something was over or known is the later reading taken: nothing is then known too early.
"""

from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from features.errors import CohortError

NO_SUCH_HOUR = "_is_an_hour_that_exists"
HOUR_TWICE = "_is_an_hour_that_exists_once"
"""Endings of the rules that a clock time without a zone can break."""
CLOCK_TIMES_WITHOUT_ZONE = (
    "clock times name no zone: they are taken as they stand, on one clock that is never changed, "
    "and infused_at bears them as UTC. Where the clock was changed between a record and the "
    "infusion, the day of that record is an hour off."
)
"""The note of an origin whose times are local and cannot be placed in a zone."""


def zone_called(name: str) -> ZoneInfo:
    """Return the time zone of an IANA name.

    Raises
    ------
    CohortError
        There is no such zone.
    """
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        raise CohortError(
            f"time_zone = {name[:40]!r} is no time zone; give an IANA name, for instance "
            '"Asia/Shanghai", "Europe/Berlin" or "America/New_York".'
        ) from None


def stated_zone(name: object) -> ZoneInfo | None:
    """Return the zone of a name that may be unsaid; None where nothing is said."""
    return None if name is None or name == "" else zone_called(str(name))


def in_zone(at: datetime, zone: tzinfo | None) -> datetime | str:
    """Return the instant of `at` in UTC; a naive one is a clock time of `zone`.

    Returns
    -------
    datetime or str
        The ending of the rule that is broken where a change of the clock makes the hour happen
        twice or not at all.
    """
    if at.tzinfo is not None or zone is None:
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
        return HOUR_TWICE if exists else NO_SUCH_HOUR
    return first.astimezone(UTC)


def later_in_zone(at: datetime, zone: tzinfo | None) -> datetime:
    """Return the instant of `at` in UTC, where a change of the clock leaves two the later one."""
    found = in_zone(at, zone)
    if isinstance(found, datetime):
        return found
    both = (at.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    return max(both)
