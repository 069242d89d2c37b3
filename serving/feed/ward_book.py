"""The book of the ward: all courses folded in memory, read on from where it was last read.

It holds what the ledger says up to one position and nothing else, so that two services on one
ledger that have read as far agree. It is made again at every start.
"""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from serving.feed.acknowledging import PointAt
from serving.feed.course_state import TURNS, content_of, open_by
from serving.feed.told import Act, Point
from serving.ledger import Kind, Ledger, Recorded

ACTS = (Kind.SEEN, Kind.ACKNOWLEDGE, Kind.SNOOZE, Kind.OVERRIDE)
_ACT_SAYS = ("reason", "until", "level")
_READ = (*TURNS, *ACTS, Kind.ERASURE)


@dataclass(slots=True)
class CourseInBook:
    """What the ward needs of one course.

    Attributes
    ----------
    row : dict
        As it was sent.
    points : list of PointAt
        One for each answer, in the order of the ledger.
    acts : list of Act
        What people did with them.
    outcomes : dict
        By the sender's id.
    first_written_at : datetime
        When its oldest entry was written: an erasure of that time takes the whole course.
    """

    course_id: str
    first_written_at: datetime
    row: dict[str, Any] = field(default_factory=dict)
    points: list[PointAt] = field(default_factory=list)
    acts: list[Act] = field(default_factory=list)
    outcomes: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        """Whether it is on the ward list."""
        return open_by(self.outcomes)


class WardBook:
    """Courses by their id, up to a position of the ledger; safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._courses: dict[str, CourseInBook] = {}
        self._course_of: dict[str, str] = {}  # answer -> course
        self._erased: set[str] = set()
        self._position = 0

    def page(self, ledger: Ledger, since: datetime) -> "Page":
        """Return the courses on the ward list, as the ledger has them now.

        Parameters
        ----------
        since : datetime
            Closed courses that had an answer since then come with them.

        Raises
        ------
        LedgerError
            When the ledger cannot be read.
        """
        with self._lock:
            self._read_on(ledger)
            known = [one for one in self._courses.values() if one.points]
            there = [_copied(one) for one in known if one.is_open]
            left = [one for one in known if one.points[-1].written_at > since and not one.is_open]
            return Page(self._position, there, [_copied(one) for one in left], len(self._erased))

    def course(self, ledger: Ledger, course_id: str) -> CourseInBook | None:
        """Return one course, as :meth:`page` does; open or closed."""
        with self._lock:
            self._read_on(ledger)
            found = self._courses.get(course_id)
            return None if found is None else _copied(found)

    def course_of_answer(self, ledger: Ledger, answer_id: str) -> CourseInBook | None:
        """Return the course to which an answer was given, None where it belongs to none."""
        with self._lock:
            self._read_on(ledger)
            found = self._courses.get(self._course_of.get(answer_id, ""))
            return None if found is None else _copied(found)

    def _read_on(self, ledger: Ledger) -> None:
        for entry in ledger.after(self._position, *_READ):
            self._take(entry)
            self._position = entry.position

    def _take(self, entry: Recorded) -> None:
        if entry.kind is Kind.ERASURE:
            self._forget(datetime.fromisoformat(from_json(entry.request)["before"]))
        elif entry.kind in ACTS:
            self._act(entry)
        elif entry.erased is not None:
            self._drop([entry.subject])
        elif entry.subject not in self._erased:
            self._turn(entry)

    def _turn(self, entry: Recorded) -> None:
        new = CourseInBook(entry.subject, entry.written_at)
        course = self._courses.setdefault(entry.subject, new)
        if entry.kind is Kind.OUTCOME:
            body = content_of(entry.request)
            course.outcomes.setdefault(body["outcome_id"], body)
            return
        if entry.kind is Kind.COURSE:
            course.row = content_of(entry.request)
        point = Point.model_validate(from_json(entry.answer)["now"])
        course.points.append(PointAt(entry.position, entry.written_at, point))
        self._course_of[point.answer_id] = entry.subject

    def _act(self, entry: Recorded) -> None:
        course = self._courses.get(self._course_of.get(entry.subject, ""))
        if course is not None and entry.erased is None:
            course.acts.append(act_of(entry))

    def _forget(self, before: datetime) -> None:
        """Drop courses of which an erasure takes a part, whether it has been carried out or not."""
        self._drop([key for key, one in self._courses.items() if one.first_written_at < before])

    def _drop(self, course_ids: Iterable[str]) -> None:
        for key in course_ids:
            self._erased.add(key)
            for one in self._courses.pop(key).points if key in self._courses else ():
                del self._course_of[one.point.answer_id]


@dataclass(frozen=True, slots=True)
class Page:
    """The courses of the ward at one position of the ledger: open ones, and closed of late."""

    position: int
    courses: Sequence[CourseInBook]
    closed: Sequence[CourseInBook]
    erased: int


def act_of(entry: Recorded) -> Act:
    """Return what an entry says that somebody did."""
    body = from_json(entry.request)
    said = {key: one for key, one in body.items() if key in _ACT_SAYS}
    named = None if body.get("who") == entry.who else body.get("who")
    own = {"kind": entry.kind.value, "answer_id": entry.subject, "who": entry.who, "named": named}
    return Act.model_validate({"reason": None, **said, **own, "at": entry.written_at})


def _copied(one: CourseInBook) -> CourseInBook:
    """Return a course that does not change any more; what is inside is never changed."""
    return CourseInBook(
        one.course_id, one.first_written_at, one.row, one.points[:], one.acts[:], dict(one.outcomes)
    )
