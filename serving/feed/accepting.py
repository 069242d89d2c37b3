"""Which of the events that arrive are new, known already, or contradict what is kept."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from serving.errors import Contradiction, RequestProblem
from serving.feed.coded import PARTS
from serving.feed.course_state import CourseState
from serving.feed.folded import known_at
from serving.messages import Problem

FIELDS = (*PARTS, "findings")
_AHEAD = timedelta(minutes=15)  # of our clock: those of instruments are wrong by minutes
_LISTED = 10
Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Arrived:
    """The events of one message: what is new, and what was known before."""

    new: Mapping[str, Content]
    known: tuple[str, ...]

    def waiting(self, state: CourseState) -> list[str]:
        """Return new corrections of events that neither are kept nor came along."""
        there = {*state.events, *self.new}
        return [key for key, one in self.new.items() if one.get("corrects", key) not in there]


def require_complete(events: Sequence[Content]) -> None:
    """Refuse events that say nothing or too much; raises :class:`RequestProblem`."""
    problems = [
        problem for at, one in enumerate(events) for problem in _problems(f"events[{at}]", one)
    ]
    if problems:
        raise RequestProblem(problems)


def arrived(state: CourseState, events: Sequence[Content]) -> Arrived:
    """Tell new events from known ones.

    Raises
    ------
    Contradiction
        When an id stands for something else already, or what is corrected was corrected before.
    """
    new: dict[str, Content] = {}
    known: dict[str, None] = {}
    other: list[int] = []
    for at, one in enumerate(events):
        key = one["event_id"]
        before = state.events.get(key, new.get(key))
        if before is not None and before != one:
            other.append(at)
        elif key in state.events:
            known[key] = None
        else:
            new[key] = one
    if other:
        raise Contradiction(
            f"{_places(other)}: there is another event of this id, and what was recorded stays. "
            "Send the new content under an id of its own, with `corrects` naming the old one."
        )
    _require_sound_corrections(state, events, new)
    return Arrived(new, tuple(known))


def require_no_future(new: Mapping[str, Content], events: Sequence[Content], row: Content,
                      now: datetime) -> None:  # fmt: skip
    """Refuse events that are known only in the future: all later answers would be about then."""
    infused_at = row["course"].get("infused_at")
    problems = []
    for at, one in enumerate(events):
        part = next((name for name in FIELDS if name in one), None)
        if one["event_id"] not in new or part is None:
            continue
        when = known_at(one[part], infused_at)
        if when is not None and when > now + _AHEAD:
            problems.append(
                Problem(
                    path=f"events[{at}].{part}",
                    problem="lies in the future",
                    legal="times up to now, with a quarter of an hour of tolerance",
                    what_to_do="Check the time, its offset, and course.infused_at.",
                )
            )
    if problems:
        raise RequestProblem(problems)


def _problems(path: str, one: Content) -> list[Problem]:
    said = [name for name in FIELDS if name in one]
    retracts = one.get("retracts", False)
    found = []
    if len(said) != (0 if retracts else 1):
        found.append(
            Problem(
                path=path,
                problem="says nothing, or more than one thing",
                legal=f"exactly one of {', '.join(FIELDS)}; none with retracts",
                what_to_do="Send one event for each.",
            )
        )
    if retracts and "corrects" not in one:
        found.append(_missing(f"{path}.corrects", "retracts", "the event_id that was in error"))
    if one.get("corrects") == one["event_id"]:
        found.append(
            Problem(
                path=f"{path}.corrects",
                problem="names the event itself",
                legal="the event_id of another event",
                what_to_do="Send the correction under an id of its own.",
            )
        )
    return found + [
        problem for name in said if name in PARTS for problem in _unnamed(path, name, one)
    ]


def _unnamed(path: str, name: str, one: Content) -> list[Problem]:
    """Return what is missing of a row that carries neither our name nor a code."""
    part, sent = PARTS[name], one[name]
    problems = []
    coded = "code" in sent and part.system in sent
    if part.named not in sent and not coded:
        problems.append(
            Problem(
                path=f"{path}.{name}.{part.named}",
                problem="is missing, and no code stands in its place",
                legal=f"{part.named}, or code and {part.system}",
                what_to_do="Give one of both.",
            )
        )
    if name == "grading" and "grade" not in sent and not coded:
        problems.append(_missing(f"{path}.grading.grade", "toxicity", "0 to 5"))
    return problems


def _missing(path: str, beside: str, legal: str) -> Problem:
    return Problem(
        path=path,
        problem=f"is missing beside {beside}",
        legal=legal,
        what_to_do="Mend this field and send the request again.",
    )


def _require_sound_corrections(
    state: CourseState, events: Sequence[Content], new: Mapping[str, Content]
) -> None:
    before, twice, round_about = state.corrected, [], []
    sent = {**state.events, **new}
    for at, one in enumerate(events):
        key, old = one["event_id"], one.get("corrects")
        if key not in new or old is None:
            continue
        if before.setdefault(old, key) != key:
            twice.append(at)
        elif _comes_back(key, sent):
            round_about.append(at)
    if twice:
        raise Contradiction(
            f"{_places(twice)}.corrects: that event was corrected before. Correct the event that "
            "took its place; GET the course to see which."
        )
    if round_about:
        raise Contradiction(
            f"{_places(round_about)}.corrects: these events correct each other, so none would be "
            "read. Correct the last one of them under a new id."
        )


def _comes_back(key: str, sent: Mapping[str, Content]) -> bool:
    """Whether following what is corrected leads back to where it began."""
    at, seen = sent[key].get("corrects"), set()
    while at is not None and at not in seen:
        if at == key:
            return True
        seen.add(at)
        at = sent.get(at, {}).get("corrects")
    return False


def _places(found: Sequence[int]) -> str:
    more = f" and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
    return ", ".join(f"events[{at}]" for at in found[:_LISTED]) + more
