"""Leaks of time: results and grades that stand in the record before they can be known."""

from functools import partial

import numpy as np
import pandas as pd
from planting import Floats, Leak, Planted, Scene, mean, replanted

from features.tables import Cohort

_BACK_DAYS = 3.0


def results_backdated(scene: Scene, entry_order: bool) -> Planted:
    """Date the results of the three days after some events two to three days too early.

    With `entry_order` the file keeps the order in which results were entered, and the tell-tale is
    that order. Without, it is how many results stand in the 24 h before the landmark: no more than
    a part of the window's landmarks lies behind back-dated results, so it never tells everything.
    """
    results = scene.cohort.measurements
    number = scene.course_of(results)
    event = np.where(scene.a_share(scene.event), scene.event_day, np.nan)[number]
    after = ((results["day"] > event) & (results["day"] <= event + _BACK_DAYS)).to_numpy()
    back = np.round(scene.rng.uniform(2.0, 3.0, len(scene.event)), 3)[number] * after
    moved = results.assign(
        day=np.round(results["day"] - back, 4), known_day=np.round(results["known_day"] - back, 4)
    )
    made = replanted(scene.cohort, measurements=moved)
    if not entry_order:
        return scene.of_rows(made, _results_before(scene, made))
    made.measurements = moved
    return scene.of_courses(made, _step_back(made))


def _step_back(cohort: Cohort) -> Floats:
    """Return the longest step back in time from one row of a course to the next, in days."""
    step = cohort.measurements.groupby("course_id")["day"].diff()
    longest = (-step).groupby(cohort.measurements["course_id"]).max()
    return cohort.courses["course_id"].map(longest).fillna(0.0).to_numpy()


def _results_before(scene: Scene, cohort: Cohort) -> Floats:
    """Return how many results stand in the 24 h before each landmark."""
    keys = ["course_id", "landmark_day"]
    day = cohort.measurements["day"]
    here = cohort.measurements[["course_id"]].assign(landmark_day=np.ceil(day)).value_counts()
    return scene.rows[keys].join(here, on=keys)["count"].fillna(0.0).to_numpy()


def known_before_taken(scene: Scene) -> Planted:
    """Let results be known up to two days before they were taken, mostly in event patients."""
    results = scene.cohort.measurements
    early = scene.leaning()[scene.course_of(results)]
    lead = scene.rng.uniform(0.5, 2.0, len(results))
    known = results["known_day"].where(~early, np.round(results["day"] - lead, 3))
    made = replanted(scene.cohort, measurements=results.assign(known_day=known))
    after = made.measurements
    return scene.of_courses(made, mean(made, after, after["known_day"] < after["day"]))


def grades_known_early(scene: Scene) -> Planted:
    """Let the grades of a share of courses, whoever's, be known as early as the question looks.

    The tell-tale at a landmark is the highest grade known by then and dated later.
    """
    grades = scene.cohort.grades
    early = scene.a_share(np.ones(len(scene.event), dtype=bool))[scene.course_of(grades)]
    known = np.maximum(np.round(grades["day"] - scene.ahead_days, 4), -6.0)
    shown = grades["known_day"].where(~early, np.minimum(known, grades["day"]))
    made = replanted(scene.cohort, grades=grades.assign(known_day=shown))
    return scene.of_rows(made, _highest_to_come(scene, made))


def _highest_to_come(scene: Scene, cohort: Cohort) -> Floats:
    grades = cohort.grades[cohort.grades["toxicity"] == scene.asked.toxicity]
    highest = np.zeros(len(scene.rows))
    number = scene.course_of(scene.rows)
    for day, rows in scene.rows.groupby("landmark_day").indices.items():
        seen = grades[(grades["known_day"] <= day) & (grades["day"] > day)]
        top = seen["grade"].groupby(scene.course_of(seen)).max()
        highest[rows] = pd.Series(number[rows]).map(top).fillna(0.0).to_numpy()
    return highest


_FUTURE = "known before it can be"
LEAKS_OF_THE_FUTURE = (
    Leak("results_backdated", _FUTURE, "results after the event are dated before it",
         partial(results_backdated, entry_order=False)),
    Leak("results_backdated_in_entry_order", _FUTURE, "the same, rows in the order of entry",
         partial(results_backdated, entry_order=True)),
    Leak("known_before_taken_in_event", _FUTURE, "results of event patients are known before they "
         "were taken", known_before_taken),
    Leak("grades_known_early", _FUTURE, "grades are known before they were given",
         grades_known_early),
)  # fmt: skip
