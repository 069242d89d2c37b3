"""What was recorded of courses, as arrays for grading: one course or ten thousand alike."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from features.clock import happened_at
from features.inputs import INPUTS
from features.tables import Cohort

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


_NOTHING = np.zeros(0)
NO_FINDINGS = Findings(np.zeros(0, dtype=np.int64), _NOTHING, _NOTHING, _NOTHING, _NOTHING)


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
        if not len(self.agent):
            return self
        return self.where(np.isin(self.agent, agents))

    @property
    def for_hypoxia(self) -> Bools:
        """Whether positive pressure was not given for another reason."""
        return ~np.isin(self.intent, NOT_FOR_HYPOXIA)


@dataclass(frozen=True, slots=True)
class Facts:
    """What grading reads of the courses themselves, each of shape (n,).

    `death` is an instant, NaN without one; `death_cause` is None where it is not known.
    """

    age_years: Floats
    developmental_delay: Bools
    death: Floats
    death_cause: npt.NDArray[np.object_]

    def died_of(self, toxicity: str) -> Bools:
        """Return which courses ended by death due to a toxicity."""
        return (self.death_cause == toxicity) & ~np.isnan(self.death)


@dataclass(frozen=True, slots=True)
class Results:
    """Results of every input as they came, each of shape (n,); see :class:`Findings`."""

    course: Integers
    input: npt.NDArray[np.object_]
    day: Floats
    known_day: Floats
    value: Floats
    severity: Floats
    reference_low: Floats
    reference_high: Floats


@dataclass(frozen=True, slots=True)
class Recorded:
    """The findings and treatments of `n_courses` courses.

    Attributes
    ----------
    treatments_recorded : bool
        Whether an absent treatment means that it was not given.
    """

    n_courses: int
    resolution: str
    facts: Facts
    treatments_recorded: bool
    given: Given
    _rows: Findings
    _input: npt.NDArray[np.object_]
    _limits: dict[str, Floats]

    def findings(self, name: str) -> Findings:
        """Return the results of one input."""
        mine = self._input == name
        return self._rows.where(mine) if mine.any() else NO_FINDINGS

    def limits(self, name: str, which: Literal["low", "high"]) -> Floats:
        """Return the limits of normal that came with the results of one input."""
        return self._limits[which][self._input == name]


def recorded_cohort(cohort: Cohort) -> Recorded:
    """Read a cohort, in the order of ``cohort.courses``.

    An absent treatment counts as not given, unless the cohort holds no treatment at all.
    """
    ids = pd.Index(cohort.courses["course_id"])
    measured = cohort.measurements
    measured = measured[measured["input"].isin(list(READ_FOR_GRADING))]
    given = cohort.treatments
    resolution = cohort.manifest.resolution
    return assembled(
        _facts(cohort.courses, resolution),
        _results(measured, ids.get_indexer(pd.Index(measured["course_id"]))),
        _given(given, ids.get_indexer(pd.Index(given["course_id"])), resolution),
        resolution=resolution, treatments_recorded=len(given) > 0,
    )  # fmt: skip


READ_FOR_GRADING = (
    "temperature_c", "sbp_mmhg", "map_mmhg", "oxygen_device", "oxygen_flow_l_min",
    "ice_orientation", "ice_naming", "ice_command", "ice_writing", "ice_attention", "ice_score",
    "capd_score", "consciousness", "seizure", "motor_weakness", "cerebral_oedema",
    "anc_10e9_l", "platelets_10e9_l", "ferritin_ng_ml", "ast_u_l", "alt_u_l", "fibrinogen_mg_dl",
    "ldh_u_l", "triglycerides_mg_dl",
)  # fmt: skip


def assembled(
    facts: Facts,
    results: Results,
    given: Given,
    *,
    resolution: str,
    treatments_recorded: bool,
) -> Recorded:
    """Put results, treatments and facts of courses together; a result without a value is left."""
    day = happened_at(results.day, resolution)
    rows = Findings(
        results.course, day, np.fmax(day, results.known_day), results.value, results.severity
    )
    kept = ~np.isnan(results.value) & (results.course >= 0)
    return Recorded(
        len(facts.age_years), resolution, facts, treatments_recorded, given, rows.where(kept),
        results.input[kept],
        {"low": results.reference_low[kept], "high": results.reference_high[kept]},
    )  # fmt: skip


def given_of(
    course: Integers,
    agent: npt.NDArray[np.object_],
    days: tuple[Floats, Floats, Floats],
    dose: Floats,
    unit: npt.NDArray[np.object_],
    intent: npt.NDArray[np.object_],
    resolution: str,
) -> Given:
    """Return administrations from columns; `days` are start_day, stop_day and known_day."""
    start, stop, known = days
    began = happened_at(start, resolution)
    # A day is read at its end: what stopped on it still ran on that day.
    whole_day = 1.0 if resolution == "day" else 0.0
    end = np.where(np.isnan(stop), np.inf, happened_at(stop, resolution) + whole_day)
    several = (unit == NUMBER_OF_AGENTS) & (dose >= 1)
    made = Given(
        course, agent, began, np.fmax(began, known), end,
        np.where(several, np.floor(np.nan_to_num(dose)), 1.0),
        np.where(unit == "L/min", dose, np.nan), intent,
    )  # fmt: skip
    return made if (course >= 0).all() else made.where(course >= 0)


def _results(measured: pd.DataFrame, course: Integers) -> Results:
    names = measured["input"].to_numpy(dtype=object)
    value, severity = _numbers(measured["value"]), _numbers(measured["value"])
    texts = measured["text"].to_numpy(dtype=object)
    for name, one in INPUTS.items():
        mine = (names == name) if one.is_text else None
        if mine is not None and mine.any():
            words = pd.Series(texts[mine])
            value[mine] = words.map({word: at for at, word in enumerate(one.levels)})
            severity[mine] = words.map(dict(one.levels))
    return Results(
        course, names, _numbers(measured["day"]), _numbers(measured["known_day"]), value, severity,
        _numbers(measured["reference_low"]), _numbers(measured["reference_high"]),
    )  # fmt: skip


def _given(rows: pd.DataFrame, course: Integers, resolution: str) -> Given:
    days = (
        _numbers(rows["start_day"]),
        _numbers(rows["stop_day"]),
        _numbers(rows["known_day"]),
    )
    agent, unit, intent = (
        rows[name].to_numpy(dtype=object) for name in ("agent", "dose_unit", "intent")
    )
    return given_of(course, agent, days, _numbers(rows["dose"]), unit, intent, resolution)


def _facts(courses: pd.DataFrame, resolution: str) -> Facts:
    empty = pd.Series(np.nan, index=courses.index)
    delay = courses.get("developmental_delay", empty)
    cause = courses.get("death_cause", empty).astype("object")
    return Facts(
        _numbers(courses.get("age_years", empty)),
        delay.astype("object").eq(True).fillna(False).to_numpy(bool),
        happened_at(_numbers(courses.get("death_day", empty)), resolution),
        cause.where(cause.notna(), None).to_numpy(dtype=object),
    )


def _numbers(column: pd.Series) -> Floats:
    made = pd.to_numeric(column, errors="coerce")
    return made.to_numpy(dtype=np.float64, na_value=np.nan).copy()
