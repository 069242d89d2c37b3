"""What stands in a model beside its numbers: tiers, reference risks, and what it says of itself."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from models.columns import NamedMatrix
from models.refits import Refits
from models.risk_model import ALL_PRODUCTS
from models.tiers import Tiers, observed_tiers
from training.audit import AuditReport
from training.bootstrap import FloatArray
from training.code_version import code_version
from training.judging.small_cells import FEWEST_PATIENTS, told
from training.plan import Plan
from training.task import Rows, Task

LIBRARIES = ("numpy", "pandas", "xgboost-cpu", "scikit-learn", "optuna")
MOST_COVERAGE_ROWS = 2000
COVERAGE_SEED = 17  # which rows the coverage is read from, where there are more


def coverage_of(
    refits: Refits | None, X: NamedMatrix, true_risk: FloatArray | None
) -> float | None:
    """Share of rows whose true risk lies inside the interval."""
    if refits is None or true_risk is None:
        return None
    known = np.flatnonzero(np.isfinite(true_risk))
    if len(known) > MOST_COVERAGE_ROWS:
        chosen = np.random.default_rng(COVERAGE_SEED).choice(
            known, MOST_COVERAGE_ROWS, replace=False
        )
        known = np.sort(chosen)
    if len(known) == 0:
        return None
    interval = refits.interval(NamedMatrix(X.names, X.numbers[known]))
    inside = (interval[:, 0] <= true_risk[known]) & (true_risk[known] <= interval[:, 1])
    return float(inside.mean())


def tiers_of(plan: Plan, rows: Rows, risks: FloatArray) -> Tiers:
    """Return the plan's tiers and what was observed in each by out-of-fold risks, (repeats, n)."""
    cut_offs = plan.tiers.cut_offs(float(np.average(rows.y, weights=rows.weight)))
    risk = np.mean(risks, axis=0)
    signed_by = plan.tiers.signed_by or None
    return observed_tiers(cut_offs, risk, rows.y, rows.weight, rows.patients, signed_by)


def reference_risks(task: Task, risk: FloatArray) -> dict[str, dict[float, float]]:
    """Average the model's risk by product and landmark day, and over all products.

    A model travels, so that a day of few patients is left out: its average is nearly one patient's.
    """
    table = task.labels[["product", "landmark_day", "patient_id"]].assign(risk=risk)
    found = {ALL_PRODUCTS: _by_day(table)}
    for product, rows in table.dropna(subset="product").groupby("product"):
        found[str(product)] = _by_day(rows)
    return {product: by_day for product, by_day in found.items() if by_day}


def _by_day(rows: pd.DataFrame) -> dict[float, float]:
    days = rows.groupby("landmark_day").agg(risk=("risk", "mean"), n=("patient_id", "nunique"))
    told = days.loc[days["n"] >= FEWEST_PATIENTS, "risk"]
    return {float(str(day)): float(risk) for day, risk in told.items()}


def manifest(
    task: Task,
    plan: Plan,
    audit: AuditReport | None,
    coverage: float | None,
    how: Mapping[str, Any],
) -> dict[str, Any]:
    """Return what an answer says of its model, as plain JSON; `how` is what was fitted."""
    facts = task.facts
    courses = task.labels.drop_duplicates("course_id").dropna(subset="product")
    by_product = courses.groupby("product")
    return {
        "cohort": facts.name,
        "fingerprint": facts.fingerprint,
        "synthetic": facts.synthetic,
        "resolution": facts.resolution,
        "grading_system": facts.grading_system,
        "end_of_record": facts.end_of_record,
        "n": len(task.rows),
        "events": task.counts["n_event_rows"],
        **task.counts,
        "products": told(
            {str(product): int(n) for product, n in by_product.size().items()},
            {str(product): int(n) for product, n in by_product["patient_id"].nunique().items()},
        ),
        **how,
        "plan": _portable(plan),
        "plan_digest": plan.digest(),
        "code_version": code_version(),
        "versions": {name: version(name) for name in LIBRARIES}
        | {"python": platform.python_version()},
        "audit_overrides": audit.overrides if audit else {},
        "interval_coverage": coverage,
        "limitations": [*_limitations(task), *(audit.limitations if audit else ())],
    }


def _portable(plan: Plan) -> dict[str, Any]:
    """Return the plan without the path of the cohort, which may name a person or a machine."""
    settings = plan.to_dict()
    settings["plan"] = {key: s for key, s in settings["plan"].items() if key != "cohort"}
    return settings


def _limitations(task: Task) -> list[str]:
    found = [
        "It does not cover infection, IEC-HS or delayed neurotoxicity.",
        "Drivers are associations under usual treatment, not causes.",
    ]
    if task.facts.synthetic:
        found.append("It was trained on synthetic patients: for demonstration only.")
    if task.facts.grading_system == "unknown":
        found.append("Its source does not say by which scale the training patients were graded.")
    elif task.facts.grading_system != "ASTCT":
        found.append(f"It was trained on grades by {task.facts.grading_system}, not ASTCT 2019.")
    if task.facts.end_of_record == "ended_at_peak":
        found.append(
            "Training records end at the peak grade: risks do not transfer to resolving toxicity."
        )
    return found
