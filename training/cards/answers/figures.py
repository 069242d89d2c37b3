"""How good the model is, and against what: every figure with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.cards.answers.about import words
from training.cards.answers.blocks import block_words
from training.cards.answers.patients import marked
from training.cards.evidence import Evidence
from training.figures_in_words import counts, interval

DISCRIMINATION = ("auroc", "same_day_auroc", "within_grade_auroc", "auprc")
CALIBRATION = ("calibration_intercept", "calibration_slope", "observed_to_expected")
OVERALL = ("brier", "log_loss")
SHORT = {
    "auroc": "AUROC",
    "same_day_auroc": "AUROC among patients of the same day",
    "within_grade_auroc": "AUROC among patients of the same grade",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "log_loss": "log loss",
    "calibration_intercept": "calibration intercept (ideal 0)",
    "calibration_slope": "calibration slope (ideal 1)",
    "observed_to_expected": "observed to expected events (ideal 1)",
}
COLUMNS = {
    "auroc": "AUROC",
    "same_day_auroc": "same-day AUROC",
    "brier": "Brier score",
    "log_loss": "log loss",
}


def discrimination(e: Evidence) -> str | None:
    """Give AUROC and AUPRC."""
    return _of_model(e, DISCRIMINATION)


def calibration(e: Evidence) -> str | None:
    """Give intercept, slope and observed to expected."""
    return _of_model(e, CALIBRATION)


def overall(e: Evidence) -> str | None:
    """Give Brier score and log loss."""
    return _of_model(e, OVERALL)


def calibration_curve(e: Evidence) -> str | None:
    """Give the figures of the smooth calibration curve, where the run has them."""
    return block_words(e, "calibration")


def net_benefit(e: Evidence) -> str | None:
    """Give net benefit, where the run has it."""
    return block_words(e, "decision_curve")


def thresholds(e: Evidence) -> str | None:
    """Give the table of thresholds, where the run has it."""
    return block_words(e, "thresholds")


def patient_weighted(e: Evidence) -> str | None:
    """Give the headline with every patient weighing the same, where the run has it."""
    return block_words(e, "patient_weighted")


def against_best(e: Evidence) -> str | None:
    """Compare with the best comparator, paired."""
    best = e.best_comparator
    if best is None:
        return None
    gap = e.evaluation["differences"].get(best, {})
    said = [
        f"{SHORT[name]} {_signed(gap, name)}"
        for name in ("log_loss", "auroc", "same_day_auroc")
        if name in gap
    ]
    return f"This model minus {words(best)}, its closest rival, paired: {'; '.join(said)}."


def verdict(e: Evidence) -> str | None:
    """Give the verdict by the rule that the plan fixed."""
    text = (e.evaluation.get("verdict") or {}).get("text")
    whose = ", on the larger model of the same fit" if e.model.comparator else ""
    return None if not text else f"Verdict by the plan's own rule{whose}: {words(text)}"


def oracle(e: Evidence) -> str | None:
    """Give the ceiling on a synthetic cohort."""
    found = e.block("oracle")
    return None if not found else f"Ceiling, the true risk itself: AUROC {interval(found, 'auroc')}"


def in_other_patients(e: Evidence) -> str | None:
    """Give the figures on other patients, where there are some."""
    said = [
        f"In {marked(one)} ({counts(one)}): "
        f"{_listed(one, ('auroc', 'same_day_auroc', *CALIBRATION, 'brier'))}."
        for one in e.elsewhere
    ]
    return " ".join(said) or None


def _of_model(e: Evidence, names: tuple[str, ...]) -> str | None:
    listed = _listed(e.evaluation, names)
    return f"{listed}. In {counts(e.evaluation)}, {e.cohort_name}." if listed else None


def _listed(evaluation: Mapping[str, Any], names: tuple[str, ...]) -> str:
    model = evaluation["model"]
    return "; ".join(f"{SHORT[name]} {interval(model, name)}" for name in names if name in model)


def _signed(gap: dict[str, dict[str, float | None]], name: str) -> str:
    one = gap[name]
    if one["estimate"] is None:
        return "not computable"
    if one["low"] is None or one["high"] is None:
        return f"{one['estimate']:+.4f} (no interval)"
    return f"{one['estimate']:+.4f} ({one['low']:+.4f} to {one['high']:+.4f})"
