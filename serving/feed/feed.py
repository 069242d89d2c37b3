"""The feed: what arrives about a course, kept and scored in one transaction with its answer."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from features.errors import LedgerError
from serving.answer import Desk, Prepared
from serving.course_reading import read_request
from serving.errors import NotThere, PayloadErased
from serving.feed.accepting import Arrived, arrived, require_complete, require_no_future
from serving.feed.alerts import WINDOW, AlertBudget
from serving.feed.course_state import TURNS, CourseState, content_of, fold
from serving.feed.folded import Folded, folded
from serving.feed.messages import CourseRow, Events
from serving.feed.points import point_of, without
from serving.feed.scoring import require_no_new_losses, scored, sent_places
from serving.feed.service_ids import turn_id
from serving.feed.shifts import Shifts
from serving.feed.told import Point, Turn, Ward
from serving.feed.ward import ward_of
from serving.feed.ward_book import CourseInBook, WardBook
from serving.ledger import Entry, EntryRefused, Kind

_MOST_TRIES = 50  # of one turn that other services take first
_LOCKS = 64
_NOTHING_NEW: Mapping[str, Any] = {"accepted": [], "corrected": [], "waiting": [], "unmapped": []}
Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Taken:
    """A turn before it is recorded: what to record and what to reply."""

    reply: bytes
    entry: Entry | None = None
    answer: Prepared | None = None


class Feed:
    """Keeps courses in the ledger of a desk; safe to share between threads.

    Parameters
    ----------
    desk : Desk
    shifts : Shifts
        Of the ward.
    budget : AlertBudget
        How many alerts it can bear.
    clock : callable
        Returns the present instant, aware.
    """

    def __init__(
        self,
        desk: Desk,
        shifts: Shifts | None = None,
        budget: AlertBudget | None = None,
        clock: Clock = lambda: datetime.now(UTC),
    ) -> None:
        self.desk = desk
        self.shifts = shifts or Shifts()
        self.budget = budget or AlertBudget()
        self.clock = clock
        self.book = WardBook()
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    def put(self, course_id: str, body: bytes, language: str = "en", who: str = "") -> bytes:
        """Keep a course row; the same row again is one entry.

        Raises
        ------
        RequestProblem
            For a row that is not legal, or under which kept events could not be read.
        LedgerError
            When it could not be recorded; then nothing has changed.
        """
        read_request(body, CourseRow)
        row = content_of(body)

        def step(state: CourseState) -> Taken:
            if state.row == row:
                return Taken(self._again(state))
            rows = folded(state.with_row(row), self.desk.site)
            found = scored(self.desk, course_id, rows, language, {}, who)
            before = Turn.model_validate_json(state.told).set_aside if state.told else []
            require_no_new_losses(before, found)
            turn = _turn(course_id, state, rows, found.made, found.set_aside)
            return self._taken(Kind.COURSE, course_id, state, body, who, turn, found.made)

        return self.take_turn(course_id, step, makes=True)

    def events(self, course_id: str, body: bytes, language: str = "en", who: str = "") -> bytes:
        """Keep events and score the course again; what was kept before is not kept twice.

        Raises
        ------
        RequestProblem
            For events that cannot be read, by path; then none is kept.
        NotThere, PayloadErased, Contradiction
            For a course that is not kept, was erased, or knows one of the ids otherwise.
        LedgerError
            When they could not be recorded.
        """
        read_request(body, Events)
        sent = content_of(body)["events"]
        require_complete(sent)

        def step(state: CourseState) -> Taken:
            found = arrived(state, sent)
            if not found.new:
                return Taken(self._again(state, found.known))
            require_no_future(found.new, sent, state.row or {}, self.clock())
            after = state.with_events(found.new)
            rows = folded(after, self.desk.site)
            places = {key: at for key, at in sent_places(sent).items() if key in found.new}
            made = scored(self.desk, course_id, rows, language, places, who)
            turn = _turn(course_id, after, rows, made.made, made.set_aside, found)
            return self._taken(Kind.EVENT, course_id, state, body, who, turn, made.made)

        return self.take_turn(course_id, step)

    def take_turn(
        self, course_id: str, step: Callable[[CourseState], Taken], *, makes: bool = False
    ) -> bytes:
        """Read a course, let a step decide, and record it as the next turn of the course.

        When another thread or service took the turn meanwhile, the course is read again.

        Raises
        ------
        NotThere
            For a course that is not kept, unless the step `makes` it.
        """
        with self._locks[hash(course_id) % _LOCKS]:
            for _ in range(_MOST_TRIES):
                state = self.state(course_id, makes=makes)
                taken = step(state)
                if taken.entry is None or self._recorded(taken, taken.entry):
                    return taken.reply
        raise LedgerError(
            "The course is being changed by others all the time; nothing was recorded. Ask again."
        )

    def state(self, course_id: str, *, makes: bool = False) -> CourseState:
        """Return a course as the ledger holds it.

        Raises
        ------
        NotThere, PayloadErased
            For a course that is not kept, or was erased.
        """
        state = fold(self.desk.ledger.of_subject(course_id, *TURNS))
        if state.erased is not None:
            raise PayloadErased(
                "What was kept of this course was erased under retention "
                f"({state.erased.reason}). PUT it under a new id if it goes on."
            )
        if state.row is None and not makes:
            raise NotThere(
                "There is no such course here. PUT its row to /v1/courses/{id} first, then send "
                "its events."
            )
        return state

    def ward(self) -> Ward:
        """Return the ward list now, as far as it may be shown now.

        Raises
        ------
        LedgerError
            When the ledger cannot be read.
        """
        now = self.clock()
        page = self.book.page(self.desk.ledger, now - WINDOW)
        courses = [self._as_shown(one) for one in page.courses]
        closed = [self._as_shown(one) for one in page.closed]
        shown = replace(page, courses=courses, closed=closed)
        return ward_of(shown, self.desk.plan.rows, self.shifts, self.budget, now)

    def course(self, course_id: str) -> CourseInBook | None:
        """Return one course as far as it may be shown now, None where there is none."""
        found = self.book.course(self.desk.ledger, course_id)
        return None if found is None else self._as_shown(found)

    def course_of_answer(self, answer_id: str) -> CourseInBook | None:
        """Return the course to which an answer was given, None where it belongs to none."""
        found = self.book.course_of_answer(self.desk.ledger, answer_id)
        return None if found is None else self._as_shown(found)

    def shown(self, point: Point) -> Point:
        """Return a point without the models that were turned off since it was recorded."""
        shows = self.desk.shows
        hidden = [
            one.model for one in point.estimates if not shows(one.model, synthetic=one.synthetic)
        ]
        return without(point, hidden) if hidden else point

    def _as_shown(self, course: CourseInBook) -> CourseInBook:
        shown = [self.shown(one.point) for one in course.points]
        if all(one is own.point for one, own in zip(shown, course.points, strict=True)):
            return course
        both = zip(course.points, shown, strict=True)
        return replace(course, points=[replace(one, point=point) for one, point in both])

    def _again(self, state: CourseState, known: tuple[str, ...] = ()) -> bytes:
        """Return the last reply, with nothing new in it."""
        last = Turn.model_validate_json(state.told)
        more = {**_NOTHING_NEW, "known": list(known), "now": self.shown(last.now)}
        return last.model_copy(update=more).model_dump_json().encode()

    def _recorded(self, taken: Taken, entry: Entry) -> bool:
        """Write a turn; False when somebody else took it first."""
        try:
            if taken.answer is None:
                self.desk.ledger.append(entry)
            else:
                self.desk.give(taken.answer, entry)
        except EntryRefused:
            if self.desk.ledger.read(entry.entry_id) is None:
                raise
            return False
        return True

    def _taken(
        self, kind: Kind, course_id: str, state: CourseState, body: bytes, who: str,
        turn: Turn, made: Prepared,
    ) -> Taken:  # fmt: skip
        reply = turn.model_dump_json().encode()
        entry = Entry(
            turn_id(course_id, state.turns + 1),
            request=body, answer=reply, kind=kind, subject=course_id, who=who,
        )  # fmt: skip
        return Taken(reply, entry, made)


def _turn(
    course_id: str, after: CourseState, rows: Folded, made: Prepared,
    set_aside: tuple[str, ...], found: Arrived | None = None,
) -> Turn:  # fmt: skip
    new: Mapping[str, Any] = {} if found is None else found.new
    gone = after.corrected
    return Turn(
        course_id=course_id,
        ledger_id=turn_id(course_id, after.turns + 1),
        accepted=list(new),
        known=[] if found is None else list(found.known),
        corrected=[
            key for key, by in gone.items() if key in after.events and (by in new or key in new)
        ],
        waiting=[] if found is None else found.waiting(after),
        unmapped=[one for one in rows.unmapped if one.event_id in new],
        unmapped_in_all=len(rows.unmapped),
        set_aside=list(set_aside),
        now=point_of(made),
    )
