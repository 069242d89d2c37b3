"""Whether the grades mean the same in all patients, and were given when they say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.follow_up import follow_up
from training.audit_rules.concordance import Limits, between_patients
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding, not_assessable

WARN_SHARE = 0.02
UNGRADED_DAYS = 1.5  # in hospital a grading a day is usual; longer without one is a gap [A]
WARN_UNGRADED = 0.10  # share of event-free windows
LIMITS = Limits()


def the_grading_system_changes(evidence: Evidence) -> Finding:
    """Count gradings by system; refuse a mixture, and a system that goes with the outcome.

    The same patients hold several times as many severe CRS by one system as by another.
    """
    rule = the_grading_system_changes.__name__
    grades = evidence.cohort.grades
    mine = grades[(grades["toxicity"] == evidence.question.toxicity) & grades["grade"].notna()]
    declared = evidence.cohort.manifest.grading_system
    system = mine["system"].fillna(declared).astype(str)
    counts = {str(name): int(n) for name, n in system.value_counts().items()}
    if len(counts) < 2:
        return Finding(rule, "note", f"One grading system: {next(iter(counts), declared)}.")
    other = (system != declared).astype(float)
    share = float(other.mean())
    mixed = declared == "unknown"
    tells = _tells_the_outcome(evidence, other.groupby(mine["course_id"]).mean())
    refuse = mixed or tells
    return Finding(
        rule,
        "refuse" if refuse else "warn" if share > WARN_SHARE else "note",
        f"Gradings by {len(counts)} systems stand side by side"
        + (" and count as one, since the cohort declares none." if mixed else
           f"; those not by {declared} are left out ({share:.0%}).")
        + (" Which system was used goes with the outcome." if tells else ""),
        way_out="Grade all patients by one system from raw findings, or ask within one system and "
        "declare it (grading_system)." if refuse or share > WARN_SHARE else "",
        statistic=share,
        threshold=WARN_SHARE,
        columns=tuple(counts) if refuse else (),
        row_counts=counts,
    )  # fmt: skip


def _tells_the_outcome(evidence: Evidence, share_by_course: pd.Series) -> bool:
    if evidence.too_few:
        return False
    courses = evidence.course_table
    by_course = share_by_course.reindex(courses.index).fillna(0.0)
    by_patient = by_course.groupby(courses["patient"]).mean().to_numpy(dtype=float)
    areas = [between_patients(evidence, sign * by_patient) for sign in (1.0, -1.0)]
    return any(area is not None and area.low > LIMITS.refuse for area in areas)


def gradings_stop_before_the_stay_ends(evidence: Evidence) -> Finding:
    """Count event-free windows that rest on days in hospital after the last grading.

    These days count as free of the event up to discharge, or to the end of follow-up where no
    discharge is known: whoever was ill and not graded counts as well. After discharge only a
    readmission would tell, and that is looked at (see `features.questions.labels`).
    """
    rule = gradings_stop_before_the_stay_ends.__name__
    rows = evidence.rows
    if "horizon_end" not in rows or evidence.y.all():
        return not_assessable(rule, "no event-free windows with a known end")
    free = rows[~evidence.y]
    seen = follow_up(evidence.cohort, evidence.question.toxicity)
    every = np.ones(len(seen.gradings.course), dtype=bool)
    graded_until = seen.gradings.last(every, seen.gradings.instant)
    stay_until = np.where(np.isnan(seen.discharge), seen.observed_until, seen.discharge)
    ids = pd.Index(evidence.cohort.courses["course_id"])
    course = ids.get_indexer(pd.Index(free["course_id"]))
    ends = np.minimum(free["horizon_end"].to_numpy(dtype=float), stay_until[course])
    share = float(np.mean(ends > graded_until[course] + UNGRADED_DAYS))
    many = share > WARN_UNGRADED
    undated = int(np.isnan(seen.discharge).sum())
    return Finding(
        rule,
        "warn" if many else "note",
        f"{share:.0%} of {len(free)} event-free windows reach more than {UNGRADED_DAYS:g} days "
        "beyond the last grading in hospital; these days count as event-free. "
        f"{undated} courses have no day of discharge.",
        way_out="Record gradings, the zeros too, up to discharge, and the day of discharge; or end "
        "the record (follow_up_days) at the last grading."
        if many
        else "",
        statistic=share,
        threshold=WARN_UNGRADED,
        row_counts={"event_free_rows": len(free), "courses_without_discharge": undated},
    )
