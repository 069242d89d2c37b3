"""Contributions add up, on both scales, whatever the calibrator, with trees and without."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.calibration import KINDS
from models.risk_model import RiskModel
from tests.models.conftest import Rows


@pytest.mark.parametrize("rounds", [0, 12])
@pytest.mark.parametrize("kind", KINDS)
def test_contributions_add_up_on_both_scales(
    a_model: Callable[..., RiskModel], rows: Rows, kind: str, rounds: int
) -> None:
    model = a_model(kind=kind, rounds=rounds, n_refits=0)
    told = model.explain(rows.X)
    log_odds = told.average_margin + told.log_odds.sum(axis=1)
    np.testing.assert_allclose(log_odds, model.margin(rows.X), rtol=0, atol=1e-5)
    risk = told.average_probability + told.rescaled_to_probability.sum(axis=1)
    np.testing.assert_allclose(risk, model.predict(rows.X), rtol=0, atol=1e-5)


def test_the_explained_margin_is_the_predicted_one_to_the_bit(model: RiskModel, rows: Rows) -> None:
    told = model.explain(rows.X)
    assert (told.margin == model.margin(rows.X)).all()
    assert (told.probability == model.predict(rows.X)).all()


def test_the_average_patient_is_the_same_in_every_row(model: RiskModel, rows: Rows) -> None:
    assert np.ptp(model.explain(rows.X).average_probability) == 0.0


def test_without_trees_only_the_terms_contribute(
    a_model: Callable[..., RiskModel], rows: Rows
) -> None:
    told = a_model(rounds=0, n_refits=0).explain(rows.X)
    silent = [told.predictors.index(n) for n in ("ferritin_ng_ml__last", "il6_pg_ml__last")]
    assert (told.log_odds[:, silent] == 0).all()
    assert (told.log_odds[:, told.predictors.index("crs_grade")] != 0).any()


def test_a_row_at_the_average_is_rescaled_by_the_derivative(
    a_model: Callable[..., RiskModel], rows: Rows
) -> None:
    told = a_model(rounds=0, n_refits=0).explain(rows.X.head(2))
    flat = type(told)(told.predictors, told.log_odds, told.average_margin, told.average_margin)
    p = told.average_probability
    expected = told.log_odds * (p * (1 - p))[:, None]
    np.testing.assert_allclose(flat.rescaled_to_probability, expected)


def test_shares_on_both_scales_have_the_same_signs_and_ranks(model: RiskModel, rows: Rows) -> None:
    told = model.explain(rows.X)
    assert (np.sign(told.rescaled_to_probability) == np.sign(told.log_odds)).all()
    assert (np.argsort(told.rescaled_to_probability) == np.argsort(told.log_odds)).all()
