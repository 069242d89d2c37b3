"""Rows that cannot be what they say: copies, and results from the future."""

from __future__ import annotations

import numpy as np
import pandas as pd

from training.audit_rules.finding import Evidence, Finding

MIN_SHARED_RESULTS = 10  # shorter series can agree by chance
REFUSE_COPIES_ABOVE = 0.02
REFUSE_EARLY_ABOVE = 0.01


def courses_are_duplicated(evidence: Evidence) -> Finding:
    """Compare the whole series of results of every two courses of different patients.

    A copy on both sides of a split lets a model recognise a patient.
    """
    rule = courses_are_duplicated.__name__
    series = _series_digests(evidence.cohort.measurements)
    owner = evidence.cohort.courses.set_index("course_id")["patient_id"].astype(str)
    digests = pd.DataFrame({"digest": series, "patient_id": owner.reindex(series.index)})
    patients = digests.groupby("digest")["patient_id"].nunique()
    copied = int(digests["digest"].isin(patients.index[patients > 1]).sum())
    share = copied / max(len(owner), 1)
    counts = {"courses": len(owner), "courses_sharing_a_series": copied}
    if not copied:
        return Finding(
            rule, "note", "No two patients share a series of results.", row_counts=counts
        )
    return Finding(
        rule,
        "refuse" if share > REFUSE_COPIES_ABOVE else "warn",
        f"{copied} of {len(owner)} courses carry exactly the results of another patient.",
        way_out="Find out whether these are one patient under two ids. Give them one patient_id "
        "(courses of one patient stay on one side of a split) or remove the copies.",
        statistic=share,
        threshold=REFUSE_COPIES_ABOVE,
        row_counts=counts,
    )


def _series_digests(measurements: pd.DataFrame) -> pd.Series:
    """Return one number per course with enough results, equal where the series are equal."""
    rows = measurements[["course_id", "day", "input", "value"]].dropna(subset=["value"])
    plain = rows[["day", "input", "value"]].astype({"day": float, "value": float, "input": str})
    each = pd.util.hash_pandas_object(plain, index=False).to_numpy(dtype=np.uint64)
    # A sum does not depend on the order of the rows.
    by_course = pd.DataFrame({"course_id": rows["course_id"].to_numpy(), "digest": each})
    grouped = by_course.groupby("course_id")["digest"].agg(["sum", "size"])
    return grouped.loc[grouped["size"] >= MIN_SHARED_RESULTS, "sum"].rename("digest")


def results_are_known_before_they_happened(evidence: Evidence) -> Finding:
    """Count rows whose `known_day` lies before their `day`."""
    rule = results_are_known_before_they_happened.__name__
    early, total, columns = {}, 0, []
    for name in ("measurements", "grades"):
        table: pd.DataFrame = getattr(evidence.cohort, name)
        known, day = table["known_day"].astype(float), table["day"].astype(float)
        early[f"{name}_known_early"] = int((known < day).sum())
        total += len(table)
        if name == "measurements" and early["measurements_known_early"]:
            columns = sorted(table.loc[known < day, "input"].astype(str).unique())
    n = sum(early.values())
    if not n:
        return Finding(rule, "note", "Nothing is known before it happened.", row_counts=early)
    return Finding(
        rule,
        "refuse" if n > REFUSE_EARLY_ABOVE * total else "warn",
        f"{n} rows are dated as known before they happened: a landmark would see the future.",
        way_out="Correct known_day at the source; leave it empty where it was not recorded.",
        statistic=n / total,
        threshold=REFUSE_EARLY_ABOVE,
        columns=tuple(columns),
        row_counts=early,
    )
