"""Floors that no subgroup may fall through: one rule of the gate, read from an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from statistics import NormalDist
from typing import Any

from training.judging.rows import MODEL
from training.judging.small_cells import FEWEST_OF_A_CLASS, FEWEST_PATIENTS
from training.plan_sections import EvaluationPlan

Figures = Mapping[str, Any]


def fallen(subgroups: Figures, rule: EvaluationPlan) -> list[str]:
    """Say which groups fall through a floor, and by which figure.

    Parameters
    ----------
    subgroups : as :func:`training.judging.subgroups.subgroups` returns them. A group without
        figures (too small) and a figure without an interval accuse nobody; a count that is held
        back is at least what a group needs to have figures.
    rule : the limits, and how many patients a group needs to count.
    """
    held = [(variable, one) for variable, one in _groups(subgroups) if _counts(one, rule)]
    return [
        f"{variable} {one['group']}{_counted(one)}: {reason}."
        for variable, one in held
        for reason in (
            *_calibration(one[MODEL], rule, len(held)),
            *_discrimination(one[MODEL], rule),
        )
    ]


def _groups(subgroups: Figures) -> Iterator[tuple[str, Figures]]:
    for variable, groups in subgroups.items():
        for one in groups:
            if one.get(MODEL):
                yield str(variable).replace("_", " "), one


def _counts(one: Figures, rule: EvaluationPlan) -> bool:
    patients, events = one["n_patients"], one["n_event_patients"]
    enough = (FEWEST_PATIENTS if patients is None else patients) >= rule.subgroup_min_patients
    with_event = FEWEST_OF_A_CLASS if events is None else events
    return enough and with_event >= rule.subgroup_min_event_patients


def _counted(one: Figures) -> str:
    if one["n_patients"] is None or one["n_event_patients"] is None:
        return " (counts held back)"
    return f" ({one['n_patients']} patients, {one['n_event_patients']} with the event)"


def _bounds(one: Figures, figure: str) -> tuple[float, float] | None:
    found = one.get(figure)
    if not isinstance(found, Mapping) or found.get("low") is None or found.get("high") is None:
        return None
    return float(found["low"]), float(found["high"])


def _calibration(one: Figures, rule: EvaluationPlan, groups: int) -> list[str]:
    """Accuse a ratio beyond the limit that differs from 1 by more than `groups` looks explain."""
    bounds, most = _bounds(one, "observed_to_expected"), rule.subgroup_observed_to_expected
    if bounds is None:
        return []
    ratio = one["observed_to_expected"]["estimate"]
    if 1 / most <= ratio <= most or not _beyond_chance(ratio, bounds, groups):
        return []
    looks = f", also after {groups} looks" if groups > 1 else ""
    return [
        f"observed/expected, {ratio:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f}), lies outside "
        f"{1 / most:.2f} to {most:.2f} and differs from 1 beyond chance{looks}"
    ]


def _beyond_chance(ratio: float, bounds: tuple[float, float], groups: int) -> bool:
    """Read a 95 % interval on the log scale, at 5 % over all groups (Bonferroni)."""
    if bounds[0] <= 1 <= bounds[1]:
        return False
    if min(ratio, *bounds) <= 0:
        return True
    spread = (log(bounds[1]) - log(bounds[0])) / (2 * NormalDist().inv_cdf(0.975))
    return abs(log(ratio)) > spread * NormalDist().inv_cdf(1 - 0.025 / groups)


def _discrimination(one: Figures, rule: EvaluationPlan) -> list[str]:
    bounds = _bounds(one, "auroc")
    if bounds is None or bounds[1] >= rule.subgroup_auroc:
        return []
    told = f"{one['auroc']['estimate']:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f})"
    return [f"the upper bound of the AUROC, {told}, is below {rule.subgroup_auroc:.2f}"]
