import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from sklearn.metrics import log_loss as sklearn_log_loss

from training import metrics
from training.bootstrap import PatientBootstrap, summarise, summarise_columns

RNG_SEED = 7


def some_predictions(seed=RNG_SEED, n=400, weightings=5, decimals=1):
    """Outcomes, tied probabilities and random weights, some of them zero."""
    rng = np.random.default_rng(seed)
    score = rng.normal(-1.0, 1.5, n)
    y = (rng.random(n) < 1 / (1 + np.exp(-score))).astype(float)
    p = np.clip(np.round(1 / (1 + np.exp(-score - rng.normal(0, 1, n))), decimals), 0.05, 0.95)
    weights = rng.poisson(1.0, (weightings, n)) * rng.uniform(0.5, 2.0, n)
    return y, p, weights


SCIKIT = {
    "auroc": lambda y, p, w: roc_auc_score(y, p, sample_weight=w),
    "auprc": lambda y, p, w: average_precision_score(y, p, sample_weight=w),
    "brier": lambda y, p, w: brier_score_loss(y, p, sample_weight=w),
    "log_loss": lambda y, p, w: sklearn_log_loss(y, p, sample_weight=w),
}


@pytest.mark.parametrize("decimals", [1, 8], ids=["with ties", "without ties"])
@pytest.mark.parametrize("name", sorted(SCIKIT))
def test_a_figure_equals_scikit_learn_under_every_weighting(name, decimals):
    y, p, weights = some_predictions(decimals=decimals)
    ours = metrics.FIGURES[name](y, p, weights)
    theirs = [SCIKIT[name](y, p, w) for w in weights]
    assert ours == pytest.approx(theirs, abs=1e-12)


def test_calibration_slope_equals_an_unpenalised_logistic_regression():
    y, p, weights = some_predictions(n=2000)
    score = np.log(p / (1 - p))[:, None]
    for w, slope in zip(weights, metrics.calibration_slope(y, p, weights), strict=True):
        regression = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000)
        regression.fit(score, y, sample_weight=w)
        assert slope == pytest.approx(regression.coef_[0, 0], abs=1e-5)


def test_calibration_intercept_makes_the_mean_prediction_equal_the_event_rate():
    y, p, weights = some_predictions()
    score = np.log(p / (1 - p))
    for w, shift in zip(weights, metrics.calibration_intercept(y, p, weights), strict=True):
        moved = 1 / (1 + np.exp(-(score + shift)))
        assert np.average(moved, weights=w) == pytest.approx(np.average(y, weights=w), abs=1e-9)


def test_true_probabilities_have_slope_one_and_intercept_zero():
    rng = np.random.default_rng(1)
    p = rng.uniform(0.02, 0.9, 200_000)
    y = (rng.random(len(p)) < p).astype(float)
    assert metrics.calibration_slope(y, p, np.ones(len(p)))[0] == pytest.approx(1.0, abs=0.02)
    assert metrics.calibration_intercept(y, p, np.ones(len(p)))[0] == pytest.approx(0.0, abs=0.02)
    assert metrics.observed_to_expected(y, p, np.ones(len(p)))[0] == pytest.approx(1.0, abs=0.01)


def pairwise_within(y, p, w, strata):
    """Count every pair one by one."""
    right = pairs = 0.0
    for i in np.flatnonzero(y == 1):
        for j in np.flatnonzero((y == 0) & (strata == strata[i])):
            pairs += w[i] * w[j]
            right += w[i] * w[j] * (float(p[i] > p[j]) + 0.5 * float(p[i] == p[j]))
    return right / pairs


def test_same_day_auroc_counts_only_pairs_of_one_day():
    y, p, weights = some_predictions(n=80)
    days = np.random.default_rng(2).integers(0, 5, len(y)).astype(float)
    expected = [pairwise_within(y, p, w, days) for w in weights]
    assert metrics.stratified_auroc(y, p, weights, days) == pytest.approx(expected)


def test_a_row_without_a_stratum_enters_no_pair():
    y, p, weights = some_predictions(n=80)
    days = np.random.default_rng(2).integers(0, 5, len(y)).astype(float)
    days[::3] = np.nan
    known = np.isfinite(days)
    assert metrics.stratified_auroc(y, p, weights, days) == pytest.approx(
        metrics.stratified_auroc(y[known], p[known], weights[:, known], days[known])
    )


@given(st.integers(0, 10_000))
@settings(max_examples=40, deadline=None)
def test_auroc_does_not_change_when_scores_are_stretched_and_flips_when_they_are_reversed(seed):
    y, p, weights = some_predictions(seed=seed, n=60)
    straight = metrics.auroc(y, p, weights)
    assert metrics.auroc(y, p**3, weights) == pytest.approx(straight, nan_ok=True)
    assert metrics.auroc(y, 1 - p, weights) == pytest.approx(1 - straight, nan_ok=True)


@pytest.mark.parametrize("name", sorted(metrics.FIGURES))
@pytest.mark.parametrize("outcome", [0.0, 1.0])
def test_one_class_gives_a_number_or_not_a_number_but_never_a_warning(name, outcome):
    y = np.full(6, outcome)
    p = np.linspace(0.0, 1.0, 6)
    figure = metrics.FIGURES[name](y, p, np.ones((2, 6)))
    assert figure.shape == (2,)
    if name in {"auroc", "auprc", "calibration_slope", "calibration_intercept"}:
        assert np.isnan(figure).all()


def test_probabilities_of_exactly_zero_and_one_keep_every_figure_finite():
    y = np.array([0.0, 0.0, 1.0, 1.0, 0.0, 1.0])
    p = np.array([0.0, 0.2, 1.0, 0.7, 1.0, 0.0])
    for name, figure in metrics.FIGURES.items():
        assert np.isfinite(figure(y, p, np.ones(6))).all(), name


def test_equal_predictions_have_no_slope_and_an_auroc_of_one_half():
    y = np.array([0.0, 1.0, 0.0, 1.0])
    p = np.full(4, 0.3)
    assert np.isnan(metrics.calibration_slope(y, p, np.ones(4))).all()
    assert metrics.auroc(y, p, np.ones(4))[0] == 0.5


def test_the_first_draw_is_the_cohort_itself_and_draws_keep_patients_whole():
    patients = np.repeat(["a", "b", "c"], [1, 4, 2])
    bootstrap = PatientBootstrap(patients, np.ones(7), replicates=50, seed=3)
    seen = bootstrap.replicate({"rows": lambda w: w[:, 1] + w[:, 2] - 2 * w[:, 3]})
    assert (seen["rows"] == 0).all()
    assert (bootstrap.counts[0] == 1).all()
    assert (bootstrap.counts.sum(axis=1) == 3).all()


def test_the_first_draws_are_those_of_the_whole_bootstrap():
    y, p, _ = some_predictions(n=50)
    whole = PatientBootstrap(np.arange(50) // 5, np.linspace(1, 2, 50), replicates=40, seed=1)
    few = whole.first(10).replicate(metrics.measures_of(y, p))["brier"]
    assert few == pytest.approx(whole.replicate(metrics.measures_of(y, p))["brier"][:11], abs=1e-12)


def test_columns_are_summarised_one_by_one():
    drawn = np.random.default_rng(0).normal(size=(50, 3))
    drawn[:, 2] = np.nan
    table = summarise_columns(drawn)
    assert table["low"][1] == summarise(drawn[:, 1]).low
    assert table["estimate"][2] is None


def test_blocks_of_draws_give_the_same_figures_as_all_at_once(monkeypatch):
    y, p, _ = some_predictions(n=50)
    bootstrap = PatientBootstrap(np.arange(50) // 5, np.ones(50), replicates=40, seed=1)
    whole = bootstrap.replicate(metrics.measures_of(y, p))
    monkeypatch.setattr("training.bootstrap.CELLS_AT_ONCE", 150)
    blocks = bootstrap.replicate(metrics.measures_of(y, p))
    for name, figure in whole.items():
        assert blocks[name] == pytest.approx(figure, abs=1e-9, nan_ok=True), name


def test_a_patient_bootstrap_interval_is_wider_than_a_row_bootstrap_of_repeated_rows():
    y, p, _ = some_predictions(n=60, decimals=6)
    y, p = np.repeat(y, 20), np.repeat(p, 20)
    patients = np.repeat(np.arange(60), 20)
    by_patient = PatientBootstrap(patients, np.ones(1200), replicates=300, seed=1)
    by_row = PatientBootstrap(np.arange(1200), np.ones(1200), replicates=300, seed=1)
    wide = summarise(by_patient.replicate(metrics.measures_of(y, p))["auroc"])
    narrow = summarise(by_row.replicate(metrics.measures_of(y, p))["auroc"])
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_the_interval_covers_the_true_mean_about_as_often_as_it_says():
    rng = np.random.default_rng(5)
    covered = 0
    for seed in range(200):
        y = (rng.random(120) < 0.3).astype(float)
        draws = PatientBootstrap(np.arange(120), np.ones(120), replicates=200, seed=seed)
        rate = summarise(draws.replicate({"rate": lambda w, y=y: w @ y / w.sum(axis=1)})["rate"])
        covered += rate.low <= 0.3 <= rate.high
    assert 0.88 <= covered / 200 <= 0.99


def test_a_figure_that_cannot_be_computed_has_no_interval():
    assert summarise(np.array([np.nan, 1.0, 1.0])).estimate is None
    assert summarise(np.array([0.5])).low is None
