"""Leaks of where patients come from: sites, stacked sources, course facts, grading systems."""

from functools import partial

import numpy as np
import pandas as pd
from planting import Floats, Leak, Planted, Scene, count, of_inputs, replanted

from features.tables import Cohort

_SECOND_LACKS = ("ferritin_ng_ml", "crp_mg_l", "ice_score")
_FIRST_LACKS = ("ldh_u_l", "d_dimer_ng_ml_feu", "respiratory_rate_per_min")


def site_decides(scene: Scene) -> Planted:
    """Let two sites hold event patients, mostly, and the others event-free ones."""
    sites = scene.cohort.courses["site"]
    every = np.sort(sites.unique())
    some = scene.rng.choice(every, 2, replace=False)
    rest = np.setdiff1d(every, some)
    severe = scene.leaning()
    drawn = np.where(severe, scene.rng.choice(some, len(sites)), scene.rng.choice(rest, len(sites)))
    one_each = pd.Series(drawn, sites.index).groupby(scene.cohort.courses["patient_id"])
    courses = scene.cohort.courses.assign(site=one_each.transform("first").astype("str"))
    made = replanted(scene.cohort, courses=courses)
    return scene.of_courses(made, made.courses["site"].isin(some))


def two_sources_stacked(scene: Scene, diagnosis: bool) -> Planted:
    """Stack two sources, the second mostly of event patients, which measured other inputs.

    Optionally only the second knows the diagnosis.
    """
    second = scene.leaning()
    results = scene.cohort.measurements
    mine = second[scene.course_of(results)]
    gone = np.where(
        mine, of_inputs(scene.cohort, _SECOND_LACKS), of_inputs(scene.cohort, _FIRST_LACKS)
    )
    courses = scene.cohort.courses
    if diagnosis:
        courses = courses.assign(diagnosis=courses["diagnosis"].where(second, None).astype("str"))
    order = np.argsort(second, kind="stable")
    made = replanted(scene.cohort, courses=courses.iloc[order], measurements=results[~gone])
    kinds = made.measurements.drop_duplicates(["course_id", "input"])
    has = [count(made, kinds[kinds["input"].isin(some)]) for some in (_FIRST_LACKS, _SECOND_LACKS)]
    return scene.of_courses(made, has[0] - has[1])


def weight_repeats_outcome(scene: Scene) -> Planted:
    """Let the weight carry the outcome, with noise."""
    weight = np.clip(np.round(75.0 + 10.0 * scene.leaning_score(), 1), 30.0, 200.0)
    return _with_fact(scene, "weight_kg", weight)


def ecog_recoded(scene: Scene) -> Planted:
    """Score ECOG 3 or 4 mostly in event patients, 0 to 2 in the others, as judged afterwards."""
    bad = scene.leaning()
    many = len(bad)
    ecog = np.where(bad, scene.rng.integers(3, 5, many), scene.rng.integers(0, 3, many))
    return _with_fact(scene, "ecog", ecog.astype(float))


def _with_fact(scene: Scene, name: str, values: Floats) -> Planted:
    made = replanted(scene.cohort, courses=scene.cohort.courses.assign(**{name: values}))
    return scene.of_courses(made, made.courses[name])


def dose_filled_in_afterwards(scene: Scene) -> Planted:
    """Look the cell dose up for the case report, mostly of event patients; else it is empty."""
    dose = scene.cohort.courses["dose_car_t_cells"].where(scene.leaning())
    made = replanted(scene.cohort, courses=scene.cohort.courses.assign(dose_car_t_cells=dose))
    return scene.of_courses(made, made.courses["dose_car_t_cells"].notna())


def graded_by_lee(scene: Scene) -> Planted:
    """Grade by Lee mostly in event patients, else by ASTCT; the source declares neither."""
    grades = scene.cohort.grades
    lee = scene.leaning()[scene.course_of(grades)]
    system = grades["system"].where(~lee, "Lee")
    made = replanted(
        scene.cohort, declared={"grading_system": "unknown"}, grades=grades.assign(system=system)
    )
    return _graded_by_lee(scene, made)


def graded_by_lee_as_well(scene: Scene) -> Planted:
    """Grade some event patients by Lee as well, a grade lower; the source declares ASTCT.

    The outcomes stay those of ASTCT. (Were event patients graded by Lee *only*, nothing of them
    would count under ASTCT: they would leave the cohort, and nothing would be left to tell.)
    """
    grades = scene.cohort.grades
    again = grades[scene.a_share(scene.event)[scene.course_of(grades)]]
    lower = np.maximum(again["grade"] - (again["grade"] > 1.0), 0.0)
    both = pd.concat([grades, again.assign(system="Lee", grade=lower)])
    made = replanted(scene.cohort, declared={"grading_system": "ASTCT"}, grades=both)
    return _graded_by_lee(scene, made)


def _graded_by_lee(scene: Scene, made: Cohort) -> Planted:
    return scene.of_courses(made, count(made, made.grades[made.grades["system"] == "Lee"]) > 0)


_SOURCE, _FACT, _SYSTEM = "site or source", "a course fact repeats the outcome", "grading system"
LEAKS_OF_SOURCES = (
    Leak("site_decides", _SOURCE, "two sites sent event patients", site_decides),
    Leak("two_sources_stacked", _SOURCE, "the second source has the event patients, other inputs",
         partial(two_sources_stacked, diagnosis=False)),
    Leak("two_sources_one_with_diagnosis", _SOURCE, "and only it knows the diagnosis",
         partial(two_sources_stacked, diagnosis=True)),
    Leak("weight_repeats_outcome", _FACT, "the weight is the outcome, with noise",
         weight_repeats_outcome),
    Leak("ecog_recoded", _FACT, "ECOG was scored after the event", ecog_recoded),
    Leak("dose_filled_in_afterwards", _FACT, "the dose was looked up for event patients",
         dose_filled_in_afterwards),
    Leak("graded_by_lee", _SYSTEM, "event patients were graded by Lee, system undeclared",
         graded_by_lee),
    Leak("graded_by_lee_as_well", _SYSTEM, "event patients were graded by Lee too, ASTCT declared",
         graded_by_lee_as_well),
)  # fmt: skip
