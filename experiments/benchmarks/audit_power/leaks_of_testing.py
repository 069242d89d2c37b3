"""Leaks of what was tested, how often and when: missing results, many results, their hours."""

from functools import partial

import numpy as np
import pandas as pd
from cohorts import rounded, written
from planting import Bools, Floats, Leak, Planted, Scene, count, mean, of_inputs, replanted

from features.inputs import INPUTS
from features.tables import Cohort

LABS = (
    "ferritin_ng_ml", "crp_mg_l", "ldh_u_l", "creatinine_mg_dl", "platelets_10e9_l", "alt_u_l",
    "d_dimer_ng_ml_feu", "fibrinogen_mg_dl",
)  # fmt: skip
VITALS = tuple(name for name, one in INPUTS.items() if one.group == "vital")
_SAME = ["course_id", "input", "day"]


def inputs_absent(scene: Scene, names: tuple[str, ...], many: int, in_event: bool) -> Planted:
    """Leave out a few inputs altogether, mostly in one class."""
    chosen = scene.rng.choice(names, many, replace=False).tolist()
    results = scene.cohort.measurements
    blank = scene.leaning(to_event=in_event)[scene.course_of(results)]
    made = replanted(scene.cohort, measurements=results[~(blank & of_inputs(scene.cohort, chosen))])
    left = made.measurements[of_inputs(made, chosen)].drop_duplicates(["course_id", "input"])
    return scene.of_courses(made, count(made, left))


def blank_before_the_event(scene: Scene) -> Planted:
    """Leave out the results of the last 24 h before some landmarks with an event."""
    marks = np.array(scene.asked.landmark_days)
    hit = scene.a_share((scene.rows["outcome"] == 1.0).to_numpy())
    blank = np.zeros((len(scene.event), len(marks) + 1), dtype=bool)
    rows = scene.rows[hit]
    blank[scene.course_of(rows), np.searchsorted(marks, rows["landmark_day"])] = True
    results = scene.cohort.measurements
    at, inside = _window(marks, results)
    gone = inside & blank[scene.course_of(results), at]
    made = replanted(scene.cohort, measurements=results[~gone])
    left = _in_windows(made, marks)
    here = left[scene.course_of(scene.rows), np.searchsorted(marks, scene.rows["landmark_day"])]
    return scene.of_rows(made, here > 0)


def _window(marks: Floats, results: pd.DataFrame) -> tuple[np.ndarray, Bools]:
    """Return the next landmark of each result, and whether it lies within 24 h."""
    day = results["day"].to_numpy()
    at = np.searchsorted(marks, day, side="left")
    return at, np.append(marks, np.inf)[at] - day < 1.0


def _in_windows(cohort: Cohort, marks: Floats) -> Floats:
    """Return the number of results in the 24 h before each landmark, by course."""
    at, inside = _window(marks, cohort.measurements)
    many = np.zeros((len(cohort.courses), len(marks) + 1))
    index = pd.Index(cohort.courses["course_id"]).get_indexer(cohort.measurements["course_id"])
    np.add.at(many, (index[inside], at[inside]), 1.0)
    return many


def treatments_absent(scene: Scene) -> Planted:
    """Leave out the drug chart, mostly of event-free patients."""
    given = scene.cohort.treatments
    blank = scene.leaning(to_event=False)[scene.course_of(given)]
    made = replanted(scene.cohort, treatments=given[~blank])
    return scene.of_courses(made, count(made, made.treatments) > 0)


def more_results(scene: Scene, names: tuple[str, ...]) -> Planted:
    """Give some event patients two to four results where others have one.

    The sick are honestly tested more often, so the tell-tale is read before infusion.
    """
    results = scene.cohort.measurements
    chosen = scene.a_share(scene.event)[scene.course_of(results)]
    source = results[chosen & of_inputs(scene.cohort, names)]
    copies = source.loc[source.index.repeat(scene.rng.integers(1, 4, len(source)))]
    made = replanted(scene.cohort, measurements=pd.concat([results, _nearby(scene, copies, 0.25)]))
    early = (made.measurements["day"] < 0.0).to_numpy()
    mine = made.measurements[early & of_inputs(made, names)]
    days = mine.assign(day=np.floor(mine["day"])).drop_duplicates(_SAME)
    return scene.of_courses(made, count(made, mine) / np.maximum(count(made, days), 1.0))


def _nearby(
    scene: Scene, copies: pd.DataFrame, within_days: float, earlier_days: float = 0.0
) -> pd.DataFrame:
    """Return further results like `copies`: up to `within_days` apart, a few per cent off."""
    apart = scene.rng.uniform(-within_days, within_days, len(copies)) - earlier_days
    off = scene.rng.normal(1.0, 0.03, len(copies))
    made = copies.assign(
        day=np.round(copies["day"] + apart, 3),
        known_day=np.round(copies["known_day"] + apart, 3),
        value=copies["value"] * off,
    )
    made["value"] = rounded(made)
    return made.assign(source_value=written(made))


def on_round_hours(scene: Scene) -> Planted:
    """Time results every four hours on the hour, mostly in event patients."""
    results = scene.cohort.measurements
    timed = scene.leaning()[scene.course_of(results)]
    day = results["day"].to_numpy()
    return _retimed(scene, np.where(timed, np.round(np.floor(day * 6.0) / 6.0, 4), day), 6.0, 0.0)


def without_hours(scene: Scene) -> Planted:
    """Time results at the last minute of their day, mostly in event-free patients."""
    results = scene.cohort.measurements
    timed = scene.leaning(to_event=False)[scene.course_of(results)]
    day = results["day"].to_numpy()
    last_minute = 1439.0 / 1440.0
    return _retimed(
        scene, np.where(timed, np.floor(day) + round(last_minute, 4), day), 1.0, last_minute
    )


def _retimed(scene: Scene, day: Floats, per_day: float, offset: float) -> Planted:
    results = scene.cohort.measurements
    known = np.round(results["known_day"] + day - results["day"], 4)
    moved = results.assign(day=day, known_day=known).drop_duplicates(_SAME)
    made = replanted(scene.cohort, measurements=moved)
    steps = (made.measurements["day"] - offset) * per_day
    exact = np.abs(steps - np.round(steps)) < 1e-3
    return scene.of_courses(made, mean(made, made.measurements, exact))


def starts_earlier(scene: Scene) -> Planted:
    """Let the record begin four days earlier, mostly in event patients."""
    results = scene.cohort.measurements
    chosen = scene.leaning()[scene.course_of(results)]
    copies = results[chosen & (results["day"] < -2.0).to_numpy()]
    more = pd.concat([results, _nearby(scene, copies, 0.08, earlier_days=4.0)])
    made = replanted(scene.cohort, measurements=more)
    return scene.of_courses(made, _first_day(made))


def starts_later(scene: Scene) -> Planted:
    """Let the record begin the day before infusion, mostly in event-free patients."""
    results = scene.cohort.measurements
    late = scene.leaning(to_event=False)[scene.course_of(results)]
    made = replanted(
        scene.cohort, measurements=results[~(late & (results["day"] < -1.0).to_numpy())]
    )
    return scene.of_courses(made, _first_day(made))


def _first_day(cohort: Cohort) -> Floats:
    first = cohort.measurements.groupby("course_id")["day"].min()
    return cohort.courses["course_id"].map(first).fillna(0.0).to_numpy()


_MISSING, _MANY = "missing results", "number of results"
_HOURS, _START = "hours of results", "start of the record"
LEAKS_OF_TESTING = (
    Leak("labs_absent_in_event_free", _MISSING, "three laboratory inputs were not asked for in the "
         "well", partial(inputs_absent, names=LABS, many=3, in_event=False)),
    Leak("vitals_absent_in_event", _MISSING, "charts of event patients are in another system",
         partial(inputs_absent, names=VITALS[:1] + VITALS[1:2] + VITALS[4:7], many=3,
                 in_event=True)),
    Leak("blank_before_the_event", _MISSING, "nothing was entered in the 24 h before the landmark "
         "of an event", blank_before_the_event),
    Leak("treatments_absent_in_event_free", _MISSING, "drug charts came for event patients",
         treatments_absent),
    Leak("more_of_everything_in_event", _MANY, "event patients have 2 to 4 results for one",
         partial(more_results, names=tuple(INPUTS))),
    Leak("more_of_two_inputs_in_event", _MANY, "platelets and creatinine 2 to 4 times as often",
         partial(more_results, names=("platelets_10e9_l", "creatinine_mg_dl"))),
    Leak("round_hours_in_event", _HOURS, "results of event patients stand on every fourth hour",
         on_round_hours),
    Leak("no_hours_in_event_free", _HOURS, "results of event-free patients have a day, no hour",
         without_hours),
    Leak("earlier_start_in_event", _START, "records of event patients begin four days earlier",
         starts_earlier),
    Leak("later_start_in_event_free", _START, "records of event-free patients begin on day -1",
         starts_later),
)  # fmt: skip
