"""A small release, fitted by the shipped code to made-up rows; it is a model of nothing."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np

from features.predictors import PredictorSet
from features.questions import QUESTIONS, Question
from models.columns import NamedMatrix
from models.growing import DEFAULT_PARAMS, fit_trees
from models.linear_fit import MarginSpec, MarginTerm, fit_linear_margin
from models.refits import Refit, Refits
from models.release import build_release
from models.risk_model import RiskModel
from models.tiers import observed_tiers
from models.training_range import training_ranges

N_ROWS = 400
ASKED = ("severe-crs-30d", "severe-crs-72h", "severe-icans-72h")
_EARLY = PredictorSet(
    inputs=("crp_mg_l", "ferritin_ng_ml", "platelets_10e9_l", "ldh_u_l"),
    summaries=("last",),
    statics=("age_years", "diagnosis"),
    groups=("product", "scores"),
)
_DAILY = replace(
    _EARLY,
    inputs=(*_EARLY.inputs, "temperature_c", "oxygen_device", "ice_score"),
    summaries=("last", "max", "change", "hours_since"),
    groups=("course", "product", "grades", "fever", "treatments", "scores"),
)


def made_up_rows(predictors: PredictorSet, seed: int) -> NamedMatrix:
    """Return rows in which a third of the values is missing."""
    random = np.random.default_rng(seed)
    numbers = random.normal(3.0, 2.0, (N_ROWS, len(predictors.names())))
    numbers[random.random(numbers.shape) < 0.33] = np.nan
    return NamedMatrix(predictors.names(), numbers)


@cache
def a_model(asked: Question, *, synthetic: bool = True) -> RiskModel:
    """Return a fitted model with trees, refits, tiers and ranges."""
    predictors = _EARLY if asked.before_infusion else _DAILY
    rows = made_up_rows(predictors, seed=len(asked.name))
    random = np.random.default_rng(7)
    signal = np.nan_to_num(rows.take(("crp_mg_l__last",))[:, 0], nan=3.0) - 4.0
    outcome = (random.random(N_ROWS) < 1 / (1 + np.exp(-signal))).astype(float)
    weight = np.ones(N_ROWS)
    day = () if asked.before_infusion else (MarginTerm("day"), MarginTerm("crs_grade"))
    spec = MarginSpec((MarginTerm("crp_mg_l__last"), *day))

    def one_fit(weights):
        linear = fit_linear_margin(rows, outcome, weights, spec)
        trees = fit_trees(rows, outcome, weights, linear.margin(rows), DEFAULT_PARAMS, 15)
        return linear, trees

    refits = [one_fit(random.poisson(1.0, N_ROWS).astype(float)) for _ in range(20)]
    linear, trees = one_fit(weight)
    model = RiskModel(asked.name, asked, predictors, linear, trees)
    probability = model.predict(rows)
    return replace(
        model,
        refits=Refits.join([Refit(*parts, model.calibrator) for parts in refits]),
        tiers=observed_tiers(
            {"low": 0.0, "intermediate": 0.2, "high": 0.5}, probability, outcome, weight,
            np.arange(N_ROWS),
        ),
        quantiles=training_ranges(rows),
        reference_risks={
            "all": {day: float(outcome.mean()) for day in asked.landmark_days},
            "axicabtagene ciloleucel": {day: 0.25 for day in asked.landmark_days},
        },
        manifest={
            "cohort": "made up for a test", "fingerprint": "f" * 64, "n": N_ROWS,
            "events": int(outcome.sum()), "synthetic": synthetic, "resolution": "instant",
            "grading_system": "ASTCT", "products": {"axicabtagene ciloleucel": N_ROWS},
            "limitations": ["One made-up hospital."],
            "audit_overrides": {"constant_column": "made up"},
        },
    )  # fmt: skip


def a_release(folder: Path, *, synthetic: bool = True, asked: tuple[str, ...] = ASKED) -> Path:
    """Write a release and return its directory."""
    places = {}
    for name in asked:
        places[name] = folder / "models" / name
        a_model(QUESTIONS[name], synthetic=synthetic).save(places[name])
    when = datetime(2026, 3, 1, tzinfo=UTC)
    destination = folder / "release"
    build_release(destination, places, "a test", "to have one", when)
    return destination
