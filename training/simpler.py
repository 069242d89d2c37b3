"""The simpler model: a comparator as a risk model of its own, to be served where it wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from features.predictors import PredictorSet
from models.calibration import Calibrator
from models.columns import NamedMatrix
from models.linear import LinearMargin
from models.linear_fit import MarginTerm
from models.logistic import sigmoid
from models.refits import Refit, Refits
from models.risk_model import RiskModel
from models.training_range import training_ranges
from training.audit import AuditReport
from training.bootstrap import FloatArray, PatientBootstrap
from training.comparators import COMPARATORS, CannotBeComputed, at_strength, fitted
from training.crossfit import CrossFit, one_thread
from training.description import coverage_of, manifest, reference_risks, tiers_of
from training.plan import Plan
from training.task import Task, context_columns


def fitted_comparators(task: Task, plan: Plan) -> dict[str, LinearMargin]:
    """Fit every comparator of a plan on all rows, in columns of the feature matrix.

    Those that cannot be computed are left out; the cross-fit says why.
    """
    found = {}
    with one_thread():
        for name in plan.comparators:
            try:
                found[name] = in_matrix_columns(fitted(name, task.rows, plan.seed), task)
            except CannotBeComputed:
                continue
    return found


def in_matrix_columns(linear: LinearMargin, task: Task) -> LinearMargin:
    """Return the same margin reading columns of the feature matrix, not of the context."""
    columns = context_columns(task.question)
    terms = tuple(replace(t, predictor=columns.get(t.predictor, t.predictor)) for t in linear.terms)
    return replace(linear, terms=terms)


def margins_to_json(margins: Mapping[str, LinearMargin]) -> dict[str, Any]:
    """Return fitted comparators as plain JSON, to lie beside the model they were fitted with."""
    return {name: margin.to_json() for name, margin in margins.items()}


def margins_from_json(saved: Mapping[str, Any]) -> dict[str, LinearMargin]:
    """Read what :func:`margins_to_json` wrote."""
    return {name: LinearMargin.from_json(margin) for name, margin in saved.items()}


def simpler_model(
    task: Task,
    plan: Plan,
    cross: CrossFit,
    name: str,
    audit: AuditReport | None = None,
    true_risk: FloatArray | None = None,
) -> RiskModel:
    """Make a comparator a risk model: margin, refits for the interval, tiers and manifest.

    Parameters
    ----------
    name : a comparator that could be computed.
    task, plan, cross, audit, true_risk : as of :func:`training.final.fit_final`.

    Raises
    ------
    CannotBeComputed
        Where the comparator cannot be fitted on all rows.
    """
    with one_thread():
        linear = fitted(name, task.rows, plan.seed)
        refits = _refits(task, plan, name, linear)
    linear = in_matrix_columns(linear, task)
    X = _matrix(task, name)
    own = task.predictors
    if COMPARATORS[name].of_context:
        own, X = PredictorSet(columns=linear.predictors), _part(X, linear.predictors)
    how: Mapping[str, Any] = {
        "calibration": "none", "trees": 0, "tree_parameters": {}, "comparator": name,
    }  # fmt: skip
    return RiskModel(
        name=f"{plan.name}-{name.replace('_', '-')}",
        question=task.question,
        predictors=own,
        linear=linear,
        refits=refits,
        tiers=tiers_of(plan, task.rows, cross.risks[name]),
        quantiles=training_ranges(X),
        reference_risks=reference_risks(task, sigmoid(linear.margin(X))),
        manifest=manifest(task, plan, audit, coverage_of(refits, X, true_risk), how),
    )


def _matrix(task: Task, name: str) -> NamedMatrix:
    X = COMPARATORS[name].matrix(task.rows)
    columns = context_columns(task.question)
    return NamedMatrix(tuple(columns.get(column, column) for column in X.names), X.numbers)


def _part(X: NamedMatrix, names: tuple[str, ...]) -> NamedMatrix:
    return NamedMatrix(names, X.take(names))


def _refits(task: Task, plan: Plan, name: str, linear: LinearMargin) -> Refits | None:
    """Refit on draws of patients, the strength of the penalty as it was chosen on all."""
    if plan.interval.refits == 0:
        return None
    rows, asked = task.rows, COMPARATORS[name]
    X = asked.matrix(rows)
    terms: tuple[MarginTerm, ...] = asked.terms(X)
    draws = PatientBootstrap(rows.patients, rows.weight, plan.interval.refits, plan.seed + 1)
    made = [
        Refit(
            in_matrix_columns(at_strength(terms, X, rows.y, weight, linear.prior["ridge_c"]), task),
            None,
            Calibrator(),
        )
        for weight in draws.row_weights()
    ]
    return Refits.join(made)
