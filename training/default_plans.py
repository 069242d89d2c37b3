"""The plan a question gets when nobody wrote one."""

from __future__ import annotations

import math
from typing import Any

from features.predictors import default_predictors
from features.products import PRODUCTS, base_rate
from features.questions import Question
from models.linear_fit import MarginSpec, MarginTerm
from training.plan import Plan
from training.plan_sections import PredictorPlan, TreePlan
from training.task import PUBLISHED, context_columns

PSEUDO_PATIENTS = 20.0  # the published rate counts as much as twenty patients of the cohort
MONOTONE = ("grade", "highest")
BURDEN = ("tumour_burden_fraction", "marrow_blasts_fraction")


def default_plan(asked: Question, name: str = "", **settings: Any) -> Plan:
    """Return the default plan of a question.

    Before infusion the margin starts from the published rate of the product; daily it knows the
    course of the grades and the day. Trees add the rest, if there is a rest.

    Parameters
    ----------
    asked : Question
    name : of the plan; the question's by default.
    settings : sections or settings of the plan to replace.
    """
    columns = default_predictors(asked).names()
    increasing = tuple(
        column for column in (*_grade_columns(MONOTONE), *BURDEN) if column in columns
    )
    made: dict[str, Any] = {
        "predictors": PredictorPlan(),
        "margin": _baseline_margin(asked) if asked.before_infusion else _daily_margin(asked),
        "trees": TreePlan(increasing=increasing),
    }
    return Plan(name=name or asked.name, question=asked.to_dict(), **(made | settings))


def _grade_columns(parts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{toxicity}_{part}" for toxicity in ("crs", "icans") for part in parts)


def _daily_margin(asked: Question) -> MarginSpec:
    own = asked.toxicity.lower()
    other = "icans" if own == "crs" else "crs"
    return MarginSpec(
        terms=(
            MarginTerm(f"{own}_grade", "factor", penalty=0.1, missing_flag=True),
            MarginTerm("day", penalty=0.1),
            MarginTerm(f"{own}_highest"),
            MarginTerm(f"{other}_highest"),
        )
    )


def _baseline_margin(asked: Question) -> MarginSpec:
    facts = (MarginTerm("age_years"), *(MarginTerm(name) for name in BURDEN))
    prior = context_columns(asked).get(PUBLISHED)
    pooled = _pooled_logit(asked)
    if prior is None or pooled is None:
        return MarginSpec(terms=facts)
    offset = MarginTerm(prior, "offset", missing_value=pooled)
    return MarginSpec(
        terms=(offset, *facts),
        pseudo_patients=PSEUDO_PATIENTS,
        sources={"published rates": "features/product_rates.toml, verified rates only"},
    )


def _pooled_logit(asked: Question) -> float | None:
    """Log-odds of the published rates of all products, by patients: for a product without one."""
    rates = [base_rate(name, asked.toxicity, asked.min_grade) for name in PRODUCTS]
    known = [rate for rate in rates if rate is not None and rate.level == "product"]
    if not known:
        return None
    patients = sum(rate.patients for rate in known)
    share = math.fsum(rate.value * rate.patients for rate in known) / patients
    return math.log(share / (1.0 - share))
