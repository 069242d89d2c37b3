"""Leaks of whole records: where they end, in which order they stand, and which stand twice."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from cohorts import ROW_TABLES, rounded, written
from planting import Bools, Floats, Ints, Leak, Planted, Scene, count, course_of, replanted

from features.tables import TABLES, Cohort

_RESULTS = ("measurements", "treatments", "grades")
_DAYS = ("day", "known_day", "start_day", "stop_day")
_COURSE_DAYS = (
    "second_dose_day",
    "follow_up_days",
    "discharge_day",
    "readmission_day",
    "death_day",
)
_SEEN_AFTER = ("follow_up_days", "discharge_day", "readmission_day")


def _cut(scene: Scene, last: Floats) -> dict[str, Any]:
    """Return the tables without what happened after `last`, by course; NaN cuts nothing."""
    until = np.where(np.isnan(last), np.inf, last)
    kept = {}
    for name in _RESULTS:
        frame = scene.cohort.table(name)
        when = frame["start_day" if name == "treatments" else "day"].to_numpy()
        kept[name] = frame[when <= until[scene.course_of(frame)]]
    stop = kept["treatments"]["stop_day"]
    limit = until[scene.course_of(kept["treatments"])]
    kept["treatments"] = kept["treatments"].assign(
        stop_day=stop.where(stop.isna() | (stop <= limit))
    )
    return kept


def _last_day(cohort: Cohort) -> Floats:
    last = cohort.measurements.groupby("course_id")["day"].max()
    return cohort.courses["course_id"].map(last).fillna(0.0).to_numpy()


def ends_with_the_event(scene: Scene) -> Planted:
    """End the record of some event patients with the day of the event, and its follow-up, too."""
    ended = scene.a_share(scene.event)
    last = np.where(ended, _end_of(scene.event_day), np.nan)
    courses = scene.cohort.courses.copy()
    for name in _SEEN_AFTER:
        courses[name] = courses[name].where(~(courses[name] > last))
    until = pd.Series(last).fillna(np.inf).clip(lower=courses["death_day"].fillna(-np.inf))
    courses["follow_up_days"] = np.minimum(scene.cohort.courses["follow_up_days"], until)
    made = replanted(scene.cohort, courses=courses, **_cut(scene, last))
    return scene.of_courses(made, _last_day(made))


def _end_of(day: Floats) -> Floats:
    return np.floor(day) + 1.0


def ends_at_the_peak(scene: Scene) -> Planted:
    """End the record of some patients, whoever they are, with the last day of their peak grade.

    The source says so (``ended_at_peak``) and knows no follow-up, discharge or readmission. The
    tell-tale is how much of the record is left after the landmark; since the records of mild
    patients end in the same way, it never tells everything.
    """
    ended = scene.a_share(np.ones(len(scene.event), dtype=bool))
    peak, last = _peak(scene)
    cut = _cut(scene, np.where(ended & (peak > 0), _end_of(last), np.nan))
    courses = scene.cohort.courses.assign(**dict.fromkeys(_SEEN_AFTER, np.nan))
    made = replanted(
        scene.cohort, declared={"end_of_record": "ended_at_peak"}, courses=courses, **cut
    )
    again = Scene(made, scene.asked, scene.rng, scene.strength)
    left = _last_day(made)[again.course_of(again.rows)] - again.rows["landmark_day"].to_numpy()
    return again.of_rows(made, left)


def _peak(scene: Scene) -> tuple[Floats, Floats]:
    """Return the highest grade of the toxicity by course, and the last day on which it held."""
    grades = scene.cohort.grades
    mine = grades[grades["toxicity"] == scene.asked.toxicity].sort_values(["grade", "day"])
    top = mine.groupby("course_id")[["grade", "day"]].last()
    both = top.reindex(scene.cohort.courses["course_id"]).to_numpy()
    return np.nan_to_num(both[:, 0]), both[:, 1]


def same_length_in_event_free(scene: Scene) -> Planted:
    """End the record of some event-free patients after 21 days, with the closing visit then."""
    followed = (scene.cohort.courses["follow_up_days"] >= 21.0).to_numpy()
    ended = scene.a_share(~scene.event & followed)
    cut = _cut(scene, np.where(ended, 21.0, np.nan))
    results = cut["measurements"]
    number = scene.course_of(results)
    final = np.floor(results.groupby("course_id")["day"].transform("max"))
    later = 20.0 - final.where(ended[number] & (np.floor(results["day"]) == final), 20.0)
    cut["measurements"] = results.assign(
        day=np.round(results["day"] + later, 4), known_day=np.round(results["known_day"] + later, 4)
    )
    made = replanted(scene.cohort, **cut)
    return scene.of_courses(made, np.floor(_last_day(made)) == 20.0)


def _in_order(scene: Scene, place: Floats, ids_follow: bool) -> tuple[Cohort, Floats]:
    """Return the cohort with its courses ordered by `place`, or only numbered so."""
    order = np.argsort(place, kind="stable")
    if not ids_follow:
        courses = scene.cohort.courses.iloc[order]
        return replanted(scene.cohort, courses=courses), np.arange(len(order), dtype=float)
    number = np.empty(len(order))
    number[order] = np.arange(1.0, len(order) + 1)
    fresh = pd.Series(
        [f"c{int(one):05d}" for one in number], index=scene.cohort.courses["course_id"]
    )
    tables: dict[str, Any] = {
        name: scene.cohort.table(name).assign(
            course_id=scene.cohort.table(name)["course_id"].map(fresh).astype("str")
        )
        for name in TABLES
    }
    return replanted(scene.cohort, **tables), number


def event_patients_last(scene: Scene, ids_follow: bool) -> Planted:
    """Put some event patients last, in the file or only in the numbering."""
    last = scene.a_share(scene.event)
    made, number = _in_order(scene, scene.rng.random(len(last)) + last, ids_follow)
    return scene.of_courses(made, number)


def event_patients_in_one_block(scene: Scene) -> Planted:
    """Put some event patients one after the other, somewhere in the middle of the file."""
    block = scene.a_share(scene.event)
    middle = scene.rng.uniform(0.3, 0.7)
    place = scene.rng.random(len(block))
    place[block] = middle
    made, number = _in_order(scene, place, ids_follow=False)
    placed = np.sort(place) == middle
    return scene.of_courses(made, np.abs(number - np.flatnonzero(placed).mean()))


def copied_patients(scene: Scene, altered: Callable[[Scene, Cohort], Cohort]) -> Planted:
    """Enter some event patients a second time, under new ids.

    The tell-tale is whether a course has a twin that is an event patient.
    """
    chosen = scene.a_share(scene.event & ~np.isnan(scene.event_day))
    copy = altered(scene, _under_new_ids(scene, chosen))
    both: dict[str, Any] = {
        name: pd.concat([scene.cohort.table(name), copy.table(name)], ignore_index=True)
        for name in TABLES
    }
    both["courses"] = both["courses"].iloc[scene.rng.permutation(len(both["courses"]))]
    made = replanted(scene.cohort, **both)
    twins = pd.concat([scene.cohort.courses["course_id"][chosen], copy.courses["course_id"]])
    return scene.of_courses(made, made.courses["course_id"].isin(twins))


def _under_new_ids(scene: Scene, chosen: Bools) -> Cohort:
    cohort = scene.cohort
    old = cohort.courses["course_id"][chosen]
    taken = set(cohort.courses["course_id"].str[1:]) | set(cohort.courses["patient_id"].str[1:])
    numbers = scene.rng.choice(10**7, 2 * len(old) + len(taken), replace=False)
    free = [f"{one:07d}" for one in numbers if f"{one:07d}" not in taken][: len(old)]
    course = dict(zip(old, (f"c{one}" for one in free), strict=True))
    tables = {}
    for name in TABLES:
        frame = cohort.table(name)
        mine = frame[frame["course_id"].isin(old)]
        tables[name] = mine.assign(course_id=mine["course_id"].map(course).astype("str"))
    patient = tables["courses"]["course_id"].str.replace("c", "p", regex=False)
    tables["courses"] = tables["courses"].assign(patient_id=patient)
    return Cohort(**tables, manifest=cohort.manifest)


def _exactly(scene: Scene, copy: Cohort) -> Cohort:
    return copy


def _in_part(scene: Scene, copy: Cohort) -> Cohort:
    """Keep 60 to 90 % of the results of each copied course."""
    share = scene.rng.uniform(0.6, 0.9, len(copy.courses))
    results = copy.measurements
    kept = scene.rng.random(len(results)) < share[course_of(copy, results)]
    return Cohort(**{**_tables(copy), "measurements": results[kept]}, manifest=copy.manifest)


def _a_day_apart(scene: Scene, copy: Cohort) -> Cohort:
    """Count the days of each copied course from a day earlier or later."""
    shift = scene.rng.choice([-1.0, 1.0], len(copy.courses))
    made = {}
    for name, frame in _tables(copy).items():
        by: Ints | Floats = shift[course_of(copy, frame)]
        columns = _COURSE_DAYS if name == "courses" else _DAYS
        days = {day: np.round(frame[day] + by, 4) for day in columns if day in frame}
        made[name] = frame.assign(**days)
    return Cohort(**made, manifest=copy.manifest)


def _values_off(scene: Scene, copy: Cohort) -> Cohort:
    """Move each result of the copies by about 1 %."""
    results = copy.measurements
    off = scene.rng.normal(1.0, 0.01, len(results))
    moved = results.assign(value=results["value"] * off)
    moved["value"] = rounded(moved)
    moved["source_value"] = written(moved)
    return Cohort(**{**_tables(copy), "measurements": moved}, manifest=copy.manifest)


def _tables(cohort: Cohort) -> dict[str, Any]:
    return {name: cohort.table(name) for name in ("courses", *ROW_TABLES)}


def rows_entered_twice(scene: Scene) -> Planted:
    """Enter a third of the results a second time, mostly in event patients."""
    results = scene.cohort.measurements
    twice = scene.leaning()[scene.course_of(results)] & (scene.rng.random(len(results)) < 1 / 3)
    made = replanted(scene.cohort, measurements=pd.concat([results, results[twice]]))
    again = made.measurements.duplicated(["course_id", "day", "input", "value", "text"])
    return scene.of_courses(made, count(made, made.measurements[again]))


_LENGTH, _ORDER, _TWINS = "end of the record", "order of the file", "patients or rows entered twice"
LEAKS_OF_RECORDS = (
    Leak("ends_with_the_event", _LENGTH, "records of event patients stop on the day of the event",
         ends_with_the_event),
    Leak("ends_at_the_peak", _LENGTH, "records stop on the last day of the peak grade, mild or not",
         ends_at_the_peak),
    Leak("same_length_in_event_free", _LENGTH, "event-free records have 21 days exactly",
         same_length_in_event_free),
    Leak("event_patients_last", _ORDER, "event patients stand last in the file",
         partial(event_patients_last, ids_follow=False)),
    Leak("event_patients_in_one_block", _ORDER, "event patients stand together in the middle",
         event_patients_in_one_block),
    Leak("ids_numbered_by_outcome", _ORDER, "event patients have the highest numbers, in any row",
         partial(event_patients_last, ids_follow=True)),
    Leak("copied_exactly", _TWINS, "event patients stand twice, under two ids",
         partial(copied_patients, altered=_exactly)),
    Leak("copied_in_part", _TWINS, "the copies lack 10 to 40 % of the results",
         partial(copied_patients, altered=_in_part)),
    Leak("copied_a_day_apart", _TWINS, "the copies are dated a day earlier or later",
         partial(copied_patients, altered=_a_day_apart)),
    Leak("copied_values_off", _TWINS, "the values of the copies are about 1 % off",
         partial(copied_patients, altered=_values_off)),
    Leak("rows_entered_twice_in_event", _TWINS, "results of event patients stand twice",
         rows_entered_twice),
)  # fmt: skip
