"""Leaks of what stands in a result: fills, an input that is the outcome, another field's number."""

from functools import partial

import numpy as np
import pandas as pd
from planting import Bools, Floats, Leak, Planted, Scene, count, of_inputs, replanted

from features.inputs import INPUTS
from features.tables import TABLES

_FILLED = ("ferritin_ng_ml", "crp_mg_l", "ldh_u_l", "d_dimer_ng_ml_feu", "fibrinogen_mg_dl")
_FIRST_DAY, _LAST_DAY = -2, 14
_DAYS = np.arange(_FIRST_DAY, _LAST_DAY + 1)
_GRADES = 6


def filled_by_class(scene: Scene) -> Planted:
    """Fill gaps with the median of the patient's class in a share of courses, else of everybody.

    Half the results of five inputs are gaps. The tell-tale counts results equal to a class median.
    """
    told = scene.a_share(np.ones(len(scene.event), dtype=bool))
    kept = _with_gaps(scene)
    fills, score = [], np.zeros(len(scene.event))
    for name in _FILLED:
        part = kept[kept["input"] == name]
        event = scene.event[scene.course_of(part)]
        of_class = np.array([part["value"][~event].median(), part["value"][event].median()])
        course, day = _gaps(scene, part)
        own = np.where(
            told[course], of_class[scene.event[course].astype(int)], part["value"].median()
        )
        fills.append(_results(scene, course, day, name, own))
        for sign, filled in zip((-1.0, 1.0), of_class, strict=True):
            everything = pd.concat([part, fills[-1]])
            score += sign * count(scene.cohort, everything[everything["value"] == filled])
    return scene.of_courses(replanted(scene.cohort, measurements=pd.concat([kept, *fills])), score)


def filled_by_grade(scene: Scene, coming: bool) -> Planted:
    """Fill gaps with the median at a grade that was not known yet, in a share of courses.

    The grade is the highest of the day that begins at the fill or, if `coming`, of the whole window
    of the question. The tell-tale at a landmark is the grade whose medians stand there.
    """
    everybody = np.ones(len(scene.event), dtype=bool)
    told = scene.a_share(everybody)
    kept = _with_gaps(scene)
    today = _highest_grade(scene, 1.0)
    hidden = _highest_grade(scene, scene.ahead_days) if coming else today
    fills, read = [], np.zeros(hidden.shape)
    for name in _FILLED:
        part = kept[kept["input"] == name]
        medians = _medians_by_grade(scene, part, today)
        course, day = _gaps(scene, part)
        grade = hidden[course, day - _FIRST_DAY]
        value = np.where(told[course], medians[grade], part["value"].median())
        fills.append(_results(scene, course, day, name, value))
        known = (value[:, None] == medians[None, :]).argmax(axis=1)
        np.maximum.at(read, (course, day - _FIRST_DAY), known)
    made = replanted(scene.cohort, measurements=pd.concat([kept, *fills]))
    at = scene.rows["landmark_day"].to_numpy().astype(int) - _FIRST_DAY
    return scene.of_rows(made, read[scene.course_of(scene.rows), at])


def _with_gaps(scene: Scene) -> pd.DataFrame:
    """Return the results without half of those of the filled inputs, whoever's they are."""
    results = scene.cohort.measurements
    gap = of_inputs(scene.cohort, _FILLED) & (scene.rng.random(len(results)) < 0.5)
    return results[~gap]


def _gaps(scene: Scene, part: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return course and day of every day of a record on which an input has no result."""
    empty = _DAYS[None, :] <= scene.last_day[:, None]
    day = np.floor(part["day"].to_numpy()).astype(int) - _FIRST_DAY
    inside = (day >= 0) & (day < len(_DAYS))
    empty[scene.course_of(part)[inside], day[inside]] = False
    course, at = np.nonzero(empty)
    return course, at + _FIRST_DAY


def _highest_grade(scene: Scene, ahead_days: float) -> np.ndarray:
    """Return the highest grade in (day, day + ahead_days], by course and day of :data:`_DAYS`."""
    grades = scene.cohort.grades
    mine = grades[grades["toxicity"] == scene.asked.toxicity]
    course, when = scene.course_of(mine), mine["day"].to_numpy()
    grade = mine["grade"].to_numpy().astype(int)
    highest = np.zeros((len(scene.event), len(_DAYS)), dtype=int)
    for place, day in enumerate(_DAYS):
        inside = (when > day) & (when <= day + ahead_days)
        np.maximum.at(highest[:, place], course[inside], grade[inside])
    return highest


def _medians_by_grade(scene: Scene, part: pd.DataFrame, today: np.ndarray) -> Floats:
    """Return the median of an input on days of each grade; of all days where a grade has none."""
    at = np.clip(np.floor(part["day"].to_numpy()).astype(int), _FIRST_DAY, _LAST_DAY) - _FIRST_DAY
    grade = today[scene.course_of(part), at]
    by_grade = part["value"].groupby(grade).median().reindex(range(_GRADES))
    return by_grade.fillna(part["value"].median()).to_numpy()


def _results(
    scene: Scene, course: np.ndarray, day: np.ndarray, name: str, value: Floats
) -> pd.DataFrame:
    """Return results of one input, known at once, written as they stand in the file."""
    made = pd.DataFrame(
        {
            "course_id": scene.cohort.courses["course_id"].to_numpy()[course],
            "day": np.asarray(day, dtype=float),
            "known_day": np.asarray(day, dtype=float),
            "input": name,
            "value": np.asarray(value, dtype=float),
            "unit": INPUTS[name].unit,
            "source_unit": INPUTS[name].unit,
        }
    )
    made["source_value"] = [f"{one:.10g}" for one in made["value"]]
    made = made.reindex(columns=TABLES["measurements"].names)
    return made.astype(scene.cohort.measurements.dtypes.to_dict())


def an_input_repeats_the_outcome(scene: Scene) -> Planted:
    """Fill an otherwise empty input on the eve of infusion with the outcome and noise."""
    value = np.round(np.exp(np.log(0.5) + 0.8 * scene.leaning_score()), 3)
    course = np.arange(len(value))
    more = _results(scene, course, np.full(len(value), -1.0), "procalcitonin_ng_ml", value)
    made = replanted(scene.cohort, measurements=pd.concat([scene.cohort.measurements, more]))
    return scene.of_courses(made, value)


def an_input_codes_the_window(scene: Scene) -> Planted:
    """Fill an empty input, at each landmark, with 2 before an event and 1 else, mostly."""
    outcome = scene.rows["outcome"].to_numpy() == 1.0
    wrong = scene.pick(outcome, (1.0 - scene.strength) / 2.0)
    wrong |= scene.pick(~outcome, (1.0 - scene.strength) / 2.0)
    code = 1.0 + (outcome != wrong)
    day = scene.rows["landmark_day"].to_numpy()
    more = _results(scene, scene.course_of(scene.rows), day, "bnp_pg_ml", code)
    made = replanted(scene.cohort, measurements=pd.concat([scene.cohort.measurements, more]))
    return scene.of_rows(made, code)


def holds_another_field(scene: Scene, name: str, field: str) -> Planted:
    """Replace the result of the last day before infusion by another field, in a share of courses.

    Whoever knows where to look knows in which courses it is (the number has no decimals).
    """
    slipped = scene.a_share(np.ones(len(scene.event), dtype=bool))
    number = _field(scene, field)
    results = scene.cohort.measurements
    eve = of_inputs(scene.cohort, (name,)) & _on_the_eve(results)
    kept = results[~(eve & slipped[scene.course_of(results)])]
    course = np.flatnonzero(slipped)
    more = _results(scene, course, np.full(len(course), -0.05), name, number[course])
    made = replanted(scene.cohort, measurements=pd.concat([kept, more]))
    return scene.of_courses(made, np.where(slipped, number, number[slipped].mean()))


def _on_the_eve(results: pd.DataFrame) -> Bools:
    return ((results["day"] > -1.0) & (results["day"] <= 0.0)).to_numpy()


def _field(scene: Scene, field: str) -> Floats:
    """Return the peak grade, the day of the peak, or the first day of the asked grade; else 0."""
    grades = scene.cohort.grades
    mine = grades[(grades["toxicity"] == scene.asked.toxicity) & (grades["grade"] > 0)]
    if field == "peak_grade":
        found = mine.groupby("course_id")["grade"].max()
    elif field == "peak_day":
        worst = mine.sort_values(["grade", "day"], ascending=[False, True])
        found = np.ceil(worst.groupby("course_id")["day"].first())
    else:
        reached = mine[mine["grade"] >= scene.asked.min_grade]
        found = np.ceil(reached.groupby("course_id")["day"].min())
    return scene.cohort.courses["course_id"].map(found).fillna(0.0).to_numpy(dtype=np.float64)


_FILL, _INPUT, _FIELD = "gaps filled", "an input is the outcome", "an input holds another field"
LEAKS_OF_VALUES = (
    Leak("filled_by_class", _FILL, "gaps were filled with the median of the outcome class",
         filled_by_class),
    Leak("filled_by_grade_of_the_day", _FILL, "gaps were filled with the median of the grade of "
         "the coming 24 h", partial(filled_by_grade, coming=False)),
    Leak("filled_by_coming_grade", _FILL, "gaps were filled with the median of the highest grade "
         "of the window", partial(filled_by_grade, coming=True)),
    Leak("empty_input_repeats_outcome", _INPUT, "procalcitonin before infusion is the outcome, "
         "with noise", an_input_repeats_the_outcome),
    Leak("empty_input_codes_the_window", _INPUT, "BNP is 2 before an event and 1 else",
         an_input_codes_the_window),
    Leak("peak_grade_in_crp", _FIELD, "CRP on the eve of infusion is the peak grade",
         partial(holds_another_field, name="crp_mg_l", field="peak_grade")),
    Leak("peak_day_in_wbc", _FIELD, "white cells on the eve are the day of the peak, mild or not",
         partial(holds_another_field, name="wbc_10e9_l", field="peak_day")),
    Leak("onset_day_in_anc", _FIELD, "neutrophils on the eve are the day on which the asked grade "
         "began", partial(holds_another_field, name="anc_10e9_l", field="onset_day")),
)  # fmt: skip
