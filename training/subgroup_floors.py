"""Floors that no subgroup may fall through: one rule of the gate, read from an evaluation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import log
from typing import Any

from scipy.stats import norm, t

from training.judging.rows import MODEL
from training.judging.small_cells import FEWEST_OF_A_CLASS, FEWEST_PATIENTS
from training.plan_sections import EvaluationPlan

Figures = Mapping[str, Any]
RATIO = "observed_to_expected"


def fallen(subgroups: Figures, rule: EvaluationPlan) -> list[str]:
    """Say which groups fall through a floor, and by which figure.

    Parameters
    ----------
    subgroups : as :func:`training.judging.subgroups.subgroups` returns them. A group without
        figures (too small) and a figure without an interval accuse nobody; a count that is held
        back is at least what a group needs to have figures.
    rule : the limits, and how many patients a group needs to count.
    """
    held = _held(subgroups, rule)
    return [
        f"{variable} {one['group']}{_counted(one)}: {reason}."
        for variable, one in held
        for reason in (
            *_calibration(one, rule, len(held)),
            *_discrimination(one[MODEL], rule),
        )
    ]


def watched(subgroups: Figures, rule: EvaluationPlan) -> list[str]:
    """Say which groups lie beyond the limit by what chance may explain: no refusal, and no silence.

    Parameters
    ----------
    subgroups, rule : as of :func:`fallen`.
    """
    held = _held(subgroups, rule)
    return [
        f"{variable} {one['group']}{_counted(one)}: observed/expected, {_told(one)}, lies beyond "
        f"the limit; chance may explain it after {len(held)} looks. Look again with more patients."
        for variable, one in held
        if _beyond_limit(one, rule) and not _calibration(one, rule, len(held))
        if not _holds_one(one)
    ]


def _held(subgroups: Figures, rule: EvaluationPlan) -> list[tuple[str, Figures]]:
    return [(variable, one) for variable, one in _groups(subgroups) if _counts(one, rule)]


def _groups(subgroups: Figures) -> Iterator[tuple[str, Figures]]:
    for variable, groups in subgroups.items():
        for one in groups:
            if one.get(MODEL):
                yield str(variable).replace("_", " "), one


def _counts(one: Figures, rule: EvaluationPlan) -> bool:
    patients = FEWEST_PATIENTS if one["n_patients"] is None else one["n_patients"]
    return (
        patients >= rule.subgroup_min_patients and _events(one) >= rule.subgroup_min_event_patients
    )


def _events(one: Figures) -> int:
    events = one["n_event_patients"]
    return FEWEST_OF_A_CLASS if events is None else int(events)


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
    """Accuse a ratio surely beyond the limit, or beyond it and from 1 by more than chance."""
    most = rule.subgroup_observed_to_expected
    if _surely_beyond(one, most):
        return [f"the interval of observed/expected, {_told(one)}, lies outside {_span(most)}"]
    if not _beyond_limit(one, rule) or not _beyond_chance(one, groups):
        return []
    looks = f", also after {groups} looks" if groups > 1 else ""
    return [
        f"observed/expected, {_told(one)}, lies outside {_span(most)} and differs "
        f"from 1 beyond chance{looks}"
    ]


def _span(most: float) -> str:
    return f"{1 / most:.2f} to {most:.2f}"


def _surely_beyond(one: Figures, most: float) -> bool:
    bounds = _bounds(one[MODEL], RATIO)
    return bounds is not None and (bounds[1] < 1 / most or bounds[0] > most)


def _told(one: Figures) -> str:
    ratio = one[MODEL][RATIO]
    return f"{ratio['estimate']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})"


def _beyond_limit(one: Figures, rule: EvaluationPlan) -> bool:
    most = rule.subgroup_observed_to_expected
    if _bounds(one[MODEL], RATIO) is None:
        return False
    return not 1 / most <= one[MODEL][RATIO]["estimate"] <= most


def _holds_one(one: Figures) -> bool:
    bounds = _bounds(one[MODEL], RATIO)
    return bounds is None or bounds[0] <= 1 <= bounds[1]


def _beyond_chance(one: Figures, groups: int) -> bool:
    """Whether the ratio differs from 1 at 5 % over all groups (Bonferroni).

    The 95 % percentile interval is read on the log scale, with the t distribution of as many
    degrees of freedom as there are event patients, less one: draws of few patients vary too little
    (Cameron and Miller 2015, doi:10.3368/jhr.50.2.317, section VI).
    """
    bounds, ratio = _bounds(one[MODEL], RATIO), one[MODEL][RATIO]["estimate"]
    if bounds is None or _holds_one(one):
        return False
    if min(ratio, *bounds) <= 0:
        return True
    spread = (log(bounds[1]) - log(bounds[0])) / (2 * norm.ppf(0.975))
    degrees = max(_events(one) - 1, 1)
    return bool(abs(log(ratio)) > spread * t.ppf(1 - 0.025 / groups, degrees))


def _discrimination(one: Figures, rule: EvaluationPlan) -> list[str]:
    bounds = _bounds(one, "auroc")
    if bounds is None or bounds[1] >= rule.subgroup_auroc:
        return []
    told = f"{one['auroc']['estimate']:.2f} ({bounds[0]:.2f} to {bounds[1]:.2f})"
    return [f"the upper bound of the AUROC, {told}, is below {rule.subgroup_auroc:.2f}"]
