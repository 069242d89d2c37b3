"""The model that is served: the plan fitted on every patient, with refits, tiers and manifest."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from models.calibration import Calibrator
from models.growing import bin_rows
from models.refits import Refit, Refits
from models.risk_model import ALL_PRODUCTS, RiskModel
from models.tiers import Tiers, observed_tiers
from models.training_range import training_ranges
from training.audit import AuditReport
from training.bootstrap import FloatArray, PatientBootstrap
from training.code_version import code_version
from training.crossfit import FINAL, CrossFit, Learnt, learn, one_thread
from training.fitting import (
    Recipe,
    Settings,
    calibrated_on,
    fit_at,
    out_of_fold_margin,
    probability,
    recipe_of,
)
from training.judging.rows import MODEL
from training.plan import Plan
from training.progress import Progress, unwatched
from training.task import Rows, Task
from training.tune import Tuned

LIBRARIES = ("numpy", "pandas", "xgboost-cpu", "scikit-learn", "optuna")
MOST_COVERAGE_ROWS = 2000
COVERAGE_SEED = 17  # which rows the coverage is read from, where there are more


@dataclass(frozen=True, eq=False)
class Final:
    """The fitted model and the search behind it."""

    model: RiskModel
    tuned: Tuned
    notes: tuple[str, ...]


def fit_final(
    task: Task,
    plan: Plan,
    cross: CrossFit,
    progress: Progress = unwatched,
    study_dir: Path | None = None,
    audit: AuditReport | None = None,
    true_risk: FloatArray | None = None,
) -> Final:
    """Tune on all patients, fit, refit on bootstrap samples of patients, and describe.

    Parameters
    ----------
    task, plan : what is asked and how.
    cross : out-of-fold risks of the same plan; the tiers show what was observed in them.
    progress : told after every trial and refit.
    study_dir : folder in which a killed search goes on.
    audit : what it found and what the plan overrode stands in the model for ever.
    true_risk : (n,) where the cohort is synthetic; measures what the interval covers.
    """
    recipe, rows = recipe_of(plan, task), task.rows
    with one_thread():
        journal = study_dir / f"{FINAL}.journal" if study_dir else None
        learnt = learn(rows, recipe, plan, task.event_patients, plan.seed, journal, progress)
        settings = learnt.tuned.chosen.settings
        found = _out_of_fold(learnt, rows, recipe, settings)
        whole = fit_at(rows, recipe, settings, _calibrator(found, rows, recipe))
        refits = _refits(rows, recipe, settings, found, plan, progress)
    coverage = _coverage(refits, rows, true_risk)
    model = RiskModel(
        name=plan.name,
        question=task.question,
        predictors=task.predictors,
        linear=whole.linear,
        trees=whole.trees,
        calibrator=whole.calibrator,
        refits=refits,
        tiers=_tiers(plan, rows, cross),
        quantiles=training_ranges(rows.X),
        reference_risks=_reference_risks(task, probability(whole, rows)),
        manifest=_manifest(task, plan, recipe, learnt, audit, coverage),
    )
    return Final(model, learnt.tuned, learnt.notes)


def _out_of_fold(
    learnt: Learnt, rows: Rows, recipe: Recipe, settings: Settings
) -> FloatArray | None:
    if recipe.calibration == "none" or not learnt.inner:
        return None
    return out_of_fold_margin(learnt.inner, len(rows), recipe, settings)


def _calibrator(
    found: FloatArray | None, rows: Rows, recipe: Recipe, weight: FloatArray | None = None
) -> Calibrator:
    return Calibrator() if found is None else calibrated_on(found, rows, recipe, weight)


def _refits(
    rows: Rows,
    recipe: Recipe,
    settings: Settings,
    found: FloatArray | None,
    plan: Plan,
    progress: Progress,
) -> Refits | None:
    """Refit margin, trees and calibrator on draws of patients, at the chosen settings.

    A patient who is drawn twice weighs twice. The calibrator is refitted on the out-of-fold
    log-odds of the drawn patients, in the inner folds of the patients as they are.
    """
    count = plan.interval.refits
    if count == 0:
        return None
    draws = PatientBootstrap(rows.patients, rows.weight, count, plan.seed + 1)
    bins = bin_rows(rows.X, recipe.tree_predictors) if settings.rounds else None
    made: list[Refit] = []
    for weight in draws.row_weights():
        drawn = Rows(rows.X, rows.y, weight, rows.patients, rows.context)
        calibrator = _calibrator(found, rows, recipe, weight)
        made.append(fit_at(drawn, recipe, settings, calibrator, bins))
        progress("refits", len(made), count)
    return Refits.join(made)


def _coverage(refits: Refits | None, rows: Rows, true_risk: FloatArray | None) -> float | None:
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
    interval = refits.interval(rows.take(known).X)
    inside = (interval[:, 0] <= true_risk[known]) & (true_risk[known] <= interval[:, 1])
    return float(inside.mean())


def _tiers(plan: Plan, rows: Rows, cross: CrossFit) -> Tiers:
    cut_offs = plan.tiers.cut_offs(float(np.average(rows.y, weights=rows.weight)))
    risk = np.mean(cross.risks[MODEL], axis=0)
    signed_by = plan.tiers.signed_by or None
    return observed_tiers(cut_offs, risk, rows.y, rows.weight, rows.patients, signed_by)


def _reference_risks(task: Task, risk: FloatArray) -> dict[str, dict[float, float]]:
    """Average the model's risk by product and landmark day, and over all products."""
    table = task.labels[["product", "landmark_day"]].assign(risk=risk)
    everyone = table.groupby("landmark_day")["risk"].mean()
    found = {ALL_PRODUCTS: {float(str(day)): float(r) for day, r in everyone.items()}}
    for product, rows in table.dropna(subset="product").groupby("product"):
        by_day = rows.groupby("landmark_day")["risk"].mean()
        found[str(product)] = {float(str(day)): float(r) for day, r in by_day.items()}
    return found


def _manifest(
    task: Task,
    plan: Plan,
    recipe: Recipe,
    learnt: Learnt,
    audit: AuditReport | None,
    coverage: float | None,
) -> dict[str, Any]:
    facts = task.facts
    courses = task.labels.drop_duplicates("course_id")["product"].dropna().value_counts()
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
        "products": {str(product): int(n) for product, n in sorted(courses.items())},
        "calibration": recipe.calibration,
        "trees": learnt.tuned.chosen.settings.rounds,
        "tree_parameters": dict(learnt.tuned.chosen.settings.params),
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
    if task.facts.grading_system != "ASTCT":
        found.append(f"It was trained on grades by {task.facts.grading_system}, not ASTCT 2019.")
    if task.facts.end_of_record == "ended_at_peak":
        found.append(
            "Training records end at the peak grade: risks do not transfer to resolving toxicity."
        )
    return found
