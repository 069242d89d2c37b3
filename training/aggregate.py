"""An evaluation that may leave the hospital: figures and counts of groups, small cells held back.

What is left out: the fingerprint of the cohort, notes, settings of folds, the curves' points and
everything that is not named here. Days and parts with few patients are named without a number, and
where a single one would be held back another goes with it (:mod:`training.judging.small_cells`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from features.errors import NotAssessable
from training.judging.rows import MODEL
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
    "left_out", "patient_weighted", "brier_parts", "subgroups", "sample_size", "verdict",
    "unknown_predictors", "n_predictors_read",
)  # fmt: skip
COHORT_FACTS = ("name", "synthetic", "resolution", "grading_system", "end_of_record", "products")
CORRECTION = ("question", "correction", "from", "because", "before", "after", "difference")
CURVE_ERRORS = ("eavg", "e50", "e90", "emax")
THRESHOLD_DIGITS, CURVE_DIGITS = (
    2,
    3,
)  # more would be the counts, or the hour of one patient's event


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
        name: ({"note": small} if (small := _small_part(part, evaluation)) else part)
        for name, part in evaluation.get("subsets", {}).items()
    }
    if "thresholds" in evaluation:
        told["thresholds"] = _thresholds(evaluation["thresholds"], evaluation)
    if "decision_curve" in evaluation:
        told["decision_curve"] = _rounded(evaluation["decision_curve"], CURVE_DIGITS)
    return told


def _small_part(part: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    """Say why a part is not told: it is too small, or what is left beside it is."""
    if too_small(part):
        return too_small(part)
    rest = {name: whole[name] - part[name] for name in ("n_patients", "n_event_patients")}
    return COUNT_HELD_BACK if any(rest.values()) and too_small(rest) else ""


def _thresholds(found: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    """Return the thresholds at which neither few are alerted nor few are left out."""
    lines = {
        name: [_threshold(row, whole) for row in rows]
        for name, rows in {MODEL: found[MODEL], **found["comparators"]}.items()
    }
    told = {name: part for name, part in found.items() if name not in (MODEL, "comparators")}
    return {**told, MODEL: lines.pop(MODEL), "comparators": lines}


def _threshold(row: Mapping[str, Any], whole: Mapping[str, Any]) -> dict[str, Any]:
    patients, events = whole["n_patients"], whole["n_event_patients"]
    cells = (
        (row["alerted_patients"]["estimate"], patients, FEWEST_PATIENTS),
        (row["event_patient_sensitivity"]["estimate"], events, FEWEST_OF_A_CLASS),
    )
    if any(_few(share, of, least) for share, of, least in cells):
        return {"threshold": row["threshold"], "tier": row["tier"], "note": COUNT_HELD_BACK}
    at = {"threshold": row["threshold"], "tier": row["tier"]}
    return {**_rounded(row, THRESHOLD_DIGITS), **at}


def _few(share: float | None, of: int, least: int) -> bool:
    """Whether a share of so many, or the others, are some but fewer than told."""
    if share is None:
        return True
    alerted = round(share * of)
    return 0 < alerted < least or 0 < of - alerted < least


def _rounded(found: Any, digits: int) -> Any:
    if isinstance(found, float):
        return round(found, digits)
    if isinstance(found, Mapping):
        return {name: _rounded(one, digits) for name, one in found.items()}
    return [_rounded(one, digits) for one in found] if isinstance(found, list) else found


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
