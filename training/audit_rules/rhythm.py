"""Whether the outcome shows in how many results there are, and when they were taken."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.clock import MOMENT
from training.audit_rules.concordance import between_patients, beyond_grade_and_day, judged
from training.audit_rules.evidence import Evidence, FloatArray
from training.audit_rules.finding import Finding, not_assessable
from training.audit_rules.learning import learnt_by_row

MOST_RUN_BACK = 0.5  # share of courses; above it the rows have another order
ROUND_HOUR = 0.05 / 24.0  # three minutes either side of a full hour, in days


def number_and_spacing_of_results_predict_the_outcome(evidence: Evidence) -> Finding:
    """Compare what the rhythm of sampling up to the landmark tells with grade, day and site.

    Counted are results, sampling times and their last 24 h, the first day on record, the gaps
    between samples, how often they fall on a full hour, and repeated results.
    """
    rule = number_and_spacing_of_results_predict_the_outcome.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    rhythm = rhythm_of_results(evidence.cohort.measurements, evidence.rows)
    varying = rhythm.loc[:, rhythm.nunique(dropna=False) > 1]
    if varying.empty:
        return Finding(rule, "note", "No results, or the same number at the same times for all.")
    learnt = learnt_by_row(evidence, varying)
    return judged(
        rule,
        beyond_grade_and_day(evidence, learnt.score),
        "How many results there were and when they were taken, without what they were, orders "
        "patients of the same grade and day with an AUROC of {area}.",
        "Find out why the records of one outcome are denser, longer or timed otherwise (another "
        "source, a later look-up of severe cases, a copy of the same results). Thin them to the "
        "same schedule or bring all patients from one source.",
        learnt.columns,
    )


def results_are_dated_against_their_order_of_entry(evidence: Evidence) -> Finding:
    """Look for patients whose results step back in time from one row of the source to the next.

    Where most records run forward, results that step back were dated anew: results from after the
    event may stand before it.
    """
    rule = results_are_dated_against_their_order_of_entry.__name__
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    rows = evidence.cohort.measurements[["course_id", "day", "source_row"]].dropna()
    rows = rows.sort_values(["course_id", "source_row"], kind="stable").astype({"day": float})
    back = -rows.groupby("course_id")["day"].diff()
    longest = back.groupby(rows["course_id"]).max().clip(lower=0.0)
    if longest.empty or (longest > 0.0).mean() > MOST_RUN_BACK:
        return Finding(rule, "note", "Rows of the source are not in the order of time, or unknown.")
    courses = evidence.course_table
    by_course = longest.reindex(courses.index).fillna(0.0)
    by_patient = by_course.groupby(courses["patient"]).max().to_numpy(dtype=float)
    return judged(
        rule,
        between_patients(evidence, by_patient),
        "How far a record steps back in time, in the order of its rows, orders patients with an "
        "AUROC of {area}.",
        "Ask how these results got their dates; leave them out where it was not the sampling time.",
        {"day": int((back > 0.0).sum())},
    )


def rhythm_of_results(measurements: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return how each landmark's results so far were taken, whatever they were.

    Parameters
    ----------
    measurements : DataFrame
        course_id, day, known_day, input, value.
    rows : DataFrame
        Landmarks: course_id and instant.

    Returns
    -------
    DataFrame, in the order of `rows`; NaN where nothing was known yet.
    """
    course, of_rows = _codes(measurements, rows)
    known = measurements[["known_day", "day"]].max(axis=1).to_numpy(dtype=float)
    order = np.lexsort((known, course))
    course, known = course[order], known[order]
    running = _running(measurements.iloc[order], course)
    at = _last_before(course, known, of_rows, rows["instant"].to_numpy(dtype=float))
    day_before = _last_before(course, known, of_rows, rows["instant"].to_numpy(dtype=float) - 1.0)
    start = np.searchsorted(course, of_rows)  # the first result of the course
    made = {
        name: _between(total, start, at)
        for name, total in running.items()
        if not name.startswith("_")
    }
    for name in ("results", "sampling_times"):
        made[f"{name}_of_24_h"] = _between(running[name], start, at) - _between(
            running[name], start, day_before
        )
    samples = np.maximum(made["sampling_times"], 1.0)
    made["results_a_sample"] = made["results"] / samples
    made["share_on_the_full_hour"] = made.pop("on_the_full_hour") / samples
    gaps = np.maximum(samples - 1.0, 1.0)
    made["mean_gap_days"] = _between(running["_gap"], start, at) / gaps
    made["root_mean_square_gap_days"] = np.sqrt(_between(running["_gap_squared"], start, at) / gaps)
    made["first_day"] = _first_day(measurements.iloc[order], start, at)
    seen = pd.Series(at > start, index=rows.index)
    return pd.DataFrame(made, index=rows.index).where(seen, axis=0)


def _codes(measurements: pd.DataFrame, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    ids = pd.Index(rows["course_id"].unique())
    course = ids.get_indexer(pd.Index(measurements["course_id"]))
    return course, ids.get_indexer(pd.Index(rows["course_id"]))


def _running(measurements: pd.DataFrame, course: np.ndarray) -> dict[str, FloatArray]:
    """Return running totals over the ordered results; totals of a course are differences."""
    frame = pd.DataFrame(
        {
            "course": course,
            "day": measurements["day"].to_numpy(dtype=float),
            "input": measurements["input"].to_numpy(),
            "value": measurements["value"].to_numpy(dtype=float),
        }
    )
    new_time = ~frame.duplicated(["course", "day"])
    new_input = ~frame.duplicated(["course", "input"])
    again = frame.duplicated(["course", "day", "input", "value"])
    times = frame[new_time].sort_values(["course", "day"], kind="stable")
    gap = times.groupby("course")["day"].diff().fillna(0.0).reindex(frame.index).fillna(0.0)
    hours = frame["day"].to_numpy() * 24.0
    full = np.abs(hours - np.round(hours)) < ROUND_HOUR * 24.0
    steps = {
        "results": np.ones(len(frame)),
        "sampling_times": new_time.to_numpy(dtype=float),
        "inputs": new_input.to_numpy(dtype=float),
        "repeated_results": again.to_numpy(dtype=float),
        "on_the_full_hour": (full & new_time.to_numpy()).astype(float),
        "_gap": gap.to_numpy(dtype=float),
        "_gap_squared": gap.to_numpy(dtype=float) ** 2,
    }
    return {name: np.concatenate([[0.0], np.cumsum(step)]) for name, step in steps.items()}


def _last_before(
    course: np.ndarray, known: FloatArray, of_rows: np.ndarray, instant: FloatArray
) -> np.ndarray:
    """Return the position after the last result known at each row's instant."""
    far = 1e6  # days; courses are kept apart by more than any day can bridge
    return np.searchsorted(course * far + known, of_rows * far + instant + MOMENT, side="right")


def _between(total: FloatArray, start: np.ndarray, at: np.ndarray) -> FloatArray:
    made: FloatArray = total[np.maximum(at, start)] - total[start]
    return made


def _first_day(measurements: pd.DataFrame, start: np.ndarray, at: np.ndarray) -> FloatArray:
    """Return the day of the first known result, whole days."""
    day = np.append(np.floor(measurements["day"].to_numpy(dtype=float)), np.nan)
    return np.where(at > start, day[np.minimum(start, len(day) - 1)], np.nan)
