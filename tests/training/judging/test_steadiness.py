"""How far a figure could be otherwise: other patients, fewer of them, or the luck of choice."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from models.logistic import sigmoid
from tests.training.judging.test_subgroups import judged
from tests.training.made_up import a_plan, daily_courses
from training.bootstrap import PatientBootstrap
from training.fit import fit
from training.judging.best_of import best_of
from training.judging.headline import judge
from training.judging.instability import classification, instability, prediction_error
from training.judging.learning_curve import drawn_patients
from training.judging.rows import MODEL
from training.plan import EvaluationPlan, IntervalPlan
from training.run_figures import run_figures


@pytest.fixture(scope="module")
def done():
    plan = a_plan(evaluation=EvaluationPlan(bootstrap=60), interval=IntervalPlan(refits=20))
    return fit(daily_courses(signal=1.5), plan, audit=None)


def test_instability_is_of_the_very_refits_of_the_interval(done):
    rows = done.task.judged
    at = rows.first_time
    X = done.task.rows.take(at).X
    found = instability(rows.take(at), X, done.model)
    p, refits = done.model.predict(X), sigmoid(done.model.refits.margins(X))
    assert found["refits"] == 20
    assert found["prediction_error"]["mean"] == pytest.approx(np.abs(refits - p[:, None]).mean())
    low, high = done.model.interval(X).T
    assert found["band"][0]["low"] <= found["band"][0]["median"] <= found["band"][0]["high"]
    assert (low <= high).all()
    assert instability(rows.take(at), X, replace(done.model, refits=None)) is None


def test_refits_that_agree_are_stable(done):
    p = np.linspace(0.0, 1.0, 50)
    same = np.repeat(p[:, None], 5, axis=1)
    assert prediction_error(p, same, np.ones(50)) == {"mean": 0, "median": 0, "centile_90": 0}
    for tier in classification(p, same, np.ones(50), done.model.tiers):
        assert tier["mean_share_of_refits"] == tier["share_of_rows_unstable"] == 0


def test_every_row_that_changes_sides_is_counted(done):
    p = np.full(10, 0.99)
    other = np.zeros((10, 4))
    for tier in classification(p, other, np.ones(10), done.model.tiers):
        assert tier["mean_share_of_refits"] == tier["share_of_rows_unstable"] == 1


def test_a_larger_share_holds_the_smaller_and_both_classes(done):
    train = np.arange(len(done.task.rows))
    shares = (0.25, 0.5, 0.75, 1.0)
    parts = [set(drawn_patients(done.task.rows, train, share, [3, 1]).tolist()) for share in shares]
    assert all(a <= b for a, b in pairwise(parts))
    assert parts[-1] == set(train.tolist())
    patients = done.task.rows.patients
    for part in parts:
        at = np.array(sorted(part))
        assert {0.0, 1.0} <= set(done.task.rows.y[at])
        chosen = set(patients[at])
        assert set(np.flatnonzero(np.isin(patients.astype(str), list(chosen))).tolist()) == part


def test_the_curve_reaches_the_whole_of_the_patients(done):
    points = done.evaluation["learning_curve"]["points"]
    assert [point["share"] for point in points] == [0.25, 0.5, 0.75, 1.0]
    learnt = [point["patients"] for point in points]
    assert learnt == sorted(learnt)


def test_the_best_of_many_coins_looks_better_than_it_is():
    """Twenty risks of noise: the best one's AUROC is above a half, its corrected one is not."""
    rng = np.random.default_rng(4)
    y = (rng.random(120) < 0.3).astype(float)
    rows = judged(y, np.full(120, 0.3)).rows
    coins = {f"coin {n}": rng.uniform(0.25, 0.35, (1, 120)) for n in range(20)}
    found = best_of(judge(rows, coins, 200, 0, daily=False))
    assert found["best"] in coins
    assert found["reported"]["auroc"] > 0.53
    assert found["bias"]["auroc"] < -0.02
    assert found["bias"]["log_loss"] > 0
    assert sum(found["chosen_share"].values()) == pytest.approx(1.0)


def test_those_left_out_are_the_ones_a_draw_did_not_draw():
    draws = PatientBootstrap([f"P{n}" for n in range(9)], np.ones(9), 12, seed=2)
    left = draws.of_those_left_out(12)
    assert ((left.counts[1:] == 1) == (draws.counts[1:] == 0)).all()


def test_the_search_counts_what_it_tried(done):
    search = done.evaluation["selection_bias"]["search"]
    assert search["settings_tried"] == done.cross_fit.models_tried
    assert MODEL in done.evaluation["selection_bias"]["best_of"]["compared"]


def test_the_picture_of_instability_is_its_band(done):
    drawn = dict(run_figures(done))
    band = done.evaluation["instability"]["band"]
    median = drawn["instability"].axes[0].lines[0]
    assert list(median.get_ydata()) == [one["median"] for one in band]
