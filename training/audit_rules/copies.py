"""The same patient twice, under two ids; the same row twice."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.concordance import between_patients, judged
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding, not_assessable

SIGNIFICANT_DIGITS = 2  # a copy may be rounded, or moved by a per cent
STEPS = 3  # results in a row that must agree
MOST_HOLDERS = 4  # a run of results that more courses share says nothing
MIN_SHARED_RUNS = 5
COPY_ABOVE = 0.25  # share of the shorter record's telling runs that the other has too
REFUSE_COPIES_ABOVE = 0.02
WARN_REPEATS_ABOVE = 0.001
REFUSE_REPEATS_ABOVE = 0.20


def courses_are_duplicated(evidence: Evidence) -> Finding:
    """Compare runs of results of every two courses of different patients.

    A copy on both sides of a split lets a model recognise a patient. Three results of one input in
    a row, to two significant digits and whatever their days, make a run; two courses that share a
    quarter of their rare runs are one patient, also where days were moved, rows are missing or
    values were rounded.
    """
    rule = courses_are_duplicated.__name__
    courses = evidence.cohort.courses
    owner = courses.set_index("course_id")["patient_id"].astype(str)
    pairs = similar_courses(evidence.cohort.measurements)
    pairs = pairs[pairs["one"].map(owner).to_numpy() != pairs["other"].map(owner).to_numpy()]
    copied = len(set(pairs["one"]) | set(pairs["other"]))
    share = copied / max(len(courses), 1)
    counts = {"courses": len(courses), "courses_like_another_patient": copied}
    if not copied:
        return Finding(rule, "note", "No two patients share their results.", row_counts=counts)
    return Finding(
        rule,
        "refuse" if share > REFUSE_COPIES_ABOVE else "warn",
        f"{copied} of {len(courses)} courses carry the results of another patient, wholly or in "
        "large part.",
        way_out="Find out whether these are one patient under two ids. Give them one patient_id "
        "(courses of one patient stay on one side of a split) or remove the copies.",
        statistic=share,
        threshold=REFUSE_COPIES_ABOVE,
        row_counts=counts,
    )


def similar_courses(measurements: pd.DataFrame) -> pd.DataFrame:
    """Return pairs of courses with the same runs of results: one, other, shared, share."""
    runs = _runs(measurements)
    holders = runs.groupby("run")["course_id"].transform("size")
    rare = runs[(holders > 1) & (holders <= MOST_HOLDERS)]
    pairs = rare.merge(rare, on="run")
    pairs = pairs[pairs["course_id_x"] < pairs["course_id_y"]]
    shared = pairs.groupby(["course_id_x", "course_id_y"]).size().reset_index(name="shared")
    telling = runs[holders <= MOST_HOLDERS].groupby("course_id").size()
    least = np.minimum(
        shared["course_id_x"].map(telling).to_numpy(dtype=float),
        shared["course_id_y"].map(telling).to_numpy(dtype=float),
    )
    shared = shared.assign(share=shared["shared"].to_numpy() / least)
    alike = shared[(shared["shared"] >= MIN_SHARED_RUNS) & (shared["share"] > COPY_ABOVE)]
    return alike.rename(columns={"course_id_x": "one", "course_id_y": "other"})


def _runs(measurements: pd.DataFrame) -> pd.DataFrame:
    """Return the distinct runs of each course: course_id, run (a hash)."""
    rows = measurements[["course_id", "input", "day", "value"]].dropna(subset=["value"])
    rows = rows.sort_values(["course_id", "input", "day"], kind="stable")
    values = rows["value"].to_numpy(dtype=float)
    rounded = pd.Series(_significant(values), index=rows.index)
    key = [rows["course_id"], rows["input"]]
    steps = pd.DataFrame({"input": rows["input"].astype(str), "step_0": rounded})
    for step in range(1, STEPS):
        steps[f"step_{step}"] = rounded.groupby(key).shift(-step)
    moves = (steps["step_1"] != steps["step_0"]) | (steps[f"step_{STEPS - 1}"] != steps["step_0"])
    whole = steps[f"step_{STEPS - 1}"].notna() & moves  # a standing value is no fingerprint
    run = pd.util.hash_pandas_object(steps[whole], index=False).to_numpy(dtype=np.uint64)
    made = pd.DataFrame(
        {"course_id": rows.loc[whole, "course_id"].astype(str).to_numpy(), "run": run}
    )
    return made.drop_duplicates()


def _significant(values: np.ndarray) -> np.ndarray:
    size = np.floor(np.log10(np.abs(values), where=values != 0, out=np.zeros(len(values))))
    unit = 10.0 ** (size - (SIGNIFICANT_DIGITS - 1))
    return np.round(values / unit) * unit


def rows_are_duplicated(evidence: Evidence) -> Finding:
    """Count results and gradings that stand there twice."""
    rule = rows_are_duplicated.__name__
    counts, total = {}, 0
    for name, key in _KEYS.items():
        table = evidence.cohort.table(name)
        counts[name] = int(table.duplicated(key).sum())
        total += len(table)
    n = sum(counts.values())
    share = n / max(total, 1)
    if n and (told := _repeats_tell_the_outcome(evidence, rule)).severity == "refuse":
        return told
    if share <= WARN_REPEATS_ABOVE:
        return Finding(rule, "note", f"{n} rows are repeated.", row_counts=counts)
    return Finding(
        rule,
        "refuse" if share > REFUSE_REPEATS_ABOVE else "warn",
        f"{n} of {total} rows repeat another row of the same course, time and content.",
        way_out="Import with the row checks on, which keep one of each; find out why rows repeat.",
        statistic=share,
        threshold=REFUSE_REPEATS_ABOVE,
        row_counts=counts,
    )


def _repeats_tell_the_outcome(evidence: Evidence, rule: str) -> Finding:
    if evidence.too_few:
        return not_assessable(rule, evidence.too_few)
    measured = evidence.before_the_event
    again = measured.duplicated(_KEYS["measurements"], keep=False).astype(float)
    patient = measured["course_id"].map(evidence.course_table["patient"])
    share = again.groupby(patient).mean().reindex(np.arange(len(evidence.patient_table)))
    return judged(
        rule,
        between_patients(evidence, np.asarray(share.fillna(0.0), dtype=np.float64)),
        "The share of results that stand there twice orders patients with an AUROC of {area}.",
        "Import with the row checks on, which keep one of each; find out why rows of one outcome "
        "repeat.",
        {"results_that_repeat": int(again.sum())},
    )


_KEYS = {
    "measurements": ["course_id", "day", "input", "value", "text"],
    "grades": ["course_id", "day", "toxicity", "grade", "system"],
    "treatments": ["course_id", "start_day", "stop_day", "agent", "dose"],
}
