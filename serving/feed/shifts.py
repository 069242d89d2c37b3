"""When the shift that is on began."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Shifts:
    """The times of day at which shifts begin.

    Attributes
    ----------
    starts : tuple of time
        By the clock of the ward; at least one.
    zone : str
        IANA name of the ward's zone.
    """

    starts: tuple[time, ...] = (time(7), time(19))
    zone: str = "UTC"

    def began(self, now: datetime) -> datetime:
        """Return the last beginning of a shift, in UTC, at or before an aware instant."""
        zone = ZoneInfo(self.zone)
        today = now.astimezone(zone).date()
        begun = [
            datetime.combine(today - timedelta(days=back), start, zone).astimezone(UTC)
            for back in (0, 1)
            for start in self.starts
        ]
        return max(one for one in begun if one <= now)
