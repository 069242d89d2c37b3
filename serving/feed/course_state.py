"""The fold: the entries of one course, in the order of the ledger, become the course.

Laws: an event counts once, whatever was sent how often; it counts unless another event corrects it,
whichever of the two came first; so what is read does not depend on the order of arrival. A
correction takes what it corrects out of every later answer, at all its landmarks: landmarks before
either was known stay as they were, and answers that were given stay as they are recorded.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pydantic_core

from serving.ledger import Kind, Recorded, Tombstone

TURNS = (Kind.COURSE, Kind.EVENT, Kind.OUTCOME)
"""Kinds of which each entry is a turn of its course."""

Content = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CourseState:
    """What was sent about one course.

    Attributes
    ----------
    row : mapping or None
        The latest row as it was sent; None before there is one.
    events, outcomes : mapping
        By the sender's id, in order of arrival, as they were sent; corrected ones too.
    positions : mapping
        Event id -> position in the ledger.
    outcome_entries : mapping
        Outcome id -> id of its entry.
    turns : int
        How many entries the course has.
    told : bytes
        What the last turn was answered with, outcomes apart.
    erased : Tombstone or None
        When part of it was erased: then the course is not known any more.
    """

    row: Content | None = None
    events: Mapping[str, Content] = field(default_factory=dict)
    outcomes: Mapping[str, Content] = field(default_factory=dict)
    positions: Mapping[str, int] = field(default_factory=dict)
    outcome_entries: Mapping[str, str] = field(default_factory=dict)
    turns: int = 0
    told: bytes = b""
    erased: Tombstone | None = None

    @property
    def corrected(self) -> dict[str, str]:
        """Event id -> the event that corrects it."""
        return correctors(self.events)

    @property
    def read(self) -> dict[str, Content]:
        """The events that count."""
        return that_count(self.events)

    @property
    def is_open(self) -> bool:
        """Whether it is on the ward list."""
        return open_by(self.outcomes)

    def with_row(self, row: Content) -> "CourseState":
        """Return the course with another row."""
        return replace(self, row=row)

    def with_events(self, new: Mapping[str, Content]) -> "CourseState":
        """Return the course with more events."""
        return replace(self, events={**self.events, **new})


def fold(entries: Iterable[Recorded]) -> CourseState:
    """Return the course of its entries; other kinds than :data:`TURNS` say nothing about it."""
    state = CourseState()
    for entry in entries:
        if entry.kind in TURNS:
            state = _and(state, entry)
    return state


def _and(state: CourseState, entry: Recorded) -> CourseState:
    after = replace(state, turns=state.turns + 1)
    if entry.erased is not None:
        return replace(after, erased=entry.erased)
    body = content_of(entry.request)
    if entry.kind is Kind.COURSE:
        return replace(after, row=body, told=entry.answer)
    if entry.kind is Kind.OUTCOME:
        key = body["outcome_id"]
        return replace(
            after,
            outcomes=_first(state.outcomes, {key: body}),
            outcome_entries=_first(state.outcome_entries, {key: entry.entry_id}),
        )
    arrived = {one["event_id"]: one for one in body["events"]}
    return replace(
        after,
        events=_first(state.events, arrived),
        positions=_first(state.positions, dict.fromkeys(arrived, entry.position)),
        told=entry.answer,
    )


def _first(known: Mapping[str, Any], arrived: Mapping[str, Any]) -> dict[str, Any]:
    """Return both; what is known already stays as it was."""
    return {**known, **{key: one for key, one in arrived.items() if key not in known}}


def correctors(sent: Mapping[str, Content]) -> dict[str, str]:
    """Return id -> the id of what corrects it; what it names need not have arrived."""
    return {one["corrects"]: key for key, one in sent.items() if one.get("corrects")}


def that_count(sent: Mapping[str, Content]) -> dict[str, Content]:
    """Return what was neither corrected nor retracted, in order of arrival."""
    gone = correctors(sent)
    return {key: one for key, one in sent.items() if key not in gone and not one.get("retracts")}


def open_by(outcomes: Mapping[str, Content]) -> bool:
    """Whether a course is open: the last uncorrected outcome that says so counts."""
    said = [one["closes"] for one in that_count(outcomes).values() if one.get("closes") is not None]
    return not (said and said[-1])


def content_of(body: bytes) -> dict[str, Any]:
    """Return a body as it was sent, without its nulls: what is left out and what is null is one."""
    return _plain(pydantic_core.from_json(body))


def _plain(said: Any) -> Any:
    if isinstance(said, dict):
        return {key: _plain(one) for key, one in said.items() if one is not None}
    return [_plain(one) for one in said] if isinstance(said, list) else said
