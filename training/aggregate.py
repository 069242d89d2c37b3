"""An evaluation that may leave the hospital: figures and counts of groups, small cells held back.

What is left out: the fingerprint of the cohort, notes, settings of folds, the curves' points and
everything that is not named here. Days and parts with few patients are named without a number, and
where a single one would be held back another goes with it (:mod:`training.judging.small_cells`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.errors import NotAssessable
from training.judging.small_cells import (
    COUNT_HELD_BACK,
    FEWEST_OF_A_CLASS,
    FEWEST_PATIENTS,
    hidden_with,
    too_small,
)

FORMAT, FORMAT_VERSION = "vigicell-aggregate", 1
COUNTS = ("n_rows", "n_patients", "n_event_rows", "n_event_patients")
TOLD = (
    *COUNTS, "question", "method", "repeats", "evaluated", "model", "comparators", "differences",
    "left_out", "patient_weighted", "brier_parts", "thresholds", "decision_curve", "subgroups",
    "sample_size", "verdict",
)  # fmt: skip
COHORT_FACTS = ("name", "synthetic", "resolution", "grading_system", "end_of_record", "products")
CURVE_ERRORS = ("eavg", "e50", "e90", "emax")


def shareable(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an evaluation may be shared, as plain data.

    Raises
    ------
    NotAssessable
        Where the cohort as a whole is too small to be told about.
    """
    reason = too_small({name: evaluation[name] for name in COUNTS})
    if reason:
        raise NotAssessable(
            f"The evaluation is not shared: {reason} in all. Its figures could be those of single "
            "patients."
        )
    told = {name: evaluation[name] for name in TOLD if name in evaluation}
    told["cohort"] = {key: evaluation["cohort"][key] for key in COHORT_FACTS}
    if "calibration" in evaluation:
        told["calibration"] = _errors(evaluation["calibration"])
    told["by_landmark_day"] = _days(evaluation.get("by_landmark_day", []))
    told["subsets"] = {
        name: ({"note": too_small(part)} if too_small(part) else part)
        for name, part in evaluation.get("subsets", {}).items()
    }
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "small_cells": (
            f"groups of fewer than {FEWEST_PATIENTS} patients, or fewer than {FEWEST_OF_A_CLASS} "
            "with or without the event, are named without a number"
        ),
        **told,
    }


def _errors(calibration: Mapping[str, Any]) -> dict[str, Any]:
    curves = {"model": calibration["model"], **calibration.get("comparators", {})}
    return {
        name: {error: curve[error] for error in CURVE_ERRORS if error in curve}
        for name, curve in curves.items()
    }


def _days(days: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    hidden = hidden_with(
        [day["n_patients"] for day in days], [bool(too_small(day)) for day in days], FEWEST_PATIENTS
    )
    return [
        {"landmark_day": day["landmark_day"], "note": too_small(day) or COUNT_HELD_BACK}
        if held
        else dict(day)
        for day, held in zip(days, hidden, strict=True)
    ]
