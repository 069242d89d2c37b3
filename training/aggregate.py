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
    held_back,
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
CORRECTION = ("question", "correction", "from", "because", "before", "after", "difference")
CURVE_ERRORS = ("eavg", "e50", "e90", "emax")


def shareable(evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of an evaluation may be shared, as plain data.

    Raises
    ------
    NotAssessable
        Where the cohort as a whole is too small to be told about.
    """
    told = _as_a_whole(evaluation, evaluation, "evaluation")
    told |= {name: evaluation[name] for name in TOLD if name in evaluation}
    if "calibration" in evaluation:
        told["calibration"] = _errors(evaluation["calibration"])
    told["by_landmark_day"] = _days(evaluation.get("by_landmark_day", []))
    told["subsets"] = {
        name: ({"note": too_small(part)} if too_small(part) else part)
        for name, part in evaluation.get("subsets", {}).items()
    }
    return told


def shareable_correction(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a recalibration (:mod:`training.recalibrate`) may be shared.

    Raises
    ------
    NotAssessable
        As :func:`shareable`.
    """
    told = _as_a_whole(table, table, "correction")
    return told | {name: table[name] for name in (*COUNTS, *CORRECTION) if name in table}


def shareable_transport(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a judgement by groups (:mod:`training.transport`) may be shared.

    The groups that could not be judged are what the whole cohort has more than all judged groups
    together. Where those are few, the counts of the judged groups together are held back, and of as
    many groups as it takes. How many the others of a group are would tell it too, and is left out.

    Raises
    ------
    NotAssessable
        As :func:`shareable`.
    """
    pooled, groups = table["pooled"], table["groups"]
    told = _as_a_whole(table, pooled, "transport")
    without = _not_judged(table)
    no_patients, no_events = held_back([*groups, *without])
    small = bool(without) and no_patients[-1], bool(without) and no_events[-1]
    return told | {
        "by": table["by"],
        "question": table["question"],
        "pooled": _counted(pooled, *small),
        "groups": [
            _counted({key: part for key, part in group.items() if key != "learnt_from"}, *held)
            for group, *held in zip(groups, no_patients, no_events, strict=False)
        ],
        "not_assessable": dict(table["not_assessable"]),
        "left_out": dict(table["left_out"]),
    }


def refuse_too_small(counts: Mapping[str, Any], what: str) -> None:
    """Refuse to tell of so few patients.

    Raises
    ------
    NotAssessable
    """
    reason = too_small(counts)
    if reason:
        raise NotAssessable(
            f"The {what} is not shared: {reason} in all. Its figures could be those of single "
            "patients."
        )


def _as_a_whole(table: Mapping[str, Any], counts: Mapping[str, Any], what: str) -> dict[str, Any]:
    refuse_too_small(counts, what)
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "small_cells": (
            f"groups of fewer than {FEWEST_PATIENTS} patients, or fewer than {FEWEST_OF_A_CLASS} "
            "with or without the event, are named without a number"
        ),
        "cohort": {key: table["cohort"].get(key) for key in COHORT_FACTS},
    }


def _not_judged(table: Mapping[str, Any]) -> list[dict[str, int]]:
    """Return the counts of what no judged group holds, as one more group; none where all do."""
    if not table["not_assessable"]:
        return []
    whole = table.get("whole")
    if whole is None:  # written before it was told: nobody knows, and few are assumed
        return [dict.fromkeys(COUNTS, 0)]
    return [{name: max(whole[name] - table["pooled"][name], 0) for name in COUNTS}]


def _counted(group: Mapping[str, Any], no_patients: bool, no_events: bool) -> dict[str, Any]:
    hidden: tuple[str, ...] = ("n_rows", "n_patients") if no_patients else ()
    hidden += ("n_event_rows", "n_event_patients") if no_events else ()
    return {**group, **dict.fromkeys(hidden), **({"note": COUNT_HELD_BACK} if hidden else {})}


def _errors(calibration: Mapping[str, Any]) -> dict[str, Any]:
    curves = {"model": calibration["model"], **calibration.get("comparators", {})}
    return {
        name: {error: curve[error] for error in CURVE_ERRORS if error in curve}
        for name, curve in curves.items()
    }


def _days(days: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    _, hidden = held_back(days)
    return [
        {"landmark_day": day["landmark_day"], "note": too_small(day) or COUNT_HELD_BACK}
        if held
        else dict(day)
        for day, held in zip(days, hidden, strict=True)
    ]
