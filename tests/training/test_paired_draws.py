"""Draws pair runs of one site, and cannot be turned back into patients by who holds the run."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from features.errors import ModelFormatError
from tests.training.made_up import a_plan, daily_courses
from training.bootstrap import PatientBootstrap
from training.crossfit import nested
from training.judging.rows import MODEL
from training.metrics import brier
from training.paired_draws import (
    MUST_AGREE,
    paired_draws,
    paired_draws_from_json,
    pairing_key,
)
from training.plan import FoldPlan, TreePlan
from training.task import prepare

SECRET, OTHER = b"a" * 32, b"b" * 32
PATIENTS = 30


@pytest.fixture(scope="module")
def cohort():
    return daily_courses(patients=PATIENTS, events=12)


@pytest.fixture(scope="module")
def fitted(cohort):
    plan = a_plan(trees=TreePlan(max_rounds=0), folds=FoldPlan(2, 2))
    task = prepare(cohort, plan)
    return task, plan, nested(task, plan)


def bootstrapped(plan, replicates):
    return replace(plan, evaluation=replace(plan.evaluation, bootstrap=replicates))


def test_the_same_patients_are_drawn_again_and_fewer_draws_are_the_first_ones(fitted):
    task, plan, cross = fitted
    many = paired_draws(task, bootstrapped(plan, 200), cross, SECRET)
    few = paired_draws(task, bootstrapped(plan, 60), cross, SECRET)
    assert many.key == few.key
    for name, draws in few.figures.items():
        assert np.allclose(draws, many.figures[name][:61], rtol=1e-12, equal_nan=True)


def test_another_plan_on_the_same_folds_has_the_same_key_and_another_has_not(cohort, fitted):
    task, plan, cross = fitted
    key = paired_draws(task, plan, cross, SECRET).key
    assert set(key) == set(MUST_AGREE)
    reseeded = plan.changed(seed=99)
    other = prepare(cohort, reseeded)
    apart = paired_draws(other, reseeded, nested(other, reseeded), SECRET).key
    assert {name for name in key if key[name] != apart[name]} == {"folds"}
    elsewhere = paired_draws(task, plan, cross, OTHER).key
    assert {name for name in key if key[name] != elsewhere[name]} == {"rows", "folds", "draws"}


def solved_losses(weights_of, figures, rows):
    """Solve for every patient's summed squared error from draws of the Brier score."""
    codes = np.unique(rows.patients.astype(str), return_inverse=True)[1]
    n_rows = np.bincount(codes)
    counts = weights_of.counts
    total = figures["brier"] * (counts @ n_rows)
    return np.linalg.lstsq(counts, total, rcond=None)[0]


def test_draws_by_the_seed_of_the_plan_would_give_every_patient_away_and_these_do_not(fitted):
    task, plan, cross = fitted
    rows = task.judged.take(task.judged.first_time)
    risk = cross.risks[MODEL][0, task.judged.first_time]
    codes = np.unique(rows.patients.astype(str), return_inverse=True)[1]
    true = np.bincount(codes, (risk - rows.y) ** 2)
    known = PatientBootstrap(rows.patients, rows.weight, 1000, plan.seed)
    leaked = known.replicate({"brier": lambda w: np.round(brier(rows.y, risk, w), 4)})
    assert np.corrcoef(solved_losses(known, leaked, rows), true)[0, 1] > 0.99
    kept = paired_draws(task, bootstrapped(plan, 1000), cross, SECRET)
    guessed = solved_losses(known, kept.figures, rows)
    assert abs(np.corrcoef(guessed, true)[0, 1]) < 0.6
    assert np.abs(guessed - guessed.mean()).max() < 0.5 * np.abs(true - true.mean()).max()


def test_what_is_written_is_read_back_and_what_was_edited_is_named(fitted):
    task, plan, cross = fitted
    made = paired_draws(task, plan, cross, SECRET)
    saved = made.to_json()
    read = paired_draws_from_json(saved, "a run")
    assert read.key == made.key
    for name, draws in read.figures.items():
        assert np.allclose(draws, made.figures[name], atol=1e-6, equal_nan=True)
    for broken in (
        {**saved, "format_version": 2},
        {**saved, "key": {}},
        {**saved, "figures": {"auroc": "high"}},
        {**saved, "figures": {"auroc": [0.5], "brier": [0.1, 0.2]}},
        {**saved, "figures": {}},
        [],
    ):
        with pytest.raises(ModelFormatError, match="a run"):
            paired_draws_from_json(broken, "a run")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path):
    place = tmp_path / "work" / "pairing.key"
    made = pairing_key(place)
    assert pairing_key(place) == made
    assert place.stat().st_mode & 0o077 == 0
    assert pairing_key(tmp_path / "other.key") != made
    place.write_bytes(b"short")
    with pytest.raises(ModelFormatError, match="5 bytes"):
        pairing_key(place)
