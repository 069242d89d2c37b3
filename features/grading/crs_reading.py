"""CRS at instants: the findings of :mod:`features.grading.crs`, from the tables of a cohort."""

from functools import lru_cache
from typing import Any

import numpy as np

from features.clock import MOMENT
from features.grading.assumptions import (
    ADULT_MAP_MMHG,
    ADULT_SBP_MMHG,
    CHILD_LIMIT_BELOW_YEARS,
    CHILD_SBP_MMHG_AT_BIRTH,
    CHILD_SBP_MMHG_PER_YEAR,
    FEVER_MASKED_DAYS,
    LOOK_BACK_DAYS,
    ONE_EXAMINATION_DAYS,
    ONGOING_DAYS,
    SUPPORT_BEGAN_WITH_FEVER_DAYS,
    SUPPORT_GAP_DAYS,
)
from features.grading.crs import (
    MOST_LOW_FLOW_L_MIN,
    CrsFindings,
    Oxygen,
    grade_crs,
    has_fever,
    oxygen_of,
)
from features.grading.graded import Graded
from features.grading.instants import Gradings, LastOf, Noted, graded_once, last_of
from features.grading.recorded import Bools, Findings, Floats, Given, Integers, Recorded
from features.grading.timed import LastNoted, RunningNow, RunningSince, visible_after
from features.inputs import INPUTS

INPUTS_READ = ("temperature_c", "sbp_mmhg", "map_mmhg", "oxygen_device", "oxygen_flow_l_min")
SUPPORT = ("vasopressor", "vasopressin", "oxygen", "positive_pressure_ventilation", "intubation")
_DEVICES = tuple(INPUTS["oxygen_device"].levels)
_POSITIVE_PRESSURE = ("positive_pressure_ventilation", "intubation")
_AT_HOME = np.array([device in ("cpap", "bipap") for device in _DEVICES])
_ANY_REASON = np.array([device in ("cpap", "bipap", "ventilator") for device in _DEVICES])


def crs_at(recorded: Recorded, instant: float) -> Graded:
    """Grade the CRS of one course at an instant, by what is known at it.

    Parameters
    ----------
    recorded : Recorded
        Of one course; see :func:`features.grading.one_course.recorded_course`.
    instant : float
        Days from the first infusion, 0 or later.

    Notes
    -----
    Look-backs, the limit of hypotension and how long a drug hides fever are assumptions, and stand
    in :mod:`features.grading.assumptions`.
    """
    return CrsReader(recorded).at(np.zeros(1, dtype=np.int64), np.array([float(instant)])).of(0)


class CrsReader:
    """Reads the CRS of many courses at many instants."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        temperature = recorded.findings("temperature_c")
        febrile = temperature.where(has_fever(temperature.value))
        window = LOOK_BACK_DAYS["temperature_c"]
        self._any_temperature = LastOf(temperature, window)
        self._fever = LastOf(febrile, window)
        self._fever_before = LastOf(febrile, ONGOING_DAYS)
        self._fever_near = LastOf(febrile, SUPPORT_BEGAN_WITH_FEVER_DAYS)
        self._support_since = _support_since(recorded)
        self._masked = [
            _doses(recorded.given.of(agent), days) for agent, days in FEVER_MASKED_DAYS.items()
        ]
        self._sbp = last_of(recorded, "sbp_mmhg", lowest_counts=True)
        self._map = last_of(recorded, "map_mmhg", lowest_counts=True)
        self._pressors = _running(recorded.given.of("vasopressor"), weighted=True)
        self._pressor_rows = _running(recorded.given.of("vasopressor"))
        self._vasopressin = _running(recorded.given.of("vasopressin"))
        self._oxygen = _OxygenReader(recorded)

    def at(self, course: Integers, at: Floats) -> Gradings:
        """Grade at instants `at` of courses `course` (row numbers), both of shape (n,)."""
        facts = self._recorded.facts
        died = facts.died_of("CRS")
        pressors, recorded = self._pressors.at(course, at), self._recorded.treatments_recorded
        keys = {
            "fever": self._has_fever(course, at),
            "fever_not_required": self._not_required(course, at),
            "support_goes_on": self._support_goes_on(course, at),
            "hypotension": self._hypotension(course, at),
            "vasopressors": pressors if recorded else np.full(len(at), np.nan),
            "vasopressin": self._vasopressin.at(course, at) > 0,
            "oxygen": self._oxygen.at(course, at),
            "other_positive_pressure": self._oxygen.for_another_reason(course, at),
            "overlapping_rows": self._pressor_rows.at(course, at) > 1,
            "died": died[course] & (facts.death[course] <= at),
        }
        return graded_once(keys, _grade)

    def _has_fever(self, course: Integers, at: Floats) -> Floats:
        known = ~np.isnan(self._any_temperature.at(course, at).value)
        fever = ~np.isnan(self._fever.at(course, at).value)
        return np.where(known, fever.astype(float), np.nan)

    def _not_required(self, course: Integers, at: Floats) -> Bools:
        masked = np.zeros(len(course), dtype=bool)
        for last, days in self._masked:
            masked |= last.at(course, at, days) >= 0
        return masked & ~np.isnan(self._fever_before.at(course, at).value)

    def _support_goes_on(self, course: Integers, at: Floats) -> Bools:
        since = self._support_since.at(course, at)
        runs = ~np.isnan(since)
        begun = np.where(runs, since, at)
        soon = np.minimum(at, begun + SUPPORT_BEGAN_WITH_FEVER_DAYS)
        near = [~np.isnan(self._fever_near.at(course, one).value) for one in (begun, soon)]
        return runs & (near[0] | near[1] | self._not_required(course, begun))

    def _hypotension(self, course: Integers, at: Floats) -> Floats:
        sbp, mean = self._sbp.at(course, at).value, self._map.at(course, at).value
        age = self._recorded.facts.age_years[course]
        child = age < CHILD_LIMIT_BELOW_YEARS
        of_child = CHILD_SBP_MMHG_AT_BIRTH + CHILD_SBP_MMHG_PER_YEAR * age
        mean = np.where(child, np.nan, mean)
        low = (sbp < np.where(child, of_child, ADULT_SBP_MMHG)) | (mean < ADULT_MAP_MMHG)
        return np.where(np.isnan(sbp) & np.isnan(mean), np.nan, low.astype(float))


class _OxygenReader:
    """The oxygen that is needed: the device charted last, or support begun since."""

    def __init__(self, recorded: Recorded) -> None:
        device = recorded.findings("oxygen_device")
        self._device = last_of(recorded, "oxygen_device")
        self._flow = last_of(recorded, "oxygen_flow_l_min")
        given = recorded.given
        oxygen = given.of("oxygen")
        pressure = given.of(*_POSITIVE_PRESSURE)
        low, high = (
            oxygen.flow_l_min <= MOST_LOW_FLOW_L_MIN,
            oxygen.flow_l_min > MOST_LOW_FLOW_L_MIN,
        )
        unstated = oxygen.where(~low & ~high)
        self._support = {
            Oxygen.LOW_FLOW: _until_charted(oxygen.where(low), device),
            Oxygen.CANNULA_WITHOUT_FLOW: _until_charted(unstated, device),
            Oxygen.HIGH_FLOW: _until_charted(oxygen.where(high), device),
            Oxygen.POSITIVE_PRESSURE: _until_charted(pressure.where(pressure.for_hypoxia), device),
        }
        self._at_home = _RunningWhile(pressure.where(pressure.intent == "chronic"))
        self._for_airway = _RunningWhile(pressure.where(pressure.intent == "airway_protection"))

    def at(self, course: Integers, at: Floats) -> Floats:
        """Return :class:`Oxygen` as numbers, NaN where not known."""
        device, flow = self._device.at(course, at), self._flow.at(course, at)
        apart = flow.day < device.day - ONE_EXAMINATION_DAYS
        needed = _oxygen_table()[
            _place(device.value), _flow_place(np.where(apart, np.nan, flow.value))
        ]
        needed = np.where(self._excused(device, course, at), float(Oxygen.NONE), needed)
        for oxygen, running in self._support.items():
            runs = running.at(course, at) > 0
            needed = np.where(runs, np.fmax(needed, float(oxygen)), needed)
        return needed

    def for_another_reason(self, course: Integers, at: Floats) -> Bools:
        """Say where positive pressure runs that is not for hypoxia."""
        return self._at_home.since(course, at, at) | self._for_airway.since(course, at, at)

    def _excused(self, device: Noted, course: Integers, at: Floats) -> Bools:
        """Whether a row with another reason ran at some moment since the device was charted."""
        place = np.nan_to_num(device.value).astype(np.int64)
        charted = np.where(np.isnan(device.day), at, device.day)
        at_home = self._at_home.since(course, charted, at) & _AT_HOME[place]
        for_airway = self._for_airway.since(course, charted, at) & _ANY_REASON[place]
        return ~np.isnan(device.value) & (at_home | for_airway)


class _RunningWhile:
    """Whether an interval that may be read by then ran at some moment of a span."""

    def __init__(self, given: Given) -> None:
        begin = np.asarray(given.begin, dtype=np.float64)
        forever = np.full(len(begin), np.inf)
        self._begun = RunningNow(given.course, begin, forever)
        self._ended = RunningNow(given.course, np.maximum(begin, given.end), forever)

    def since(self, course: Integers, earlier: Floats, at: Floats) -> Bools:
        """Return whether one had begun by `at` that had not ended by `earlier`."""
        return self._begun.at(course, at) > self._ended.at(course, earlier)


def _support_since(recorded: Recorded) -> RunningSince:
    """Return since when vasopressors or oxygen run, by treatments and by charted devices."""
    given, device = recorded.given, recorded.findings("oxygen_device")
    counted = given.of(*SUPPORT)
    if len(counted.agent):
        counted = counted.where(counted.for_hypoxia)
    device = device.where(device.day >= -MOMENT) if len(device.day) else device
    needed = device.where(device.value > 0) if len(device.day) else device  # 0 is room air
    replaced = visible_after(device.course, device.day, device.visible, needed.course, needed.day)
    holds = np.minimum(needed.day + LOOK_BACK_DAYS["oxygen_device"], replaced)
    return RunningSince(
        np.concatenate([counted.course, needed.course]),
        np.concatenate([counted.begin, needed.visible]),
        np.concatenate([counted.end, holds]),
        SUPPORT_GAP_DAYS,
    )


def _running(given: Given, *, weighted: bool = False) -> RunningNow:
    weight = given.agents if weighted else None
    return RunningNow(given.course, given.begin, given.end, weight)


def _until_charted(given: Given, device: Findings) -> RunningNow:
    """Return support that runs until it is stopped or a device is charted later than its start."""
    charted = visible_after(device.course, device.day, device.visible, given.course, given.start)
    return RunningNow(given.course, given.begin, np.minimum(given.end, charted))


def _doses(given: Given, days: float) -> tuple[LastNoted, float]:
    """Return the moments after which a drug acts for `days`: its start, and its stop once past."""
    stopped = np.isfinite(given.end)
    course = np.concatenate([given.course, given.course[stopped]])
    moment = np.concatenate([given.start, np.maximum(given.start, given.end)[stopped]])
    visible = np.concatenate([given.begin, np.maximum(given.begin, given.end)[stopped]])
    return LastNoted(course, moment, visible), days


@lru_cache(maxsize=1)
def _oxygen_table() -> Floats:
    """Return :class:`Oxygen` by device (the last is none charted) and flow class."""
    flows = (None, 0.0, MOST_LOW_FLOW_L_MIN, MOST_LOW_FLOW_L_MIN + 1.0)
    found = [[oxygen_of(device, flow) for flow in flows] for device in (*_DEVICES, None)]
    return np.array([[np.nan if one is None else float(one) for one in row] for row in found])


def _place(device: Floats) -> Integers:
    return np.where(np.isnan(device), len(_DEVICES), np.nan_to_num(device)).astype(np.int64)


def _flow_place(flow_l_min: Floats) -> Integers:
    classes = [np.isnan(flow_l_min), flow_l_min == 0, flow_l_min <= MOST_LOW_FLOW_L_MIN]
    return np.select(classes, [0, 1, 2], 3).astype(np.int64)


def _grade(row: dict[str, Any]) -> Graded:
    fever, low, n, oxygen = (
        row[name] for name in ("fever", "hypotension", "vasopressors", "oxygen")
    )
    return grade_crs(
        CrsFindings(
            fever=None if fever is None else bool(fever),
            fever_not_required=bool(row["fever_not_required"]),
            support_goes_on=bool(row["support_goes_on"]),
            hypotension=None if low is None else bool(low),
            vasopressors=None if n is None else int(n),
            vasopressin=bool(row["vasopressin"]),
            oxygen=None if oxygen is None else Oxygen(int(oxygen)),
            other_positive_pressure=bool(row["other_positive_pressure"]),
            overlapping_rows=bool(row["overlapping_rows"]),
            died=bool(row["died"]),
        )
    )
