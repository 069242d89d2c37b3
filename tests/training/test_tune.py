from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from tests.training.made_up import a_plan, daily_courses
from training import tune as tune_module
from training.crossfit import learn, one_thread
from training.fitting import (
    Settings,
    for_search,
    inner_fold,
    out_of_fold_margin,
    recipe_of,
)
from training.plan import CalibrationPlan, TuningPlan
from training.plan_sections import SearchRange
from training.splits import patient_folds
from training.task import prepare
from training.tune import Candidate, _within_one_error, allowed_trials, tune


@pytest.fixture(scope="module")
def task():
    return prepare(daily_courses(seed=1), a_plan())


@pytest.fixture(scope="module")
def inner(task):
    recipe = recipe_of(a_plan(), task)
    folds = patient_folds(task.rows.patients, task.rows.y, 3, seed=0).folds
    return tuple(inner_fold(task.rows, fold, recipe) for fold in folds)


def search(task, inner, trials=4, seed=5, journal=None, progress=None, **sections):
    plan = a_plan(**sections)
    told = {} if progress is None else {"progress": progress}
    with one_thread():
        return tune(inner, recipe_of(plan, task), plan, trials, seed, journal, **told)


def test_the_default_is_tried_first_and_the_margin_alone_is_a_candidate(task, inner):
    tuned = search(task, inner)
    assert [c.origin for c in tuned.candidates] == [
        "linear margin alone", "default", "trial", "trial", "trial",
    ]  # fmt: skip
    assert tuned.default.settings.params == dict(a_plan().trees.defaults)
    assert tuned.candidates[0].settings.rounds == 0


def test_the_same_seed_searches_the_same_and_another_does_not(task, inner):
    assert search(task, inner) == search(task, inner)
    assert search(task, inner).candidates[2:] != search(task, inner, seed=6).candidates[2:]


def test_a_killed_study_goes_on_as_if_it_had_not_been_killed(task, inner, tmp_path):
    journal = tmp_path / "studies" / "a.journal"

    class Killed(BaseException):
        pass

    def kill_after_three(step, done, total):
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        search(task, inner, trials=6, journal=journal, progress=kill_after_three)
    later = []
    resumed = search(
        task, inner, trials=6, journal=journal, progress=lambda *said: later.append(said)
    )
    assert [done for _, done, _ in later] == [4, 5, 6]
    assert resumed == search(task, inner, trials=6)


def test_a_study_killed_inside_a_trial_tries_that_trial_again(task, inner, tmp_path, monkeypatch):
    journal = tmp_path / "a.journal"
    calls = []

    def broken(*args, **kwargs):
        calls.append(1)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("training.tune._measured", broken)
        with pytest.raises(KeyboardInterrupt):
            search(task, inner, trials=3, journal=journal)
    assert calls
    assert search(task, inner, trials=3, journal=journal) == search(task, inner, trials=3)


def test_a_finished_study_can_be_made_longer(task, inner, tmp_path):
    journal = tmp_path / "a.journal"
    short = search(task, inner, trials=2, journal=journal)
    long = search(task, inner, trials=4, journal=journal)
    assert long.candidates[:3] == short.candidates
    assert search(task, inner, trials=2, journal=journal) == short


def test_a_time_limit_ends_the_search_after_at_least_the_default(task, inner):
    tuned = search(task, inner, trials=50, tuning=TuningPlan(trials=50, timeout_seconds=1e-6))
    assert len(tuned.candidates) == 2
    assert tuned.notes == ("the search stopped at its time limit after 1 of 50 trials.",)


def test_whole_numbers_stay_whole_and_choices_are_kept_to(task, inner):
    trees = replace(
        a_plan().trees,
        search={
            "max_depth": SearchRange(1, 4),
            "reg_lambda": SearchRange(choices=(1.0, 5.0, 25.0)),
        },
    )
    for candidate in search(task, inner, trials=5, trees=trees).candidates[1:]:
        assert type(candidate.settings.params["max_depth"]) is int
        assert candidate.settings.params["reg_lambda"] in (1.0, 5.0, 25.0)


def test_no_rounds_allowed_leaves_the_margin_alone(task, inner):
    tuned = search(task, inner, trees=replace(a_plan().trees, max_rounds=0))
    assert len(tuned.candidates) == 1
    assert tuned.chosen.settings == Settings()


def test_noise_is_left_to_the_margin_and_signal_is_not():
    plan = a_plan(tuning=TuningPlan(trials=5))
    chosen = {}
    for signal in (0.0, 2.0):
        task = prepare(daily_courses(patients=90, events=30, signal=signal, seed=2), plan)
        with one_thread():
            learnt = learn(task.rows, recipe_of(plan, task), plan, task.event_patients, 0)
        chosen[signal] = learnt.tuned.chosen.settings.rounds
    assert chosen[0.0] == 0
    assert chosen[2.0] > 0


def candidate(loss, folds, rounds=10, depth=3, reg_lambda=1.0, origin="trial"):
    params = {"max_depth": depth, "reg_lambda": reg_lambda}
    return Candidate(Settings(params, rounds), loss, folds, origin)


ALONE = "linear margin alone"
BEST = candidate(0.200, (0.19, 0.20, 0.21), rounds=5)


@pytest.mark.parametrize(
    ("default", "alone", "wins"),
    [
        (0.202, 0.210, "default"),  # as good as the best, better than no trees
        (0.202, 0.201, ALONE),  # no better than no trees, which are as good as the best
        (0.230, 0.240, "trial"),  # clearly worse than the best
        (0.230, 0.201, ALONE),
    ],
)
def test_the_default_stands_unless_the_folds_clearly_say_otherwise(default, alone, wins):
    def shifted(loss):
        return tuple(np.array(BEST.fold_losses) + (loss - 0.2))

    candidates = [
        candidate(alone, shifted(alone), rounds=0, origin=ALONE),
        candidate(default, shifted(default), rounds=50, origin="default"),
        BEST,
    ]
    assert _within_one_error(candidates, BEST, np.ones(3)).origin == wins


def test_one_standard_error_prefers_the_within_one_error_that_is_not_clearly_worse():
    best = candidate(0.200, (0.19, 0.20, 0.21), rounds=100)
    close = candidate(0.202, (0.202, 0.192, 0.212), rounds=5)
    worse = candidate(0.230, (0.22, 0.23, 0.24), rounds=1)
    weights = np.ones(3)
    assert _within_one_error([best, close, worse], best, weights) is close
    assert _within_one_error([best, worse], best, weights) is best


def test_of_two_as_large_the_more_regularised_is_simpler():
    best = candidate(0.200, (0.19, 0.20, 0.21))
    tied = candidate(0.200, (0.19, 0.20, 0.21), reg_lambda=50.0)
    assert _within_one_error([best, tied], best, np.ones(3)) is tied


@pytest.mark.parametrize(
    ("event_patients", "asked", "allowed"), [(30, 200, 20), (30, 10, 10), (100, 200, 200)]
)
def test_few_event_patients_cap_the_trials_and_the_note_says_so(event_patients, asked, allowed):
    plan = a_plan(tuning=TuningPlan(trials=asked))
    trials, notes = allowed_trials(plan, event_patients)
    assert trials == allowed
    assert bool(notes) == (allowed < asked)


def test_a_note_of_capped_trials_counts_what_was_asked():
    plan = a_plan(tuning=TuningPlan(trials=200))
    assert "20 trials instead of 200: 30 patients have the event" in allowed_trials(plan, 30)[1][0]


def test_a_large_training_part_is_searched_on_all_events_and_weighs_as_much():
    plan = a_plan(tuning=TuningPlan(most_rows=500))
    rows = prepare(daily_courses(patients=300, events=30), plan).rows
    searched = for_search(rows, plan, seed=0)
    assert len(searched) < 600 < len(rows)
    assert searched.y.sum() == rows.y.sum()
    assert searched.weight.sum() == pytest.approx(rows.weight.sum(), rel=0.02)
    assert (searched.weight[searched.y == 1] == 1.0).all()
    chosen, whole = (pd.Series(part.patients).value_counts() for part in (searched, rows))
    assert (chosen == whole.loc[chosen.index]).all()  # whole patients


def test_a_small_training_part_is_searched_whole(task):
    assert for_search(task.rows, a_plan(), seed=0) is task.rows


def test_the_calibrator_of_a_large_part_is_learnt_on_all_of_it():
    plan = a_plan(
        tuning=TuningPlan(trials=1, most_rows=500), calibration=CalibrationPlan("intercept_slope")
    )
    task = prepare(daily_courses(patients=300, events=30), plan)
    with one_thread():
        recipe = recipe_of(plan, task)
        learnt = learn(task.rows, recipe, plan, task.event_patients, 0)
    margin = out_of_fold_margin(learnt.inner, len(task.rows), recipe, Settings())
    assert np.isfinite(margin).all()


def test_drawing_the_folds_again_makes_no_error_smaller():
    once = candidate(0.20, (0.18, 0.20, 0.22), rounds=100)
    thrice = candidate(0.20, (0.18, 0.20, 0.22) * 3, rounds=100)
    weights = np.ones(9)
    assert tune_module._standard_error(thrice, weights / 9, 3) == pytest.approx(
        tune_module._standard_error(once, np.ones(3) / 3, 1)
    )
