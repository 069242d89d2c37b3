"""A made-up cohort as a matrix, and small models fitted to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from features.predictors import PredictorSet
from features.questions import question
from models.calibration import fit_calibrator
from models.growing import fit_trees
from models.linear_fit import MarginSpec, MarginTerm, fit_linear_margin
from models.logistic import sigmoid
from models.refits import Refit, Refits
from models.risk_model import RiskModel
from models.tiers import observed_tiers
from models.training_range import training_ranges

COLUMNS = (
    "crs_grade",
    "day",
    "crp_mg_l__last",
    "ferritin_ng_ml__last",
    "il6_pg_ml__last",
    "target=CD19",
    "prior_logit_crs_3",
)
PREDICTORS = PredictorSet(columns=COLUMNS)
SPEC = MarginSpec(
    (
        MarginTerm("crs_grade", "factor", prior={0.0: 0.0, 1.0: 0.5, 2.0: 1.5}),
        MarginTerm("day"),
        MarginTerm("crp_mg_l__last", missing_flag=True, transform="log1p"),
    )
)


@dataclass(frozen=True)
class Rows:
    X: pd.DataFrame
    y: NDArray[np.float64]
    weight: NDArray[np.float64]

    @property
    def truth(self) -> tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.float64]]:
        return self.X, self.y, self.weight


def made_up_rows(n: int = 600, seed: int = 7) -> Rows:
    """Grade, day and CRP raise the risk; about one in six has the event."""
    rng = np.random.default_rng(seed)
    columns = {
        "crs_grade": rng.choice([0.0, 1.0, 2.0], n, p=[0.6, 0.3, 0.1]),
        "day": rng.integers(0, 10, n).astype(float),
        "crp_mg_l__last": rng.lognormal(3.5, 1.0, n),
        "ferritin_ng_ml__last": rng.lognormal(6.5, 1.0, n),
        "il6_pg_ml__last": rng.lognormal(3.0, 1.5, n),
        "target=CD19": rng.integers(0, 2, n).astype(float),
        "prior_logit_crs_3": rng.choice([-2.5, -1.2, -0.8], n),
    }
    risk = sigmoid(
        -3.2
        + 0.8 * columns["crs_grade"]
        + 0.6 * (np.log1p(columns["crp_mg_l__last"]) - 3.5)
        + 0.9 * (columns["ferritin_ng_ml__last"] > 1000) * (columns["day"] < 5)
    )
    X = pd.DataFrame(columns)[list(COLUMNS)]
    lab = ["crp_mg_l__last", "ferritin_ng_ml__last", "il6_pg_ml__last"]
    X[lab] = X[lab].where(rng.random((n, 3)) > 0.25)
    return Rows(X, (rng.random(n) < risk).astype(float), rng.uniform(0.5, 2.0, n))


def made_up_refit(rows: Rows, weight: NDArray[np.float64], kind: str, rounds: int) -> Refit:
    linear = fit_linear_margin(rows.X, rows.y, weight, SPEC)
    base = linear.margin(rows.X)
    params = {"max_depth": 3, "learning_rate": 0.3, "min_child_weight": 1.0}
    trees = fit_trees(rows.X, rows.y, weight, base, params, rounds, monotone={"crs_grade": 1})
    raw = base if trees is None else trees.margin(rows.X, base)
    return Refit(linear, trees, fit_calibrator(raw, rows.y, weight, kind))


def made_up_model(
    kind: str = "intercept_slope", rounds: int = 12, n_refits: int = 6, n: int = 600
) -> RiskModel:
    rows = made_up_rows(n)
    fitted = made_up_refit(rows, rows.weight, kind, rounds)
    rng = np.random.default_rng(3)
    samples = [rows.weight * rng.poisson(1.0, n) for _ in range(n_refits)]
    refits = [made_up_refit(rows, sample, kind, rounds) for sample in samples]
    raw = fitted.linear.margin(rows.X)
    if fitted.trees is not None:
        raw = fitted.trees.margin(rows.X, raw)
    risk = sigmoid(fitted.calibrator.margin(raw))
    return RiskModel(
        name="made-up",
        question=question("severe-crs-72h"),
        predictors=PREDICTORS,
        linear=fitted.linear,
        trees=fitted.trees,
        calibrator=fitted.calibrator,
        refits=Refits.join(refits) if refits else None,
        tiers=observed_tiers(
            {"low": 0.0, "intermediate": 0.05, "high": 0.3},
            risk,
            rows.y,
            rows.weight,
            np.arange(n) // 3,
            signed_by="a clinician",
        ),
        quantiles=training_ranges(rows.X),
        reference_risks={"all": {0.0: 0.1, 3.0: 0.2}, "tisagenlecleucel": {3.0: 0.25}},
        manifest={
            "synthetic": True,
            "n": n,
            "events": int(rows.y.sum()),
            "products": {"tisagenlecleucel": 40},
            "interval_coverage": 0.93,
        },
    )


@pytest.fixture(scope="session")
def rows() -> Rows:
    return made_up_rows()


@pytest.fixture(scope="session")
def model() -> RiskModel:
    return made_up_model()


@pytest.fixture(scope="session")
def a_model() -> Callable[..., RiskModel]:
    return made_up_model
