"""The variants of a plan: each changes one thing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from features.sources.synthetic import synthesize
from models.linear import LinearMargin
from models.linear_fit import MarginSpec, MarginTerm, fit_linear_margin
from training.plan import Plan
from training.task import prepare

EASIX_PER_DOUBLING = 1.72  # Korell 2022, doi 10.3389/fimmu.2022.877477 [L]
TISA_AGAINST_AXI = 0.23  # evidence: severe neurotoxicity, view-large 9759211 [L]
SYNTHETIC_COURSES, SYNTHETIC_SEED = 4000, 11
SYNTHETIC_PENALTY = 5.0
LITERATURE = ("ldh_u_l", "crp_mg_l", "ferritin_ng_ml", "platelets_10e9_l", "il6_pg_ml")


def no_trees(plan: Plan) -> Plan:
    """The linear margin alone."""
    return plan.changed(trees=replace(plan.trees, max_rounds=0, search={}))


def no_margin(plan: Plan) -> Plan:
    """Trees from the base rate."""
    return plan.changed(margin=MarginSpec())


def no_monotone(plan: Plan) -> Plan:
    """No monotone constraint."""
    return plan.changed(trees=replace(plan.trees, increasing=()))


def stronger(plan: Plan) -> Plan:
    """More regularisation everywhere, nothing searched."""
    terms = tuple(
        replace(t, penalty=None if t.penalty is None else 10.0 * t.penalty)
        for t in plan.margin.terms
    )
    defaults = {**plan.trees.defaults, "reg_lambda": 50.0, "min_child_weight": 15.0}
    return plan.changed(
        margin=replace(plan.margin, terms=terms, penalty=10.0 * plan.margin.penalty),
        trees=replace(plan.trees, defaults=defaults, search={}),
        tuning=replace(plan.tuning, trials=1),
    )


def literature(plan: Plan) -> Plan | None:
    """Grade, day and five laboratory values of the literature, on the log scale; no trees."""
    inputs = plan.predictors.inputs or ()
    known = [name for name in LITERATURE if name in inputs]
    if len(known) < len(LITERATURE):
        return None
    labs = tuple(MarginTerm(f"{name}__last", transform="log1p") for name in known)
    own = tuple(t for t in plan.margin.terms if t.predictor in ("crs_grade", "day"))
    return no_trees(plan).changed(margin=replace(plan.margin, terms=(*own, *labs)))


def evidence_prior(plan: Plan) -> Plan:
    """Published effects as the prior of a margin term."""
    names = plan.predictor_set.names()
    if "easix" in names or plan.predictors.inputs:
        groups = tuple(dict.fromkeys((*(plan.predictors.groups or ()), "scores")))
        per_log = math.log(EASIX_PER_DOUBLING) / math.log(2.0)
        term = MarginTerm("easix", transform="log1p", prior=per_log)
        return plan.changed(
            predictors=replace(plan.predictors, groups=groups),
            margin=replace(plan.margin, terms=(*plan.margin.terms, term)),
        )
    terms = tuple(
        replace(t, prior=-math.log(TISA_AGAINST_AXI)) if t.predictor == "costimulation=CD28" else t
        for t in plan.margin.terms
    )
    return plan.changed(margin=replace(plan.margin, terms=terms))


def synthetic_prior(plan: Plan) -> Plan:
    """Coefficients drawn towards those of the same margin on synthetic courses."""
    fitted = _on_synthetic(plan)
    terms = tuple(_with_prior(t, fitted) for t in plan.margin.terms)
    return plan.changed(margin=replace(plan.margin, terms=terms))


def _on_synthetic(plan: Plan) -> LinearMargin:
    cohort = synthesize(SYNTHETIC_COURSES, SYNTHETIC_SEED).cohort
    asked = plan.changed(question={**plan.asked.to_dict(), **_with_an_end(plan)}, end_of_record="")
    task = prepare(cohort, asked)
    return fit_linear_margin(task.rows.X, task.rows.y, task.rows.weight, plan.margin)


def _with_an_end(plan: Plan) -> dict[str, float]:
    """Give "ever in the record" an end that synthetic courses know: day 30."""
    open_ended = plan.asked.horizon_days is None and plan.asked.until_day is None
    return {"until_day": 30.0} if open_ended else {}


def _with_prior(term: MarginTerm, fitted: LinearMargin) -> MarginTerm:
    mine = [
        t for t in fitted.terms if t.predictor == term.predictor and t.transform == term.transform
    ]
    if term.kind == "factor":
        prior = {float(t.lower or 0.0): t.coefficient for t in mine if t.kind == "level"}
        return replace(term, prior=prior, penalty=SYNTHETIC_PENALTY) if prior else term
    numbers = [t.coefficient / t.scale for t in mine if t.kind == "number"]
    if not numbers or not np.isfinite(numbers[0]):
        return term
    return replace(term, prior=float(numbers[0]), penalty=SYNTHETIC_PENALTY)


VARIANTS: dict[str, Callable[[Plan], Plan | None]] = {
    one.__name__: one
    for one in (
        no_trees, no_margin, no_monotone, stronger, literature, evidence_prior, synthetic_prior,
    )
}  # fmt: skip
