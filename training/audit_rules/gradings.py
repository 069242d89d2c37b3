"""Whether the grades mean the same in all patients, and were given when they say."""

from __future__ import annotations

import pandas as pd

from training.audit_rules.concordance import Limits, between_patients
from training.audit_rules.evidence import Evidence
from training.audit_rules.finding import Finding

WARN_SHARE = 0.02
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
