"""What is found out about any judged rows, whether cross-fitted or of another hospital."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.judging import headline as heads
from training.judging.brier_parts import brier_parts
from training.judging.calibration_curve import calibration
from training.judging.headline import Judged
from training.judging.net_benefit import decision_curve
from training.judging.rows import JudgedRows, Risks
from training.judging.sample_size import sample_size
from training.judging.subgroups import subgroups
from training.judging.thresholds import thresholds


def blocks(
    judged: Judged,
    rows: JudgedRows,
    risks: Risks,
    seed: int,
    *,
    daily: bool,
    tiers: Mapping[str, float],
    n_predictors: int,
    era_from_year: int = 0,
) -> dict[str, Any]:
    """Return headline and every other table of judged rows as plain data; never a row.

    Parameters
    ----------
    judged : first-time rows, risks and draws of every figure.
    rows, risks : all rows, those after an earlier event among them, and their risks.
    seed : of the draws of patients for those rows.
    daily : whether the question is asked day by day.
    tiers : name -> lower bound, which the table of thresholds holds.
    n_predictors : how many the model could read: the sample-size line asks for it.
    era_from_year : first year of the later era; 0 cuts at the median year.
    """
    replicates = len(judged.bootstrap.counts) - 1
    highest = max(tiers.values(), default=0.0)
    return {
        **heads.headline(judged),
        "patient_weighted": heads.patient_weighted(judged),
        "by_landmark_day": heads.by_landmark_day(judged),
        "subsets": heads.grade_subsets(rows, risks, replicates, seed) if daily else {},
        "calibration": calibration(judged),
        "brier_parts": brier_parts(judged),
        "thresholds": thresholds(judged, tiers, daily=daily),
        "decision_curve": decision_curve(judged),
        "subgroups": subgroups(judged, era_from_year),
        "sample_size": sample_size(judged, n_predictors, highest or None),
    }
