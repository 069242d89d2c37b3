"""What was recorded of courses, as arrays for grading: one course or ten thousand alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.clock import happened_at
from features.errors import CohortError
from features.inputs import INPUTS
from features.tables import AGENTS, INTENTS, Cohort

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NUMBER_OF_AGENTS = "{agents}"
NOT_FOR_HYPOXIA = ("airway_protection", "chronic")


@dataclass(frozen=True, slots=True)
class Findings:
    """Results of one input.

    Attributes
    ----------
    day : ndarray
        The instant of the finding (the end of its day where only days are known).
    visible : ndarray
        When it may be read: when it was known, not before `day`.
    value : ndarray
        The number, or the position of the word among the levels.
    severity : ndarray
        The number, or the rank of the word.
    """

    course: Integers
    day: Floats
    visible: Floats
    value: Floats
    severity: Floats

    def where(self, mask: Bools) -> "Findings":
        """Return the rows of `mask`."""
        return Findings(
            self.course[mask], self.day[mask], self.visible[mask], self.value[mask],
            self.severity[mask],
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Given:
    """Administrations: `start` is the instant of the start, `begin` when it may be read.

    `end` is infinite without a stop. `agents` is the number of agents a row stands for,
    `flow_l_min` the oxygen flow, NaN without one; `for_hypoxia` is false where the intent says that
    positive pressure has another reason.
    """

    course: Integers
    agent: npt.NDArray[np.object_]
    start: Floats
    begin: Floats
    end: Floats
    agents: Floats
    flow_l_min: Floats
    intent: npt.NDArray[np.object_]

    def where(self, mask: Bools) -> "Given":
        """Return the rows of `mask`."""
        return Given(
            self.course[mask], self.agent[mask], self.start[mask], self.begin[mask],
            self.end[mask], self.agents[mask], self.flow_l_min[mask], self.intent[mask],
        )  # fmt: skip

    def of(self, *agents: str) -> "Given":
        """Return the rows of some agents."""
        return self.where(np.isin(self.agent, agents))

    @property
    def for_hypoxia(self) -> Bools:
        """Whether positive pressure was not given for another reason."""
        return ~np.isin(self.intent, NOT_FOR_HYPOXIA)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The findings and treatments of `n_courses` courses.

    Attributes
    ----------
    treatments_recorded : bool
        Whether an absent treatment means that it was not given.
    facts : DataFrame
        One row a course: age_years, developmental_delay, death (instant), death_cause.
    """

    n_courses: int
    resolution: str
    facts: pd.DataFrame
    treatments_recorded: bool
    given: Given
    _rows: Findings
    _input: npt.NDArray[np.object_]
    _limits: dict[str, Floats]

    def findings(self, name: str) -> Findings:
        """Return the results of one input."""
        return self._rows.where(self._input == name)

    def limits(self, name: str, which: Literal["low", "high"]) -> Floats:
        """Return the limits of normal that came with the results of one input."""
        return self._limits[which][self._input == name]


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
    results = [(*row, *(None,) * (6 - len(row))) for row in measurements]
    drugs = [(*row, *(None,) * (7 - len(row))) for row in treatments]
    limits = ["reference_low", "reference_high"]
    measured = pd.DataFrame(results, columns=["input", "day", "known_day", "found", *limits])
    given = pd.DataFrame(
        drugs,
        columns=["agent", "start_day", "stop_day", "known_day", "dose", "dose_unit", "intent"],
    )
    _check_words(measured, given)
    words = measured["found"].map(lambda cell: isinstance(cell, str)).astype(bool)
    frame = measured.assign(
        value=pd.to_numeric(measured["found"].mask(words), errors="coerce"),
        text=measured["found"].where(words),
    )
    return _recorded(
        1, pd.DataFrame([dict(course)]), frame, np.zeros(len(frame), dtype=np.int64), given,
        np.zeros(len(given), dtype=np.int64), resolution, treatments_recorded,
    )  # fmt: skip


def recorded_cohort(cohort: Cohort) -> Recorded:
    """Read a cohort, in the order of ``cohort.courses``.

    An absent treatment counts as not given, unless the cohort holds no treatment at all.
    """
    ids = pd.Index(cohort.courses["course_id"])
    measured = cohort.measurements
    measured = measured[measured["input"].isin(list(READ_FOR_GRADING))]
    given = cohort.treatments
    return _recorded(
        len(ids), cohort.courses, measured, ids.get_indexer(pd.Index(measured["course_id"])),
        given, ids.get_indexer(pd.Index(given["course_id"])), cohort.manifest.resolution,
        len(given) > 0,
    )  # fmt: skip


READ_FOR_GRADING = (
    "temperature_c", "sbp_mmhg", "map_mmhg", "oxygen_device", "oxygen_flow_l_min",
    "ice_orientation", "ice_naming", "ice_command", "ice_writing", "ice_attention", "ice_score",
    "capd_score", "consciousness", "seizure", "motor_weakness", "cerebral_oedema",
    "anc_10e9_l", "platelets_10e9_l", "ferritin_ng_ml", "ast_u_l", "alt_u_l", "fibrinogen_mg_dl",
    "ldh_u_l", "triglycerides_mg_dl",
)  # fmt: skip


def _recorded(
    n: int,
    facts: pd.DataFrame,
    measured: pd.DataFrame,
    course: Integers,
    given: pd.DataFrame,
    given_course: Integers,
    resolution: str,
    treatments_recorded: bool,
) -> Recorded:
    names = measured["input"].to_numpy(dtype=object)
    value, severity = _numbers(measured["value"]), _numbers(measured["value"])
    texts = measured["text"].to_numpy(dtype=object)
    for name, one in INPUTS.items():
        mine = (names == name) if one.is_text else None
        if mine is not None and mine.any():
            words = pd.Series(texts[mine])
            value[mine] = words.map({word: at for at, word in enumerate(one.levels)})
            severity[mine] = words.map(dict(one.levels))
    day = happened_at(_numbers(measured["day"]), resolution)
    known = _numbers(measured["known_day"])
    kept = ~np.isnan(value) & (course >= 0)
    rows = Findings(course, day, np.fmax(day, known), value, severity).where(kept)
    return Recorded(
        n, resolution, _facts(facts, resolution), treatments_recorded,
        _given(given, given_course, resolution), rows, names[kept],
        {which: _numbers(measured[f"reference_{which}"])[kept] for which in ("low", "high")},
    )  # fmt: skip


def _given(rows: pd.DataFrame, course: Integers, resolution: str) -> Given:
    start, stop = _numbers(rows["start_day"]), _numbers(rows["stop_day"])
    by_day = resolution == "day"
    seen_from = np.fmax(happened_at(start, resolution), _numbers(rows["known_day"]))
    # A day is read at its end: what stopped on it still ran on that day.
    end = np.where(np.isnan(stop), np.inf, happened_at(stop, resolution) + (1.0 if by_day else 0.0))
    dose, unit = _numbers(rows["dose"]), rows["dose_unit"].to_numpy(dtype=object)
    several = (unit == NUMBER_OF_AGENTS) & (dose >= 1)
    made = Given(
        course,
        rows["agent"].to_numpy(dtype=object),
        happened_at(start, resolution),
        seen_from,
        end,
        np.where(several, np.floor(np.nan_to_num(dose)), 1.0),
        np.where(unit == "L/min", dose, np.nan),
        rows["intent"].to_numpy(dtype=object),
    )
    return made.where(course >= 0)


def _facts(courses: pd.DataFrame, resolution: str) -> pd.DataFrame:
    empty = pd.Series(np.nan, index=courses.index)
    delay = courses.get("developmental_delay", empty)
    cause = courses.get("death_cause", empty)
    return pd.DataFrame(
        {
            "age_years": _numbers(courses.get("age_years", empty)),
            "developmental_delay": delay.astype("object").eq(True).fillna(False).to_numpy(bool),
            "death": happened_at(_numbers(courses.get("death_day", empty)), resolution),
            "death_cause": cause.astype("object").to_numpy(),
        }
    )


def _numbers(column: pd.Series) -> Floats:
    made = pd.to_numeric(column, errors="coerce")
    return made.to_numpy(dtype=np.float64, na_value=np.nan).copy()


def _check_words(measured: pd.DataFrame, given: pd.DataFrame) -> None:
    for what, words, legal in (
        ("an input", measured["input"], tuple(INPUTS)),
        ("an agent", given["agent"], AGENTS),
        ("an intent", given["intent"].dropna(), INTENTS),
    ):
        if not set(words) <= set(legal):
            raise CohortError(f"a row names {what} that does not exist; legal: {', '.join(legal)}.")
    for name, found in zip(measured["input"], measured["found"], strict=True):
        one = INPUTS[name]
        if isinstance(found, str) != one.is_text or (one.is_text and found not in one.levels):
            wanted = ", ".join(one.levels) or f"a number in {one.unit}"
            raise CohortError(f"{name} holds something else than {wanted}; give one of these.")
