"""CRS and ICANS of one course, read without arrays: a patient at the bedside, not a cohort.

The rules are those of :mod:`features.grading.crs` and :mod:`features.grading.icans`. What is read
for them is what :mod:`features.grading.crs_reading` and :mod:`features.grading.icans_reading` read
of ten thousand courses at once; a law of the tests holds the two equal. Arrays cost a millisecond
for the first course and almost nothing for the next; these lists cost the same for each.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import floor, inf, isnan
from typing import Any, NamedTuple

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
from features.grading.crs_reading import SUPPORT
from features.grading.graded import Graded
from features.grading.icans import (
    FULL_ICE,
    ICE_ITEMS,
    IcansFindings,
    grade_icans,
    ice_of,
    uses_capd,
)
from features.grading.recorded import NOT_FOR_HYPOXIA, NUMBER_OF_AGENTS, Findings
from features.inputs import INPUTS

_POSITIVE_PRESSURE = ("positive_pressure_ventilation", "intubation")
_AT_HOME, _ANY_REASON = ("cpap", "bipap"), ("cpap", "bipap", "ventilator")
_ICE = (*ICE_ITEMS, "ice_score")
_tuple = tuple.__new__  # a hundred a course, at a quarter of what Found(...) costs
_RANKS = {name: one.levels for name, one in INPUTS.items() if one.is_text}


class Found(NamedTuple):
    """A result: its instant, when it may be read, and how severe it is (a number, or a rank)."""

    day: float
    visible: float
    severity: float
    word: str | None = None


class Ran(NamedTuple):
    """A treatment: `start` is its instant, `begin` when it may be read, `end` infinite if open."""

    agent: str
    start: float
    begin: float
    end: float
    dose: float | None
    unit: str | None
    intent: str | None

    def runs(self, at: float, until: float = inf) -> bool:
        """Whether it runs at an instant, where it ends by `until`."""
        return self.begin <= at < min(self.end, until)

    @property
    def agents(self) -> float:
        """How many agents a row stands for."""
        several = self.unit == NUMBER_OF_AGENTS and self.dose is not None and self.dose >= 1
        return float(floor(self.dose or 0.0)) if several else 1.0

    @property
    def oxygen(self) -> Oxygen | None:
        """What support means for hypoxia, None where it has another reason or is none."""
        if self.agent in _POSITIVE_PRESSURE:
            return None if self.intent in NOT_FOR_HYPOXIA else Oxygen.POSITIVE_PRESSURE
        if self.agent != "oxygen":
            return None
        if self.unit != "L/min" or self.dose is None:
            return Oxygen.CANNULA_WITHOUT_FLOW
        return Oxygen.LOW_FLOW if self.dose <= MOST_LOW_FLOW_L_MIN else Oxygen.HIGH_FLOW


@dataclass(frozen=True, slots=True)
class PlainCourse:
    """A course that is going on, as far as grading reads it; nobody has died in it.

    Attributes
    ----------
    results : mapping of input to sequence of Found
    treatments_recorded : bool
        Whether an absent treatment means that it was not given.
    """

    resolution: str
    age_years: float | None
    developmental_delay: bool
    treatments_recorded: bool
    results: Mapping[str, Sequence[Found]] = field(default_factory=dict)
    given: Sequence[Ran] = ()

    def findings(self, name: str) -> Findings:
        """Return the results of one input that is a number as arrays."""
        rows = self.results.get(name, ())
        day, visible, value = (np.array([one[at] for one in rows], dtype=float) for at in range(3))
        return Findings(np.zeros(len(rows), dtype=np.int64), day, visible, value, value)


def plain_course(
    course: Mapping[str, Any],
    measurements: Iterable[tuple[str, float, float, float, str | None]] = (),
    treatments: Iterable[Sequence[Any]] = (),
    *,
    resolution: str = "instant",
    treatments_recorded: bool = True,
) -> PlainCourse:
    """Read one course whose rows were checked: names, levels and days are legal.

    Parameters
    ----------
    course : mapping
        ``age_years`` and ``developmental_delay`` are read.
    measurements : iterable of (input, day, known_day, number, word)
        The word of an input with levels, else None.
    treatments : iterable of (agent, start_day, stop_day, known_day, dose, dose_unit, intent)
        `stop_day` NaN: it still runs, or was a single dose.
    """
    by_day = resolution == "day"
    results: dict[str, list[Found]] = {}
    for name, day, known, number, word in measurements:
        instant = floor(day) + 1.0 if by_day else day
        severity = number if word is None else float(_RANKS[name][word])
        if not isnan(severity):
            visible = known if known > instant else instant
            found = _tuple(Found, (instant, visible, severity, word))
            if name in results:
                results[name].append(found)
            else:
                results[name] = [found]
    given = [_ran(*row, by_day=by_day) for row in treatments]
    delay = course.get("developmental_delay") is True
    return PlainCourse(
        resolution, course.get("age_years"), delay, treatments_recorded, results, given
    )


def _ran(
    agent: str,
    start_day: float,
    stop_day: float,
    known_day: float,
    dose: float | None,
    unit: str | None,
    intent: str | None,
    *,
    by_day: bool,
) -> Ran:
    # A day is read at its end: what stopped on it still ran on that day.
    start = floor(start_day) + 1.0 if by_day else start_day
    stop = inf if isnan(stop_day) else floor(stop_day) + 2.0 if by_day else stop_day
    return Ran(agent, start, max(start, known_day), stop, dose, unit, intent)


def plain_crs(course: PlainCourse, at: float) -> Graded:
    """Grade the CRS of one course at an instant; see :func:`features.grading.crs_at`."""
    fever, fever_before = _fever(course, at)
    running = [one for one in course.given if one.runs(at)]
    pressors = [one.agents for one in running if one.agent == "vasopressor"]
    reasons = {one.intent for one in running if one.agent in _POSITIVE_PRESSURE}
    return grade_crs(
        CrsFindings(
            fever=fever,
            fever_not_required=fever_before and _hides_fever(course, at),
            support_goes_on=_support_goes_on(course, at),
            hypotension=_hypotension(course, at),
            vasopressors=int(sum(pressors)) if course.treatments_recorded else None,
            vasopressin=any(one.agent == "vasopressin" for one in running),
            oxygen=_oxygen(course, at),
            other_positive_pressure=not reasons.isdisjoint(NOT_FOR_HYPOXIA),
            overlapping_rows=len(pressors) > 1,
        )
    )


def plain_icans(course: PlainCourse, at: float) -> Graded:
    """Grade the ICANS of one course at an instant; see :func:`features.grading.icans_at`."""
    ice = _last_examination(course, at)
    awareness = _last(course, "consciousness", at)
    if awareness is not None and _full_ice_since(ice, awareness.day):
        awareness = None
    capd = _last(course, "capd_score", at)
    return grade_icans(
        IcansFindings(
            ice=ice_of(
                [ice[name].severity if name in ice else None for name in ICE_ITEMS],
                ice["ice_score"].severity if "ice_score" in ice else None,
            ),
            capd=None if capd is None else capd.severity,
            consciousness=None if awareness is None else awareness.word,
            seizure=_seizure(course, at),
            motor_weakness=_word(course, "motor_weakness", at),
            cerebral_oedema=_word(course, "cerebral_oedema", at),
            child=uses_capd(course.age_years, course.developmental_delay),
        )
    )


PLAIN: Mapping[str, Callable[[PlainCourse, float], Graded]] = {
    "CRS": plain_crs,
    "ICANS": plain_icans,
}


def _seen(course: PlainCourse, name: str, at: float) -> list[Found]:
    """Return what may be read of an input at an instant; nothing from before the infusion."""
    rows = course.results.get(name, ())
    return [one for one in rows if one.visible <= at and one.day >= -MOMENT]


def _last(
    course: PlainCourse, name: str, at: float, *, lowest_counts: bool = False
) -> Found | None:
    """Return the last result within its look-back; at a tie the most severe, then the later row."""
    sign = -1.0 if lowest_counts else 1.0
    last, key = None, (-inf, -inf)
    for one in _seen(course, name, at):
        mine = (one.day, sign * one.severity)
        if mine >= key:
            last, key = one, mine
    return last if last is not None and last.day >= at - LOOK_BACK_DAYS[name] else None


def _word(course: PlainCourse, name: str, at: float) -> str | None:
    found = _last(course, name, at)
    return None if found is None else found.word


def _fever(course: PlainCourse, at: float) -> tuple[bool | None, bool]:
    """Return whether there is fever, and whether there was while the CRS may be going on."""
    rows = _seen(course, "temperature_c", at)
    if not rows:
        return None, False
    hot = has_fever([one.severity for one in rows]).tolist()
    fevers = [one.day for one, is_hot in zip(rows, hot, strict=True) if is_hot]
    last_fever = max(fevers, default=-inf)
    earliest = at - LOOK_BACK_DAYS["temperature_c"]
    known = max(one.day for one in rows) >= earliest
    return last_fever >= earliest if known else None, last_fever >= at - ONGOING_DAYS


def _hides_fever(course: PlainCourse, at: float) -> bool:
    """Whether a drug still acts, by its start or, once that is past, by its stop."""
    for one in course.given:
        earliest = at - FEVER_MASKED_DAYS.get(one.agent, -inf)
        if one.begin <= at and one.start >= earliest:
            return True
        if max(one.begin, one.end) <= at and max(one.start, one.end) >= earliest:
            return True
    return False


def _support_goes_on(course: PlainCourse, at: float) -> bool:
    """Whether a vasopressor or oxygen runs that began with the fever, or while it was hidden."""
    since = _support_since(course, at)
    if since is None:
        return False
    soon = min(at, since + SUPPORT_BEGAN_WITH_FEVER_DAYS)
    if any(_fever_near(course, one) for one in (since, soon)):
        return True
    return _fever(course, since)[1] and _hides_fever(course, since)


def _fever_near(course: PlainCourse, at: float) -> bool:
    rows = _seen(course, "temperature_c", at)
    hot = has_fever([one.severity for one in rows]).tolist() if rows else []
    earliest = at - SUPPORT_BEGAN_WITH_FEVER_DAYS
    return any(is_hot and one.day >= earliest for one, is_hot in zip(rows, hot, strict=True))


def _support_since(course: PlainCourse, at: float) -> float | None:
    """Return since when vasopressors or oxygen run without a gap, None where nothing does."""
    rows = [
        (one.begin, one.end)
        for one in course.given
        if one.agent in SUPPORT and one.intent not in NOT_FOR_HYPOXIA
    ]
    charted = [one for one in course.results.get("oxygen_device", ()) if one.day >= -MOMENT]
    for one in charted:
        if one.severity > 0:  # 0 is room air
            replaced = min((row.visible for row in charted if row.day > one.day), default=inf)
            holds = min(one.day + LOOK_BACK_DAYS["oxygen_device"], replaced)
            rows.append((one.visible, holds))
    since, until = inf, -inf
    for begin, end in sorted(row for row in rows if row[0] < row[1] and row[0] <= at):
        if begin > until:
            since, until = begin, -inf
        until = max(until, end + SUPPORT_GAP_DAYS)
    return since if at < until else None


def _hypotension(course: PlainCourse, at: float) -> bool | None:
    age = course.age_years
    systolic = _last(course, "sbp_mmhg", at, lowest_counts=True)
    mean = _last(course, "map_mmhg", at, lowest_counts=True)
    limit = ADULT_SBP_MMHG
    if age is not None and age < CHILD_LIMIT_BELOW_YEARS:
        mean, limit = None, CHILD_SBP_MMHG_AT_BIRTH + CHILD_SBP_MMHG_PER_YEAR * age
    low = [] if systolic is None else [systolic.severity < limit]
    low += [] if mean is None else [mean.severity < ADULT_MAP_MMHG]
    return any(low) if low else None


def _oxygen(course: PlainCourse, at: float) -> Oxygen | None:
    """Return the oxygen that is needed: the device charted last, or support begun since."""
    device, flow = _last(course, "oxygen_device", at), _last(course, "oxygen_flow_l_min", at)
    if device is not None and flow is not None and flow.day < device.day - ONE_EXAMINATION_DAYS:
        flow = None
    word = None if device is None else device.word
    needed = oxygen_of(word, None if flow is None else flow.severity)
    if device is not None and _excused(course, device, at):
        needed = Oxygen.NONE
    charted = course.results.get("oxygen_device", ())
    for one in course.given:
        support = one.oxygen
        if support is None or not one.runs(at):
            continue
        until = min((row.visible for row in charted if row.day > one.start), default=inf)
        if one.runs(at, until):
            needed = support if needed is None else max(needed, support)
    return needed


def _excused(course: PlainCourse, device: Found, at: float) -> bool:
    """Whether a row with another reason ran at some moment since the device was charted."""
    reasons = {
        one.intent
        for one in course.given
        if one.agent in _POSITIVE_PRESSURE
        and one.begin <= at
        and max(one.begin, one.end) > device.day
    }
    return ("chronic" in reasons and device.word in _AT_HOME) or (
        "airway_protection" in reasons and device.word in _ANY_REASON
    )


def _last_examination(course: PlainCourse, at: float) -> dict[str, Found]:
    """Return the items and the score of the latest examination of the ICE."""
    noted = {name: _last(course, name, at, lowest_counts=True) for name in _ICE}
    found = {name: one for name, one in noted.items() if one is not None}
    latest = max((one.day for one in found.values()), default=-inf)
    since = latest - ONE_EXAMINATION_DAYS - MOMENT
    return {name: one for name, one in found.items() if one.day >= since}


def _full_ice_since(ice: Mapping[str, Found], day: float) -> bool:
    """Whether an ICE of 10 was reached after `day`: a word of before then holds no longer."""
    points = [ice["ice_score"].severity] if "ice_score" in ice else []
    if all(name in ice for name in ICE_ITEMS):
        points.append(sum(ice[name].severity for name in ICE_ITEMS))
    if not points or max(points) < FULL_ICE:
        return False
    return max(one.day for one in ice.values()) > day + ONE_EXAMINATION_DAYS


def _seizure(course: PlainCourse, at: float) -> str | None:
    """Return the worst seizure of the look-back; without one the last word."""
    earliest = at - LOOK_BACK_DAYS["seizure"]
    recent = {one.word for one in _seen(course, "seizure", at) if one.day >= earliest}
    worst = [word for word, rank in _RANKS["seizure"].items() if rank > 0 and word in recent]
    return worst[-1] if worst else _word(course, "seizure", at)
