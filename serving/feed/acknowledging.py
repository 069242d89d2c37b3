"""Who has taken note: what people did with answers, folded over the course of one patient.

Order is that of the ledger; times are only compared where a snooze ends, and there an entry that
was written later than its end counts as much as the clock, which may have gone back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from serving.feed.points import is_alarming, is_worse
from serving.feed.told import Act, Attention, Point


@dataclass(frozen=True, slots=True)
class PointAt:
    """A point with its place in the ledger."""

    position: int
    written_at: datetime
    point: Point


def attention(points: Sequence[PointAt], acts: Sequence[Act], now: datetime) -> Attention:
    """Return who has taken note of a course.

    Parameters
    ----------
    points : sequence of PointAt
        Of the course, at least one, in the order of the ledger.
    acts : sequence of Act
        About answers of the course, in the order of the ledger.
    """
    place = {one.point.answer_id: index for index, one in enumerate(points)}
    latest = points[-1].point.answer_id
    acknowledged = [one for one in acts if one.kind == "acknowledge"]
    covered = max((place[one.answer_id] for one in acknowledged), default=-1)
    snoozes = [one for one in acts if one.kind == "snooze"]
    ended = _ended(snoozes[-1], points, place, now) if snoozes else None
    overrides = [one for one in acts if one.kind == "override"]
    own = overrides[-1] if overrides and overrides[-1].level is not None else None
    return Attention(
        unacknowledged=last_rise(points) > covered,
        seen_by=sorted({one.who for one in acts if one.kind == "seen" and one.answer_id == latest}),
        acknowledged=acknowledged[-1] if acknowledged else None,
        snooze=snoozes[-1] if snoozes and ended is None else None,
        snooze_ended=ended,
        override=own,
    )


def rises(points: Sequence[PointAt]) -> Iterator[int]:
    """Yield the indices of points that ask for notice, the last first: alarming, or worse."""
    for index in range(len(points) - 1, 0, -1):
        if is_worse(points[index].point, points[index - 1].point):
            yield index
    if points and is_alarming(points[0].point):
        yield 0


def last_rise(points: Sequence[PointAt]) -> int:
    """Return the index of the last point that asks for notice, -1 without any."""
    return next(rises(points), -1)


def _ended(
    one: Act, points: Sequence[PointAt], place: dict[str, int], now: datetime
) -> Literal["time", "worse"] | None:
    """Return why a snooze does not hold: something after the answer was worse, or it is over."""
    at = place[one.answer_id]
    later = points[at + 1 :]
    if any(is_worse(after.point, points[at].point) for after in later):
        return "worse"
    until = one.until
    if until is None or now >= until or any(after.written_at >= until for after in later):
        return "time"
    return None
