"""Scoring a course again: what cannot be read of earlier events is set aside, never of new ones."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from serving.answer import Desk, Prepared
from serving.errors import RequestProblem
from serving.feed.coded import PARTS
from serving.feed.folded import Folded
from serving.messages import Problem

_PART_OF = {part.table: name for name, part in PARTS.items()}


@dataclass(frozen=True, slots=True)
class Scored:
    """An answer that is not recorded yet, and the events that it could not read."""

    made: Prepared
    set_aside: tuple[str, ...]


def scored(
    desk: Desk, course_id: str, rows: Folded, language: str, new: Mapping[str, int], who: str = ""
) -> Scored:
    """Score a course.

    Parameters
    ----------
    new : mapping
        Event id -> its place in the message that brought it.
    who : str
        Who sent it.

    Raises
    ------
    RequestProblem
        For what is wrong with new events or with the row, by the path in what was sent.
    """
    aside: list[str] = []
    while True:
        left = rows.without(aside)
        try:
            made = desk.prepared(left.body(), language, subject=course_id, who=who)
        except RequestProblem as refused:
            old, problems = _sorted_out(left, refused.problems, new)
        else:
            return Scored(made, tuple(aside))
        if problems:
            raise RequestProblem(problems)
        aside += old


def _sorted_out(
    rows: Folded, problems: Sequence[Problem], new: Mapping[str, int]
) -> tuple[list[str], list[Problem]]:
    """Return the earlier events that have problems, and the problems of what was sent."""
    old: dict[str, None] = {}
    told = []
    for one in problems:
        event_id, below = rows.event_of(one)
        if event_id is None:
            told.append(one)
        elif event_id in new:
            table = one.path.partition("[")[0]
            path = f"events[{new[event_id]}].{_PART_OF[table]}{below}"
            told.append(one.model_copy(update={"path": path}))
        else:
            old[event_id] = None
    return list(old), told


def require_no_new_losses(before: Collection[str], after: Scored) -> None:
    """Refuse a row under which events could not be read that could be before.

    Raises
    ------
    RequestProblem
        Telling how many.
    """
    lost = set(after.set_aside) - set(before)
    if lost:
        raise RequestProblem(
            [
                Problem(
                    path="course",
                    problem=f"makes {len(lost)} of its events unreadable",
                    legal="a row under which all of them can be read",
                    what_to_do="Check course.infused_at; if the row is right, retract these "
                    "events first and send them again afterwards.",
                )
            ]
        )


def sent_places(events: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the place of every event in the message that brought it."""
    return {one["event_id"]: at for at, one in enumerate(events)}
