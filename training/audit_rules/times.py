"""Results from the future: known before they happened, or dated after the end."""

from __future__ import annotations

import numpy as np

from features.clock import happened_at
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding

REFUSE_EARLY_ABOVE = 0.01
MIN_RESULTS = 100
_STARTS = {"measurements": "day", "treatments": "start_day", "grades": "day"}


def results_are_known_before_they_happened(evidence: Evidence) -> Finding:
    """Count rows whose `known_day` lies before their `day`."""
    rule = results_are_known_before_they_happened.__name__
    early, shares, columns = {}, [0.0], []
    for name, start in _STARTS.items():
        table = evidence.cohort.table(name)
        before = table["known_day"].astype(float) < table[start].astype(float)
        early[f"{name}_known_early"] = int(before.sum())
        shares.append(float(before.mean()) if len(table) else 0.0)
        if name == "measurements" and before.any():
            columns = sorted(table.loc[before, "input"].astype(str).unique())
    n = sum(early.values())
    if not n:
        return Finding(rule, "note", "Nothing is known before it happened.", row_counts=early)
    return Finding(
        rule,
        "refuse" if max(shares) > REFUSE_EARLY_ABOVE else "warn",
        f"{n} rows are dated as known before they happened: a landmark would see the future.",
        way_out="Correct known_day at the source; leave it empty where it was not recorded.",
        statistic=max(shares),
        threshold=REFUSE_EARLY_ABOVE,
        columns=tuple(columns[:8]),
        row_counts=early,
    )


def result_times_are_not_recorded(evidence: Evidence) -> Finding:
    """Warn where every result counts as known at the moment it was taken.

    A laboratory takes hours. A landmark then sees results that nobody had yet.
    """
    rule = result_times_are_not_recorded.__name__
    manifest, measured = evidence.cohort.manifest, evidence.cohort.measurements
    if manifest.resolution == "day" or manifest.delays or len(measured) < MIN_RESULTS:
        return Finding(rule, "note", "Results are dated by day, with delays, or are too few.")
    wait = measured["known_day"].astype(float) - measured["day"].astype(float)
    if (wait > 0).any():
        return Finding(rule, "note", "Results carry the time at which they were known.")
    return Finding(
        rule,
        "warn",
        f"All {len(measured)} results count as known at the moment they were taken.",
        way_out="Fill known_day, or declare a delay by input ([delays] in cohort.toml).",
        row_counts={"results": len(measured)},
    )


def rows_are_dated_after_the_end(evidence: Evidence) -> Finding:
    """Count results, treatments and gradings after the death or the end of follow-up."""
    rule = rows_are_dated_after_the_end.__name__
    courses = evidence.cohort.courses.set_index("course_id")[["death_day", "follow_up_days"]]
    resolution = evidence.cohort.manifest.resolution
    ends = np.floor(courses.astype(float).min(axis=1)) + 1.0
    late, total = {}, 0
    for name, start in _STARTS.items():
        table = evidence.cohort.table(name)
        instant = happened_at(table[start].to_numpy(dtype=float), resolution)
        end = table["course_id"].map(ends).to_numpy(dtype=float)
        late[name] = int((instant > end).sum())
        total += len(table)
    n = sum(late.values())
    return Finding(
        rule,
        "warn" if n else "note",
        f"{n} of {total} rows are dated after the death or the end of follow-up.",
        way_out="Import with the row checks on, or correct these days." if n else "",
        row_counts=late,
    )
