"""What the monitoring plan asks for next, and since when it is overdue."""

from collections.abc import Iterable

from serving.feed.points import WATCHED
from serving.feed.told import Due, Point
from serving.monitoring_plan import Level, Row

_HOURS_PER_DAY = 24.0


def due_items(rows: Iterable[Row], level: Level, point: Point, day: float) -> list[Due]:
    """Return what is due, the most urgent first.

    What is watched continuously is never due, and what no input records cannot be judged.

    Parameters
    ----------
    rows : iterable of Row
        Of the monitoring plan of the site.
    day : float
        Now, in days from the first infusion. An item of which nothing was sent counts from the day
        on which its window begins.
    """
    found = [_due(one, point, day) for one in rows if _asks_now(one, level, day)]
    return sorted(found, key=lambda one: (one.due_in_hours, one.item))


def _asks_now(one: Row, level: Level, day: float) -> bool:
    """Whether a row holds now; after its window it holds on at every level but the lowest."""
    if one.level != level or not one.shown or one.item not in WATCHED:
        return False
    past = one.until_day is not None and day > one.until_day and level == "lowest"
    return bool(one.at_least_every_hours) and day >= (one.from_day or 0.0) and not past


def _due(one: Row, point: Point, day: float) -> Due:
    every = one.at_least_every_hours or 0.0
    last = point.last_day.get(one.item)
    ago = None if last is None else max(0.0, (day - last) * _HOURS_PER_DAY)
    waited = (day - (one.from_day or 0.0)) * _HOURS_PER_DAY if ago is None else ago
    remaining = every - waited
    return Due(
        item=one.item,
        every_hours=every,
        last_hours_ago=ago,
        due_in_hours=remaining,
        overdue=remaining < 0,
    )
