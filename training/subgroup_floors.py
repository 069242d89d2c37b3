"""Floors that no subgroup may fall through: one rule of the gate, read from an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.plan_sections import EvaluationPlan

Figures = Mapping[str, Any]


def fallen(subgroups: Figures, rule: EvaluationPlan) -> list[str]:
    """Say which groups fall through a floor, and by which figure.

    Parameters
    ----------
    subgroups : variable -> group -> `n_patients`, `n_event_patients` and the figures `auroc` and
        `observed_to_expected` with `estimate`, `low`, `high`. A group without counts (suppressed)
        and a figure without an interval accuse nobody.
    rule : the limits, and how many patients a group needs to count.
    """
    return [
        f"{variable} {name} ({one['n_patients']} patients, {one['n_event_patients']} with the "
        f"event): {reason}."
        for variable, name, one in _groups(subgroups)
        if _counts(one, rule)
        for reason in (*_calibration(one, rule), *_discrimination(one, rule))
    ]


def _groups(subgroups: Figures) -> Iterator[tuple[str, str, Figures]]:
    for variable, groups in subgroups.items():
        if isinstance(groups, Mapping):
            for name, one in groups.items():
                if isinstance(one, Mapping):
                    yield str(variable).replace("_", " "), str(name), one


def _counts(one: Figures, rule: EvaluationPlan) -> bool:
    patients, events = one.get("n_patients"), one.get("n_event_patients")
    if not isinstance(patients, int) or not isinstance(events, int):
        return False
    enough = patients >= rule.subgroup_min_patients
    return enough and events >= rule.subgroup_min_event_patients


def _bounds(one: Figures, figure: str) -> tuple[float, float] | None:
    found = one.get(figure)
    if not isinstance(found, Mapping) or found.get("low") is None or found.get("high") is None:
        return None
    return float(found["low"]), float(found["high"])


def _calibration(one: Figures, rule: EvaluationPlan) -> list[str]:
    bounds = _bounds(one, "observed_to_expected")
    most = rule.subgroup_observed_to_expected
    if bounds is None or (bounds[1] >= 1 / most and bounds[0] <= most):
        return []
    return [
        f"the interval of observed/expected, {bounds[0]:.2f} to {bounds[1]:.2f}, lies outside "
        f"{1 / most:.2f} to {most:.2f}"
    ]


def _discrimination(one: Figures, rule: EvaluationPlan) -> list[str]:
    bounds = _bounds(one, "auroc")
    if bounds is None or bounds[1] >= rule.subgroup_auroc:
        return []
    return [f"the upper bound of the AUROC, {bounds[1]:.2f}, is below {rule.subgroup_auroc:.2f}"]
