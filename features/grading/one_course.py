"""One course, as a request tells it, in the arrays that a whole cohort is graded from too."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from features.clock import happened_at
from features.errors import CohortError
from features.grading.recorded import Facts, Integers, Recorded, Results, assembled, given_of
from features.inputs import INPUTS
from features.tables import AGENTS, INTENTS

_POSITIONS = {
    name: {word: (at, rank) for at, (word, rank) in enumerate(one.levels.items())}
    for name, one in INPUTS.items()
    if one.is_text
}


def recorded_course(
    course: Mapping[str, Any],
    measurements: Iterable[Sequence[Any]] = (),
    treatments: Iterable[Sequence[Any]] = (),
    *,
    resolution: str = "instant",
    treatments_recorded: bool = True,
) -> Recorded:
    """Read one course, as a request tells it.

    Parameters
    ----------
    course : mapping
        Field -> value; ``age_years`` and ``developmental_delay`` are read, and ``death_day`` with
        ``death_cause`` where they are there.
    measurements : iterable of (input, day, known_day, number or word[, low, high])
        `low` and `high` are the limits of normal. `known_day` None is the day itself, or its end
        for ``"day"``.
    treatments : iterable of (agent, start_day, stop_day, known_day[, dose, dose_unit, intent])
        `stop_day` None or NaN: it still runs, or was a single dose.

    Raises
    ------
    CohortError
        An input, agent, intent or level that does not exist.
    """
    one = (course, measurements, treatments)
    return recorded_courses([one], resolution=resolution, treatments_recorded=treatments_recorded)


def recorded_courses(
    said: Sequence[tuple[Mapping[str, Any], Iterable[Sequence[Any]], Iterable[Sequence[Any]]]],
    *,
    resolution: str = "instant",
    treatments_recorded: bool = True,
) -> Recorded:
    """Read several courses, as requests tell them, in their order.

    Parameters
    ----------
    said : sequence of (course, measurements, treatments)
        Each as :func:`recorded_course` takes it.

    Raises
    ------
    CohortError
        As :func:`recorded_course`.
    """
    courses = [course for course, _, _ in said]
    facts = Facts(
        _floats([course.get("age_years") for course in courses]),
        np.array([course.get("developmental_delay") is True for course in courses]),
        happened_at(_floats([course.get("death_day") for course in courses]), resolution),
        _objects([course.get("death_cause") for course in courses]),
    )
    measured_course, results = _padded([rows for _, rows, _ in said], 6)
    given_course, drugs = _padded([rows for _, _, rows in said], 7)
    names, days, known, found, low, high = zip(*results, strict=True) if results else ((),) * 6
    agents, starts, stops, knowns, doses, units, intents = (
        zip(*drugs, strict=True) if drugs else ((),) * 7
    )
    _require(agents, AGENTS, "an agent")
    _require([one for one in intents if one is not None], INTENTS, "an intent")
    value, severity = _read(names, found)
    measured = Results(
        measured_course, _objects(names), _floats(days), _floats(known),
        _floats(value), _floats(severity), _floats(low), _floats(high),
    )  # fmt: skip
    given = given_of(
        given_course, _objects(agents),
        (_floats(starts), _floats(stops), _floats(knowns)), _floats(doses), _objects(units),
        _objects(intents), resolution,
    )  # fmt: skip
    return assembled(
        facts, measured, given, resolution=resolution, treatments_recorded=treatments_recorded
    )


def _padded(
    rows: Sequence[Iterable[Sequence[Any]]], width: int
) -> tuple[Integers, list[tuple[Any, ...]]]:
    """Return the number of the course of each row, and all rows filled up to a width."""
    listed = [
        [tuple(row) if len(row) == width else (*row, *(None,) * (width - len(row))) for row in own]
        for own in rows
    ]
    course = np.repeat(np.arange(len(listed)), [len(own) for own in listed])
    return course, list(chain.from_iterable(listed))


def _read(names: Sequence[str], found: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Return value and severity of each result."""
    _require(names, INPUTS, "an input")
    value, severity = list(found), list(found)
    for at, (name, one) in enumerate(zip(names, found, strict=True)):
        levels = _POSITIONS.get(name)
        if levels is None and not isinstance(one, str):
            continue
        if levels is None or not isinstance(one, str) or one not in levels:
            wanted = ", ".join(levels or ()) or f"a number in {INPUTS[name].unit}"
            raise CohortError(f"{name} holds something else than {wanted}; give one of these.")
        value[at], severity[at] = levels[one]
    return value, severity


def _require(words: Iterable[str], legal: Iterable[str], what: str) -> None:
    if not set(words) <= set(legal):
        raise CohortError(f"a row names {what} that does not exist; legal: {', '.join(legal)}.")


def _floats(values: Sequence[Any]) -> np.ndarray:
    return np.array(values, dtype=np.float64)  # None becomes NaN


def _objects(values: Sequence[Any]) -> np.ndarray:
    made = np.empty(len(values), dtype=object)
    made[:] = values
    return made
