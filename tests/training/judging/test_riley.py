"""How many patients a model needs, against the packages of the authors of the criteria."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, norm

from training.judging import riley

STORED = json.loads(
    (Path(__file__).parents[2] / "reference" / "sample_sizes.json").read_text(encoding="utf-8")
)
QUANTILES = (np.arange(200_000) + 0.5) / 200_000


@pytest.mark.parametrize("one", STORED["development"])
def test_development_is_as_pmsampsize_has_it(one):
    r2 = one["cox_snell_r2"]
    found = [c.n for c in riley.to_develop(r2, one["prevalence"], one["parameters"])]
    # The package rounds the shrinkage of the second criterion to three digits.
    assert found == pytest.approx(one["criteria"], rel=0.01, abs=1)
    if "cstatistic" in one:
        # It simulates R2 from the C-statistic; we integrate.
        assert riley.cox_snell_r2(one["cstatistic"], one["prevalence"]) == pytest.approx(
            r2, abs=0.004
        )


def linear_predictor(one):
    if "lpnormal" in one:
        return norm.ppf(QUANTILES, *one["lpnormal"])
    p = beta.ppf(QUANTILES, *one["lpbeta"])
    return np.log(p / (1 - p))


@pytest.mark.parametrize("one", STORED["validation"])
def test_validation_is_as_pmvalsampsize_has_it(one):
    assert riley.for_observed_to_expected(one["prevalence"], one["se_oe"]) == pytest.approx(
        one["observed_to_expected"], rel=0.002
    )
    slope = riley.for_slope(linear_predictor(one), np.ones(len(QUANTILES)))
    assert slope == pytest.approx(one["slope"], rel=0.03)  # it draws the linear predictor
    assert riley.for_c_statistic(one["cstatistic"], one["prevalence"]) == one["c_statistic"]
    if "threshold" in one:
        found = riley.for_net_benefit(
            one["sensitivity"], one["specificity"], one["prevalence"], one["threshold"]
        )
        assert found == pytest.approx(one["net_benefit"], rel=0.01)


@given(c=st.floats(0.55, 0.95), prevalence=st.floats(0.02, 0.5), parameters=st.integers(1, 60))
def test_more_parameters_ask_for_more_patients_and_what_is_supported_is_met(
    c, prevalence, parameters
):
    r2 = riley.cox_snell_r2(c, prevalence)
    few = riley.to_develop(r2, prevalence, parameters)
    more = riley.to_develop(r2, prevalence, parameters + 1)
    assert all(a.n <= b.n for a, b in zip(few, more, strict=True))
    assert riley.parameters_supported(few[0].n, r2) >= parameters


@pytest.mark.parametrize("r2", [-0.1, 0.0, 0.9])
def test_an_impossible_r2_is_refused(r2):
    with pytest.raises(ValueError, match="Cox-Snell"):
        riley.to_develop(r2, 0.1, 5)


def test_equal_linear_predictors_have_no_slope():
    assert riley.for_slope(np.zeros(10), np.ones(10)) is None
