"""The evaluation of a comparator that is served in the model's place.

A fit leaves one evaluation, of the larger model; its comparators were judged on the same rows.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from features.errors import CardError
from training import registry
from training.judging.rows import MODEL
from training.registry import Version
from training.tracking_store import TrackingStore

LARGER = "the_larger_model"
_NEEDED = ("model", "comparators", "differences", "question", "n_rows", "n_patients",
           "n_event_rows", "n_event_patients")  # fmt: skip
_OF_THE_ROWS = ("n_rows", "n_patients", "n_event_rows", "n_event_patients", "question", "cohort",
                "method", "repeats", "models_tried", "oracle")  # fmt: skip
_MIRRORED = {"estimate": "estimate", "low": "high", "high": "low", "low_90": "high_90",
             "high_90": "low_90"}  # fmt: skip


def checked_evaluation(found: Any, name: str = registry.EVALUATION) -> dict[str, Any]:
    """Return what was read as an evaluation, if it is one.

    Raises
    ------
    CardError
        Naming what is absent.
    """
    table = found if isinstance(found, dict) else {}
    absent = [key for key in _NEEDED if key not in table]
    if absent:
        raise CardError(
            f"{name} lacks {', '.join(absent)}: it is no evaluation. Fit the plan again, or give "
            "what `evaluate --json` wrote."
        )
    return table


def evaluation_of(store: TrackingStore, version: Version) -> Mapping[str, Any]:
    """Return how a version was judged; a comparator by its own figures in its run's evaluation.

    Raises
    ------
    TrackingError
        Where its run has no evaluation.
    """
    found = registry.document(store, version, registry.EVALUATION)
    return of_comparator(found, version.comparator) if version.comparator else found


def of_comparator(evaluation: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return the evaluation with a comparator in the place of the model.

    What is of the rows stays, what is of the larger model alone goes: nothing of it is said of the
    comparator. The difference to the larger model is the mirrored one.

    Raises
    ------
    CardError
        Where the comparator was not judged in this fit.
    """
    if name not in evaluation["comparators"]:
        raise CardError(
            f"This model is the comparator {name}, which the evaluation beside it does not hold. "
            "Fit the plan again."
        )
    own = evaluation.get("simpler") or {}
    weighted = (evaluation.get("patient_weighted") or {}).get(name)
    found = evaluation.get("verdict")
    return {
        **{key: evaluation[key] for key in _OF_THE_ROWS if key in evaluation},
        "left_out": {},
        "notes": [
            f"The comparator {name} of its fit, by its own figures; the verdict is on the larger "
            "model."
        ],
        "model": evaluation["comparators"][name],
        "comparators": {LARGER: evaluation["model"]},
        "differences": {
            LARGER: {
                figure: {_MIRRORED[at]: _negative(bound) for at, bound in gap.items()}
                for figure, gap in evaluation["differences"].get(name, {}).items()
            }
        },
        **({"subgroups": own["subgroups"]} if own.get("comparator") == name else {}),
        **({"patient_weighted": {MODEL: weighted}} if weighted else {}),
        **({"verdict": {**found, "best_comparator": LARGER}} if found else {}),
    }


def _negative(bound: float | None) -> float | None:
    return None if bound is None else -bound
