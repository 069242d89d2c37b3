"""What is known of each course at one instant, as blocks of numbers.

Every function takes :class:`~features.arrays.CourseArrays` and `at`, one instant a course, and
returns an array of shape (n_courses, k) whose columns stand in the order of a tuple named beside
it. Only rows with ``day <= at`` and ``known_day <= at`` are looked at. All sums run over the rows
of one course and input alone, so a course gives the same bits whoever is in the block with it.

A NaN instant sees nothing.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from features.arrays import (
    GRADED,
    INPUT_CODES,
    INPUT_NAMES,
    TREATMENT_CODES,
    TREATMENTS,
    CourseArrays,
    Floats,
    Integers,
    TreatmentRows,
)
from features.scores import SCORES

Bools = npt.NDArray[np.bool_]

SUMMARIES = ("last", "max", "min", "change", "slope", "hours_since")
SLOPE_DAYS = 3.0
FEVER_C = 38.0

GRADE_COLUMNS = ("grade", "highest", "days_since_onset", "change_24h", "hours_since_grading")
FEVER_COLUMNS = ("fever_24h", "days_since_fever_onset", "hours_since_fever")
TREATMENT_COLUMNS = (
    "tocilizumab_doses", "siltuximab_doses",
    "hours_since_tocilizumab", "hours_since_corticosteroid",
    "hours_since_platelet_transfusion", "hours_since_red_cell_transfusion",
    "corticosteroid_now", "vasopressor_now", "oxygen_now", "ventilation_now",
    "corticosteroid_days", "anakinra_days", "vasopressor_days", "oxygen_days",
)  # fmt: skip
MARKS: dict[str, tuple[float, tuple[str, ...]]] = {
    # A reading taken during, or up to so many days after, a treatment that changes it.
    "tocilizumab": (14.0, ("il6_pg_ml", "crp_mg_l", "temperature_c")),
    "corticosteroid": (
        3.0, ("crp_mg_l", "temperature_c", "glucose_mmol_l", "wbc_10e9_l", "ice_score")
    ),
    "antipyretic": (0.25, ("temperature_c",)),
    "oxygen": (0.0, ("spo2_percent", "respiratory_rate_per_min")),
    "vasopressor": (0.0, ("sbp_mmhg", "map_mmhg", "heart_rate_per_min")),
    "platelet_transfusion": (2.0, ("platelets_10e9_l",)),
    "red_cell_transfusion": (2.0, ("haemoglobin_g_dl",)),
}  # fmt: skip
MARK_COLUMNS = tuple(
    f"{name}__after_{treatment}" for treatment, (_, names) in MARKS.items() for name in names
)
SCORE_COLUMNS = ("easix", "s_easix", "m_easix", "car_hematotox")
LEAST_SCORE = 2.0**-10
"""A score of 0 has no logarithm; it is read as this one."""

_N_INPUTS = len(INPUT_NAMES)
_TEMPERATURE = INPUT_CODES["temperature_c"]
_MARKED_CODES = np.array([INPUT_CODES[name] for _, names in MARKS.values() for name in names])
_MARK_ENDS = np.cumsum([len(names) for _, names in MARKS.values()]).tolist()
_MARK_PLACES = {
    treatment: slice(end - len(names), end)
    for (treatment, (_, names)), end in zip(MARKS.items(), _MARK_ENDS, strict=True)
}
_SCORE_INPUTS = tuple(dict.fromkeys(name for key in SCORE_COLUMNS for name in SCORES[key].inputs))
_SCORE_CODES = np.array([INPUT_CODES[name] for name in _SCORE_INPUTS])


@dataclass(frozen=True, slots=True)
class Seen:
    """The readings known at `at`, and where each (course, input) begins and ends in them."""

    at: Floats
    course: Integers
    slot: Integers
    day: Floats
    value: Floats
    scaled: Floats
    starts: Integers
    ends: Integers

    @property
    def slots(self) -> Integers:
        """The (course, input) of each segment."""
        return self.slot[self.starts]

    def table(self, per_segment: npt.NDArray[np.float64]) -> Floats:
        """Spread one number a segment over an array of shape (n_courses, n_inputs)."""
        table = np.full(len(self.at) * _N_INPUTS, np.nan)
        table[self.slots] = per_segment
        return table.reshape(len(self.at), _N_INPUTS)


def seen(arrays: CourseArrays, at: Floats) -> Seen:
    """Return the readings that may be seen at `at`."""
    rows = arrays.readings
    instant = at[rows.course]
    shown = np.flatnonzero((rows.known_day <= instant) & (rows.day <= instant))
    slot = rows.slot[shown]
    starts, ends = _segments(slot)
    return Seen(
        at, rows.course[shown], slot, rows.day[shown], rows.value[shown], rows.scaled[shown],
        starts, ends,
    )  # fmt: skip


def last(rows: Seen) -> Floats:
    """Return the last reading of each input; at a tie the one known last, then the largest."""
    return rows.table(rows.scaled[rows.ends])


def highest(rows: Seen) -> Floats:
    """Return the largest reading since day 0."""
    return rows.table(_extreme(rows, np.maximum, -np.inf))


def lowest(rows: Seen) -> Floats:
    """Return the smallest reading since day 0."""
    return rows.table(_extreme(rows, np.minimum, np.inf))


def change(rows: Seen) -> Floats:
    """Return the last reading minus the last one at or before day 0; NaN without one of each."""
    before = _n_before(rows)
    both = (before > 0) & (rows.starts + before - 1 < rows.ends)
    baseline = rows.scaled[np.maximum(rows.starts + before - 1, 0)] if len(before) else before
    return rows.table(np.where(both, rows.scaled[rows.ends] - baseline, np.nan))


def slope(rows: Seen) -> Floats:
    """Return the least-squares slope per day over the last 72 h; NaN without two instants."""
    instant = rows.at[rows.course]
    recent = np.flatnonzero(rows.day >= instant - SLOPE_DAYS)
    slot, day = rows.slot[recent], rows.day[recent]
    starts, ends = _segments(slot)
    table = np.full(len(rows.at) * _N_INPUTS, np.nan)
    if len(starts):
        n = (ends - starts + 1).astype(np.float64)
        # Centred on the last reading: a flat series has a slope of exactly 0.
        last_row = np.repeat(ends, ends - starts + 1)
        t = day - day[last_row]
        y = rows.scaled[recent]
        y = y - y[last_row]
        sum_t, sum_y = np.add.reduceat(t, starts), np.add.reduceat(y, starts)
        sum_tt, sum_ty = np.add.reduceat(t * t, starts), np.add.reduceat(t * y, starts)
        spread = sum_tt - sum_t * sum_t / n
        usable = day[starts] < day[ends]
        steep = (sum_ty - sum_t * sum_y / n) / np.where(usable, spread, 1.0)
        table[slot[starts]] = np.where(usable, steep, np.nan)
    return table.reshape(len(rows.at), _N_INPUTS)


def hours_since(rows: Seen) -> Floats:
    """Return the age of the last reading of each input, in hours."""
    return rows.table((rows.at[rows.course[rows.ends]] - rows.day[rows.ends]) * 24.0)


def last_day(rows: Seen) -> Floats:
    """Return when the last reading of each input was taken."""
    return rows.table(rows.day[rows.ends])


def scores(rows: Seen) -> Floats:
    """Return the bedside scores, :data:`SCORE_COLUMNS`, from the readings they need.

    The EASIX family from the last readings, as log2; CAR-HEMATOTOX, which is read before
    lymphodepletion, from the last readings at or before day 0.
    """
    now = rows.table(rows.value[rows.ends])
    before = _n_before(rows)
    at_baseline = np.maximum(rows.starts + before - 1, 0)
    baseline = rows.table(np.where(before > 0, rows.value[at_baseline], np.nan))
    columns = []
    for name in SCORE_COLUMNS:
        score = SCORES[name]
        table = now if score.log2 else baseline
        points = score.of({one: table[:, INPUT_CODES[one]] for one in score.inputs})
        columns.append(np.log2(np.maximum(points, LEAST_SCORE)) if score.log2 else points)
    return np.stack(columns, axis=1)


def fever(rows: Seen) -> Floats:
    """Return :data:`FEVER_COLUMNS`, from temperatures of 38.0 degrees or more since day 0."""
    n = len(rows.at)
    temperature = np.flatnonzero((rows.slot % _N_INPUTS == _TEMPERATURE) & (rows.day >= 0.0))
    course, day = rows.course[temperature], rows.day[temperature]
    hot = rows.value[temperature] >= FEVER_C
    table = np.full((n, 3), np.nan)
    recent = day >= rows.at[course] - 1.0
    table[course[recent], 0] = 0.0
    table[course[recent & hot], 0] = 1.0
    course, day = course[hot], day[hot]
    starts, ends = _segments(course)
    who = course[starts]
    table[who, 1] = rows.at[who] - day[starts]
    table[who, 2] = (rows.at[who] - day[ends]) * 24.0
    return table


def grade_course(arrays: CourseArrays, at: Floats) -> Floats:
    """Return :data:`GRADE_COLUMNS` for each of :data:`~features.arrays.GRADED`, side by side."""
    rows = arrays.gradings
    instant = at[rows.course]
    shown = np.flatnonzero((rows.known_day <= instant) & (rows.day <= instant))
    slot, day, grade = rows.slot[shown], rows.day[shown], rows.grade[shown]
    starts, ends = _segments(slot)
    table = np.full((len(at) * len(GRADED), len(GRADE_COLUMNS)), np.nan)
    if len(starts):
        mine, now = slot[starts], at[rows.course[shown][ends]]
        table[mine, 0] = grade[ends]
        table[mine, 1] = np.maximum.reduceat(grade, starts)
        onset = np.minimum.reduceat(np.where(grade >= 1.0, day, np.inf), starts)
        table[mine, 2] = np.where(np.isinf(onset), np.nan, now - onset)
        table[mine, 3] = grade[ends] - _a_day_before(day, grade, starts, ends)
        table[mine, 4] = (now - day[ends]) * 24.0
    return table.reshape(len(at), -1)


def treatments(arrays: CourseArrays, at: Floats) -> Floats:
    """Return :data:`TREATMENT_COLUMNS`; a treatment that was not recorded was not given."""
    if not len(arrays.treatments.slot):
        return np.tile(_NOTHING_GIVEN, (len(at), 1))
    rows = _given(arrays.treatments, at)
    starts, ends = _segments(rows.slot)
    n, width = len(at), len(TREATMENTS)
    mine = rows.slot[starts]
    doses, now, since = np.zeros(n * width), np.zeros(n * width), np.full(n * width, np.nan)
    if len(starts):
        another = np.ones(len(rows.slot))
        another[1:] = (rows.slot[1:] != rows.slot[:-1]) | (rows.start[1:] != rows.start[:-1])
        instant = at[rows.course[ends]]
        doses[mine] = np.add.reduceat(another, starts)
        now[mine] = np.maximum.reduceat(rows.stop, starts) >= instant
        since[mine] = (instant - rows.start[ends]) * 24.0
    days = _days_given(arrays, at)
    by_kind = {"doses": doses, "hours": since, "now": now, "days": days}
    shaped = {kind: table.reshape(n, width) for kind, table in by_kind.items()}
    return np.stack([shaped[kind][:, code] for kind, code in _TREATMENT_SOURCES], axis=1)


def marks(arrays: CourseArrays, rows: Seen) -> Floats:
    """Return :data:`MARK_COLUMNS`: 1 where the last reading was taken under that treatment.

    NaN where there is no reading.
    """
    taken = last_day(rows)[:, _MARKED_CODES]
    marked = np.where(np.isnan(taken), np.nan, 0.0)
    given = _given(arrays.treatments, rows.at)
    if not len(given.slot):
        return marked
    code = given.slot % len(TREATMENTS)
    for treatment, (lasting_days, _) in MARKS.items():
        mine = np.flatnonzero(code == TREATMENT_CODES[treatment])
        if len(mine):
            course, columns = given.course[mine], _MARK_PLACES[treatment]
            on = taken[course, columns]
            until = given.stop[mine] + lasting_days
            start = given.start[mine][:, None]
            under = (on == start) | ((on > start) & (on < until[:, None]))
            who, which = np.nonzero(under)
            marked[course[who], columns.start + which] = 1.0
    return marked


def _treatment_source(column: str) -> tuple[str, int]:
    if column.startswith("hours_since_"):
        return "hours", TREATMENT_CODES[column.removeprefix("hours_since_")]
    name, kind = column.rsplit("_", maxsplit=1)
    return kind, TREATMENT_CODES[name]


_TREATMENT_SOURCES = tuple(_treatment_source(column) for column in TREATMENT_COLUMNS)
_NOTHING_GIVEN = np.array([np.nan if kind == "hours" else 0.0 for kind, _ in _TREATMENT_SOURCES])


def _segments(slot: Integers) -> tuple[Integers, Integers]:
    """Return the first and last row of each run of equal slots."""
    if not len(slot):
        nothing = np.zeros(0, dtype=np.int64)
        return nothing, nothing
    edges = np.flatnonzero(slot[1:] != slot[:-1])
    return np.concatenate(([0], edges + 1)), np.concatenate((edges, [len(slot) - 1]))


def _extreme(rows: Seen, extreme: np.ufunc, nothing: float) -> Floats:
    if not len(rows.starts):
        return np.zeros(0)
    since_infusion = np.where(rows.day >= 0.0, rows.scaled, nothing)
    found = extreme.reduceat(since_infusion, rows.starts)
    return np.where(np.isinf(found), np.nan, found)


def _n_before(rows: Seen) -> Integers:
    """Return how many readings of each segment were taken at or before day 0."""
    if not len(rows.starts):
        return np.zeros(0, dtype=np.int64)
    counts: Integers = np.add.reduceat((rows.day <= 0.0).astype(np.int64), rows.starts)
    return counts


def _a_day_before(day: Floats, grade: Floats, starts: Integers, ends: Integers) -> Floats:
    """Return the last grade at least 24 h before the last grading, NaN without one."""
    cut = np.repeat(day[ends] - 1.0, ends - starts + 1) + 1e-9
    earlier = np.add.reduceat((day <= cut).astype(np.int64), starts)
    return np.where(earlier > 0, grade[np.maximum(starts + earlier - 1, 0)], np.nan)


def _given(rows: TreatmentRows, at: Floats) -> TreatmentRows:
    instant = at[rows.course]
    shown = np.flatnonzero((rows.known_day <= instant) & (rows.start <= instant))
    return TreatmentRows(
        rows.course[shown],
        rows.slot[shown],
        rows.start[shown],
        rows.stop[shown],
        rows.known_day[shown],
    )


def _days_given(arrays: CourseArrays, at: Floats) -> Floats:
    """Return on how many days each treatment was given, up to `at`.

    A later day counts once it has begun, strictly: whether a treatment that was running at the
    instant went on is not known.
    """
    rows = arrays.treated_days
    instant = at[rows.course]
    begun = np.where(rows.first, rows.begins <= instant, rows.begins < instant)
    shown = np.flatnonzero((rows.known_day <= instant) & begun)
    slot, number = rows.slot[shown], rows.number[shown]
    counts = np.zeros(len(at) * len(TREATMENTS))
    if len(slot):
        another = np.ones(len(slot), dtype=bool)
        another[1:] = (slot[1:] != slot[:-1]) | (number[1:] != number[:-1])
        np.add.at(counts, slot[another], 1.0)
    return counts
