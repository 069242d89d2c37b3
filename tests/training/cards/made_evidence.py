"""Evidence on a model that nobody fitted: every figure has another value, so that none can hide."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

from features.questions import question
from models.tiers import Tier, Tiers
from tests.training.tiny_models import a_risk_model
from training.cards.evidence import Evidence
from training.cards.statements import Statements
from training.plan import Plan, plan_from_dict

FIGURES = ("auroc", "auprc", "brier", "log_loss", "calibration_intercept", "calibration_slope",
           "observed_to_expected", "same_day_auroc", "within_grade_auroc")  # fmt: skip
COHORT = {
    "name": "ward records", "fingerprint": "f00d" * 16, "synthetic": False,
    "resolution": "instant", "grading_system": "ASTCT", "end_of_record": "censored",
    "products": ["axicabtagene ciloleucel", "tisagenlecleucel"],
}  # fmt: skip


def an_evaluation(**changed: Any) -> dict[str, Any]:
    """Return an evaluation in which no two figures are the same; the model passes the gate."""
    numbers = (0.3 + 0.0037 * step for step in count())

    def interval() -> dict[str, float]:
        middle = round(next(numbers), 4)
        return {
            "estimate": middle,
            "low": round(middle - 0.0411, 4),
            "high": round(middle + 0.0523, 4),
        }

    def figures() -> dict[str, Any]:
        return {name: interval() for name in FIGURES}

    model = figures()
    model["calibration_slope"] = {"estimate": 1.0123, "low": 0.8234, "high": 1.2345}
    return {
        "n_rows": 914, "n_patients": 135, "n_event_rows": 88, "n_event_patients": 30,
        "question": question("severe-crs-72h").to_dict(),
        "cohort": COHORT,
        "method": "nested cross-fitting by patient; 95 % percentile intervals over 800 draws",
        "repeats": 5,
        "models_tried": 546,
        "model": model,
        "comparators": {"grade_and_day": figures(), "current_grade": figures()},
        "differences": {name: a_gap(at) for at, name in enumerate(("grade_and_day",
                                                                   "current_grade"))},
        "left_out": {},
        "verdict": {"best_comparator": "grade_and_day", "text": "use the model. It passes."},
    } | changed  # fmt: skip


def a_gap(at: int = 0, loss: float = -0.0217) -> dict[str, Any]:
    """Return paired differences that pass the gate unless `loss` is above 0."""
    middles = {"log_loss": loss - 0.01 * at, "auroc": 0.0319 + 0.01 * at, "same_day_auroc": 0.0271}
    return {
        name: {"estimate": middle, "low": round(middle - 0.0103, 4),
               "high": round(middle + 0.0107, 4), "low_90": round(middle - 0.0087, 4),
               "high_90": round(middle + 0.0089, 4)}
        for name, middle in middles.items()
    }  # fmt: skip


def an_audit(verdict: str = "clean", **finding: Any) -> dict[str, Any]:
    one = {"rule": "units_are_mixed", "severity": "note", "overridden": ""} | finding
    return {"verdict": verdict, "findings": [one]}


def a_plan(**evaluation: Any) -> Plan:
    return plan_from_dict(
        {"plan": {"name": "tiny", "question": "severe-crs-72h"}, "evaluation": evaluation}
    )


def evidence(evaluation: dict[str, Any] | None = None, **changed: Any) -> Evidence:
    """Return evidence on a tiny model; what is changed of `manifest` goes into the model."""
    manifest = {
        "cohort": "ward records", "synthetic": False, "n_rows": 950, "n_patients": 140,
        "n_event_patients": 32, "products": {"axicabtagene ciloleucel": 137, "tisagenlecleucel": 3},
        "limitations": ["It does not cover infection."], "calibration": "none", "trees": 0,
        "code_version": "vigicell 0.1.0", "versions": {"numpy": "2.4.0"},
    } | changed.pop("manifest", {})  # fmt: skip
    tiers = Tiers((Tier("low", 0.0, 2.0, 611.0, 120, 0.03), Tier("high", 0.114, 86.0, 303.0, 77)))
    said = changed.pop("said", {})
    return Evidence(
        subject="tiny",
        model=replace(a_risk_model(synthetic=False), manifest=manifest, tiers=tiers),
        evaluation=evaluation or an_evaluation(),
        statements=Statements(said),
        **{"settings": a_plan().to_dict(), "audit": an_audit()} | changed,
    )
