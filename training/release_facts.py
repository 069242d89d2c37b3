"""What a release says of each champion: how it was judged, and which gate rules were overridden."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training import registry
from training.comparators_evaluation import evaluation_of
from training.judging.small_cells import too_small
from training.registry import Version
from training.tracking_store import TrackingStore

COUNTS = ("n_rows", "n_patients", "n_event_rows", "n_event_patients")
FIGURES = ("auroc", "same_day_auroc", "calibration_slope")
BOUNDS = ("estimate", "low", "high")


def release_facts(store: TrackingStore, champion: Version) -> dict[str, Any]:
    """Return verdict, counts, headline figures and overridden gate rules of a champion.

    Figures are out-of-fold estimates with 95 % intervals; None stands for what could not be
    computed, and for counts that could be those of single patients. `overridden` is None where the
    model passed every rule.

    Raises
    ------
    TrackingError
        Where the run of the version has no evaluation.
    """
    evaluation = evaluation_of(store, champion)
    said = evaluation.get("verdict", {})
    return {
        "verdict": said.get("text"),
        **_counts(evaluation, champion),
        "model": {name: _interval(evaluation["model"], name) for name in FIGURES},
        "best_comparator": _compared(evaluation["comparators"], said.get("best_comparator")),
        "overridden": registry.overridden(store, champion),
    }


def _counts(evaluation: Mapping[str, Any], champion: Version) -> dict[str, int | None]:
    """Return the counts of an evaluation; None each where so few real patients may not be told."""
    found = {name: evaluation.get(name) for name in COUNTS}
    known = {name: count for name, count in found.items() if count is not None}
    few = len(known) == len(COUNTS) and bool(too_small(known))
    return dict.fromkeys(COUNTS) if few and not champion.synthetic else found


def _compared(comparators: Mapping[str, Any], best: str | None) -> dict[str, Any] | None:
    if best is None:
        return None
    return {"name": best, "auroc": _interval(comparators[best], "auroc")}


def _interval(figures: Mapping[str, Any], name: str) -> dict[str, float | None] | None:
    one = figures.get(name)
    return None if one is None else {bound: one.get(bound) for bound in BOUNDS}
